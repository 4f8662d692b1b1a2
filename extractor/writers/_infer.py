"""The schema of records that came without one, read off the records."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from extractor.writers._shape import (
    ANYTHING,
    NULL,
    UNKNOWN,
    Many,
    Scalar,
    Shape,
    Struct,
    shape_of,
    to_schema,
    unite,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.writers._protocol import Schema

_INT64 = 2**63
_SCALARS: dict[type, Shape] = {
    str: Scalar("string"),
    bool: Scalar("boolean"),
    int: Scalar("integer"),
    float: Scalar("number"),
    type(None): NULL,
}


def infer_schema(rows: Iterable[Mapping[str, Any]], known: Schema) -> dict[str, Any]:
    """The narrowest schema that every row fits, and that says more of the keys in ``known``.

    What any row has of the keys in ``known`` begins with their shape there, so that a list that
    is empty throughout still has its columns. Memory does not grow with the rows.
    """
    prior = dict(shape_of(known).fields)
    shape: Shape | None = None
    for row in rows:
        fields = {name: _shape_of_value(value) for name, value in row.items()}
        for name in fields.keys() & prior.keys():
            fields[name] = unite(prior.pop(name), fields[name])
        shape = Struct(fields) if shape is None else unite(shape, Struct(fields))
    return dict(known) if shape is None else to_schema(shape)


def _shape_of_value(value: Any) -> Shape:
    if isinstance(value, dict):
        return Struct({name: _shape_of_value(part) for name, part in value.items()})
    if isinstance(value, list):
        return Many(reduce(unite, map(_shape_of_value, value), UNKNOWN))
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return ANYTHING
    return _SCALARS[type(value)]
