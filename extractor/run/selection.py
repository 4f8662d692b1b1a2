"""Which papers of a dump a run takes: those that meet conditions, the first, or a random sample."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from typing import TYPE_CHECKING, Protocol, TypeAlias

from extractor.errors import UsageError, one_line
from extractor.paper import Paper
from extractor.plurals import counted
from extractor.run.extent import Extent
from extractor.run.where import columns_of, parse_condition
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractor.readers import Item

_Placed: TypeAlias = "tuple[int, Item]"
"""An entry and its place in the dump, from 0."""

_HELD = 1000
"""Papers that wait until a column of every condition was seen."""

_COLUMNS, _SHOWN, _WIDTH = 1000, 30, 40
"""Columns that are remembered, and of them shown, and the longest name."""


class Source(Protocol):
    """What is selected from, as :class:`extractor.readers.Dump`."""

    @property
    def name(self) -> str:
        """How messages name it."""

    @property
    def identity(self) -> object:
        """What tells these papers from others, as JSON values."""

    @property
    def size(self) -> int | None:
        """How many bytes it has; None where that is not known."""

    @property
    def position(self) -> int:
        """How many bytes of it were read."""

    def __iter__(self) -> Iterator[Item]: ...

    def notes(self) -> list[str]:
        """Return what the user should know, once the papers are read."""


class Selection:
    """Stands where the dump does, and yields the papers that are selected, in its order.

    ``where`` are conditions that a paper must meet, all of them (`extractor.run.where`).
    ``sample`` is the number of papers of a random draw: the same papers for the same ``seed``,
    also if the dump is sorted in another way, and a larger draw contains the smaller one.
    ``extent`` tells how many papers there are. Raises UsageError.
    """

    def __init__(
        self,
        dump: Source,
        *,
        where: Sequence[str] = (),
        sample: int | None = None,
        seed: int = 0,
    ) -> None:
        self.extent = Extent(dump.size)
        self._dump = dump
        self._texts = tuple(where)
        self._where = [parse_condition(text) for text in where]
        self._sample = sample
        self._seed = seed
        self._columns: dict[str, str] = {}
        self._missing = {condition.column.casefold() for condition in self._where}
        self._papers = 0
        self._unjudged = 0
        self._cut = False
        self._held = Counter[str]()
        self._unlike = Counter[str]()

    @property
    def identity(self) -> object:
        """What tells these papers from others, as JSON values."""
        chosen = (self._texts, self._sample, self._seed if self._sample is not None else None)
        return (self._dump.identity, chosen) if self._selects else self._dump.identity

    @property
    def _selects(self) -> bool:
        return bool(self._where) or self._sample is not None

    def first(self, papers: int | None) -> Iterator[Item]:
        """Yield what is selected of the first so many papers that meet the conditions.

        Entries that are no papers are among it only where nothing selects.
        """
        return (item for _, item in self.placed(papers))

    def placed(self, papers: int | None) -> Iterator[_Placed]:
        """Yield what `first` does, with the place of each in the dump, from 0."""
        self.extent = Extent(self._dump.size, _least(papers, self._sample))
        if papers != 0 and self._sample != 0:
            items = self._limited(self._met(), papers)
            if self._sample is not None:
                items = _sampled(items, self._sample, self._seed)
            for place, item in items:
                self.extent.take(beyond=not isinstance(item, Paper))
                yield place, item
        self.extent.end()

    def notes(self) -> list[str]:
        """What the user should know of the selection, and of the dump."""
        notes = []
        if self._selects and self._papers:
            of = "the first " if self._cut else ""
            left = counted(self._unjudged, "unreadable entry", "unreadable entries")
            said = f"{self.extent.taken:,} of {of}{counted(self._papers, 'paper')} selected"
            notes.append(said + (f"; {left} left out" if self._unjudged else ""))
            notes += map(self._unlike_note, self._unlike)
        return [*notes, *self._dump.notes()]

    def _met(self) -> Iterator[_Placed]:
        """Yield the papers that meet the conditions.

        A mistyped column must not select everything, or nothing, without a word: papers wait
        until each column was seen, and one that no paper has is an error.
        """
        waiting: list[_Placed] = []
        met = False
        for place, item in enumerate(self._dump):
            self.extent.read(self._dump.position)
            if self._selects and not self._is_judged(item):
                continue
            if isinstance(item, Paper):
                if not self._holds(item):
                    continue
                met = True
            if self._missing and len(waiting) < _HELD:
                waiting.append((place, item))
                continue
            yield from waiting
            waiting.clear()
            yield place, item
        if self._missing and self._papers:
            raise self._no_column()
        if self._papers and not met:
            raise self._none_met()
        yield from waiting

    def _holds(self, paper: Paper) -> bool:
        """Say whether a paper meets all conditions; counts those that meet each."""
        held = True
        for text, condition in zip(self._texts, self._where, strict=True):
            if condition.holds(paper):
                self._held[text] += 1
                continue
            held = False
            if not condition.compares(paper):
                self._unlike[text] += 1
        return held

    def _is_judged(self, item: Item) -> bool:
        """Say whether an entry can be selected; notes a paper's columns.

        Nothing tells the columns of an entry that is no paper; a file that cannot be read is told.
        """
        if not isinstance(item, Paper):
            self._unjudged += bool(item.line)
            return not item.line
        self._papers += 1
        for name in columns_of(item) if self._where else ():
            if len(self._columns) < _COLUMNS:
                self._columns.setdefault(name.casefold(), name)
            self._missing.discard(name.casefold())
        return True

    def _limited(self, items: Iterator[_Placed], papers: int | None) -> Iterator[_Placed]:
        for place, item in items:
            yield place, item
            if papers is not None and isinstance(item, Paper):
                papers -= 1
                if not papers:
                    self._cut = True
                    return

    def _unlike_note(self, text: str) -> str:
        has = "has" if self._unlike[text] == 1 else "have"
        papers = counted(self._unlike[text], "paper")
        return f"--where {text!r}: {papers} left out, which {has} no number or date to compare"

    def _none_met(self) -> UsageError:
        papers, name = counted(self._papers, "paper"), self._dump.name
        each = ", ".join(f"{text!r} {self._held[text]:,}" for text in self._texts)
        unlike = "".join(f" {self._unlike_note(text)}." for text in self._unlike)
        return UsageError(
            f"--where {self._texts[0]!r}: none of {papers} of {name} meets it.{unlike}"
            if len(self._texts) == 1
            else f"--where: none of {papers} of {name} meets all conditions; "
            f"they meet {each}.{unlike}",
            hint="Nothing was extracted or replaced; change the condition.",
        )

    def _no_column(self) -> UsageError:
        named = next(c.column for c in self._where if c.column.casefold() in self._missing)
        near = closest(named.casefold(), self._columns)
        names = [one_line(name)[:_WIDTH] for name in self._columns.values()]
        more = ", ..." if len(names) > _SHOWN else ""
        guess = f"Did you mean {self._columns[near]!r}? " if near else ""
        return UsageError(
            f"--where: no paper of {self._dump.name} has a column {named!r}.",
            hint=f"{guess}It has: {', '.join(names[:_SHOWN])}{more}.",
        )


def _least(*numbers: int | None) -> int | None:
    return min((number for number in numbers if number is not None), default=None)


def _sampled(items: Iterator[_Placed], size: int, seed: int) -> Iterator[_Placed]:
    """Yield ``size`` of the papers, drawn at random, in their order; others as they are.

    Each paper has a random number that its text and the seed decide; those with the lowest are
    kept, so there are never more than ``size`` in memory.
    """
    kept: list[tuple[int, int, Paper]] = []
    for place, item in items:
        if not isinstance(item, Paper):
            yield place, item
            continue
        entry = (-_draw(item, seed), -place, item)
        if len(kept) < size:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    for _, place, paper in sorted(kept, key=lambda entry: -entry[1]):
        yield -place, paper


def _draw(paper: Paper, seed: int) -> int:
    text = f"{seed}\0{paper.title}\0{paper.abstract}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
