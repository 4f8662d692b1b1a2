"""Records as tables: one of papers, and one for each list, joined by the paper.

Every table begins with ``paper``, the running number of the record in the output, from 1, and
``id``, the record's own, which a dump may have given twice. An object's values stand in
columns named after it (``meta_model``); a list within a list stays one cell of JSON text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from extractor.writers._shape import Kind, Many, Scalar, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.writers._shape import Shape

ColumnKind: TypeAlias = Kind | Literal["count", "joined", "text"]
Path: TypeAlias = tuple[str, ...]

MAIN = "papers"
SCHEMA_TABLE = "_record_schema"
KEYS = ("paper", "id")
POSITION = "position"
VALUE = "value"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``path`` leads to its value from the row or item; () is the item itself.

    ``kind`` is a scalar's; ``count`` for the length of a list that may be null or absent; where
    only people read the cell, ``joined`` for a list of scalars and ``text`` for JSON values.
    """

    name: str
    path: Path
    kind: ColumnKind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns after the keys, and the ``path`` of its list (() for papers).

    ``shape`` is that of the record, or of one item of the list.
    """

    name: str
    path: Path
    columns: tuple[Column, ...]
    shape: Shape


class Tables(NamedTuple):
    """The tables of one shape of records."""

    main: Table
    children: tuple[Table, ...]


def tables_of(shape: Struct, *, for_people: bool) -> Tables:
    """The tables for records of ``shape``.

    Those ``for_people`` have lists of scalars joined in one cell and do not give everything
    back: null is like the empty text, and a text like a list.
    """
    plan = _Plan(for_people=for_people)
    fields = {name: part for name, part in shape.fields.items() if name != "id"}
    columns = plan.columns(Struct(fields, shape.optional), (), within_list=False)
    main = Table(MAIN, (), _named(columns, KEYS), shape)
    return Tables(main, tuple(plan.children()))


class _Plan:
    """Lays a shape out, and gathers the lists that need tables of their own."""

    def __init__(self, *, for_people: bool) -> None:
        self._for_people = for_people
        self._lists: dict[Path, Many] = {}

    def columns(self, struct: Struct, at: Path, *, within_list: bool) -> Iterator[Column]:
        for name, shape in struct.fields.items():
            path, optional = (*at, name), name in struct.optional
            if isinstance(shape, Struct) and _shows(shape, optional=optional):
                yield from self.columns(shape, path, within_list=within_list)
            elif isinstance(shape, Many) and not self._is_cell(shape, within_list=within_list):
                self._lists[path] = shape
                if shape.nullable or optional:
                    yield _column((*path, "count"), path, "count", optional=optional)
            else:
                yield _column(path, path, self._kind(shape), optional=optional)

    def _is_cell(self, shape: Many, *, within_list: bool) -> bool:
        return within_list or (self._for_people and isinstance(shape.item, Scalar))

    def _kind(self, shape: Shape) -> ColumnKind:
        if isinstance(shape, Scalar) and shape.kind != "json":
            return shape.kind
        if not self._for_people:
            return "json"
        return "joined" if isinstance(shape, Many) and isinstance(shape.item, Scalar) else "text"

    def children(self) -> Iterator[Table]:
        last_parts = [path[-1].lower() for path in self._lists]
        taken = {MAIN, SCHEMA_TABLE}
        for path, shape in self._lists.items():
            unique = last_parts.count(path[-1].lower()) == 1
            name = _fresh(_identifier(path[-1:] if unique else path), taken)
            columns = _named(self._item_columns(shape.item), (*KEYS, POSITION))
            yield Table(name, path, columns, shape.item)

    def _item_columns(self, item: Shape) -> Iterator[Column]:
        if isinstance(item, Struct) and _shows(item, optional=False):
            yield from self.columns(item, (), within_list=True)
        else:
            yield Column(VALUE, (), self._kind(item))


def _column(name: Path, path: Path, kind: ColumnKind, *, optional: bool) -> Column:
    return Column(_identifier(name), path, kind, optional)


def _shows(struct: Struct, *, optional: bool) -> bool:
    """Say whether an object's columns tell it from null and from its absence."""
    return not (struct.nullable or optional) or witness(struct) is not None


def witness(struct: Struct) -> str | None:
    """A key whose cell is never empty when the object is there; None where there is none."""
    for name, shape in struct.fields.items():
        always = name not in struct.optional and not shape.nullable
        if always and isinstance(shape, Scalar) and shape.kind != "json":
            return name
    return None


def _identifier(path: Path) -> str:
    """A name that SQL takes, whatever keys a user's JSON has."""
    name = re.sub(r"\W+", "_", "_".join(path)) or "_"
    return f"_{name}" if name[0].isdigit() or name.lower().startswith("sqlite_") else name


def _named(columns: Iterator[Column], keys: tuple[str, ...]) -> tuple[Column, ...]:
    """Give each column a name of its own; SQL does not tell capitals from small letters."""
    taken = set(keys)
    return tuple(
        Column(_fresh(column.name, taken), column.path, column.kind, column.optional)
        for column in columns
    )


def _fresh(name: str, taken: set[str]) -> str:
    numbered = (name if n == 1 else f"{name}_{n}" for n in count(1))
    fresh = next(one for one in numbered if one.lower() not in taken)
    taken.add(fresh.lower())
    return fresh
