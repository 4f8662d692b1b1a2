"""Mistakes: what is wrong with a record, beside gold and the sentences that decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.evaluation._passages import Passages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.evaluation._evaluate import Evaluation, JudgedPaper, Refusal
    from extractor.evaluation._gold import Gold
    from extractor.evaluation._passages import Passage
    from extractor.evaluation._scorers import Answer, GoldValue, Kind, Scorer
    from extractor.paper import Paper


@dataclass(frozen=True, slots=True)
class Slip:
    """One value that is missing or wrong, as gold or the record has it.

    ``forms`` is how it reads, in every form that is right where it is gold's. ``passage`` is
    None where the paper's text is not at hand, or does not have the value.
    """

    value: Any
    forms: list[str]
    passage: Passage | None

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON values."""
        return {"value": self.value, "passage": self.passage and self.passage.to_dict()}


@dataclass(frozen=True, slots=True)
class FieldMistakes:
    """A field that is not right: gold's values, those of the record, and how they differ.

    ``refused`` values were given too, and not kept.
    """

    gold: list[list[str]]
    answer: list[list[str]]
    missing: list[Slip]
    wrong: list[Slip]
    refused: list[Refusal]

    def to_dict(self) -> dict[str, Any]:
        """The mistakes as JSON values."""
        return {
            "gold": self.gold,
            "answer": self.answer,
            "missing": [slip.to_dict() for slip in self.missing],
            "wrong": [slip.to_dict() for slip in self.wrong],
            "refused": [refusal._asdict() for refusal in self.refused],
        }


@dataclass(frozen=True, slots=True)
class PaperMistakes:
    """A paper whose record is not exact. ``has_record`` and ``has_text`` say what was at hand."""

    id: str
    title: str
    fields: Mapping[str, FieldMistakes]
    has_record: bool
    has_text: bool

    def to_dict(self) -> dict[str, Any]:
        """The mistakes as JSON values."""
        return {
            "id": self.id,
            "title": self.title,
            "has_record": self.has_record,
            "has_text": self.has_text,
            "fields": {name: field.to_dict() for name, field in self.fields.items()},
        }


def find_mistakes(
    evaluation: Evaluation, gold: Gold, papers: Mapping[str, Paper] | None = None
) -> Iterator[PaperMistakes]:
    """Yield what is wrong, paper by paper in gold's order.

    ``papers`` by their id give the sentences. One whose title is not the record's is another
    paper, and left aside.
    """
    for judged in evaluation.papers:
        if not judged.exact:
            yield _paper_mistakes(judged, gold, (papers or {}).get(judged.id))


def _paper_mistakes(judged: JudgedPaper, gold: Gold, paper: Paper | None) -> PaperMistakes:
    record = judged.record or {}
    if paper is not None and record.get("title", paper.title) != paper.title:
        paper = None
    passages = Passages(paper) if paper else None
    return PaperMistakes(
        id=judged.id,
        title=str(record.get("title") or (paper.title if paper else "")),
        fields={
            scorer.field: _field_mistakes(scorer, judged, gold, passages)
            for scorer in gold.scorers
            if not judged.verdicts[scorer.field].exact
        },
        has_record=judged.record is not None,
        has_text=paper is not None,
    )


def _field_mistakes(
    scorer: Scorer, judged: JudgedPaper, gold: Gold, passages: Passages | None
) -> FieldMistakes:
    kind, verdict, record = scorer.kind, judged.verdicts[scorer.field], judged.record or {}
    wanted = gold.papers[judged.id][scorer.field]
    return FieldMistakes(
        gold=[kind.forms(value.said) for value in wanted.values],
        answer=[kind.forms(answer.value) for answer in scorer.answers(record)],
        missing=[_missing(kind, value, passages) for value in verdict.missing],
        wrong=[_wrong(kind, answer, record, passages) for answer in verdict.wrong],
        refused=[each for each in judged.refused() if each.field == scorer.field],
    )


def _missing(kind: Kind, value: GoldValue, passages: Passages | None) -> Slip:
    passage = passages.of_words(kind.words(value.said)) if passages else None
    return Slip(value.said, kind.forms(value.said), passage)


def _wrong(
    kind: Kind, answer: Answer, record: Mapping[str, Any], passages: Passages | None
) -> Slip:
    passage = None
    if passages:
        evidence = record.get("evidence") or ()
        passage = passages.of_evidence(evidence, answer.path)
        passage = passage or passages.of_words(kind.words(answer.value))
    return Slip(answer.value, kind.forms(answer.value), passage)
