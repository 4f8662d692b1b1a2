"""Evaluation: records against gold, as figures with intervals, counts and cost."""

from __future__ import annotations

import random
import statistics
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from extractor.confidence import BELOW
from extractor.decisions import BY_HAND
from extractor.errors import DumpError
from extractor.evaluation.reliability import Reliability, measured
from extractor.grounding import Dropped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extractor.evaluation.gold import Gold
    from extractor.evaluation.scorers import Expected, FieldScore, Scorer

Price: TypeAlias = Callable[[str, int, int], float | None]
"""What prompt and completion tokens of a model cost, in US dollars; None where unknown."""


class Counts(NamedTuple):
    """What one field came to.

    ``absent`` counts papers where gold has nothing for the field, ``filled`` those of them
    where something was given, ``invented`` the values given there (they are ``wrong`` too).
    """

    right: int = 0
    wrong: int = 0
    missing: int = 0
    absent: int = 0
    filled: int = 0
    invented: int = 0

    @property
    def precision(self) -> float:
        """The share of right values among those given; 1 where none was given."""
        given = self.right + self.wrong
        return self.right / given if given else 1.0

    @property
    def recall(self) -> float:
        """The share of gold's values that were found; 1 where gold has none."""
        return self.right / (self.right + self.missing) if self.right + self.missing else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 where nothing was to be found and nothing was given."""
        weight = 2 * self.right + self.wrong + self.missing
        return 2 * self.right / weight if weight else 1.0

    @property
    def invention_rate(self) -> float:
        """The share of ``filled`` among ``absent``; 0 where gold always has something."""
        return self.filled / self.absent if self.absent else 0.0

    def to_dict(self) -> dict[str, int]:
        """The counts as JSON values, with ``gold``, the number of gold's values."""
        return {"gold": self.right + self.missing, **self._asdict()}


class Interval(NamedTuple):
    """The middle 95 % of what resampling the papers gave."""

    low: float
    high: float


class Figure(NamedTuple):
    """A measured share, from 0 to 1, and how far it may be off because the papers are few."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper of gold, its record where there is one, and the score of each field."""

    id: str
    record: Mapping[str, Any] | None
    scores: Mapping[str, FieldScore]

    @property
    def exact(self) -> bool:
        return all(score.exact for score in self.scores.values())

    @property
    def right(self) -> int:
        return sum(score.right for score in self.scores.values())

    @property
    def meta(self) -> Mapping[str, Any]:
        """The ``meta`` of the record; empty where there is none."""
        meta = (self.record or {}).get("meta")
        return meta if isinstance(meta, dict) else {}

    def rejected(self) -> list[Dropped]:
        """Every value that the model gave and that was not found in the text."""
        given = (
            Dropped(str(item.get("path")), item.get("value"), str(item.get("reason")))
            for item in self.meta.get("dropped") or ()
        )
        return [value for value in given if not value.reason.startswith((BELOW, *BY_HAND))]

    def counts(self) -> list[Counts]:
        """The scores as numbers, field by field."""
        return [
            Counts(
                right=score.right,
                wrong=len(score.wrong),
                missing=len(score.missing),
                absent=score.absent,
                filled=score.absent and len(score.wrong) > 0,
                invented=len(score.wrong) if score.absent else 0,
            )
            for score in self.scores.values()
        ]


@dataclass(frozen=True, slots=True)
class FieldEvaluation:
    """The figures of one field; ``refused`` values were given and not found in the text."""

    precision: Figure
    recall: Figure
    f1: Figure
    invention_rate: Figure
    counts: Counts
    refused: int

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            **_figure("precision", self.precision),
            **_figure("recall", self.recall),
            **_figure("f1", self.f1),
            **_figure("invention_rate", self.invention_rate),
            **self.counts.to_dict(),
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Spending:
    """What the records took.

    Tokens, and ``cost`` in US dollars, are those of every answer, whether it was paid for in
    this run or before; they are None where the records, or the prices, do not tell. ``seconds``
    of wall clock belong to the run that gave the records; None where they came from a file.
    ``right`` values were found in all, ``right_now`` of them by answers given in this run.
    """

    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    seconds: float | None
    right: int
    right_now: int

    @property
    def cost_per_right_value(self) -> float | None:
        """US dollars for one right value."""
        return self.cost / self.right if self.cost is not None and self.right else None

    @property
    def seconds_per_right_value(self) -> float | None:
        """Seconds for one right value, without those that came from the cache."""
        return (
            self.seconds / self.right_now if self.seconds is not None and self.right_now else None
        )

    def to_dict(self) -> dict[str, float | int | None]:
        """The spending as JSON values."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "cost_per_right_value": self.cost_per_right_value,
            "seconds": self.seconds,
            "seconds_per_right_value": self.seconds_per_right_value,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good records are.

    ``counts`` and ``invention_rate`` run over all fields; ``exact`` is the share of papers with
    every field right; ``without_record`` names the papers of gold that have no record, and
    count as if theirs were empty; ``without_gold`` counts the records left aside; ``refused``
    values include those of fields that gold does not name. ``reliability`` is that of the values
    with a confidence.
    """

    fields: Mapping[str, FieldEvaluation]
    macro_f1: Figure
    exact: Figure
    invention_rate: Figure
    counts: Counts
    refused: int
    spending: Spending
    papers: tuple[ScoredPaper, ...]
    without_gold: int
    reliability: Reliability

    @property
    def without_record(self) -> list[str]:
        return [paper.id for paper in self.papers if paper.record is None]

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as JSON values."""
        return {
            "fields": {name: field.to_dict() for name, field in self.fields.items()},
            **_figure("macro_f1", self.macro_f1),
            **_figure("exact", self.exact),
            **_figure("invention_rate", self.invention_rate),
            **self.counts.to_dict(),
            "refused": self.refused,
            "papers": len(self.papers),
            "without_record": self.without_record,
            "without_gold": self.without_gold,
            "reliability": self.reliability.to_dict(),
            **self.spending.to_dict(),
        }


def evaluate(
    gold: Gold,
    records: Iterable[Mapping[str, Any]],
    *,
    seconds: float | None = None,
    price: Price | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Score records, rows such as `Record.to_dict` gives, against gold; joined by ``id``.

    Of several records with one id the last counts. ``seconds`` is how long the records took,
    ``price`` what their tokens cost, where that is known. Intervals come from ``resamples``
    (at least 2) draws of the papers, with ``seed``. Raises DumpError for a record whose fields
    are not those of the gold's schema.
    """
    by_id: dict[str, Mapping[str, Any]] = {}
    without_gold = 0
    for record in records:
        if (paper_id := str(record["id"])) in gold.papers:
            by_id[paper_id] = record
        else:
            without_gold += 1
    papers = tuple(
        _scored(gold.scorers, paper_id, expected, by_id.get(paper_id))
        for paper_id, expected in gold.papers.items()
    )
    counts, figures = _measure(papers, resamples, seed)
    rejected = [value.field for paper in papers for value in paper.rejected()]
    return Evaluation(
        fields={
            scorer.field: FieldEvaluation(
                precision=next(figures),
                recall=next(figures),
                f1=next(figures),
                invention_rate=next(figures),
                counts=each,
                refused=rejected.count(scorer.field),
            )
            for scorer, each in zip(gold.scorers, counts, strict=True)
        },
        macro_f1=next(figures),
        exact=next(figures),
        invention_rate=next(figures),
        counts=_sum(counts),
        refused=len(rejected),
        spending=_spending(papers, seconds, price),
        papers=papers,
        without_gold=without_gold,
        reliability=measured(
            gold.scorers, ((gold.papers[paper.id], paper.record, paper.scores) for paper in papers)
        ),
    )


def _scored(
    scorers: Iterable[Scorer],
    paper_id: str,
    expected: Mapping[str, Expected],
    record: Mapping[str, Any] | None,
) -> ScoredPaper:
    scores = {}
    for scorer in scorers:
        try:
            scores[scorer.field] = scorer.score(expected[scorer.field], record or {})
        except (KeyError, TypeError, ValueError) as error:
            raise DumpError(
                f"The record of paper {paper_id} cannot be scored: {scorer.field} does not have "
                f"the form that its schema gives it ({error}).",
                hint="Name the schema of the records with --schema.",
            ) from error
    return ScoredPaper(paper_id, record, scores)


def _measure(
    papers: Sequence[ScoredPaper], resamples: int, seed: int
) -> tuple[list[Counts], Iterator[Figure]]:
    """Counts of every field, and the figures of `_figures`, with intervals by bootstrap.

    ``resamples`` times as many papers are drawn, with replacement, as there are; the interval
    runs from the 2.5th to the 97.5th percentile. The same ``seed`` gives the same intervals.
    """
    # All counts of a paper are packed into one large integer, 32 bits each, so that a resample
    # is a single sum: a thousand of them take hundredths of a second without any library.
    fields, size = len(papers[0].scores), len(Counts._fields)
    layout = struct.Struct(f"<{fields * size + 1}I")
    packed = [
        int.from_bytes(layout.pack(*chain(*paper.counts()), paper.exact), "little")
        for paper in papers
    ]

    def unpacked(sum_of_papers: int) -> tuple[list[Counts], int]:
        *numbers, exact = layout.unpack(sum_of_papers.to_bytes(layout.size, "little"))
        return [Counts(*numbers[n : n + size]) for n in range(0, fields * size, size)], exact

    chance = random.Random(seed)  # noqa: S311
    counts, exact = unpacked(sum(packed))
    resampled = (
        _figures(*unpacked(sum(chance.choices(packed, k=len(packed)))), len(papers))
        for _ in range(resamples)
    )
    values = zip(_figures(counts, exact, len(papers)), zip(*resampled, strict=True), strict=True)
    cuts = (
        (value, statistics.quantiles(drawn, n=40, method="inclusive")) for value, drawn in values
    )
    return counts, (Figure(value, Interval(cut[0], cut[-1])) for value, cut in cuts)


def _figures(fields: Sequence[Counts], exact: int, papers: int) -> list[float]:
    """Four figures a field, then macro F1, the exact share and the invention rate over all."""
    by_field = ((c.precision, c.recall, c.f1, c.invention_rate) for c in fields)
    macro_f1 = sum(counts.f1 for counts in fields) / len(fields)
    return [*chain(*by_field), macro_f1, exact / papers, _sum(fields).invention_rate]


def _sum(fields: Iterable[Counts]) -> Counts:
    return Counts(*map(sum, zip(*fields, strict=True)))


def _spending(
    papers: Iterable[ScoredPaper], seconds: float | None, price: Price | None
) -> Spending:
    recorded = [paper for paper in papers if paper.record is not None]
    tokens = [(p.meta.get("prompt_tokens"), p.meta.get("completion_tokens")) for p in recorded]
    known = [(n, m) for n, m in tokens if isinstance(n, int) and isinstance(m, int)]
    counted = len(known) == len(tokens) > 0
    costs: list[float | None] = [None]
    if counted and price:
        models = [str(paper.meta.get("model")) for paper in recorded]
        costs = [price(model, *pair) for model, pair in zip(models, known, strict=True)]
    return Spending(
        prompt_tokens=sum(prompt for prompt, _ in known) if counted else None,
        completion_tokens=sum(completion for _, completion in known) if counted else None,
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=seconds,
        right=sum(paper.right for paper in recorded),
        right_now=sum(paper.right for paper in recorded if not paper.meta.get("cached")),
    )


def _figure(name: str, figure: Figure) -> dict[str, Any]:
    return {name: figure.value, f"{name}_interval": list(figure.interval)}
