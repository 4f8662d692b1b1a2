"""What a program finds of a number in a text, so that a model need not say it: quote and unit."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from extractor.decoding.phrases import SMALL_WORDS
from extractor.grounding import NumberMention, numbers
from extractor.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extractor.decoding.fields import AskedField

_LONGEST_REACH = 80
_CLAUSE_WORDS = 5
_CLAUSE_END = re.compile(r"[,;:()](?=\s|\Z)|\s[–—-]+\s|[.!?]\Z")
_WORD = re.compile(r"\S+")
# What stands behind a number and says what it counts: "FPS", "percentage points".
_COUNTED = re.compile(r"[\s~-]*([^\s.,;:()]+)(?:\s(?:points?|per\s\w+))?")
_UNIT = re.compile(r"[\s-]*([^\W\d_][\w/²³-]*)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A number of one of the texts."""

    text: str
    sentence: tuple[int, int]
    number: NumberMention

    @property
    def values(self) -> tuple[float, ...]:
        """The number with its sign; of a range both ends."""
        number = self.number
        ends = (number.value,) if number.value_max is None else (number.value, number.value_max)
        return tuple(-end for end in ends) if number.negative and number.unit is None else ends

    @property
    def unit(self) -> str | None:
        """What the number counts: its own unit, or the word behind it."""
        if self.number.unit is not None:
            return self.number.unit
        behind = _UNIT.match(self.text, self.number.end, self.sentence[1])
        return behind[1] if behind else None

    def quote(self, others: Iterable[Any]) -> str:
        """The words around the number, as far as the nearby values of its object."""
        start, end = self.number.start, self.number.end
        for value in others:
            if isinstance(value, str) and (place := self._nearest(value)) is not None:
                start, end = min(start, place[0]), max(end, place[1])
        if (start, end) == (self.number.start, self.number.end):
            start, end = self._clause()
        elif counted := _COUNTED.match(self.text, self.number.end, self.sentence[1]):
            end = max(end, counted.end()) if counted[1].lower() not in SMALL_WORDS else end
        start, end = _whole_words(self.text, start, end)
        return self.text[slice(*self._with_brackets(start, end))].rstrip(".,;:!?")

    def _with_brackets(self, start: int, end: int) -> tuple[int, int]:
        """The span with the other halves of the brackets that it cuts in two."""
        words = self.text[start:end]
        if words.count(")") > words.count("("):
            opening = self.text.rfind("(", self.sentence[0], start)
            start = opening if opening >= 0 else start
        if words.count("(") > words.count(")"):
            closing = self.text.find(")", end, self.sentence[1])
            end = closing + 1 if closing >= 0 else end
        return start, end

    def _nearest(self, value: str) -> tuple[int, int] | None:
        first, last = self.sentence
        least = max(first, self.number.start - _LONGEST_REACH - len(value))
        most = min(last, self.number.end + _LONGEST_REACH + len(value))
        places = [
            (least + found.start(), least + found.end())
            for found in re.finditer(re.escape(value), self.text[least:most])
        ]
        return min(places, key=lambda place: abs(place[0] - self.number.start), default=None)

    def _clause(self) -> tuple[int, int]:
        first, last = self.sentence
        before = [
            found.end() for found in _CLAUSE_END.finditer(self.text, first, self.number.start)
        ]
        behind = _CLAUSE_END.search(self.text, self.number.end, last)
        start, end = before[-1] if before else first, behind.start() if behind else last
        words = [found.start() for found in _WORD.finditer(self.text, start, self.number.start)]
        later = [found.end() for found in _WORD.finditer(self.text, self.number.end, end)]
        start = words[-_CLAUSE_WORDS:][0] if words else self.number.start
        end = later[:_CLAUSE_WORDS][-1] if later else self.number.end
        return start, end


def completed(
    fields: Sequence[AskedField], values: Mapping[str, Any], mentions: Sequence[Mention]
) -> dict[str, Any]:
    """An answer's ``values`` with the quotes and units that were not asked for.

    A number is the first of the ``mentions`` with its value; in a list of objects, the first that
    is behind that of the object before.
    """
    return _object(fields, values, mentions)[0]


@lru_cache(maxsize=4)
def mentions_of(text: str) -> tuple[Mention, ...]:
    """The numbers of a text; read once for all the fields of a paper."""
    spans, found = sentence_spans(text), list[Mention]()
    ends = [end for _, end in spans]
    for number in numbers(text):
        at = bisect_left(ends, number.end)
        first, last = spans[at] if at < len(spans) else (0, len(text))
        found.append(Mention(text, (min(first, number.start), last), number))
    return tuple(found)


def _object(
    fields: Sequence[AskedField], values: Mapping[str, Any], mentions: Sequence[Mention]
) -> tuple[dict[str, Any], int]:
    """One object, and how many of the mentions lie before or at its number."""
    whole = {
        each.name: _value(each, values[each.name], mentions)
        for each in fields
        if each.name in values
    }
    used = 0
    for quote in (each for each in fields if each.kind == "quote"):
        tied = [each for each in fields if each.quote == quote.attribute]
        said = [values.get(each.name) for each in tied if each.kind in ("int", "float")]
        found = [_place(value, mentions) for value in said if value is not None]
        places = [place for place in found if place is not None]
        mention = mentions[places[0]] if places else None
        used = places[0] + 1 if places else used
        whole[quote.name] = mention.quote(_flat(values)) if mention else None
        units = (each for each in tied if each.kind == "unit")
        whole |= {each.name: mention.unit if mention else None for each in units}
    return whole, used


def _value(field: AskedField, value: Any, mentions: Sequence[Mention]) -> Any:
    if field.kind != "object" or value is None:
        return value
    if not field.listed:
        return _object(field.parts, value, mentions)[0]
    objects, ahead = list[Any](), mentions
    for each in value:
        whole, used = _object(field.parts, each, ahead)
        objects.append(whole)
        ahead = ahead[used:]
    return objects


def _place(value: float, mentions: Sequence[Mention]) -> int | None:
    """The first mention of a number."""
    return next((at for at, each in enumerate(mentions) if value in each.values), None)


def _flat(values: Mapping[str, Any]) -> list[Any]:
    return [
        item for each in values.values() for item in (each if isinstance(each, list) else [each])
    ]


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """From the beginning of a word to the end of one."""
    while start and not text[start - 1].isspace() and text[start - 1] not in "([{":
        start -= 1
    while end < len(text) and not text[end].isspace() and text[end] not in ")]},;:":
        end += 1
    return start, end
