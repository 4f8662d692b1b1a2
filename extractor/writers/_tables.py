"""Records as tables: one of papers, and one for each list, joined by the paper.

Every table begins with ``paper``, the running number of the record in the output, from 1, and
``id``, the record's own, which a dump may have given twice. An object's values stand in
columns named after it (``meta_model``); a list within a list stays one cell of JSON text. The
table of papers has the columns of PUBLICATION as well, which are read from ``source``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from extractor.errors import DumpError
from extractor.publication import Publication, publication_of
from extractor.record import encode_json
from extractor.writers._shape import ListShape, ObjectShape, ScalarKind, ScalarShape, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Cell: TypeAlias = str | int | float | bool | None
ColumnKind: TypeAlias = ScalarKind | Literal["count", "joined", "text"]
KeyPath: TypeAlias = tuple[str, ...]

MAIN = "papers"
SCHEMA_TABLE = "_record_schema"
RECORD = "_record"
"""The column with the record's JSON, in formats that are read back."""

VALUE = "value"
_KEYS = ("paper", "id")
SEPARATOR = " | "
FRAME = ("evidence", "meta", "source")
"""Keys of every record that are about the record, and not about the paper."""

_POSITION = "position"
_SOURCE = "source"
_PUBLICATION = "\0publication"
"""A key that no record has, under which cells find when and where the paper appeared."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column. ``path`` leads to its value from the row or item; () is the item itself.

    ``kind`` is a scalar's; ``count`` for the length of a list that may be null or absent; where
    only people read the cell, ``joined`` for a list of scalars and ``text`` for JSON values.
    """

    name: str
    path: KeyPath
    kind: ColumnKind

    def cell(self, row: Any) -> Cell:
        """What stands in this column; nothing for null and for what is absent."""
        value = at(row, self.path)
        if value is None:
            return None
        match self.kind:
            case "json":
                return json_text(value)
            case "count":
                return len(value)
            case "joined":
                return SEPARATOR.join(map(_word, value))
            case "text":
                return _word(value)
        cell: Cell = value
        return cell


class Table(Protocol):
    """What a format for people writes: a head, and the rows that a record has."""

    @property
    def name(self) -> str:
        """Its name, which SQL takes."""
        ...

    @property
    def header(self) -> list[str]:
        """The names of its columns."""
        ...

    def rows(self, number: int, record: Mapping[str, Any]) -> list[list[Cell]]:
        """The rows that the record with this running number has here."""
        ...


@dataclass(frozen=True, slots=True)
class RecordTable:
    """One table: its keys, its further columns, and the ``path`` of its list (() for papers)."""

    name: str
    path: KeyPath
    keys: tuple[str, ...]
    columns: tuple[TableColumn, ...]

    @property
    def header(self) -> list[str]:
        """The names of its columns."""
        return [*self.keys, *(column.name for column in self.columns)]

    def rows(self, number: int, record: Mapping[str, Any]) -> list[list[Cell]]:
        """The rows that the record with this running number has here."""
        if not self.path:
            return [[number, record["id"], *self._cells(with_publication(record))]]
        items = at(record, self.path)
        return [
            [number, record["id"], position, *self._cells(item)]
            for position, item in enumerate(items if isinstance(items, list) else (), start=1)
        ]

    def _cells(self, row: Any) -> Iterator[Cell]:
        return (column.cell(row) for column in self.columns)


def at(value: Any, path: KeyPath) -> Any:
    """What the path leads to, None where it leads nowhere."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def publication_in(record: Mapping[str, Any]) -> Publication:
    """When and where the record's paper appeared."""
    source = record.get(_SOURCE)
    return publication_of(source if isinstance(source, dict) else {}, record["id"])


def with_publication(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as the columns of its publication read it."""
    found = zip(Publication._fields, publication_in(record), strict=True)
    return {**record, _PUBLICATION: dict(found)}


def publication_columns(shape: ObjectShape) -> list[TableColumn]:
    """When and where a paper appeared; none where records have no metadata.

    A name that a field of the schema has is ``source_year`` and its like.
    """
    if _SOURCE not in shape.fields:
        return []
    taken = {name.lower() for name in shape.fields}
    return [
        TableColumn(
            f"{_SOURCE}_{name}" if name in taken else name,
            (_PUBLICATION, name),
            "integer" if name == "year" else "string",
        )
        for name in Publication._fields
    ]


def json_text(value: object) -> str:
    """A value as JSON text."""
    return encode_json(value).decode()


def _word(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)


def without_record(path: object) -> DumpError:
    """What is wrong with a file that has its columns, but not the records."""
    return DumpError(
        f"{path} was written by an earlier version and lacks the column {RECORD}.",
        hint="Convert it to .jsonl with that version, or run the dump again.",
    )


def tables_of(shape: ObjectShape, *, for_people: bool) -> tuple[RecordTable, ...]:
    """The tables for records of ``shape``, that of the papers first.

    Those ``for_people`` have lists of scalars joined in one cell.
    """
    layout = Layout(for_people=for_people)
    columns = [
        *layout.columns(own_fields(shape), ()),
        *publication_columns(shape),
        *layout.columns(_part(shape, [name for name in shape.fields if name in FRAME]), ()),
    ]
    taken = _KEYS if for_people else (*_KEYS, RECORD)
    main = RecordTable(MAIN, (), _KEYS, _named(columns, taken))
    return (main, *layout.children())


def own_fields(shape: ObjectShape) -> ObjectShape:
    """What a record says of its paper, its id left out."""
    return _part(shape, [name for name in shape.fields if name not in ("id", *FRAME)])


def _part(shape: ObjectShape, names: Iterable[str]) -> ObjectShape:
    return ObjectShape({name: shape.fields[name] for name in names}, shape.optional)


class Layout:
    """Turns a shape into columns, and gathers the lists that need tables of their own."""

    def __init__(self, *, for_people: bool) -> None:
        self._for_people = for_people
        self._lists: dict[KeyPath, ListShape] = {}

    def columns(
        self, struct: ObjectShape, at: KeyPath, *, within_list: bool = False
    ) -> Iterator[TableColumn]:
        """The columns of an object; its lists are gathered."""
        for name, shape in struct.fields.items():
            path, optional = (*at, name), name in struct.optional
            if isinstance(shape, ObjectShape) and _shows(shape, optional=optional):
                yield from self.columns(shape, path, within_list=within_list)
            elif isinstance(shape, ListShape) and not (within_list or self._is_cell(shape)):
                self._lists[path] = shape
                if shape.nullable or optional:
                    yield TableColumn(_identifier((*path, "count")), path, "count")
            else:
                yield TableColumn(_identifier(path), path, self._kind(shape))

    def _is_cell(self, shape: ListShape) -> bool:
        return self._for_people and isinstance(shape.item, ScalarShape)

    def _kind(self, shape: Shape) -> ColumnKind:
        if isinstance(shape, ScalarShape) and shape.kind != "json":
            return shape.kind
        if not self._for_people:
            return "json"
        return "joined" if isinstance(shape, ListShape) and self._is_cell(shape) else "text"

    def children(self) -> Iterator[RecordTable]:
        """The tables of the lists that were met."""
        last_parts = [path[-1].lower() for path in self._lists]
        taken = {MAIN, SCHEMA_TABLE}
        keys = (*_KEYS, _POSITION)
        for path, shape in self._lists.items():
            unique = last_parts.count(path[-1].lower()) == 1
            name = fresh(_identifier(path[-1:] if unique else path), taken)
            yield RecordTable(name, path, keys, _named(self.item_columns(shape.item), keys))

    def item_columns(self, item: Shape) -> Iterator[TableColumn]:
        """The columns of an item of a list; VALUE where it is no object."""
        if isinstance(item, ObjectShape) and _shows(item, optional=False):
            yield from self.columns(item, (), within_list=True)
        else:
            yield TableColumn(VALUE, (), self._kind(item))


def _shows(shape: ObjectShape, *, optional: bool) -> bool:
    """Say whether an object's columns tell it from null and from its absence.

    They do where one of them is never empty when the object is there.
    """
    return not (shape.nullable or optional) or any(
        name not in shape.optional
        and isinstance(part, ScalarShape)
        and part.kind != "json"
        and not part.nullable
        for name, part in shape.fields.items()
    )


def _identifier(path: KeyPath) -> str:
    """A name that SQL takes, whatever keys a user's JSON has."""
    name = re.sub(r"\W+", "_", "_".join(path)) or "_"
    return f"_{name}" if name[0].isdigit() or name.lower().startswith("sqlite_") else name


def _named(columns: Iterable[TableColumn], keys: tuple[str, ...]) -> tuple[TableColumn, ...]:
    """Give each column a name of its own; SQL does not tell capitals from small letters."""
    taken = set(keys)
    return tuple(replace(column, name=fresh(column.name, taken)) for column in columns)


def fresh(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken; it is taken from then on."""
    numbered = (name if n == 1 else f"{name}_{n}" for n in count(1))
    found = next(one for one in numbered if one.lower() not in taken)
    taken.add(found.lower())
    return found
