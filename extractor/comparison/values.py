"""What became of the values of one field: which were added, lost or changed.

Lists are multisets: their order does not matter. Objects that differ are paired with those they
have most in common with, so that a claim with another baseline is one change and not two.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

Kind: TypeAlias = Literal["added", "lost", "changed"]

_ALIKE = 0.5
"""How much two objects have in common, from 0 to 1, to be the same one before and after."""
_NUMBER_WEIGHT = 10
_MOST_TEXT_WEIGHT = 30
_MOST_PAIRS = 10_000
_MOST_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Change:
    """A value that is not what it was: ``before`` is None if it was added, ``after`` if lost.

    The paths are its places in the records, such as "benchmarks[2]".
    """

    kind: Kind
    before: Any = None
    after: Any = None
    before_path: str | None = None
    after_path: str | None = None

    @property
    def keys(self) -> list[str]:
        """The keys in which two objects differ; none where the value is no object."""
        if not (isinstance(self.before, dict) and isinstance(self.after, dict)):
            return []
        names = dict.fromkeys([*self.before, *self.after])
        return [n for n in names if _key(self.before.get(n)) != _key(self.after.get(n))]

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """One field of one paper: how many values are the same, and those that are not."""

    same: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    path: str
    value: Any


def count_values(value: Any) -> int:
    """How many values a field has; null and what is empty is none."""
    return len(_items("", value))


def compare_field(name: str, before: Any, after: Any) -> FieldChanges:
    """Compare the values that two records have for a field."""
    old, new = _items(name, before), _items(name, after)
    by_key: dict[Hashable, list[_Item]] = {}
    for item in reversed(new):
        by_key.setdefault(_key(item.value), []).append(item)
    lost = []
    for item in old:
        if alike := by_key.get(_key(item.value)):
            alike.pop()
        else:
            lost.append(item)
    left = {id(item) for alike in by_key.values() for item in alike}
    added = [item for item in new if id(item) in left]
    if lost and added and not isinstance(before, list) and not isinstance(after, list):
        pairs = [(lost[0], added[0])]
    else:
        pairs = _pairs(lost, added)
    return FieldChanges(len(old) - len(lost), tuple(_changes(lost, added, pairs)))


def _changes(
    lost: list[_Item], added: list[_Item], pairs: list[tuple[_Item, _Item]]
) -> Iterator[Change]:
    for old, new in pairs:
        yield Change("changed", old.value, new.value, old.path, new.path)
    paired = {id(item) for pair in pairs for item in pair}
    for item in lost:
        if id(item) not in paired:
            yield Change("lost", before=item.value, before_path=item.path)
    for item in added:
        if id(item) not in paired:
            yield Change("added", after=item.value, after_path=item.path)


def _items(name: str, value: Any) -> list[_Item]:
    if isinstance(value, list):
        items = (_Item(f"{name}[{place}]", each) for place, each in enumerate(value))
        return [item for item in items if not is_nothing(item.value)]
    return [] if is_nothing(value) else [_Item(name, value)]


def is_nothing(value: object) -> bool:
    """Whether a value says nothing: null, NaN, or a text, list or object without content."""
    return value is None or value in ("", [], {}) or value != value


def _pairs(lost: list[_Item], added: list[_Item]) -> list[tuple[_Item, _Item]]:
    """The objects that are one before and after, the most alike first; in the order of ``lost``."""
    old = [item for item in lost if isinstance(item.value, dict)]
    new = [item for item in added if isinstance(item.value, dict)]
    if len(old) * len(new) > _MOST_PAIRS:  # no record of a paper has as many
        return []
    candidates = [
        (-likeness, i, j)
        for (i, a), (j, b) in product(enumerate(old), enumerate(new))
        if (likeness := _likeness(a.value, b.value)) >= _ALIKE
    ]
    heapq.heapify(candidates)
    found: dict[int, int] = {}
    while candidates:
        _, i, j = heapq.heappop(candidates)
        if i not in found and j not in found.values():
            found[i] = j
    return [(old[i], new[j]) for i, j in sorted(found.items())]


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """What two objects have in common, from 0 to 1: long texts and numbers count for most.

    It is at least `_ALIKE` where the longest text, such as a claim's quote, is in both.
    """
    weights = shared = 0.0
    for name in one.keys() | other.keys():
        a, b = one.get(name), other.get(name)
        weight = max(_weight(a), _weight(b))
        weights += weight
        shared += weight * _same(a, b)
    likeness = shared / weights if weights else 0.0
    return max(likeness, _ALIKE) if _have_same_words(one, other) else likeness


def _have_same_words(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    texts = {name: text for name, text in one.items() if isinstance(text, str) and text}
    if not texts:
        return False
    longest = max(texts, key=lambda name: len(texts[name]))
    text, others = texts[longest], other.get(longest)
    return isinstance(others, str) and bool(others) and (text in others or others in text)


def _weight(value: object) -> float:
    """How well a value tells its object from others."""
    if is_nothing(value):
        return 0.0
    if isinstance(value, bool):
        return 1.0
    if isinstance(value, int | float):
        return _NUMBER_WEIGHT
    text = value if isinstance(value, str) else to_json(value).decode()
    return min(len(text), _MOST_TEXT_WEIGHT)


def _same(one: object, other: object) -> float:
    from rapidfuzz import fuzz

    if isinstance(one, str) and isinstance(other, str):
        return fuzz.ratio(one, other) / 100
    return float(_key(one) == _key(other))


def _key(value: Any, depth: int = 0) -> Hashable:
    """What two equal values have in common: 1 is 1.0 and not True, and lists have no order."""
    if is_nothing(value):
        return None
    if isinstance(value, bool):
        return bool, value
    if depth == _MOST_DEPTH:
        return to_json(value, inf_nan_mode="null")
    if isinstance(value, list):
        return list, frozenset(_counted(_key(each, depth + 1) for each in value).items())
    if isinstance(value, dict):
        keys = ((name, _key(each, depth + 1)) for name, each in value.items())
        return dict, frozenset((name, key) for name, key in keys if key is not None)
    return value  # type: ignore[no-any-return]


def _counted(keys: Iterator[Hashable]) -> dict[Hashable, int]:
    counts: dict[Hashable, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts
