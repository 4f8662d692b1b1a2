"""SQLite: a table of papers and one for each list, with keys between them, and the views.

The record itself, as JSON, is the last column of the table of papers: it is what is read back.
The file carries the JSON Schema of its records as well.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError, OutputError, UnfitRecord
from extractor.writers._shape import shape_of
from extractor.writers._tables import (
    MAIN,
    RECORD,
    SCHEMA_TABLE,
    VALUE,
    RecordTable,
    json_text,
    tables_of,
    without_record,
)
from extractor.writers._view_sql import view_statements
from extractor.writers._views import views_of
from extractor.writers.base import Rereadable, Row, Schema, Sink, Writer, read_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAGIC = b"SQLite format 3\x00"
_TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER", "count": "INTEGER"}
_MISFITS = (
    OverflowError,
    TypeError,
    UnicodeEncodeError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


class _Database(Sink):
    def __init__(self, connection: sqlite3.Connection, tables: tuple[RecordTable, ...]) -> None:
        self._connection = connection
        self._papers = 0
        self._inserts: list[tuple[RecordTable, str]] = []
        for table in tables:
            places = len(table.keys) + len(table.columns) + (not table.path)
            values = ", ".join("?" * places)
            insert = f"INSERT INTO {_quoted(table.name)} VALUES ({values})"  # noqa: S608
            self._inserts.append((table, insert))

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        for table, insert in self._inserts:
            try:
                cells = table.rows(self._papers, row)
                if not table.path:
                    cells[0].append(json_text(row))
                self._connection.executemany(insert, cells)
            except _MISFITS as error:
                self._take_back()
                raise UnfitRecord(
                    f"Record {row['id']!r} does not fit into the table {table.name}: {error}."
                ) from error

    def _take_back(self) -> None:
        """Remove what is there of the last record: without a journal nothing is rolled back."""
        for table, _ in self._inserts:
            delete = f"DELETE FROM {_quoted(table.name)} WHERE paper = ?"  # noqa: S608
            self._connection.execute(delete, [self._papers])
        self._papers -= 1


class SqliteFile(Writer, Rereadable):
    """Written in one transaction without a journal: an output that fails is thrown away."""

    name = "sqlite"
    suffixes = (".sqlite", ".sqlite3", ".db")
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Database]:
        if not isinstance(target, Path):
            raise TypeError("SQLite is written to a path")
        shape = shape_of(schema)
        tables = tables_of(shape, for_people=False)
        try:
            with closing(sqlite3.connect(target, isolation_level=None)) as connection:
                _create(connection, tables, schema)
                yield _Database(connection, tables)
                for statement in view_statements(views_of(shape).values(), tables):
                    connection.execute(statement)
                _finish(connection, tables)
        except sqlite3.Error as error:
            raise OutputError(f"The SQLite file cannot be written: {error}.") from error

    def recognises(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def schema(self, path: Path) -> Schema:
        with _opened(path) as connection:
            return _schema(connection)

    def read(self, path: Path) -> Iterator[Row]:
        with _opened(path) as connection:
            _schema(connection)  # there is none in the database of another program
            columns = connection.execute(f"PRAGMA table_info({MAIN})")
            if RECORD not in [column[1] for column in columns]:
                raise without_record(path)
            query = f"SELECT {RECORD} FROM {MAIN} ORDER BY paper"  # noqa: S608 -- constants
            for number, (text,) in enumerate(connection.execute(query), start=1):
                yield read_row(f"{path}, record {number}", text)


def _create(
    connection: sqlite3.Connection, tables: tuple[RecordTable, ...], schema: Schema
) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.execute(f"CREATE TABLE {SCHEMA_TABLE} (json_schema TEXT NOT NULL)")
    insert = f"INSERT INTO {SCHEMA_TABLE} VALUES (?)"  # noqa: S608 -- a constant
    connection.execute(insert, [json.dumps(schema, ensure_ascii=False)])
    for table in tables:
        connection.execute(_create_table(table))


def _create_table(table: RecordTable) -> str:
    columns = [
        f"{_quoted(column.name)} {_TYPES.get(column.kind, 'TEXT')}" for column in table.columns
    ]
    if not table.path:
        keys = ["paper INTEGER PRIMARY KEY", "id TEXT NOT NULL"]
        return f"CREATE TABLE {MAIN} ({', '.join([*keys, *columns, f'{RECORD} TEXT NOT NULL'])})"
    keys = [
        f"paper INTEGER NOT NULL REFERENCES {MAIN}(paper) ON DELETE CASCADE",
        "id TEXT NOT NULL",
        "position INTEGER NOT NULL",
    ]
    columns = [*keys, *columns, "PRIMARY KEY (paper, position)"]
    return f"CREATE TABLE {_quoted(table.name)} ({', '.join(columns)}) WITHOUT ROWID"


def _quoted(name: str) -> str:
    return f'"{name}"'  # a name holds letters, digits and _ only: see _tables


def _finish(connection: sqlite3.Connection, tables: tuple[RecordTable, ...]) -> None:
    """Index what people look for: a paper by its id, papers by a name in one of their lists."""
    connection.execute(f'CREATE INDEX "{MAIN}.id" ON {MAIN}(id)')
    for table in tables[1:]:
        if any(column.name == VALUE and column.kind == "string" for column in table.columns):
            index = _quoted(f"{table.name}.{VALUE}")  # with a dot, it is not the name of a table
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


WRITER = SqliteFile()
