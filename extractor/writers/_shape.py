"""The shape of a record: what a table needs to know of its JSON Schema.

A shape is a tree of three kinds of node: a scalar, a list of one shape, a struct of named
shapes. Whatever JSON Schema can say beyond that (unions, tuples, free objects, recursion) is
a scalar of kind ``json``: it is kept, as JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from extractor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.writers._protocol import Schema

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "json", "unknown"]

_KINDS: dict[str, Kind] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_TYPE_NAMES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Scalar:
    """One cell. ``unknown`` is what nothing but null was seen of yet."""

    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: Shape
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Struct:
    """An object of known keys; ``optional`` ones may be absent."""

    fields: Mapping[str, Shape]
    optional: frozenset[str] = frozenset()
    nullable: bool = False


Shape: TypeAlias = Scalar | Many | Struct

UNKNOWN: Shape = Scalar("unknown")
NULL: Shape = Scalar("unknown", nullable=True)
ANYTHING: Shape = Scalar("json", nullable=True)


def shape_of(schema: Schema) -> Struct:
    """The shape of an object's JSON Schema.

    Raises :class:`UsageError` where the object may hold keys that the schema does not name.
    """
    shape = _Reader(schema.get("$defs", {})).shape(schema)
    if not isinstance(shape, Struct):
        raise UsageError(
            "The schema leaves open which fields a record has, so they cannot become columns.",
            hint="Write JSON Lines (--format jsonl).",
        )
    return shape


class _Reader:
    """Reads a JSON Schema; each ``$ref`` is looked up in its definitions."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._within: list[str] = []

    def shape(self, schema: Schema) -> Shape:
        if "$ref" in schema:
            return self._referred(schema["$ref"].removeprefix("#/$defs/"))
        if len(parts := schema.get("allOf", ())) == 1:
            return self.shape(parts[0])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return _one_of(self.shape(choice) for choice in choices)
        if types := _types(schema):
            return _one_of(self._typed(name, schema) for name in types)
        return ANYTHING

    def _referred(self, name: str) -> Shape:
        if name in self._within or name not in self._definitions:
            return ANYTHING
        self._within.append(name)
        shape = self.shape(self._definitions[name])
        self._within.pop()
        return shape

    def _typed(self, name: str, schema: Schema) -> Shape:
        if name == "null":
            return NULL
        if name == "object":
            return self._object(schema)
        if name == "array":
            return self._array(schema)
        return Scalar(_KINDS[name])

    def _object(self, schema: Schema) -> Shape:
        properties = schema.get("properties", {})
        if not properties or schema.get("additionalProperties"):
            return Scalar("json")
        required = schema.get("required", ())
        fields = {
            name: _settled(self.shape(part), optional=name not in required)
            for name, part in properties.items()
        }
        return Struct(fields, frozenset(fields) - frozenset(required))

    def _array(self, schema: Schema) -> Shape:
        items = schema.get("items")
        if "prefixItems" in schema or not isinstance(items, dict):
            return Scalar("json")
        return Many(_settled(self.shape(items)))


def _types(schema: Schema) -> list[str]:
    given = schema.get("type")
    if given is not None:
        return [given] if isinstance(given, str) else list(given)
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return [_TYPE_NAMES[type(value)] for value in values]


def _one_of(choices: Iterable[Shape]) -> Shape:
    """The shape that holds each of the choices; objects of unlike keys are kept apart."""
    shape: Shape = UNKNOWN
    for choice in choices:
        shape = unite(shape, choice, structs=False)
    return shape


def _settled(shape: Shape, *, optional: bool = False) -> Shape:
    """The shape, or JSON text where no type is known or where a key may be absent and may be null.

    An empty cell alone could not tell null from absence.
    """
    unknown = isinstance(shape, Scalar) and shape.kind == "unknown"
    return ANYTHING if unknown or (optional and shape.nullable) else shape


def unite(one: Shape, other: Shape, *, structs: bool = True) -> Shape:
    """The narrowest shape that holds both; structs of unlike keys only with ``structs``."""
    if one == other:
        return one
    return replace(_united(one, other, structs=structs), nullable=one.nullable or other.nullable)


def _united(one: Shape, other: Shape, *, structs: bool) -> Shape:
    match one, other:
        case (Scalar(kind="unknown"), known) | (known, Scalar(kind="unknown")):
            return known
        case Scalar(kind=a), Scalar(kind=b):
            return Scalar(_wider(a, b))
        case Many(), Many():
            return Many(unite(one.item, other.item, structs=structs))
        case Struct(), Struct() if structs or one.fields.keys() == other.fields.keys():
            return _united_structs(one, other, structs=structs)
    return Scalar("json")


def _wider(one: Kind, other: Kind) -> Kind:
    if one == other:
        return one
    return "number" if {one, other} == {"integer", "number"} else "json"


def _united_structs(one: Struct, other: Struct, *, structs: bool) -> Shape:
    fields = {**one.fields, **other.fields}
    if len(fields) > _MOST_FIELDS:
        return Scalar("json")
    for name in one.fields.keys() & other.fields.keys():
        fields[name] = unite(one.fields[name], other.fields[name], structs=structs)
    return Struct(fields, one.optional | other.optional | (one.fields.keys() ^ other.fields.keys()))


def to_schema(shape: Shape) -> dict[str, Any]:
    """The JSON Schema of which this is the shape."""
    match shape:
        case Scalar(kind="json" | "unknown"):
            return {}
        case Scalar():
            return {"type": _or_null(shape.kind, shape)}
        case Many():
            return {"type": _or_null("array", shape), "items": to_schema(shape.item)}
    return {
        "type": _or_null("object", shape),
        "properties": {name: to_schema(part) for name, part in shape.fields.items()},
        "required": [name for name in shape.fields if name not in shape.optional],
    }


def _or_null(name: str, shape: Shape) -> str | list[str]:
    return [name, "null"] if shape.nullable else name
