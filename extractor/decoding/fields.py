"""Which fields of a schema an answer under a grammar can fill, and with what.

A field holds words, numbers or URLs of the paper, a choice, or an object of such fields. A quote
that a number must stand in, and the unit of such a number, are not asked for: a program finds
them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from extractor.grounding import NumberIn, UnitIn, Url, Verbatim
from extractor.grounding.annotations import Annotation
from extractor.grounding.field_types import outer_type
from extractor.schemas._values import Among, ReadOff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from extractor.grounding import NumberMention

Kind = Literal["phrase", "int", "float", "url", "choice", "object", "quote", "unit"]

_JSON_TYPES = frozenset((str, int, bool, type(None)))
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field: what its values are, whether it is a list of them, and whether it may be null.

    ``choices`` are the JSON values of a choice, ``parts`` the fields of an object; ``attribute`` is
    what the schema's model calls the field, whose ``name`` may be an alias. ``quote`` is the
    attribute of the part that a number or unit must stand in; ``among`` says which numbers of a
    text come into question, ``read_off`` what the text around such a number says for the field.
    """

    name: str
    kind: Kind
    description: str | None
    listed: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    attribute: str = ""
    parts: tuple[AskedField, ...] = ()
    quote: str | None = None
    among: Callable[[str, NumberMention], bool] | None = None
    read_off: Callable[[str, NumberMention, tuple[int, int]], Any] | None = None

    def held(self, number: float) -> int | float | None:
        """A number as the field holds it; None if it holds whole ones and this is none."""
        if float(number).is_integer():
            return int(number)
        return number if self.kind == "float" else None

    @property
    def asked_parts(self) -> tuple[AskedField, ...]:
        """The fields of an object that are asked for."""
        return tuple(part for part in self.parts if part.kind not in ("quote", "unit"))

    @property
    def anchor(self) -> AskedField | None:
        """The part of the objects of a list that lies further back in the text for each.

        A number with a quote of its own, else what an object cannot be without, else the first.
        """
        single = [
            part
            for part in self.asked_parts
            if part.kind in ("phrase", "int", "float") and not part.listed
        ]
        with_quote = [part for part in single if part.quote and not part.nullable]
        required = [part for part in single if not part.nullable]
        return next(iter((*with_quote, *required, *single)), None)


def asked_fields(schema: type[BaseModel]) -> tuple[AskedField, ...] | None:
    """The fields of a schema; None if an answer may hold anything else than the paper's words,
    numbers and URLs, choices, and objects of these."""
    fields = askable_fields(schema)
    return fields if len(fields) == len(schema.model_fields) else None


def askable_fields(schema: type[BaseModel], depth: int = _DEEPEST) -> tuple[AskedField, ...]:
    """The fields of a schema of which that holds."""
    asked = (_asked_field(name, info, depth) for name, info in schema.model_fields.items())
    fields = [field for field in asked if field is not None]
    phrases = {each.attribute for each in fields if each.kind == "phrase" and not each.listed}
    tied = {field.quote for field in fields}
    return tuple(
        replace(field, kind="quote") if field.attribute in tied else field
        for field in fields
        if field.quote is None or field.quote in phrases
    )


def _asked_field(name: str, info: FieldInfo, depth: int) -> AskedField | None:
    outer = outer_type(info.annotation, info.metadata)
    nullable = False
    if outer.kind == "union":
        parts = [part for part in outer.parts if part is not type(None)]
        nullable = len(parts) < len(outer.parts)
        if len(parts) != 1:
            return None
        outer = outer_type(parts[0], outer.metadata)
    listed = outer.kind == "list"
    if listed:
        if not outer.parts or outer.parts[1:] not in ((), (...,)):  # a tuple of so many items
            return None
        if any(map(_is_bound, outer.metadata)):
            return None
        outer = outer_type(outer.parts[0], outer.metadata)
    alias = info.validation_alias or name
    read_off = next((each.read for each in info.metadata if isinstance(each, ReadOff)), None)
    if not isinstance(alias, str) or _is_bounded(outer.metadata):
        return None
    field = AskedField(
        alias, "phrase", info.description, listed, nullable, attribute=name, read_off=read_off
    )
    if outer.kind == "model":
        return _object(field, outer.parts[0], depth)
    return _scalar(field, outer.parts[0], outer.metadata) if outer.kind == "scalar" else None


def _object(field: AskedField, model: type[BaseModel], depth: int) -> AskedField | None:
    parts = askable_fields(model, depth - 1) if depth else ()
    if not parts or len(parts) < len(model.model_fields):
        return None
    field = replace(field, kind="object", parts=parts)
    return field if field.asked_parts and (field.anchor or not field.listed) else None


def _scalar(field: AskedField, scalar: Any, metadata: Iterable[Any]) -> AskedField | None:
    """A field of one value; None if it cannot be asked for."""
    metadata = tuple(metadata)
    rests_on = next((each for each in metadata if isinstance(each, Annotation)), None)
    quote = getattr(rests_on, "quote", None)
    if (choices := _choices(scalar)) is not None:
        return None if field.listed else replace(field, kind="choice", choices=choices)
    if scalar in (int, float) and isinstance(rests_on, NumberIn) and not (quote and field.listed):
        among = next((each.counts for each in metadata if isinstance(each, Among)), None)
        return replace(field, kind=scalar.__name__, quote=quote, among=among)
    if scalar is not str or (field.listed and isinstance(rests_on, UnitIn)):
        return None
    if isinstance(rests_on, UnitIn):
        return replace(field, kind="unit", quote=quote) if quote else None
    kinds: dict[type, Kind] = {Verbatim: "phrase", Url: "url"}
    kind = kinds.get(type(rests_on))
    return replace(field, kind=kind) if kind else None


def _choices(scalar: Any) -> tuple[str, ...] | None:
    """The JSON values of a choice."""
    if scalar is bool:
        return "true", "false"
    choices = get_args(scalar)
    if get_origin(scalar) is Literal and set(map(type, choices)) <= _JSON_TYPES:
        return tuple(json.dumps(choice, ensure_ascii=False) for choice in choices)
    return None


def _is_bounded(metadata: Iterable[Any]) -> bool:
    """Whether a value has to keep bounds that the grammar does not know.

    That a text is not empty it knows.
    """
    return any(_is_bound(each) and getattr(each, "min_length", None) != 1 for each in metadata)


def _is_bound(each: Any) -> bool:
    return any(kind.__module__ == "annotated_types" for kind in type(each).__mro__)
