"""Records into the rows of their tables, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic_core import from_json

from extractor.record import encode_json
from extractor.writers._shape import Struct
from extractor.writers._tables import witness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extractor.writers._tables import Column, Path, Table

Cell: TypeAlias = str | int | float | bool | None

SEPARATOR = " | "
"""Between the items of a list in one cell."""

_ABSENT = object()


def cells_of(value: object, table: Table) -> list[Cell]:
    """One row of a table, without its keys: ``value`` is the record, or an item of its list."""
    return [_cell(_at(value, column.path), column) for column in table.columns]


def items_of(record: Mapping[str, Any], table: Table) -> list[Any]:
    """The items of the list that a table holds; none where it is null or absent."""
    items = _at(record, table.path)
    return items if isinstance(items, list) else []


def _at(value: Any, path: Path) -> Any:
    for key in path:
        if value is None or value is _ABSENT:
            return _ABSENT
        value = value.get(key, _ABSENT)
    return value


def _cell(value: Any, column: Column) -> Cell:
    if value is _ABSENT or (value is None and not column.optional):
        return None
    if column.kind == "json":
        return json_text(value)
    if column.kind == "count":
        return len(value)
    if column.kind == "joined":
        return SEPARATOR.join(map(_word, value))
    if column.kind == "text":
        return _word(value)
    cell: Cell = value
    return cell


def json_text(value: object) -> str:
    """A value as JSON text."""
    return encode_json(value).decode()


def _word(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)


def value_of(cell: Cell, column: Column) -> Any:
    """The value that a cell was made from; :data:`_ABSENT` where its key was not there."""
    if cell is None:
        return _ABSENT if column.optional else None
    if column.kind == "json":
        return from_json(str(cell))
    return bool(cell) if column.kind == "boolean" else cell


def rebuilt(table: Table, cells: Sequence[Cell], known: Mapping[Path, Any]) -> Any:
    """The record or item that a row was made from.

    ``known`` holds, each under its path, the values that stand elsewhere: the id and the lists.
    """
    columns = zip(table.columns, cells, strict=True)
    values = {column.path: value_of(cell, column) for column, cell in columns}
    if () in values or not isinstance(table.shape, Struct):
        return values[()]
    if not _is_there(table.shape, (), values, optional=False):
        return None
    return dict(_fields(table.shape, (), values, known))


def _fields(
    struct: Struct, at: Path, values: Mapping[Path, Any], known: Mapping[Path, Any]
) -> Iterator[tuple[str, Any]]:
    for name, part in struct.fields.items():
        path, optional = (*at, name), name in struct.optional
        if path in known:
            # What stands at its path besides is a list's count, where it may be null.
            value = known[path] if isinstance(values.get(path, 0), int) else values[path]
        elif path in values:
            value = values[path]
        elif isinstance(part, Struct) and _is_there(part, path, values, optional=optional):
            value = dict(_fields(part, path, values, known))
        else:
            value = _ABSENT if optional else None
        if value is not _ABSENT:
            yield name, value


def _is_there(struct: Struct, path: Path, values: Mapping[Path, Any], *, optional: bool) -> bool:
    if not (struct.nullable or optional):
        return True
    shown = witness(struct)
    return shown is not None and values[(*path, shown)] is not None
