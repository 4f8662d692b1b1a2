"""SQLite: a table of papers and one for each list, with keys between them.

The file carries the JSON Schema of its records, by which they are read back.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError, OutputError
from extractor.writers._rows import cells_of, items_of, rebuilt
from extractor.writers._shape import shape_of
from extractor.writers._tables import MAIN, SCHEMA_TABLE, VALUE, Table, tables_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.writers._protocol import Schema
    from extractor.writers._rows import Cell
    from extractor.writers._tables import Path as ValuePath
    from extractor.writers._tables import Tables

_MAGIC = b"SQLite format 3\x00"
_TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER", "count": "INTEGER"}


class _Database:
    def __init__(self, connection: sqlite3.Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._papers = 0
        self._inserts = {table.name: _insert(table) for table in (tables.main, *tables.children)}

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        keys = (self._papers, row["id"])
        self._insert(self._tables.main, [(*keys, *cells_of(row, self._tables.main))], row)
        for table in self._tables.children:
            items = enumerate(items_of(row, table), start=1)
            lines = [(*keys, n, *cells_of(item, table)) for n, item in items]
            self._insert(table, lines, row)

    def _insert(self, table: Table, lines: list[tuple[Cell, ...]], row: Mapping[str, Any]) -> None:
        try:
            self._connection.executemany(self._inserts[table.name], lines)
        except (OverflowError, UnicodeEncodeError, sqlite3.DataError) as error:
            raise OutputError(
                f"Record {row['id']!r} does not fit into the table {table.name}: {error}."
            ) from error


class SqliteFile:
    """Written in one transaction without a journal: an output that fails is thrown away."""

    name = "sqlite"
    suffixes = (".sqlite", ".sqlite3", ".db")
    streams = False
    compresses = False
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Database]:
        if not isinstance(target, Path):
            raise TypeError("SQLite is written to a path")
        tables = tables_of(shape_of(schema), for_people=False)
        with _reported(), closing(sqlite3.connect(target, isolation_level=None)) as connection:
            _create(connection, tables, schema)
            yield _Database(connection, tables)
            _finish(connection, tables)

    def recognises(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def schema(self, path: Path) -> Schema:
        with _opened(path) as connection:
            return _schema(connection)

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        with _opened(path) as connection:
            tables = tables_of(shape_of(_schema(connection)), for_people=False)
            yield from _records(connection, tables)


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(f"The SQLite file cannot be written: {error}.") from error


def _create(connection: sqlite3.Connection, tables: Tables, schema: Schema) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.execute(f"CREATE TABLE {SCHEMA_TABLE} (json_schema TEXT NOT NULL)")
    connection.execute(
        f"INSERT INTO {SCHEMA_TABLE} VALUES (?)",  # noqa: S608 -- a constant
        [json.dumps(schema, ensure_ascii=False)],
    )
    columns = ["paper INTEGER PRIMARY KEY", "id TEXT NOT NULL", *_declared(tables.main)]
    connection.execute(f"CREATE TABLE {MAIN} ({', '.join(columns)})")
    for table in tables.children:
        connection.execute(_create_child(table))


def _create_child(table: Table) -> str:
    columns = [
        f"paper INTEGER NOT NULL REFERENCES {MAIN}(paper) ON DELETE CASCADE",
        "id TEXT NOT NULL",
        "position INTEGER NOT NULL",
        *_declared(table),
        "PRIMARY KEY (paper, position)",
    ]
    return f"CREATE TABLE {_quoted(table.name)} ({', '.join(columns)}) WITHOUT ROWID"


def _declared(table: Table) -> list[str]:
    return [f"{_quoted(column.name)} {_TYPES.get(column.kind, 'TEXT')}" for column in table.columns]


def _quoted(name: str) -> str:
    return f'"{name}"'  # a name holds letters, digits and _ only: see _tables


def _insert(table: Table) -> str:
    keys = 2 if table.name == MAIN else 3
    marks = ", ".join("?" * (keys + len(table.columns)))
    return f"INSERT INTO {_quoted(table.name)} VALUES ({marks})"  # noqa: S608


def _finish(connection: sqlite3.Connection, tables: Tables) -> None:
    """Index what people look for: a paper by its id, papers by a name in one of their lists."""
    connection.execute(f'CREATE INDEX "{MAIN}.id" ON {MAIN}(id)')
    for table in tables.children:
        if any(column.name == VALUE and column.kind == "string" for column in table.columns):
            index = _quoted(f"{table.name}.{VALUE}")  # with a dot, it is no table's name
            connection.execute(f"CREATE INDEX {index} ON {_quoted(table.name)}({VALUE})")
    connection.execute("COMMIT")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection
    except (sqlite3.Error, ValueError) as error:
        raise DumpError(
            f"{path} holds no records that can be read: {error}.",
            hint="Only SQLite files that Extractor wrote are read.",
        ) from error


def _schema(connection: sqlite3.Connection) -> dict[str, Any]:
    [text] = connection.execute(f"SELECT json_schema FROM {SCHEMA_TABLE}").fetchone()  # noqa: S608
    schema: dict[str, Any] = json.loads(text)
    return schema


def _records(connection: sqlite3.Connection, tables: Tables) -> Iterator[dict[str, Any]]:
    papers = f"SELECT paper, id{_selected(tables.main)} FROM {MAIN} ORDER BY paper"  # noqa: S608
    lists = [(table, _query(table)) for table in tables.children]
    for paper, record_id, *cells in connection.execute(papers):
        known: dict[ValuePath, Any] = {("id",): record_id}
        for table, query in lists:
            items = connection.execute(query, [paper])
            known[table.path] = [rebuilt(table, item, {}) for _, *item in items]
        yield rebuilt(tables.main, cells, known)


def _query(table: Table) -> str:
    return (
        f"SELECT position{_selected(table)} FROM {_quoted(table.name)} "  # noqa: S608
        "WHERE paper = ? ORDER BY position"
    )


def _selected(table: Table) -> str:
    return "".join(f", {_quoted(column.name)}" for column in table.columns)


WRITER = SqliteFile()
