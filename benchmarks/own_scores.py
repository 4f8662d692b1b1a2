"""How right the phrases and objects are that fields of one's own are filled with.

A phrase is right if one of the gold has the same letters and digits (exact), or if one of both
holds the other as whole words (relaxed). An object of ``results`` is one of the gold if both have
the same value, of several the one with which it shares most; then each of its parts counts as a
phrase does. What gold accepts as well as nothing counts only where it is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from extractor.paper import Paper

Json: TypeAlias = "dict[str, Any]"
Same: TypeAlias = "Callable[[str, str], bool]"
NAMES = ("metric", "dataset", "task", "baseline")


@dataclass
class Counts:
    """How many values are right, and how many of the gold are found."""

    right: int = 0
    values: int = 0
    found: int = 0
    wanted: int = 0

    def add(self, have: list[str], want: list[str], same: Same) -> None:
        self.right += sum(any(same(value, each) for each in want) for value in have)
        self.values += len(have)
        self.found += sum(any(same(value, each) for value in have) for each in want)
        self.wanted += len(want)

    @property
    def f1(self) -> float:
        precision = self.right / self.values if self.values else 1.0
        recall = self.found / self.wanted if self.wanted else 1.0
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True)
class Score:
    """Micro F1 over all fields, and how many values are not in the text of their paper."""

    exact: float
    relaxed: float
    not_in_text: int


def score_phrases(
    papers: Iterable[Paper],
    gold: Mapping[str, Mapping[str, list[str]]],
    filled: Mapping[str, Mapping[str, list[str]]],
) -> Score:
    """Score lists of phrases by the papers' ids and the fields."""
    exact, relaxed, not_in_text = Counts(), Counts(), 0
    for paper in papers:
        text = _plain(f"{paper.title} {paper.abstract}")
        for field, phrases in gold[paper.id].items():
            have, want = _distinct(filled[paper.id].get(field) or ()), _distinct(phrases)
            exact.add(have, want, str.__eq__)
            relaxed.add(have, want, _overlap)
            not_in_text += sum(value not in text for value in have)
    return Score(exact.f1, relaxed.f1, not_in_text)


def score_results(
    papers: Iterable[Paper],
    gold: Mapping[str, Mapping[str, list[Json]]],
    filled: Mapping[str, Sequence[Json]],
) -> Score:
    """Score the items of ``results`` by the papers' ids; gold as in docs/schemas.md."""
    exact, relaxed, not_in_text = Counts(), Counts(), 0
    for paper in papers:
        expected, items = gold[paper.id], filled[paper.id]
        text = _plain(f"{paper.title} {paper.abstract}")
        said = (item.get(name) for item in items for name in (*NAMES, "quote"))
        not_in_text += sum(bool(value) and _plain(value) not in text for value in said)
        pairs = _pairs(items, expected["results"], expected["results_optional"])
        for have, want in pairs:
            _add_item(exact, have, want, str.__eq__)
            _add_item(relaxed, have, want, _overlap)
    return Score(exact.f1, relaxed.f1, not_in_text)


def _pairs(
    items: Iterable[Json], wanted: Sequence[Json], optional: Sequence[Json]
) -> list[tuple[Json | None, Json | None]]:
    """Each item with that of the gold, None for what one of both lacks."""
    left, may_be = list(wanted), list(optional)
    pairs: list[tuple[Json | None, Json | None]] = []
    for item in items:
        known = [each for each in left if item["value"] in _forms(each["value"])]
        if known:
            best = max(known, key=partial(_shared, item))
            left.remove(best)
            pairs.append((item, best))
        elif other := next((e for e in may_be if item["value"] in _forms(e["value"])), None):
            may_be.remove(other)
        else:
            pairs.append((item, None))
    return [*pairs, *((None, each) for each in left)]


def _shared(item: Json, wanted: Json) -> int:
    return sum(
        any(_overlap(_plain(item[name]), _plain(form)) for form in wanted[name] if form)
        for name in NAMES
        if item.get(name)
    )


def _add_item(counts: Counts, item: Json | None, wanted: Json | None, same: Same) -> None:
    both = item is not None and wanted is not None
    _add(counts, given=item is not None, expected=wanted is not None, right=both)
    relative = _forms(wanted["relative"]) if wanted else []
    if len(relative) < 2:
        right = both and item is not None and item.get("relative") in relative
        _add(counts, given=item is not None, expected=wanted is not None, right=right)
    for name in NAMES:
        value = _plain(item[name]) if item and item.get(name) else ""
        forms = wanted[name] if wanted else []
        right = any(same(value, _plain(form)) for form in forms if form and value)
        needed = bool(forms) and None not in forms
        if needed or not right:
            _add(counts, given=bool(value), expected=needed, right=right)


def _add(counts: Counts, *, given: bool, expected: bool, right: bool) -> None:
    counts.right += right
    counts.values += given
    counts.found += right
    counts.wanted += expected


def _forms(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(text: object) -> str:
    return re.sub(r"[^a-z0-9]+", " ", str(text).lower()).strip()


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_plain(value) for value in values))


def _overlap(one: str, other: str) -> bool:
    """Whether one holds the other as whole words."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
