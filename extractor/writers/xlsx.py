"""Excel: a sheet of papers, the view of each list of objects, and the lists that are about records.

Made for people, and not read back. The same records make the same bytes.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import OutputError
from extractor.writers._for_people import EXCEL_CELL, TablesForPeople
from extractor.writers._output import scratch_folder
from extractor.writers._tables import fresh, tables_of
from extractor.writers._views import views_of
from extractor.writers.base import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.writers._for_people import Chosen
    from extractor.writers._shape import ObjectShape
    from extractor.writers._tables import Table
    from extractor.writers.base import Schema

_MOST_ROWS = 2**20
_MOST_LINKS = 65_530
_LONGEST_LINK = 2_000
_EXACT = 10**15
"""Integers from here on lose digits in Excel: they are texts."""

_LONGEST_NAME = 28
_RESERVED = {"history"}
_ENDLESS = "\u2026"
_ROWS_MEASURED = 200
_WIDTHS = (6, 60)

_LINK = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NEVER = datetime(2000, 1, 1)


class _Sheet:
    """One table as a sheet, which is written as its rows come."""

    def __init__(self, sheet: Any, table: Table, bold: Any) -> None:
        self.rows = 0
        self.cut = 0
        self.unlinked = 0
        self._sheet = sheet
        self._table = table
        self._links = 0
        self._widths = [len(name) + 3 for name in table.header]  # with the button of the filter
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        for place, name in enumerate(table.header):
            sheet.write_string(0, place, name, bold)

    def write(self, number: int, record: Mapping[str, Any]) -> None:
        for cells in self._table.rows(number, record):
            self.rows += 1
            if self.rows == _MOST_ROWS:
                raise OutputError(
                    f"The sheet {self._table.name} would have more than the {_MOST_ROWS:,} rows "
                    "that Excel takes.",
                    hint="Write .csv or .sqlite instead, or one view with --view.",
                )
            for place, cell in enumerate(cells):
                if cell is not None and cell != "":
                    self._write_cell(place, cell)

    def _write_cell(self, place: int, cell: str | float) -> None:
        if isinstance(cell, bool):
            self._sheet.write_boolean(self.rows, place, cell)
        elif isinstance(cell, str):
            self._write_text(place, cell)
        elif isinstance(cell, int) and abs(cell) >= _EXACT:
            self._write_text(place, str(cell))
        elif isfinite(cell):
            self._sheet.write_number(self.rows, place, cell)
        if self.rows <= _ROWS_MEASURED:
            self._widths[place] = max(self._widths[place], len(str(cell)) + 1)

    def _write_text(self, place: int, text: str) -> None:
        text = _NOT_XML.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > EXCEL_CELL // 2:  # it counts in UTF-16
            text, whole = _cut(text), text
            self.cut += text != whole
        if text.startswith("<r>") and text.endswith("</r>"):
            text += " "  # XlsxWriter takes it for rich text and does not escape it
        if _LINK.fullmatch(text) and len(text) <= _LONGEST_LINK:
            if self._links < _MOST_LINKS:
                self._links += 1
                self._sheet.write_url(self.rows, place, text)
                return
            self.unlinked += 1
        self._sheet.write_string(self.rows, place, text)

    def finish(self) -> None:
        """Put a filter over what there is, and make the columns as wide as what they hold."""
        least, most = _WIDTHS
        self._sheet.autofilter(0, 0, self.rows, len(self._widths) - 1)
        for place, width in enumerate(self._widths):
            self._sheet.set_column(place, place, min(max(width, least), most))


def _cut(text: str) -> str:
    """What Excel takes of a text, with a mark at its end where that is not all."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * EXCEL_CELL:
        return text
    return units[: 2 * (EXCEL_CELL - 1)].decode("utf-16-le", "ignore") + _ENDLESS


class _Sheets(Sink):
    def __init__(self, sheets: list[_Sheet], chosen: Chosen) -> None:
        self._papers = 0
        self._sheets = sheets
        self._chosen = chosen

    def write(self, row: Mapping[str, Any]) -> None:
        self._papers += 1
        for sheet in self._sheets:
            sheet.write(self._papers, row)

    def notes(self) -> Iterator[str]:
        yield from self._chosen.notes(self._sheets[0].rows)
        if cut := sum(sheet.cut for sheet in self._sheets):
            yield f"cells cut to the {EXCEL_CELL:,} characters that Excel keeps of one: {cut:,}"
        if unlinked := sum(sheet.unlinked for sheet in self._sheets):
            yield f"addresses beyond the {_MOST_LINKS:,} links that a sheet has: {unlinked:,}"


class ExcelWorkbook(TablesForPeople):
    """``records.xlsx``, whose sheets are ``papers``, ``claims`` and its like."""

    name = "xlsx"
    suffixes = (".xlsx",)

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Sheets]:
        import xlsxwriter
        from xlsxwriter.exceptions import FileCreateError

        if not isinstance(target, Path):
            raise TypeError("a workbook is written to a path")
        chosen = self.chosen(target, schema)
        with scratch_folder(target.parent, target.name) as folder:
            options = {"constant_memory": True, "tmpdir": str(folder)}
            book = xlsxwriter.Workbook(str(target), options)
            book.set_properties({"created": _NEVER})
            try:
                sheets = _sheets(book, chosen)
                yield _Sheets(sheets, chosen)
                for sheet in sheets:
                    sheet.finish()
                book.close()
            except FileCreateError as error:
                raise OSError(str(error)) from error
            finally:
                for sheet in book.worksheets():
                    sheet.row_data_fh.close()

    def all_tables(self, shape: ObjectShape) -> tuple[Table, ...]:
        """The papers, and of each list of objects the view: sheets are not joined."""
        views = {view.path: view for view in views_of(shape).values()}
        return tuple(views.get(table.path, table) for table in tables_of(shape, for_people=True))


def _sheets(book: Any, chosen: Chosen) -> list[_Sheet]:
    bold = book.add_format({"bold": True, "bottom": 1})
    taken = set(_RESERVED)
    return [
        _Sheet(book.add_worksheet(fresh(table.name[:_LONGEST_NAME], taken)), table, bold)
        for table in chosen.tables
    ]


WRITER = ExcelWorkbook()
