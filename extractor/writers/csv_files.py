"""CSV: a file of papers, and one for each list of objects beside it.

Made for spreadsheets, and not read back: null and the empty text look the same in it.
"""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.plurals import counted
from extractor.writers._shape import shape_of
from extractor.writers._tables import Cell, RecordTable, tables_of
from extractor.writers.base import Schema, Sink, Writer, open_to_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_EXCEL_CELL = 32_767


class _Files(Sink):
    """One CSV file for each table. Excel takes them for UTF-8 only with a byte-order mark."""

    def __init__(self, target: Path, tables: tuple[RecordTable, ...], stack: ExitStack) -> None:
        self._papers = 0
        self._long_cells = 0
        self._files = []
        for table in tables:
            stream = stack.enter_context(open_to_write(_path_of(table, target)))
            text = stack.enter_context(
                io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
            )
            file = csv.writer(text, lineterminator="\n")
            file.writerow([*table.keys, *(column.name for column in table.columns)])
            # Before Python 3.13 a carriage return alone is not put in quotes, and ends the row.
            quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
            self._files.append((table, file, quoted))

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        for table, file, quoted in self._files:
            for cells in table.rows(self._papers, row):
                texts = [cell for cell in cells if isinstance(cell, str)]
                self._long_cells += sum(len(text) > _EXCEL_CELL for text in texts)
                returns = any("\r" in text for text in texts)
                (quoted if returns else file).writerow(map(_harmless, cells))

    def notes(self) -> Iterator[str]:
        if self._long_cells:
            yield (
                f"{counted(self._long_cells, 'cell')} longer than the {_EXCEL_CELL:,} characters "
                "that Excel keeps of a cell"
            )


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
        with ExitStack() as stack:
            yield _Files(target, _tables(schema), stack)

    def paths(self, target: Path, schema: Schema) -> list[Path]:
        return [_path_of(table, target) for table in _tables(schema)]


def _tables(schema: Schema) -> tuple[RecordTable, ...]:
    return tables_of(shape_of(schema), for_people=True)


def _path_of(table: RecordTable, target: Path) -> Path:
    """The file of a table: "records.csv.gz" and "claims" make "records.claims.csv.gz"."""
    if not table.path:
        return target
    packed = ".gz" if target.suffix.lower() == ".gz" else ""
    plain = target.with_suffix("") if packed else target
    return target.with_name(f"{plain.stem}.{table.name}{plain.suffix}{packed}")


def _harmless(cell: Cell) -> Cell:
    """A cell that a spreadsheet shows and does not run: see CWE-1236."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\0", "\ufffd")  # at which many programs stop reading
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


WRITER = CsvFiles()
