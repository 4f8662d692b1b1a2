"""CSV: a file of papers and one for each list of objects beside it, or one view.

Made for spreadsheets, and not read back: null and the empty text look the same in it.
"""

from __future__ import annotations

import codecs
import csv
import io
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol

from extractor.writers._for_people import EXCEL_CELL, Chosen, TablesForPeople
from extractor.writers.base import Schema, Sink, open_to_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.writers._tables import Cell

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Text(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


class _Texts(Sink):
    """A text for each table; each record is ``flushed`` where somebody waits for it."""

    def __init__(
        self, chosen: Chosen, texts: list[_Text], form: CsvFiles, *, flushed: bool
    ) -> None:
        self._papers = 0
        self._rows = 0
        self._long_cells = 0
        self._chosen = chosen
        self._cell = form.cell
        self._flushed = texts if flushed else ()
        self._files = []
        for table, text in zip(chosen.tables, texts, strict=True):
            file = csv.writer(text, delimiter=form.delimiter, lineterminator="\n")
            file.writerow(table.header)
            # Before Python 3.13 a carriage return alone is not put in quotes, and ends the row.
            quoted = csv.writer(
                text, delimiter=form.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
            )
            self._files.append((table, file, quoted))
        self._flush()

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        for table, file, quoted in self._files:
            for cells in table.rows(self._papers, row):
                self._rows += 1
                texts = [cell for cell in cells if isinstance(cell, str)]
                self._long_cells += sum(len(text) > EXCEL_CELL for text in texts)
                shown = [self._cell(cell) for cell in cells]
                returns = any("\r" in cell for cell in shown if isinstance(cell, str))
                (quoted if returns else file).writerow(shown)
        self._flush()

    def _flush(self) -> None:
        for text in self._flushed:
            text.flush()

    def notes(self) -> Iterator[str]:
        yield from self._chosen.notes(self._rows)
        if self._long_cells:
            yield (
                f"cells longer than the {EXCEL_CELL:,} characters that Excel keeps of one: "
                f"{self._long_cells:,}"
            )


class CsvFiles(TablesForPeople):
    """``records.csv`` with ``records.claimed_speedups.csv`` and its like beside it.

    On a stream stands one table: that of the papers, or the view.
    """

    name = "csv"
    suffixes: tuple[str, ...] = (".csv",)
    streams = True
    compresses = True
    delimiter: ClassVar[str] = ","

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Texts]:
        if not isinstance(target, Path):
            chosen = self.chosen(None, schema)
            chosen = chosen._replace(tables=chosen.tables[:1])
            # Without a mark: another program reads it. What closes the stream is its owner.
            yield _Texts(chosen, [codecs.getwriter("utf-8")(target, "replace")], self, flushed=True)
            return
        chosen = self.chosen(target, schema)
        with ExitStack() as stack:
            texts: list[_Text] = [
                stack.enter_context(_file(path, stack)) for path in _paths(chosen, target)
            ]
            yield _Texts(chosen, texts, self, flushed=False)

    def paths(self, target: Path, schema: Schema) -> list[Path]:
        return _paths(self.chosen(target, schema), target)

    @staticmethod
    def cell(cell: Cell) -> Cell:
        """A cell that a spreadsheet shows and does not run: see CWE-1236."""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if not isinstance(cell, str):
            return cell
        cell = cell.replace("\0", "\ufffd")  # at which many programs stop reading
        return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _file(path: Path, stack: ExitStack) -> io.TextIOWrapper:
    """A text file that Excel takes for UTF-8, by the mark that it begins with."""
    stream = stack.enter_context(open_to_write(path))
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


def _paths(chosen: Chosen, target: Path) -> list[Path]:
    """The file of each table: "records.csv.gz" and "claims" make "records.claims.csv.gz"."""
    packed = ".gz" if target.suffix.lower() == ".gz" else ""
    plain = target.with_suffix("") if packed else target
    further = [
        target.with_name(f"{plain.stem}.{table.name}{plain.suffix}{packed}")
        for table in chosen.tables[1:]
    ]
    return [target, *further]


WRITER = CsvFiles()
