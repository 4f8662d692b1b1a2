"""Evaluation: records against gold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from extractor.errors import DumpError
from extractor.evaluation._figures import Counts, PaperCounts, measure, total, total_counts
from extractor.evaluation._spending import meta_of, spending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.evaluation._figures import Figure
    from extractor.evaluation._gold import Gold
    from extractor.evaluation._scorers import Scorer, Verdict, Wanted
    from extractor.evaluation._spending import Price, Spending

RESAMPLES = 1000


class Refusal(NamedTuple):
    """An item of ``meta.dropped``: a value that was given, and why it was not kept."""

    path: str
    value: Any
    reason: str

    @property
    def field(self) -> str:
        """The field that the path begins with."""
        return self.path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True, slots=True)
class JudgedPaper:
    """A paper of gold, its record where there is one, and the verdict on each field."""

    id: str
    record: Mapping[str, Any] | None
    verdicts: Mapping[str, Verdict]

    @property
    def exact(self) -> bool:
        return all(verdict.exact for verdict in self.verdicts.values())

    @property
    def right(self) -> int:
        return sum(verdict.right for verdict in self.verdicts.values())

    def counts(self) -> PaperCounts:
        """The verdicts as numbers."""
        return PaperCounts(tuple(map(_counts, self.verdicts.values())), self.exact)

    def refused(self) -> list[Refusal]:
        """Every value that was given and not kept for want of words."""
        dropped = meta_of(self.record or {}).get("dropped") or ()
        return [
            Refusal(str(item.get("path")), item.get("value"), str(item.get("reason")))
            for item in dropped
        ]


@dataclass(frozen=True, slots=True)
class FieldEvaluation:
    """The figures of one field; ``refused`` values were given and dropped for want of words."""

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
            **_counts_dict(self.counts),
            "refused": self.refused,
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good records are.

    ``counts`` and ``invention_rate`` run over all fields; ``exact`` is the share of papers with
    every field right; ``without_record`` names the papers of gold that have no record, and
    count as if theirs were empty; ``without_gold`` counts the records left aside; ``refused``
    values include those of fields that gold does not speak of.
    """

    fields: Mapping[str, FieldEvaluation]
    macro_f1: Figure
    exact: Figure
    invention_rate: Figure
    counts: Counts
    refused: int
    spending: Spending
    papers: tuple[JudgedPaper, ...]
    without_gold: int

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
            **_counts_dict(self.counts),
            "refused": self.refused,
            "papers": len(self.papers),
            "without_record": self.without_record,
            "without_gold": self.without_gold,
            **self.spending.to_dict(),
        }


def evaluate(
    gold: Gold,
    records: Iterable[Mapping[str, Any]],
    *,
    seconds: float | None = None,
    price: Price | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Score records, rows such as `Record.to_dict` gives, against gold; joined by ``id``.

    Of several records with one id the last counts. ``seconds`` is how long the records took,
    ``price`` what their tokens cost, where that is known. Intervals come from ``resamples``
    (at least 2) draws of the papers, with ``seed``. Raises DumpError for a record whose fields
    are not those of the gold's schema.
    """
    rows, without_gold = _of_gold(gold, records)
    papers = tuple(_judge(gold.scorers, name, wanted, rows) for name, wanted in gold.papers.items())
    counts = [paper.counts() for paper in papers]
    figures = iter(measure(counts, resamples=resamples, seed=seed))
    totals = total(counts).fields
    refused = [refusal.field for paper in papers for refusal in paper.refused()]
    fields = {
        scorer.field: FieldEvaluation(
            precision=next(figures),
            recall=next(figures),
            f1=next(figures),
            invention_rate=next(figures),
            counts=field_counts,
            refused=refused.count(scorer.field),
        )
        for scorer, field_counts in zip(gold.scorers, totals, strict=True)
    }
    return Evaluation(
        fields=fields,
        macro_f1=next(figures),
        exact=next(figures),
        invention_rate=next(figures),
        counts=total_counts(totals),
        refused=len(refused),
        spending=spending([(p.record, p.right) for p in papers], seconds=seconds, price=price),
        papers=papers,
        without_gold=without_gold,
    )


def _of_gold(
    gold: Gold, records: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], int]:
    """The records of gold's papers by their id, and how many others there are."""
    rows: dict[str, Mapping[str, Any]] = {}
    others = 0
    for record in records:
        name = str(record["id"])
        if name in gold.papers:
            rows[name] = record
        else:
            others += 1
    return rows, others


def _judge(
    scorers: Iterable[Scorer],
    paper_id: str,
    wanted: Mapping[str, Wanted],
    rows: Mapping[str, Mapping[str, Any]],
) -> JudgedPaper:
    record = rows.get(paper_id)
    verdicts = {s.field: _verdict(s, wanted[s.field], record or {}, paper_id) for s in scorers}
    return JudgedPaper(paper_id, record, verdicts)


def _verdict(scorer: Scorer, wanted: Wanted, record: Mapping[str, Any], paper_id: str) -> Verdict:
    try:
        return scorer.score(wanted, record)
    except (KeyError, TypeError, ValueError) as error:
        raise DumpError(
            f"The record of paper {paper_id} cannot be scored: {scorer.field} has another shape "
            f"than its schema gives it ({error}).",
            hint="Name the schema of the records with --schema.",
        ) from error


def _counts(verdict: Verdict) -> Counts:
    wrong = len(verdict.wrong)
    absent = verdict.absent
    return Counts(
        right=verdict.right,
        wrong=wrong,
        missing=len(verdict.missing),
        absent=absent,
        filled=absent and wrong > 0,
        invented=wrong if absent else 0,
    )


def _counts_dict(counts: Counts) -> dict[str, int]:
    return {"gold": counts.right + counts.missing, **counts._asdict()}


def _figure(name: str, figure: Figure) -> dict[str, Any]:
    return {name: figure.value, f"{name}_interval": list(figure.interval)}
