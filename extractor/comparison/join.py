"""Which papers of two runs are the same one."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from extractor.record import Failure


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper of one run, by its place there: a record, or a failure where it has none."""

    place: int
    id: str
    title: str
    record: Mapping[str, Any] | None
    failure: Failure | None = None


Pair: TypeAlias = "tuple[Entry | None, Entry | None]"


class _Waiting:
    """Entries of one run that were read and are not in the other so far, in order."""

    def __init__(self) -> None:
        self._entries: defaultdict[tuple[str, str], deque[Entry]] = defaultdict(deque)

    def add(self, entry: Entry) -> None:
        self._entries[entry.id, entry.title].append(entry)

    def take(self, entry: Entry) -> Entry | None:
        """The first that has the id and title of an entry of the other run."""
        alike = self._entries.get((entry.id, entry.title))
        if not alike:
            return None
        found = alike.popleft()
        if not alike:
            del self._entries[entry.id, entry.title]
        return found

    def rest(self) -> list[Entry]:
        entries = (entry for alike in self._entries.values() for entry in alike)
        return sorted(entries, key=lambda entry: entry.place)


def join(before: Iterable[Entry], after: Iterable[Entry]) -> Iterator[Pair]:
    """Yield each paper once, with its entries before and after; None where it is in one run only.

    Papers are joined by id and title; those of one id and title one after another. What is left
    is joined by its title, where that is there once in each (ids that count the papers of a dump
    change with it), then by its id where one of both has no title. Only entries that wait for
    their like are held.
    """
    old, new = _Waiting(), _Waiting()
    for one, other in zip_longest(before, after):
        for entry, own, others in ((one, old, new), (other, new, old)):
            if entry is None:
                continue
            found = others.take(entry)
            if found is None:
                own.add(entry)
            else:
                yield (entry, found) if others is new else (found, entry)
    left, right = old.rest(), new.rest()
    for key in (_by_title, _by_id):
        pairs = list(_unique_pairs(left, right, key))
        joined = {id(entry) for pair in pairs for entry in pair}
        yield from pairs
        left = [entry for entry in left if id(entry) not in joined]
        right = [entry for entry in right if id(entry) not in joined]
    yield from ((entry, None) for entry in left)
    yield from ((None, entry) for entry in right)


def _by_title(entry: Entry) -> Hashable:
    return entry.title or None


def _by_id(entry: Entry) -> Hashable:
    return entry.id


def _unique_pairs(
    left: list[Entry], right: list[Entry], key: Callable[[Entry], Hashable]
) -> Iterator[tuple[Entry, Entry]]:
    """The entries of both sides that have a key which no other of their side has."""
    ours, theirs = _unique(left, key), _unique(right, key)
    for name, entry in ours.items():
        other = theirs.get(name)
        if other and (key is not _by_id or not (entry.title and other.title)):
            yield entry, other


def _unique(entries: list[Entry], key: Callable[[Entry], Hashable]) -> dict[Hashable, Entry]:
    groups: defaultdict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (name := key(entry)) is not None:
            groups[name].append(entry)
    return {name: group[0] for name, group in groups.items() if len(group) == 1}
