"""Reliability: whether of the values with a confidence of 0.9, nine in ten are right."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from extractor.confidence import confidence_of
from extractor.decisions import is_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extractor.evaluation.scorers import Expected, FieldScore, Scorer

_BOUNDS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)


class Band(NamedTuple):
    """The values whose confidence is at least ``low`` and below ``high``; the last holds 1 too.

    ``mean`` is that of their confidence, ``right`` the share of right values: the closer the two,
    the better calibrated they are.
    """

    low: float
    high: float
    values: int
    mean: float
    right: float


class Reliability(NamedTuple):
    """The bands of all values, and those of each field that has any."""

    all: tuple[Band, ...] = ()
    fields: Mapping[str, tuple[Band, ...]] = {}

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        fields = {name: [band._asdict() for band in each] for name, each in self.fields.items()}
        return {"all": [band._asdict() for band in self.all], "fields": fields}


class Judged(NamedTuple):
    """The confidence of one value of a record, and whether gold has the value."""

    confidence: float
    right: bool


def bands(values: Iterable[Judged]) -> tuple[Band, ...]:
    """The bands that hold any of the values, the least likely first."""
    known = list(values)
    made = []
    for low, high in pairwise(_BOUNDS):
        within = [each for each in known if low <= each.confidence < high or each[0] == high == 1]
        if within:
            mean, right = (sum(column) / len(within) for column in zip(*within, strict=True))
            made.append(Band(low, high, len(within), mean, right))
    return tuple(made)


def measured(
    scorers: Sequence[Scorer],
    papers: Iterable[
        tuple[Mapping[str, Expected], Mapping[str, Any] | None, Mapping[str, FieldScore]]
    ],
) -> Reliability:
    """The reliability of records, from what gold expects of each paper, its record and scores.

    Left aside are values that count neither for nor against.
    """
    found: dict[str, list[Judged]] = {scorer.field: [] for scorer in scorers}
    for expected, record, scores in papers:
        if record and (chances := confidence_of(record)):
            for scorer in scorers:
                each = expected[scorer.field], scores[scorer.field]
                found[scorer.field] += _judged(scorer, *each, record, chances)
    fields = {name: bands(values) for name, values in found.items() if values}
    return Reliability(bands(chain(*found.values())), fields)


def _judged(
    scorer: Scorer,
    expected: Expected,
    score: FieldScore,
    record: Mapping[str, Any],
    chances: Mapping[str, float],
) -> Iterator[Judged]:
    if not expected.judged:
        return
    for value in scorer.predicted(record):
        within = (each for path, each in chances.items() if is_within(path, value.path))
        chance = min(within, default=None)
        wrong = value in score.wrong
        if chance is not None and (wrong or any(value.key in v.keys for v in expected.values)):
            yield Judged(chance, not wrong)
