"""CSV: a file of papers, and one for each list of objects beside it.

Made for spreadsheets, and not read back: null and the empty text look the same in it.
"""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.writers._rows import cells_of, items_of
from extractor.writers._shape import shape_of
from extractor.writers._streams import byte_stream
from extractor.writers._tables import KEYS, POSITION, Table, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from extractor.writers._protocol import Schema
    from extractor.writers._rows import Cell
    from extractor.writers._tables import Tables

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _File:
    """One CSV file. Excel takes it for UTF-8 only when it begins with a byte-order mark."""

    def __init__(self, stream: io.TextIOWrapper, heads: Sequence[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(heads)

    def write(self, cells: Sequence[Cell]) -> None:
        self._writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: Cell) -> Cell:
    """A cell that a spreadsheet shows and does not run: see CWE-1236."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


class _Files:
    def __init__(self, tables: Tables, open_file: Callable[[Table], _File]) -> None:
        self._main = tables.main
        self._main_file = open_file(tables.main)
        self._children = [(table, open_file(table)) for table in tables.children]
        self._papers = 0

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        keys = (self._papers, row["id"])
        self._main_file.write([*keys, *cells_of(row, self._main)])
        for table, file in self._children:
            for position, item in enumerate(items_of(row, table), start=1):
                file.write([*keys, position, *cells_of(item, table)])


class CsvFiles:
    """``records.csv`` with ``records.claimed_speedups.csv`` and its like beside it."""

    name = "csv"
    suffixes = (".csv",)
    streams = False
    compresses = True
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Files]:
        if not isinstance(target, Path):
            raise TypeError("CSV is written to paths")
        tables = tables_of(shape_of(schema), for_people=True)
        with ExitStack() as stack:

            def open_file(table: Table) -> _File:
                keys = KEYS if table is tables.main else (*KEYS, POSITION)
                path = target if table is tables.main else _beside(target, table.name)
                stream = stack.enter_context(_text_stream(path))
                return _File(stream, [*keys, *(column.name for column in table.columns)])

            yield _Files(tables, open_file)


@contextmanager
def _text_stream(path: Path) -> Iterator[io.TextIOWrapper]:
    with (
        byte_stream(path) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text,
    ):
        yield text


def _beside(path: Path, table: str) -> Path:
    """``records.csv.gz`` and ``claims`` make ``records.claims.csv.gz``."""
    packed = ".gz" if path.suffix.lower() == ".gz" else ""
    plain = path.with_suffix("") if packed else path
    return path.with_name(f"{plain.stem}.{table}{plain.suffix}{packed}")


WRITER = CsvFiles()
