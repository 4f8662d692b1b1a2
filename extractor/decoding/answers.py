"""The grammar of a whole JSON answer, made from a schema and a paper.

It is for flat schemas whose values are words, numbers or URLs of the paper, or choices. Of each
only what the paper has can be said: one of its phrases, numbers or URLs, null, or an empty list.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from extractor.decoding.phrases import literal, phrase_rules
from extractor.grounding import NumberIn, Url, Verbatim, numbers
from extractor.grounding.annotations import Annotation
from extractor.grounding.field_types import outer_type
from extractor.grounding.urls import LOOSE_URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

Kind = Literal["phrase", "int", "float", "url", "choice"]

_JSON_TYPES = frozenset((str, int, bool, type(None)))
_MOST_NUMBERS, _MOST_URLS = 64, 16


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field: what its values are, whether it is a list of them, and whether it may be null.

    ``choices`` are the JSON values of a choice; ``attribute`` is what the schema's model calls the
    field, whose ``name`` may be an alias.
    """

    name: str
    kind: Kind
    description: str | None
    listed: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    attribute: str = ""


def asked_fields(schema: type[BaseModel]) -> tuple[AskedField, ...] | None:
    """The fields of a schema; None if an answer may hold anything else than the paper's words,
    numbers and URLs, and choices."""
    fields = [_asked_field(name, info) for name, info in schema.model_fields.items()]
    known = tuple(field for field in fields if field is not None)
    return known if len(known) == len(fields) else None


def answer_grammar(fields: Iterable[AskedField], texts: Sequence[str]) -> str:
    """The grammar of a JSON object with all the fields, in their order.

    A field that can be neither null nor filled from the texts is null all the same.
    """
    rules = phrase_rules(texts)
    has_words = len(rules) > 1
    pairs: list[str] = []
    for at, field in enumerate(fields):
        pairs.append(f"{literal(json.dumps(field.name) + ': ')} v{at}")
        rules += _value_rules(field, f"v{at}", texts, has_words=has_words)
    root = ' ", " '.join(pairs)
    return "\n".join([f'root ::= "{{" {root} "}}"', *rules])


def _asked_field(name: str, info: FieldInfo) -> AskedField | None:
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
        outer = outer_type(outer.parts[0], outer.metadata)
    if outer.kind != "scalar" or _is_bounded(outer.metadata):
        return None
    (scalar,) = outer.parts
    found = _kind(scalar, outer.metadata)
    alias = info.validation_alias or name
    if found is None or (listed and found[0] == "choice") or not isinstance(alias, str):
        return None
    kind, choices = found
    return AskedField(alias, kind, info.description, listed, nullable, choices, name)


def _is_bounded(metadata: Iterable[Any]) -> bool:
    """Whether a value has to keep bounds that the grammar does not know."""
    kinds = (kind for each in metadata for kind in type(each).__mro__)
    return any(kind.__module__ == "annotated_types" for kind in kinds)


def _kind(scalar: Any, metadata: Iterable[Any]) -> tuple[Kind, tuple[str, ...]] | None:
    rests_on = next((each for each in metadata if isinstance(each, Annotation)), None)
    choices = get_args(scalar)
    if scalar is bool:
        return "choice", ("true", "false")
    if get_origin(scalar) is Literal and set(map(type, choices)) <= _JSON_TYPES:
        return "choice", tuple(map(_json, choices))
    if scalar is str and isinstance(rests_on, Verbatim):
        return "phrase", ()
    if scalar is str and isinstance(rests_on, Url):
        return "url", ()
    if scalar in (int, float) and isinstance(rests_on, NumberIn) and rests_on.quote is None:
        return scalar.__name__, ()
    return None


def _value_rules(
    field: AskedField, name: str, texts: Sequence[str], *, has_words: bool
) -> list[str]:
    """The rule ``name`` for what may stand for a field, and those that it needs."""
    if field.kind == "phrase" and field.listed:
        return [f"{name} ::= phrases"]
    if field.kind == "phrase":
        said = ["phrase"] if has_words else []
    else:
        said = [literal(each) for each in _said(field, texts)]
        if field.listed:
            return _each_once(said, name)
    if field.nullable or not said:
        said.append('"null"')
    return [f"{name} ::= {' | '.join(said)}"]


def _said(field: AskedField, texts: Sequence[str]) -> tuple[str, ...]:
    """The JSON values that the texts have for a field, each once."""
    if field.kind == "choice":
        return field.choices
    if field.kind == "url":
        found = [each.group() for text in texts for each in LOOSE_URL.finditer(text)]
        return tuple(dict.fromkeys(map(_json, found)))[:_MOST_URLS]
    values = [value for text in texts for value in _numbers(text)]
    whole = (v for v in values if field.kind == "float" or float(v).is_integer())
    exact = (int(v) if float(v).is_integer() else v for v in whole)
    return tuple(dict.fromkeys(map(_json, exact)))[:_MOST_NUMBERS]


@lru_cache(maxsize=4)
def _numbers(text: str) -> tuple[float, ...]:
    """The numbers that a text says; read once for all the fields of a paper."""
    return tuple(
        -value if mention.negative and mention.unit is None else value
        for mention in numbers(text)
        for value in (mention.value, mention.value_max)
        if value is not None
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _each_once(said: Sequence[str], name: str) -> list[str]:
    """Rules for a list of some of the values, in order and each at most once."""
    if not said:
        return [f'{name} ::= "[]"']
    rules = [f'{name} ::= "[]" | "[" {name}i0']
    for at, value in enumerate(said):
        later = f"{name}i{at + 1}" if at + 1 < len(said) else None
        more = f'{value} ("]" | ", " {later}) | {later}' if later else f'{value} "]"'
        rules.append(f"{name}i{at} ::= {more}")
    return rules
