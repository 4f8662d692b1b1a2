"""Mistakes: what is wrong with a record, beside gold and the sentences that decide."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from extractor.decisions import is_within
from extractor.grounding import Dropped, SourceText, Span, find
from extractor.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.evaluation.figures import Evaluation, ScoredPaper
    from extractor.evaluation.gold import Gold
    from extractor.evaluation.scorers import PredictedValue, Scorer
    from extractor.paper import Paper

_LINE_BREAK = re.compile(r"(?<!\n)\n(?!\s*\n)")


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a value stands: code points of the ``source`` ("title" or "abstract"), and the
    sentence around it."""

    source: str
    start: int
    end: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One value that is missing or wrong, as gold or the record has it.

    ``forms`` is how it reads, in every form that is right where it is gold's. ``passage`` is
    None where the paper's text is not at hand, or does not have the value.
    """

    value: Any
    forms: list[str]
    passage: Passage | None

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON values."""
        return {"value": self.value, "passage": self.passage and asdict(self.passage)}


@dataclass(frozen=True, slots=True)
class FieldMistakes:
    """A field that is not right: gold's values, those of the record, and how they differ.

    ``refused`` values were given too, and not found in the text.
    """

    gold: list[list[str]]
    answer: list[list[str]]
    missing: list[Mistake]
    wrong: list[Mistake]
    refused: list[Dropped]

    def to_dict(self) -> dict[str, Any]:
        """The mistakes as JSON values."""
        return {
            "gold": self.gold,
            "answer": self.answer,
            "missing": [mistake.to_dict() for mistake in self.missing],
            "wrong": [mistake.to_dict() for mistake in self.wrong],
            "refused": [value.to_dict() for value in self.refused],
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
    for scored in evaluation.papers:
        if scored.exact:
            continue
        record = scored.record or {}
        paper = (papers or {}).get(scored.id)
        if paper is not None and record.get("title", paper.title) != paper.title:
            paper = None
        passages = _Passages(paper, record)
        yield PaperMistakes(
            id=scored.id,
            title=str(record.get("title") or (paper.title if paper else "")),
            fields={
                scorer.field: _field_mistakes(scorer, scored, gold, passages)
                for scorer in gold.scorers
                if not scored.scores[scorer.field].exact
            },
            has_record=scored.record is not None,
            has_text=paper is not None,
        )


def _field_mistakes(
    scorer: Scorer, scored: ScoredPaper, gold: Gold, passages: _Passages
) -> FieldMistakes:
    score, expected = scored.scores[scorer.field], gold.papers[scored.id][scorer.field]

    def mistake(value: Any, predicted: PredictedValue | None = None) -> Mistake:
        passage = passages.of_evidence(predicted.path) if predicted else None
        passage = passage or passages.of_words(scorer.words(value))
        return Mistake(value, scorer.forms(value), passage)

    return FieldMistakes(
        gold=[scorer.forms(value.value) for value in expected.values],
        answer=[scorer.forms(value.value) for value in scorer.predicted(scored.record or {})],
        missing=[mistake(value.value) for value in score.missing],
        wrong=[mistake(predicted.value, predicted) for predicted in score.wrong],
        refused=[value for value in scored.rejected() if value.field == scorer.field],
    )


class _Passages:
    """Finds passages of one paper, if it is at hand; the abstract first, as it has sentences."""

    def __init__(self, paper: Paper | None, record: Mapping[str, Any]) -> None:
        texts = {"abstract": paper.abstract, "title": paper.title} if paper else {}
        self._sources = {name: SourceText(text) for name, text in texts.items()}
        self._evidence = record.get("evidence") or ()

    def of_words(self, words: Iterable[str]) -> Passage | None:
        """The passage that says the first of the words that the paper has."""
        for form, (name, source) in product(words, self._sources.items()):
            if span := find(form, source) or find(form, source, url=True):
                return self._passage(name, span)
        return None

    def of_evidence(self, path: str) -> Passage | None:
        """The passage that the record names for the value at ``path``, or for a part of it."""
        for item in self._evidence:
            if item["source"] in self._sources and is_within(item["path"], path):
                return self._passage(item["source"], Span(item["start"], item["end"]))
        return None

    def _passage(self, name: str, span: Span) -> Passage:
        """The span, with the sentence around it; with several, if it reaches over a stop."""
        text = self._sources[name].original
        starts = [first for first, _ in sentence_spans(_LINE_BREAK.sub(" ", text))]
        first = max((each for each in starts if each <= span.start), default=0)
        last = min((each for each in starts if each >= span.end), default=len(text))
        return Passage(name, *span, " ".join(text[first:last].split()))
