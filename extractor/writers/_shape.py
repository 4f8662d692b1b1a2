"""The shape of a record: what a table needs to know of its JSON Schema.

A shape is a tree of three kinds of node: a scalar, a list of one shape, an object of named
shapes. Whatever JSON Schema can say beyond that (unions, tuples, free objects, recursion) is
a scalar of kind ``json``, which is kept as JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from extractor.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.writers.base import Schema

ScalarKind: TypeAlias = Literal["string", "integer", "number", "boolean", "json", "unknown"]

TYPES: dict[ScalarKind, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_KINDS: dict[type, ScalarKind] = {types[-1]: kind for kind, types in TYPES.items()}
INT64 = 2**63
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class ScalarShape:
    """One cell. ``unknown`` is what only null was seen of so far."""

    kind: ScalarKind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list."""

    item: Shape
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object of known keys; ``optional`` ones may be absent."""

    fields: Mapping[str, Shape]
    optional: frozenset[str] = frozenset()
    nullable: bool = False


Shape: TypeAlias = ScalarShape | ListShape | ObjectShape

UNKNOWN: Shape = ScalarShape("unknown")
NULL: Shape = ScalarShape("unknown", nullable=True)
ANYTHING: Shape = ScalarShape("json", nullable=True)


def shape_of(schema: Schema) -> ObjectShape:
    """The shape of an object's JSON Schema.

    Raises :class:`UsageError` where the object may hold keys that the schema does not name.
    """
    shape = _SchemaReader(schema.get("$defs", {})).shape(schema)
    if not isinstance(shape, ObjectShape):
        raise UsageError(
            "The schema leaves open which fields a record has, so they cannot become columns.",
            hint="Write JSON Lines (--format jsonl).",
        )
    return shape


def shape_of_value(value: Any) -> Shape:
    """The narrowest shape that holds a JSON value."""
    if value is None:
        return NULL
    if isinstance(value, dict):
        return ObjectShape({name: shape_of_value(part) for name, part in value.items()})
    if isinstance(value, list):
        return ListShape(reduce(unite, map(shape_of_value, value), UNKNOWN))
    if isinstance(value, int) and not -INT64 <= value < INT64:
        return ANYTHING
    return ScalarShape(_KINDS[type(value)])


class _SchemaReader:
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
            return _one_of(map(self.shape, choices))
        if given := schema.get("type"):
            names = [given] if isinstance(given, str) else given
            return _one_of(self._typed(name, schema) for name in names)
        if values := [schema["const"]] if "const" in schema else schema.get("enum"):
            return _one_of(map(shape_of_value, values))
        return ANYTHING

    def _referred(self, name: str) -> Shape:
        if name in self._within or name not in self._definitions:
            return ANYTHING
        self._within.append(name)
        shape = self.shape(self._definitions[name])
        self._within.pop()
        return shape

    def _typed(self, name: str, schema: Schema) -> Shape:
        properties, items = schema.get("properties"), schema.get("items")
        if name == "null":
            return NULL
        if name in TYPES:
            return ScalarShape(name)
        if name == "array" and isinstance(items, dict) and "prefixItems" not in schema:
            return ListShape(_settled(self.shape(items)))
        if name == "object" and properties and not schema.get("additionalProperties"):
            fields = {key: _settled(self.shape(part)) for key, part in properties.items()}
            return ObjectShape(fields, frozenset(fields) - frozenset(schema.get("required", ())))
        return ScalarShape("json")


def _one_of(choices: Iterable[Shape]) -> Shape:
    """The shape that holds each of the choices; objects of unlike keys are kept apart."""
    return reduce(partial(unite, objects=False), choices, UNKNOWN)


def _settled(shape: Shape) -> Shape:
    """The shape, JSON text where no type is known."""
    return ANYTHING if isinstance(shape, ScalarShape) and shape.kind == "unknown" else shape


def unite(one: Shape, other: Shape, *, objects: bool = True) -> Shape:
    """The narrowest shape that holds both; objects of unlike keys only with ``objects``."""
    if one == other:
        return one
    united: Shape = ScalarShape("json")
    match one, other:
        case (ScalarShape(kind="unknown"), known) | (known, ScalarShape(kind="unknown")):
            united = known
        case ScalarShape(kind=kind), ScalarShape(kind=same) if kind == same:
            united = one
        case ScalarShape(kind="integer" | "number"), ScalarShape(kind="integer" | "number"):
            united = ScalarShape("number")
        case ListShape(), ListShape():
            united = ListShape(unite(one.item, other.item, objects=objects))
        case ObjectShape(), ObjectShape() if objects or one.fields.keys() == other.fields.keys():
            united = _united_objects(one, other, objects=objects)
    return replace(united, nullable=one.nullable or other.nullable)


def _united_objects(one: ObjectShape, other: ObjectShape, *, objects: bool) -> Shape:
    fields = {**one.fields, **other.fields}
    if len(fields) > _MOST_FIELDS:
        return ScalarShape("json")
    for name in one.fields.keys() & other.fields.keys():
        fields[name] = unite(one.fields[name], other.fields[name], objects=objects)
    unlike = one.fields.keys() ^ other.fields.keys()
    return ObjectShape(fields, one.optional | other.optional | unlike)


def to_schema(shape: Shape) -> dict[str, Any]:
    """The JSON Schema of which this is the shape."""
    if isinstance(shape, ListShape):
        schema: dict[str, Any] = {"type": "array", "items": to_schema(shape.item)}
    elif isinstance(shape, ObjectShape):
        schema = {
            "type": "object",
            "properties": {name: to_schema(part) for name, part in shape.fields.items()},
            "required": [name for name in shape.fields if name not in shape.optional],
        }
    else:
        schema = {"type": shape.kind} if shape.kind in TYPES else {}
    return schema | {"type": [schema["type"], "null"]} if schema and shape.nullable else schema


def infer_schema(rows: Iterable[Mapping[str, Any]], known: Schema) -> dict[str, Any]:
    """The narrowest schema that every row fits, and that says more of the keys in ``known``.

    What any row has of the keys in ``known`` begins with their shape there, so that a list that
    is empty throughout still has its columns. A key that is optional in ``known`` is there even
    if no row has it. Memory does not grow with the rows.
    """
    before = shape_of(known)
    prior = dict(before.fields)
    shape: Shape | None = None
    for row in rows:
        fields = {name: shape_of_value(value) for name, value in row.items()}
        for name in fields.keys() & prior.keys():
            fields[name] = unite(prior.pop(name), fields[name])
        shape = ObjectShape(fields) if shape is None else unite(shape, ObjectShape(fields))
    if shape is None:
        return dict(known)
    if isinstance(shape, ObjectShape):
        absent = {name: part for name, part in prior.items() if name in before.optional}
        shape = ObjectShape({**shape.fields, **absent}, shape.optional | absent.keys())
    return to_schema(shape)


def fitting(rows: Iterable[dict[str, Any]], schema: Schema) -> Iterator[dict[str, Any]]:
    """Pass the rows on. Raises :class:`OutputError` at one that would lose something."""
    shape = shape_of(schema)
    for row in rows:
        if misfit := next(_misfits(row, shape), None):
            raise OutputError(
                f"Record {row['id']!r} does not fit the schema: {misfit}.",
                hint="Without --schema, the columns follow what the records hold.",
            )
        yield row


def _misfits(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """What of a value has no place in a shape, and why."""
    if value is None:
        if not (shape.nullable or shape == ScalarShape("json")):
            yield f"{path} is null"
    elif isinstance(shape, ObjectShape):
        yield from _misfits_of_object(value, shape, path)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path} is not a list"
        else:
            for n, item in enumerate(value):
                yield from _misfits(item, shape.item, f"{path}[{n}]")
    elif type(value) not in TYPES.get(shape.kind, (type(value),)):  # a bool is not a number
        yield f"{path} is not {'an' if shape.kind == 'integer' else 'a'} {shape.kind}"


def _misfits_of_object(value: Any, shape: ObjectShape, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not an object"
        return
    at = f"{path}." if path else ""
    for name in sorted(value.keys() - shape.fields.keys()):
        yield f"it has {at}{name}, which is not in the schema"
    for name in sorted(shape.fields.keys() - shape.optional - value.keys()):
        yield f"{at}{name} is missing"
    for name, part in value.items():
        yield from _misfits(part, shape.fields[name], f"{at}{name}")
