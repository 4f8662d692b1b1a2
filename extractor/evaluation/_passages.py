"""Passages: the sentence of a paper that a value stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.grounding import SourceText, Span, find
from extractor.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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

    def to_dict(self) -> dict[str, Any]:
        """The passage as JSON values."""
        return {
            "source": self.source,
            "start": self.start,
            "end": self.end,
            "sentence": self.sentence,
        }


class Passages:
    """Finds passages of one paper. The abstract comes first: the title is no sentence."""

    def __init__(self, paper: Paper) -> None:
        self._texts = {"abstract": paper.abstract, "title": paper.title}
        self._sources = {name: SourceText(text) for name, text in self._texts.items()}

    def of_words(self, words: Iterable[str]) -> Passage | None:
        """The passage that says the first of the words that the paper has."""
        for form in words:
            for name, source in self._sources.items():
                span = find(form, source) or find(form, source, url=True)
                if span is not None:
                    return self._passage(name, span)
        return None

    def of_evidence(self, evidence: Iterable[Mapping[str, Any]], path: str) -> Passage | None:
        """The passage that a record names for the value at ``path``, or for a part of it."""
        within = re.compile(rf"{re.escape(path)}(?!\w)")
        for item in evidence:
            if item["source"] in self._texts and within.match(item["path"]):
                return self._passage(item["source"], Span(item["start"], item["end"]))
        return None

    def _passage(self, name: str, span: Span) -> Passage:
        return Passage(name, *span, sentence_at(self._texts[name], *span))


def sentence_at(text: str, start: int, end: int) -> str:
    """The sentence around ``text[start:end]``; several, if that reaches over a stop."""
    starts = [first for first, _ in sentence_spans(_LINE_BREAK.sub(" ", text))]
    first = max((each for each in starts if each <= start), default=0)
    last = min((each for each in starts if each >= end), default=len(text))
    return " ".join(text[first:last].split())
