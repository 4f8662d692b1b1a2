"""Views: a flat table for each list of a record, a row for each item, as people plot it.

Beside an item stand the record's single values, its other lists joined in one cell, when and
where the paper appeared, and the least ``confidence`` of the item's values. Every list of the
schema has a view of its name; one that people look for has its entry in FRIENDLY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from extractor.record import CANONICAL
from extractor.writers._shape import ListShape, ObjectShape, Shape
from extractor.writers._tables import (
    Cell,
    KeyPath,
    Layout,
    RecordTable,
    TableColumn,
    at,
    fresh,
    own_fields,
    publication_columns,
    tables_of,
    with_publication,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Keys that no record has, under which the cells of a row find what is its own.
ITEM, CONFIDENCE, PAPER, POSITION = "\0item", "\0confidence", "\0paper", "\0position"
NAME = "\0name"  # the canonical name of an item


@dataclass(frozen=True)
class Friendly:
    """How the view of a list is called, and which of its columns come ``first``."""

    name: str
    first: Sequence[str]


FRIENDLY = {
    "claimed_speedups": Friendly(
        "claims",
        [
            *("id", "title", "method_name", "factor", "kind", "baseline", "hardware"),
            *("benchmarks", "code_url", "url", "year", "venue"),
        ],
    ),
}
"""By the name of the list."""


@dataclass(frozen=True)
class View:
    """The flat table of the list at ``path``, whose own table has the name ``of``."""

    name: str
    of: str
    path: KeyPath
    columns: tuple[TableColumn, ...]

    @property
    def header(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]

    def rows(self, number: int, record: Mapping[str, Any]) -> list[list[Cell]]:
        """A row for each item; a record without items has none."""
        items = at(record, self.path)
        if not (isinstance(items, list) and items):
            return []
        row = with_publication(record)
        row[PAPER] = number
        least = _least_confidences(record, self.path)
        names = at(record, canonical_path(self.path)) or ()
        rows = []
        for position, item in enumerate(items, start=1):
            row |= {ITEM: item, POSITION: position, CONFIDENCE: least.get(position - 1)}
            row[NAME] = names[position - 1] if position <= len(names) else None
            rows.append([column.cell(row) for column in self.columns])
        return rows


def canonical_path(path: KeyPath) -> KeyPath:
    """Where the canonical names of a list's items stand, if it has some."""
    return (*path[:-1], path[-1] + CANONICAL)


def views_of(shape: ObjectShape) -> dict[str, View]:
    """The views of records of this shape by name, in the order of their lists."""
    _, *lists = tables_of(shape, for_people=False)
    names = {table.name for table in lists}
    beside = {canonical_path(table.path) for table in lists}
    views = {}
    for table in lists:
        if table.path[0] in own_fields(shape).fields and table.path not in beside:
            friendly = FRIENDLY.get(table.name, Friendly(table.name, ()))
            if friendly.name in names:
                friendly = replace(friendly, name=table.name)
            views[friendly.name] = _view(table, friendly, shape)
    return views


def _view(table: RecordTable, friendly: Friendly, shape: ObjectShape) -> View:
    """The view of the list that has this table: its items stand where the list does."""
    layout, own, taken = Layout(for_people=True), own_fields(shape), set[str]()
    before = list(own.fields).index(table.path[0])
    beside: list[TableColumn] = [TableColumn("id", ("id",), "string")]
    after: list[TableColumn] = []
    for column in layout.columns(own, ()):
        if column.path == canonical_path(table.path):
            after.append(replace(column, path=(NAME,), kind="string"))
        elif column.path != table.path and column.kind != "count":
            earlier = list(own.fields).index(column.path[0]) < before
            (beside if earlier else after).append(column)
    beside, after, published, about = (
        [replace(column, name=fresh(column.name, taken)) for column in columns]
        for columns in (beside, after, publication_columns(shape), _about(shape))
    )
    items = []
    for column in layout.item_columns(_item_shape(shape, table.path)):
        name = column.name if column.path else table.name
        name = f"{table.name}_{name}" if name.lower() in taken else name
        items.append(TableColumn(fresh(name, taken), (ITEM, *column.path), column.kind))
    columns = [*beside, *items, *after, *published, *about]
    first = {name: place for place, name in enumerate(friendly.first)}
    columns.sort(key=lambda column: first.get(column.name, len(first)))
    return View(friendly.name, table.name, table.path, tuple(columns))


def _about(shape: ObjectShape) -> list[TableColumn]:
    """How sure the item is, and where it stands in the other tables."""
    sure = [TableColumn("confidence", (CONFIDENCE,), "number")] if _has_confidence(shape) else []
    return [
        *sure,
        TableColumn("paper", (PAPER,), "integer"),
        TableColumn("position", (POSITION,), "integer"),
    ]


def _item_shape(shape: Shape, path: KeyPath) -> Shape:
    for key in path:
        assert isinstance(shape, ObjectShape)
        shape = shape.fields[key]
    assert isinstance(shape, ListShape)
    return shape.item


def _has_confidence(shape: ObjectShape) -> bool:
    match shape.fields.get("evidence"):
        case ListShape(item=ObjectShape(fields=fields)):
            return {"path", "confidence"} <= fields.keys()
    return False


def _least_confidences(record: Mapping[str, Any], path: KeyPath) -> dict[int, float]:
    """By the item's index, the least confidence among the pieces of evidence of its values."""
    within = re.compile(rf"{re.escape('.'.join(path))}\[(\d{{1,9}})\]")
    least: dict[int, float] = {}
    evidence = record.get("evidence")
    for piece in evidence if isinstance(evidence, list) else ():
        found, confidence = within.match(str(at(piece, ("path",)))), at(piece, ("confidence",))
        if found and isinstance(confidence, int | float):
            index = int(found[1])
            least[index] = min(confidence, least.get(index, confidence))
    return least
