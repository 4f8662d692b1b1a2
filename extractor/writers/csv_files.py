"""CSV: a file of papers, and one for each list of objects beside it.

Made for spreadsheets, and not read back: null and the empty text look the same in it.
"""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.writers._shape import shape_of
from extractor.writers._tables import Cell, RecordTable, tables_of
from extractor.writers.base import Schema, Sink, Writer, open_to_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Files(Sink):
    """One CSV file for each table. Excel takes them for UTF-8 only with a byte-order mark."""

    def __init__(self, target: Path, tables: tuple[RecordTable, ...], stack: ExitStack) -> None:
        self._papers = 0
        self._files = []
        for table in tables:
            path = target
            if table.path:  # "records.csv.gz" and "claims" make "records.claims.csv.gz"
                packed = ".gz" if target.suffix.lower() == ".gz" else ""
                plain = target.with_suffix("") if packed else target
                path = target.with_name(f"{plain.stem}.{table.name}{plain.suffix}{packed}")
            stream = stack.enter_context(open_to_write(path))
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            file = csv.writer(stack.enter_context(text), lineterminator="\n")
            file.writerow([*table.keys, *(column.name for column in table.columns)])
            self._files.append((table, file))

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        for table, file in self._files:
            for cells in table.rows(self._papers, row):
                file.writerow(map(_harmless, cells))


class CsvFiles(Writer):
    """``records.csv`` with ``records.claimed_speedups.csv`` and its like beside it."""

    name = "csv"
    suffixes = (".csv",)
    compresses = True
    has_columns = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Files]:
        if not isinstance(target, Path):
            raise TypeError("CSV is written to paths")
        tables = tables_of(shape_of(schema), for_people=True)
        with ExitStack() as stack:
            yield _Files(target, tables, stack)


def _harmless(cell: Cell) -> Cell:
    """A cell that a spreadsheet shows and does not run: see CWE-1236."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


WRITER = CsvFiles()
