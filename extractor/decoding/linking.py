"""The objects of a list as far as they are found without a language model.

Each object is built around its anchor: a phrase that the encoder finds, or a number. Its other
phrases are those that the encoder finds nearest to the anchor in the same sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any

from extractor.decoding.mentions import Mention, completed, mentions_of
from extractor.encoder import choose
from extractor.sentences import paper_sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extractor.decoding.fields import AskedField
    from extractor.encoder import ScoredSpan

_MOST_OBJECTS = 64
_LONGEST_REACH = 200
_BREAK = re.compile(r"[,;:]\s|\s(?:and|while|but|whereas)\s")
_CLAUSE_COSTS = 30
# A phrase that is likelier by one may be so many characters further away.
_REACH_OF_CHANCE = 30


@dataclass(frozen=True, slots=True)
class Found:
    """One object: what is known of it, by the names of its parts, and the number it rests on."""

    values: Mapping[str, Any]
    number: Mention | None = None


class Linker:
    """Builds the objects of one field."""

    def __init__(self, owner: AskedField) -> None:
        self.owner = owner
        numbered = owner.anchor is not None and owner.anchor.kind != "phrase"
        self.read_off = tuple(part for part in owner.parts if part.read_off) if numbered else ()
        # Also phrases that are read off: what is likelier one of them is not another's.
        self.phrases = tuple(part for part in owner.asked_parts if part.kind == "phrase")

    @classmethod
    def of(cls, owner: AskedField) -> Linker | None:
        """The linker of a list of objects; None if the encoder does not help with these."""
        flat = not any(part.listed or part.kind == "object" for part in owner.parts)
        linker = cls(owner) if owner.kind == "object" and owner.listed and flat else None
        return linker if linker and linker.phrases else None

    @cached_property
    def open_parts(self) -> tuple[AskedField, ...]:
        """The parts that are left to a language model."""
        known = (*self.phrases, *self.read_off, self.owner.anchor)
        return tuple(part for part in self.owner.asked_parts if part not in known)

    @cached_property
    def shown_parts(self) -> tuple[AskedField, ...]:
        """The parts that an answer of a language model has: the anchor and the open ones."""
        return tuple(
            part
            for part in self.owner.asked_parts
            if part == self.owner.anchor or part in self.open_parts
        )

    def objects(self, title: str, abstract: str, spans: Sequence[ScoredSpan]) -> list[Found]:
        """The objects of a paper, in the order of the text, all of one phrase together.

        The probabilities of ``spans`` are those of the phrase parts.
        """
        anchor = self.owner.anchor
        assert anchor is not None
        chosen = choose(spans, range(len(self.phrases)))
        page = _Page(title, abstract, {part: chosen[at] for at, part in enumerate(self.phrases)})
        if anchor.kind != "phrase":
            around = page.around_numbers(anchor, self.read_off)
            once: dict[Any, Found] = {}
            for each in islice(around, _MOST_OBJECTS):
                once.setdefault(tuple(each.values.items()), each)
            return list(once.values())
        found: dict[str, list[Found]] = {}
        for span in page.spans[anchor]:
            name = page.text[span.start : span.end]
            near = page.words(page.near(span.start, span.end))
            found.setdefault(name.casefold(), []).append(Found({**near, anchor.name: name}))
        return [each for same in found.values() for each in _telling(same)]

    def merged(
        self, found: Sequence[Found], said: Sequence[Mapping[str, Any]] | None
    ) -> list[dict[str, Any]]:
        """The objects with what an answer says of each, and with their quotes and units."""
        answers = said if said is not None else [{} for _ in found]
        return [
            completed(
                self.owner.parts,
                {**each.values, **answer},
                [each.number] if each.number else [],
            )
            for each, answer in zip(found, answers, strict=False)
        ]


def _telling(same: Sequence[Found]) -> list[Found]:
    """Of the objects with one name those that say more than it, else the first."""
    return [each for each in same if sum(v is not None for v in each.values.values()) > 1] or [
        same[0]
    ]


@dataclass(frozen=True)
class _Page:
    """A title and an abstract with the spans that are phrases of each part."""

    title: str
    abstract: str
    spans: Mapping[AskedField, Sequence[ScoredSpan]]

    @cached_property
    def text(self) -> str:
        return f"{self.title}\n{self.abstract}"

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        return paper_sentence_spans(self.title, self.abstract)

    def near(self, start: int, end: int) -> dict[AskedField, ScoredSpan]:
        """For each part the nearest phrase in the sentence of ``start``."""
        first, last = self.sentences[bisect_right(self.sentences, (start, inf)) - 1]
        found: dict[AskedField, ScoredSpan] = {}
        for at, (part, spans) in enumerate(self.spans.items()):
            within = [span for span in spans if first <= span.start and span.end <= last]
            costs = [
                (self._distance(span, start, end) - _REACH_OF_CHANCE * span.probabilities[at], span)
                for span in within
            ]
            best = min(costs, key=lambda each: each[0], default=None)
            if best is not None and best[0] < _LONGEST_REACH:
                found[part] = best[1]
        return found

    def words(self, near: Mapping[AskedField, ScoredSpan]) -> dict[str, Any]:
        """The phrases by the names of their parts, None where there is none."""
        texts = {part: self.text[span.start : span.end] for part, span in near.items()}
        return {part.name: texts.get(part) for part in self.spans}

    def _distance(self, span: ScoredSpan, start: int, end: int) -> int:
        """How many characters lie between, more if a clause ends there."""
        between = (end, span.start) if span.start >= end else (span.end, start)
        break_ = _BREAK.search(self.text, *between)
        return max(0, between[1] - between[0]) + (_CLAUSE_COSTS if break_ else 0)

    def around_numbers(self, anchor: AskedField, read_off: Sequence[AskedField]) -> Iterator[Found]:
        """An object for each number that comes into question, or else has a phrase near it.

        A number of the title counts only if the abstract does not say it.
        """
        in_abstract = mentions_of(self.abstract)
        said = {value for mention in in_abstract for value in mention.values}
        places = [(0, each) for each in mentions_of(self.title) if said.isdisjoint(each.values)]
        places += [(len(self.title) + 1, each) for each in in_abstract]
        for shift, mention in places:
            number, value = mention.number, anchor.held(mention.values[0])
            if value is None:
                continue
            near = self.near(number.start + shift, number.end + shift)
            if not (near if anchor.among is None else anchor.among(mention.text, number)):
                continue
            read = {
                part.name: part.read_off(mention.text, number, mention.sentence)
                for part in read_off
                if part.read_off
            }
            yield Found({**self.words(near), **read, anchor.name: value}, mention)
