"""The views as views of SQLite: the same columns, read from the tables when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.writers._tables import MAIN, SCHEMA_TABLE, SEPARATOR, VALUE, fresh
from extractor.writers._views import CONFIDENCE, ITEM, NAME, PAPER, POSITION, canonical_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from extractor.writers._tables import KeyPath, RecordTable, TableColumn
    from extractor.writers._views import View

_KEYS: dict[KeyPath, str] = {
    ("id",): "papers.id",
    (PAPER,): "papers.paper",
    (POSITION,): "item.position",
}
_EVIDENCE = ("evidence",)


def view_statements(views: Iterable[View], tables: Sequence[RecordTable]) -> Iterator[str]:
    """Yield the statements that create the views; one whose name a table has is ``NAME_flat``."""
    taken = {SCHEMA_TABLE, *(table.name.lower() for table in tables)}
    for view in views:
        own = view.name if view.name != view.of else f"{view.name}_flat"
        sql = _ViewSql(view, tables)
        columns = ", ".join(f'{sql.value(c)} AS "{c.name}"' for c in view.columns)
        yield (
            f'CREATE VIEW "{fresh(own, taken)}" AS SELECT {columns} '  # noqa: S608 -- own names
            f'FROM "{view.of}" AS item JOIN {MAIN} AS papers USING (paper)'
        )


class _ViewSql:
    """Says for the columns of one view what they are in terms of the tables."""

    def __init__(self, view: View, tables: Sequence[RecordTable]) -> None:
        self._view = view
        self._tables = {table.path: table for table in tables}

    def value(self, column: TableColumn) -> str:
        """The SQL of a column's value."""
        path = column.path
        if path in _KEYS:
            return _KEYS[path]
        if path == (CONFIDENCE,):
            return self._confidence()
        if path == (NAME,):
            names = self._values(canonical_path(self._view.path))
            return f"({names} AND other.position = item.position)"
        if path[0] == ITEM:
            value = f"item.{self._column(self._view.path, path[1:])}"
            return _joined(f"json_each({value})") if column.kind == "joined" else value
        if path in self._tables:
            return _joined(f"({self._values(path)} ORDER BY position)")
        return f"papers.{self._column((), path)}"

    def _column(self, table: KeyPath, path: KeyPath) -> str:
        columns = self._tables[table].columns
        return next(f'"{column.name}"' for column in columns if column.path == path)

    def _values(self, path: KeyPath) -> str:
        name = self._tables[path].name
        return f'SELECT {VALUE} FROM "{name}" AS other WHERE other.paper = papers.paper'  # noqa: S608

    def _confidence(self) -> str:
        name = self._tables[_EVIDENCE].name
        path, confidence = (self._column(_EVIDENCE, (key,)) for key in ("path", "confidence"))
        item = f"'{'.'.join(self._view.path)}[' || (item.position - 1) || ']'"
        return (
            f'(SELECT min({confidence}) FROM "{name}" AS piece '  # noqa: S608 -- own names
            f"WHERE piece.paper = papers.paper AND instr(piece.{path}, {item}) = 1)"
        )


def _joined(source: str) -> str:
    return f"(SELECT group_concat({VALUE}, '{SEPARATOR}') FROM {source})"  # noqa: S608
