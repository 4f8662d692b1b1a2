"""Whether a row fits the schema that a user named for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.errors import OutputError
from extractor.writers._shape import Many, Scalar, Shape, Struct, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.writers._protocol import Schema

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def fitting(rows: Iterable[dict[str, Any]], schema: Schema) -> Iterator[dict[str, Any]]:
    """Pass the rows on. Raises :class:`OutputError` at one that would lose something."""
    shape = shape_of(schema)
    for row in rows:
        if (misfit := _misfit(row, shape)) is not None:
            raise OutputError(
                f"Record {row['id']!r} does not fit the schema: {misfit}.",
                hint="Leave --schema out to have the columns read off the records.",
            )
        yield row


def _misfit(value: Any, shape: Shape, path: str = "") -> str | None:
    if value is None:
        nullable = shape.nullable or (isinstance(shape, Scalar) and shape.kind == "json")
        return None if nullable else f"{path} is null"
    if isinstance(shape, Many):
        return _misfit_of_list(value, shape, path)
    if isinstance(shape, Struct):
        return _misfit_of_object(value, shape, path)
    if shape.kind == "json" or _is(value, shape.kind):
        return None
    return f"{path} is no {shape.kind}"


def _is(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _misfit_of_list(value: Any, shape: Many, path: str) -> str | None:
    if not isinstance(value, list):
        return f"{path} is no list"
    misfits = (_misfit(item, shape.item, f"{path}[{n}]") for n, item in enumerate(value))
    return next((misfit for misfit in misfits if misfit), None)


def _misfit_of_object(value: Any, shape: Struct, path: str) -> str | None:
    if not isinstance(value, dict):
        return f"{path} is no object"
    at = f"{path}." if path else ""
    for name in sorted(value.keys() - shape.fields.keys()):
        return f"it has {at}{name}, which is not in the schema"
    for name in sorted(shape.fields.keys() - shape.optional - value.keys()):
        return f"{at}{name} is missing"
    misfits = (_misfit(part, shape.fields[name], f"{at}{name}") for name, part in value.items())
    return next((misfit for misfit in misfits if misfit), None)
