"""Grounding a record: the walk over its values that keeps what the paper says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

from extractor.grounding.annotations import NumberIn, UnitIn, Url, Verbatim
from extractor.grounding.claim import Found, beside, in_company
from extractor.grounding.match import LONGEST_VALUE, find_first, nearest, strip_ends
from extractor.grounding.numbers import NumberMention, numbers
from extractor.grounding.numerals import Unit, canonical_unit
from extractor.grounding.plan import AnnotatedField, Either, Items, ModelPlan, Node, plan_of
from extractor.grounding.text import SourceText, source_text, written
from extractor.grounding.urls import Span, canonical_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

SAID_BEFORE = "said before"
"""Why an item is dropped that comes to the same words as an earlier item of its list."""

_SOURCES = ("title", "abstract")
# Caps for answers and texts made to be slow; no record and no abstract has nearly as many.
_MOST_ITEMS, _MOST_HINTS, _MOST_MENTIONS, _LONGEST_UNIT = 1_000, 32, 1_000, 100
_LONGEST_TEXT = 200_000
_ITEM_END = re.compile(r"\]")
_STEP = re.compile(r"[^.\[\]]+")
_LINE_END = re.compile(r"\s{0,9}[^\S ]\s{0,9}")  # and a blank that is no space
_UNIT_WORDS: dict[Unit, re.Pattern[str]] = {
    "x": re.compile(r"[×✕]|\\times|(?<![^\W\d_])(?:[xX]|times|\d+x)(?![^\W_])|fold(?![^\W_])"),
    "%": re.compile(r"[%％]|\bper\s?cent\b"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value was found: code points ``start`` to ``end`` of the original ``source``.

    ``path`` is the value's place in the record, as in "claimed_speedups[0].quote"; ``source``
    is "title" or "abstract". ``confidence`` is the probability that the value is right; None if
    what found it gives none.
    """

    path: str
    source: str
    start: int
    end: int
    confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        place = {"path": self.path, "source": self.source, "start": self.start, "end": self.end}
        return place if self.confidence is None else {**place, "confidence": self.confidence}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A value rejected: its ``path`` in the model's answer, and why."""

    path: str
    value: Any
    reason: str

    @property
    def field(self) -> str:
        """The field that the path begins with."""
        return self.path.partition(".")[0].partition("[")[0]

    def to_dict(self) -> dict[str, Any]:
        """The rejected value as JSON values, if it is one."""
        return {"path": self.path, "value": self.value, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Grounded:
    """A record whose annotated values are all found in the paper.

    A required field of the record that was dropped is not in ``values``: the record is then
    invalid, and the paper fails. ``confidence`` is that of kept values without evidence, such as
    booleans, by their paths.
    """

    values: dict[str, Any]
    evidence: tuple[Evidence, ...]
    dropped: tuple[Dropped, ...]
    confidence: dict[str, float] = field(default_factory=dict)


def ground(
    schema: type[BaseModel],
    values: Mapping[str, Any],
    *,
    title: str,
    abstract: str,
    confidence: Mapping[str, float] | None = None,
) -> Grounded:
    """Keep of ``values``, a dump of ``schema`` in Python mode, what the paper says.

    An annotated string becomes the text's own words, without characters that nobody sees. What
    the text does not say is dropped: an optional field takes its default, an item leaves its
    list, and takes with it what makes no sense alone. The first 200,000 characters of each text
    and 1,000 items of lists are looked at. ``confidence`` is that of values, by their paths in
    ``values``. Raises UsageError where an annotation names a field that is not there.
    """
    sources = (source_text(title[:_LONGEST_TEXT]), source_text(abstract[:_LONGEST_TEXT]))
    walk = _Walk(sources, confidence or {})
    kept = walk.model(plan_of(schema), values, "", "")
    rest = dict(walk.unproven(kept))
    return Grounded(kept, tuple(walk.evidence), tuple(walk.dropped), rest)


def ground_fields(
    fields: ModelT, *, title: str, abstract: str, confidence: Mapping[str, float] | None = None
) -> tuple[ModelT, tuple[Evidence, ...], tuple[Dropped, ...], dict[str, float]]:
    """What is left of validated fields, the evidence, what was dropped, and the confidence of
    values without evidence.

    Raises ValidationError where a dropped value leaves a required field empty.
    """
    schema, values = type(fields), fields.model_dump()
    grounded = ground(schema, values, title=title, abstract=abstract, confidence=confidence)
    if grounded.values != values:
        fields = schema.model_validate(grounded.values, by_name=True)  # as a dump names them
    return fields, grounded.evidence, grounded.dropped, grounded.confidence


def path_of(steps: Iterable[int | str]) -> str:
    """The path of a value, from the names and numbers that lead to it."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


class _Failed(Exception):
    """What was visited is not in the paper."""


# A number, with the index of its source and the offset there of what it was read from.
_Mention = tuple[int, int, NumberMention]


@dataclass(slots=True)
class _Holder:
    """The model whose fields are being visited: where its quotes were found, which numbers said."""

    values: Mapping[str, Any]
    spans: dict[str, tuple[int, Span] | None] = field(default_factory=dict)
    said: dict[str | None, list[_Mention]] = field(default_factory=dict)


@dataclass(slots=True)
class _Place:
    """Where the walk is: the path in the answer, the path in the record, the annotated field."""

    asked: str
    kept: str
    owner: AnnotatedField
    holder: _Holder


@dataclass(slots=True)
class _Walk:
    """One record's walk.

    ``proven`` are paths in the answer, ``moved`` the paths of items in the record by those in the
    answer; None for one that was dropped.
    """

    sources: tuple[SourceText, ...]
    confidence: Mapping[str, float]
    evidence: list[Evidence] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    mentions: dict[tuple[int, Span] | None, list[_Mention]] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)
    moved: dict[str, str | None] = field(default_factory=dict)
    items: int = 0
    hints: int = 0

    def model(
        self, plan: ModelPlan, values: Mapping[str, Any], asked: str, kept: str
    ) -> dict[str, Any]:
        """What is left of the model at the path ``asked``; of the record itself it is empty."""
        left, holder, known = dict(values), _Holder(values), len(self.evidence)
        dot = "." if asked else ""
        for each in plan.fields:
            name, value = each.name, values.get(each.name)
            if value is None:
                continue
            place = _Place(f"{asked}{dot}{name}", f"{kept}{dot}{name}", each, holder)
            try:
                left[name] = self._visit(each.node, value, place)
            except _Failed:
                if asked and each.bears_identity:
                    del self.evidence[known:]
                    last = self.dropped[-1]
                    reason = f"{last.reason}; {asked} goes with it"
                    self.dropped[-1] = replace(last, reason=reason)
                    raise
                if not each.info.is_required():
                    left[name] = each.info.get_default(call_default_factory=True, validated_data={})
                elif asked or each.nullable:
                    left[name] = None
                else:
                    del left[name]
        return left

    def unproven(self, values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        """The confidence of what is in the record's ``values`` without evidence, by its path."""
        for path, chance in self.confidence.items():
            if path in self.proven:
                continue
            items = [match.end() for match in _ITEM_END.finditer(path)]
            places = [self.moved.get(path[:end], path[:end]) for end in items]
            if None in places:
                continue
            kept = f"{places[-1]}{path[items[-1] :]}" if places else path
            if _has_value(values, kept):
                yield kept, chance

    def _visit(self, node: Node, value: Any, place: _Place) -> Any:
        """What is left of ``value``; raises _Failed where nothing is."""
        match node:
            case Verbatim() | Url():
                return self._words(node, value, place)
            case NumberIn():
                return self._number(node, value, place)
            case UnitIn():
                return self._unit(node, value, place)
            case ModelPlan():
                return self.model(node, value, place.asked, place.kept)
            case Items() if isinstance(value, Mapping):
                return self._entries(node, value, place)
            case Items():
                return type(value)(self._items(node, value, place))
            case Either():
                # The model of a union that ``value`` is a dump of has exactly its fields.
                plan = min(
                    node.models, key=lambda plan: len(plan.model.model_fields.keys() ^ value.keys())
                )
                return self.model(plan, value, place.asked, place.kept)

    def _items(self, node: Items, values: Any, place: _Place) -> list[Any]:
        kept: list[Any] = []
        for index, value in enumerate(values):
            asked, known = f"{place.asked}[{index}]", len(self.evidence)
            if not self._has_room(asked, value):
                break
            item = _Place(asked, f"{place.kept}[{len(kept)}]", place.owner, place.holder)
            self.moved[asked] = None
            try:
                left = value if value is None else self._visit(node.each, value, item)
            except _Failed:
                continue
            if left is not None and left in kept:
                del self.evidence[known:]
                self.dropped.append(Dropped(asked, value, SAID_BEFORE))
            else:
                kept.append(left)
                self.moved[asked] = item.kept
        return kept

    def _entries(self, node: Items, values: Any, place: _Place) -> dict[Any, Any]:
        kept: dict[Any, Any] = {}
        for key, value in values.items():
            entry = replace(place, asked=f"{place.asked}.{key}", kept=f"{place.kept}.{key}")
            if not self._has_room(entry.asked, value):
                break
            with suppress(_Failed):
                kept[key] = value if value is None else self._visit(node.each, value, entry)
        return kept

    def _has_room(self, asked: str, value: Any) -> bool:
        """Count an item; the first one too many is refused, and those behind it with it."""
        self.items += 1
        if self.items == _MOST_ITEMS + 1:
            reason = f"the answer has more than {_MOST_ITEMS:,} items; the rest is left out"
            self.dropped.append(Dropped(asked, value, reason))
        return self.items <= _MOST_ITEMS

    def _words(self, node: Verbatim | Url, value: Any, place: _Place) -> str:
        words = str(value.value) if isinstance(value, Enum) else str(value)
        is_url = isinstance(node, Url)
        found = find_first(words, self.sources, url=is_url)
        if found is not None and place.owner.claim is not None:
            found = self._in_its_claim(found, place)
        place.holder.spans[place.asked.rpartition(".")[2]] = found
        if found is None:
            if not is_url and not strip_ends(words):
                raise self._refuse(place, value, "it holds no word")
            if len(words) > LONGEST_VALUE:
                raise self._refuse(place, value, f"longer than {LONGEST_VALUE:,} characters")
            self.hints += 1
            near = nearest(words, self.sources, url=is_url) if self.hints <= _MOST_HINTS else None
            if is_url and near and canonical_url(near) == canonical_url(words):
                why = "denied, ordered to be given, or part of something else"
                raise self._refuse(place, value, f"the text has it only {why}")
            hint = f': the nearest words are "{near}"' if near else ""
            raise self._refuse(place, value, f"not in the text{hint}")
        index, span = found
        self._prove(place, index, span)
        said = self.sources[index].visible[span.start : span.end]
        return _LINE_END.sub("", said) if is_url else said

    def _in_its_claim(self, found: Found, place: _Place) -> Found:
        """Where the words stand in the sentence of the claim that they are part of."""
        claim, holder = place.owner.claim, place.holder
        quoted = holder.spans.get(claim) if claim else None
        if claim != place.owner.name:
            return beside(found, quoted, self.sources) if quoted else found
        others = [value for value in holder.values.values() if isinstance(value, str)]
        return in_company(found, others, self.sources)

    def _number(self, node: NumberIn, value: Any, place: _Place) -> Any:
        mentions = self._said_in(node.quote, value, place)
        said = [(each, span) for each in mentions if (span := _says(each[2], value)) is not None]
        if not said:
            raise self._refuse(place, value, _why_no_number(node, value, mentions))
        wanted = canonical_unit(place.holder.values.get(place.owner.unit_field or ""))
        of_unit = (each for each in said if wanted and each[0][2].unit == wanted)
        mention, (start, end) = next(of_unit, said[0])
        index, offset, _ = mention
        place.holder.said.setdefault(node.quote, []).append(mention)
        self._prove(place, index, Span(offset + start, offset + end))
        return value

    def _unit(self, node: UnitIn, value: Any, place: _Place) -> Any:
        mentions = self._said_in(node.quote, value, place)
        if node.quote is not None:  # then it is the unit of the numbers of the quote
            mentions = place.holder.said.get(node.quote, mentions)
        unit = canonical_unit(str(value))
        if unit is None:
            said = self._says_measure(str(value), mentions)
        else:
            units = {mention.unit for _, _, mention in mentions}
            said = unit in units or (units <= {None} and self._says_unit(unit, node.quote, place))
        if not said:
            where = f"the {node.quote}" if node.quote else "the text"
            raise self._refuse(place, value, f'{where} does not say "{value}" of the number')
        return value

    def _says_measure(self, unit: str, mentions: list[_Mention]) -> bool:
        """Whether ``unit``, such as "GB", is next to one of the numbers."""
        if len(unit) > _LONGEST_UNIT:
            return False
        after = re.compile(rf"[\s~-]*{re.escape(unit)}(?![^\W_])")
        places = ((self.sources[at].visible, offset, each) for at, offset, each in mentions)
        return any(
            after.match(text, offset + mention.end)
            or text[max(0, offset + mention.start - 2 * _LONGEST_UNIT) : offset + mention.start]
            .rstrip()
            .endswith(unit)
            for text, offset, mention in places
        )

    def _says_unit(self, unit: Unit, quote: str | None, place: _Place) -> bool:
        """Whether the quote, or the whole text, has a word of the unit without a number."""
        word = _UNIT_WORDS[unit]
        if quote is None:
            return any(word.search(source.visible) for source in self.sources)
        index, span = place.holder.spans[quote] or (0, Span(0, 0))
        return word.search(self.sources[index].visible, *span) is not None

    def _said_in(self, quote: str | None, value: Any, place: _Place) -> list[_Mention]:
        """The numbers that the field ``quote``, or the whole text, says."""
        where: tuple[int, Span] | None = None
        if quote is not None:
            words, spans = place.holder.values.get(quote), place.holder.spans
            if quote not in spans:
                spans[quote] = find_first(str(words), self.sources) if words else None
            where = spans[quote]
            if where is None:
                why = "is not in the text" if words else "is empty"
                raise self._refuse(place, value, f"its {quote} {why}")
        if where not in self.mentions:
            whole = ((index, Span(0, len(each.visible))) for index, each in enumerate(self.sources))
            self.mentions[where] = [
                (index, start, each)
                for index, (start, end) in ([where] if where else whole)
                for each in numbers(self.sources[index].visible[start:end])
            ][:_MOST_MENTIONS]
        return self.mentions[where]

    def _prove(self, place: _Place, index: int, span: Span) -> None:
        original = self.sources[index].original_span(span)
        chance = self.confidence.get(place.asked)
        self.proven.add(place.asked)
        self.evidence.append(Evidence(place.kept, _SOURCES[index], *original, chance))

    def _refuse(self, place: _Place, value: Any, reason: str) -> _Failed:
        self.dropped.append(Dropped(place.asked, value, reason))
        return _Failed()


def _has_value(values: Any, path: str) -> bool:
    """Whether there is a value at a path, and not null."""
    for name in _STEP.findall(path):
        if isinstance(values, Mapping):
            values = values.get(name)
        elif isinstance(values, (list, tuple)) and name.isdecimal() and int(name) < len(values):
            values = values[int(name)]
        else:
            return False
    return values is not None


def _says(mention: NumberMention, value: Any) -> tuple[int, int] | None:
    """The span of ``value`` in ``mention``: either end of a range counts.

    Equal to the last digit: floats as floats, whole numbers as whole numbers.
    """
    if not isinstance(value, (int, float, Decimal)) or isinstance(value, bool):
        return None
    said, high = [mention.value, *mention.also], mention.value_max
    if not isinstance(value, int):
        value, said = float(value), [float(each) for each in said]
        high = None if high is None else float(high)
    if high == value:
        return mention.value_max_span
    if value in said:
        signed = mention.negative and mention.unit is None
        return None if signed else mention.value_span
    if mention.negative and said[0] == -value:
        return mention.value_span[0] - 1, mention.value_span[1]
    return None


def _why_no_number(node: NumberIn, value: Any, mentions: list[_Mention]) -> str:
    where = f"the {node.quote}" if node.quote else "the text"
    shown = (
        f"{written(each.value)} to {written(each.value_max)}"
        if each.value_max is not None
        else written(each.value)
        for _, _, each in mentions[:6]
    )
    said = ", ".join(dict.fromkeys(shown))
    asked = written(value) if isinstance(value, float) and isfinite(value) else value
    return f"{where} does not say {asked}: it says {said or 'no number'}"
