"""Grounding a record: the walk over its values that keeps what the paper says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any

from extractor.grounding.annotations import NumberIn, UnitIn, Url, Verbatim
from extractor.grounding.match import Span, find_first, strip_ends
from extractor.grounding.nearest import nearest
from extractor.grounding.numbers import NumberMention, numbers
from extractor.grounding.plan import Either, Entries, Items, ModelPlan, plan_of
from extractor.grounding.text import SourceText, source_text, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from extractor.grounding.plan import MarkedField, Node

SAID_BEFORE = "said before"
"""Why an item is dropped that comes to the same words as an earlier one of its list."""

_SOURCES = ("title", "abstract")
_UNITS = {
    "x": "x", "X": "x", "×": "x", "times": "x", "fold": "x", "-fold": "x",
    "%": "%", "percent": "%", "per cent": "%",
}  # fmt: skip
_UNIT_WORDS = {
    "x": re.compile(r"[×✕]|\\times|(?<![^\W\d_])(?:[xX]|times|\d+x)(?![^\W_])|fold(?![^\W_])"),
    "%": re.compile(r"[%％]|\bper\s?cent\b"),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value stands: code points ``start`` to ``end`` of the original ``source``.

    ``path`` is the value's place in the record, as in "claimed_speedups[0].quote"; ``source``
    is "title" or "abstract".
    """

    path: str
    source: str
    start: int
    end: int

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        return {"path": self.path, "source": self.source, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A value that the paper does not say: its ``path`` in the model's answer, and why."""

    path: str
    value: Any
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The refusal as JSON values, if its value is one."""
        return {"path": self.path, "value": self.value, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Grounded:
    """A record of which every marked value rests on words of the paper.

    ``missing`` names the required fields that were dropped: without them the record is no
    valid one, and the paper fails.
    """

    values: dict[str, Any]
    evidence: tuple[Evidence, ...]
    dropped: tuple[Dropped, ...]
    missing: tuple[str, ...] = ()


def ground(
    schema: type[BaseModel], values: Mapping[str, Any], *, title: str, abstract: str
) -> Grounded:
    """Keeps of ``values``, a dump of ``schema`` in Python mode, what the paper says.

    A marked string becomes the text's own words. What has no words is dropped: an optional
    field takes its default, an item leaves its list, and takes with it what makes no sense
    alone. Raises UsageError where a mark of the schema names a field that is not there.
    """
    walk = _Walk((source_text(title), source_text(abstract)))
    missing: list[str] = []
    kept = walk.record(plan_of(schema), values, missing)
    return Grounded(kept, tuple(walk.evidence), tuple(walk.dropped), tuple(missing))


class _Failed(Exception):
    """What was visited has no words in the paper."""


# A number, with the index of its source and the offset there of what it was read from.
_Mention = tuple[int, int, NumberMention]


@dataclass(slots=True)
class _Place:
    """Where the walk stands: the path in the answer, and that in the record."""

    asked: str
    kept: str

    def field(self, name: str) -> _Place:
        dot = "." if self.asked else ""
        return _Place(f"{self.asked}{dot}{name}", f"{self.kept}{dot}{name}")

    def item(self, asked: int, kept: int) -> _Place:
        return _Place(f"{self.asked}[{asked}]", f"{self.kept}[{kept}]")


@dataclass(slots=True)
class _Holder:
    """The model whose fields are being visited: what its siblings rest on."""

    values: Mapping[str, Any]
    spans: dict[str, tuple[int, Span] | None] = field(default_factory=dict)
    said: dict[str | None, list[_Mention]] = field(default_factory=dict)


class _Walk:
    """One record's walk."""

    def __init__(self, sources: tuple[SourceText, ...]) -> None:
        self.sources = sources
        self.evidence: list[Evidence] = []
        self.dropped: list[Dropped] = []
        self._mentions: dict[tuple[int, Span] | None, list[_Mention]] = {}

    def record(
        self, plan: ModelPlan, values: Mapping[str, Any], missing: list[str]
    ) -> dict[str, Any]:
        kept, holder = dict(values), _Holder(values)
        for each in plan.fields:
            value = values.get(each.name)
            if value is None:
                continue
            place = _Place(each.name, each.name)
            try:
                kept[each.name] = self.visit(each.node, value, place, holder, each)
            except _Failed:
                self._empty(each, kept, missing)
        return kept

    def _empty(self, each: MarkedField, kept: dict[str, Any], missing: list[str]) -> None:
        if each.info.is_required() and not each.nullable:
            del kept[each.name]
            missing.append(each.name)
        else:
            kept[each.name] = _default(each)

    def visit(
        self, node: Node, value: Any, place: _Place, holder: _Holder, owner: MarkedField
    ) -> Any:
        """What is left of ``value``; raises _Failed where nothing is."""
        match node:
            case Verbatim() | Url():
                return self._words(node, value, place, holder)
            case NumberIn():
                return self._number(node, value, place, holder, owner)
            case UnitIn():
                return self._unit(node, value, place, holder)
            case ModelPlan():
                return self._model(node, value, place)
            case Items():
                return type(value)(self._items(node, value, place, holder, owner))
            case Entries():
                return dict(self._entries(node, value, place, holder, owner))
            case Either():
                return self._model(_chosen(node, value), value, place)

    def _model(self, plan: ModelPlan, values: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        kept, holder, known = dict(values), _Holder(values), len(self.evidence)
        for each in plan.fields:
            value = values.get(each.name)
            if value is None:
                continue
            try:
                kept[each.name] = self.visit(each.node, value, place.field(each.name), holder, each)
            except _Failed:
                if each.bears_identity:
                    del self.evidence[known:]
                    self._takes_along(place)
                    raise
                kept[each.name] = _default(each)
        return kept

    def _takes_along(self, place: _Place) -> None:
        last = self.dropped[-1]
        self.dropped[-1] = replace(last, reason=f"{last.reason}; {place.asked} goes with it")

    def _items(
        self, node: Items, values: Any, place: _Place, holder: _Holder, owner: MarkedField
    ) -> Iterator[Any]:
        kept: list[Any] = []
        for index, value in enumerate(values):
            item, proven = place.item(index, len(kept)), len(self.evidence)
            try:
                left = value if value is None else self.visit(node.each, value, item, holder, owner)
            except _Failed:
                continue
            if left is not None and left in kept:
                del self.evidence[proven:]
                self.dropped.append(Dropped(item.asked, value, SAID_BEFORE))
                continue
            kept.append(left)
            yield left

    def _entries(
        self, node: Entries, values: Any, place: _Place, holder: _Holder, owner: MarkedField
    ) -> Iterator[tuple[Any, Any]]:
        for key, value in values.items():
            try:
                yield (
                    key,
                    value
                    if value is None
                    else self.visit(node.each, value, place.field(str(key)), holder, owner),
                )
            except _Failed:
                continue

    def _words(self, mark: Verbatim | Url, value: Any, place: _Place, holder: _Holder) -> str:
        words = str(value.value) if isinstance(value, Enum) else str(value)
        found = find_first(words, self.sources, url=isinstance(mark, Url))
        name = place.asked.rpartition(".")[2]
        holder.spans[name] = found
        if found is None:
            raise self._refuse(place, value, self._why_not(words, mark))
        index, span = found
        self._prove(place, index, span)
        return self.sources[index].original[span.start : span.end]

    def _why_not(self, words: str, mark: Verbatim | Url) -> str:
        is_url = isinstance(mark, Url)
        if not is_url and not strip_ends(words):
            return "it holds no word"
        near = nearest(words, self.sources, url=is_url)
        return f'not in the text: the nearest words are "{near}"' if near else "not in the text"

    def _number(
        self, mark: NumberIn, value: Any, place: _Place, holder: _Holder, owner: MarkedField
    ) -> Any:
        mentions = self._said_in(mark.quote, holder, place, value)
        wanted = _UNITS.get(str(holder.values.get(owner.unit_field or "")))
        found = [(each, span) for each in mentions if (span := _says(each[2], value)) is not None]
        found.sort(key=lambda each: wanted is not None and each[0][2].unit != wanted)
        if not found:
            raise self._refuse(place, value, _why_no_number(mark, value, mentions))
        mention, span = found[0]
        index, offset, _ = mention
        holder.said.setdefault(mark.quote, []).append(mention)
        self._prove(place, index, Span(offset + span[0], offset + span[1]))
        return value

    def _unit(self, mark: UnitIn, value: Any, place: _Place, holder: _Holder) -> Any:
        mentions = self._said_in(mark.quote, holder, place, value)
        if mark.quote is not None:
            mentions = holder.said.get(mark.quote, mentions)  # the numbers that it is a unit of
        unit = _UNITS.get(str(value))
        if unit is None:
            said = self._says_measure(str(value), mentions)
        else:
            units = {mention.unit for _, _, mention in mentions}
            said = unit in units or (
                units <= {None} and self._says_word(_UNIT_WORDS[unit], mark.quote, holder)
            )
        if said:
            return value
        where = f"the {mark.quote}" if mark.quote else "the text"
        raise self._refuse(place, value, f'{where} does not say "{value}" of the number')

    def _says_measure(self, unit: str, mentions: list[_Mention]) -> bool:
        """Whether ``unit``, such as "GB", stands beside one of the numbers."""
        after = re.compile(rf"[\s~-]*{re.escape(unit)}(?![^\W_])")
        for index, offset, mention in mentions:
            text = self.sources[index].original
            before = text[: offset + mention.start].rstrip()
            if after.match(text, offset + mention.end) or before.endswith(unit):
                return True
        return False

    def _says_word(self, word: re.Pattern[str], quote: str | None, holder: _Holder) -> bool:
        if quote is None:
            return any(word.search(source.original) for source in self.sources)
        index, span = holder.spans[quote] or (0, Span(0, 0))
        return word.search(self.sources[index].original, *span) is not None

    def _said_in(
        self, quote: str | None, holder: _Holder, place: _Place, value: Any
    ) -> list[_Mention]:
        """The numbers that the words of ``quote`` say, with their source and offset in it."""
        if quote is None:
            return self._all_numbers()
        where = self._quoted(quote, holder)
        if where is None:
            why = "is not in the text" if holder.values.get(quote) else "is empty"
            raise self._refuse(place, value, f"its {quote} {why}")
        return self._numbers_at(where)

    def _quoted(self, quote: str, holder: _Holder) -> tuple[int, Span] | None:
        if quote not in holder.spans:
            words = holder.values.get(quote)
            holder.spans[quote] = find_first(str(words), self.sources) if words else None
        return holder.spans[quote]

    def _numbers_at(self, where: tuple[int, Span]) -> list[_Mention]:
        if where not in self._mentions:
            index, (start, end) = where
            words = self.sources[index].original[start:end]
            self._mentions[where] = [(index, start, each) for each in numbers(words)]
        return self._mentions[where]

    def _all_numbers(self) -> list[_Mention]:
        if None not in self._mentions:
            self._mentions[None] = [
                (index, 0, each)
                for index, source in enumerate(self.sources)
                for each in numbers(source.original)
            ]
        return self._mentions[None]

    def _prove(self, place: _Place, index: int, span: Span) -> None:
        self.evidence.append(Evidence(place.kept, _SOURCES[index], span.start, span.end))

    def _refuse(self, place: _Place, value: Any, reason: str) -> _Failed:
        self.dropped.append(Dropped(place.asked, value, reason))
        return _Failed()


def _default(each: MarkedField) -> Any:
    if each.info.is_required():
        return None
    return each.info.get_default(call_default_factory=True, validated_data={})


def _chosen(node: Either, values: Mapping[str, Any]) -> ModelPlan:
    """The model of a union that ``values`` is a dump of: the one with exactly its fields."""
    return min(node.models, key=lambda plan: len(plan.model.model_fields.keys() ^ values.keys()))


def _says(mention: NumberMention, value: Any) -> tuple[int, int] | None:
    """The span of ``value`` in ``mention``: either end of a range counts."""
    if not isinstance(value, (int, float, Decimal)) or isinstance(value, bool):
        return None
    if mention.value_max_span and _equal(mention.value_max or 0, value):
        return mention.value_max_span
    if any(_equal(said, value) for said in (mention.value, *mention.also)):
        signed = mention.negative and mention.unit is None
        return None if signed else mention.value_span
    if mention.negative and _equal(mention.value, -value):
        return mention.value_span[0] - 1, mention.value_span[1]
    return None


def _equal(said: float, value: float | Decimal) -> bool:
    """Equality to the last digit: of floats as floats, of whole numbers as whole numbers."""
    if said == value:
        return True
    return float(said) == float(value) if isinstance(value, (float, Decimal)) else False


def _why_no_number(mark: NumberIn, value: Any, mentions: list[_Mention]) -> str:
    where = f"the {mark.quote}" if mark.quote else "the text"
    said = ", ".join(dict.fromkeys(_shown(each[2]) for each in mentions[:6]))
    asked = written(value) if isinstance(value, float) and isfinite(value) else value
    return f"{where} does not say {asked}: it says {said or 'no number'}"


def _shown(mention: NumberMention) -> str:
    low = written(mention.value)
    return f"{low} to {written(mention.value_max)}" if mention.value_max is not None else low
