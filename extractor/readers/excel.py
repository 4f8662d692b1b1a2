"""Excel workbooks: the sheets whose header has a title and an abstract."""

from __future__ import annotations

import re
import warnings
import zlib
from contextlib import closing
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from extractor.errors import DumpError
from extractor.readers._archives import WORKBOOK_PARTS, first_in_zip
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    field_names,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    _Rows = Iterator[tuple[int, tuple[object, ...]]]

_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADERS_TRIED = 20
"""Rows among which the header is looked for: exports may begin with what was searched for."""


_MOST_ROWS = 2**20
"""Rows of a sheet in Excel; between rows that are numbered higher, others would be made up."""

_LARGE = 2**26
_MOST_INFLATED = 200
"""So many times its compressed size a large part of a workbook may have."""

_SHARED_STRINGS = "sharedStrings.xml"
_MOST_SHARED = 2**29
"""Bytes of the strings that cells share, which are held in memory."""

_ESCAPED = re.compile(r"_x([\dA-Fa-f]{4})_")
_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}


class Excel(Reader):
    """Rows of a sheet under a header, as in other tables; formulas have their last values."""

    name = "xlsx"
    title = "Excel workbooks"
    suffixes = (".xlsx", ".xlsm")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        return SURE if is_workbook(head) or head.startswith(_OLD) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        _refuse_others(source)
        import openpyxl

        # It warns of what it does not keep, such as a list to choose from.
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        try:
            _check_sizes(source)
            book = openpyxl.load_workbook(source.seekable(), read_only=True, data_only=True)
            with closing(book):
                yield from _papers(book, source.name, columns)
        except (BadZipFile, zlib.error, KeyError, ValueError, SyntaxError, OSError) as error:
            raise DumpError(
                f"{source.name} is not an Excel workbook that can be read: {error}.",
                hint="Save it again as .xlsx or as CSV.",
            ) from error


def is_workbook(head: bytes) -> bool:
    """Say whether the ZIP archive that begins with ``head`` is a workbook, also of OpenDocument."""
    name = first_in_zip(head)
    return name.startswith(WORKBOOK_PARTS) or (bool(name) and head[30:].startswith(_OPEN_DOCUMENT))


def _refuse_others(source: Source) -> None:
    """Refuse the spreadsheets that are no workbooks of today's Excel, by their names."""
    kind = ""
    if source.head.startswith(_OLD):
        kind = "an old Excel workbook (.xls), or one with a password"
    elif source.head[30:].startswith(_OPEN_DOCUMENT):
        kind = "an OpenDocument spreadsheet (.ods)"
    if kind:
        raise DumpError(f"{source.name} is {kind}.", hint="Save it as .xlsx or as CSV.")


def _check_sizes(source: Source) -> None:
    """Refuse what would fill the memory.

    Raises:
        DumpError: a part of the workbook is too large.
    """
    with ZipFile(source.seekable()) as archive:
        for part in archive.infolist():
            most = max(_LARGE, _MOST_INFLATED * part.compress_size)
            if part.filename.endswith(_SHARED_STRINGS):
                most = min(most, _MOST_SHARED)
            if part.file_size > most:
                raise DumpError(
                    f"{source.name} is a workbook that would fill the memory: its part "
                    f"{part.filename} is {part.file_size:,} bytes long.",
                    hint="Save the sheet as CSV.",
                )


def _papers(book: Any, name: str, columns: Columns) -> Iterator[Item]:
    first: list[str] = []
    has_header = False
    for sheet in book.worksheets:
        # Writers other than Excel give sizes that are not true.
        sheet.reset_dimensions()
        rows = enumerate(sheet.iter_rows(max_row=_MOST_ROWS, values_only=True), start=1)
        header, above = _header(rows, columns)
        first = first or above
        if header:
            has_header = True
            yield from _sheet(rows, header, columns)
    if not first:
        raise DumpError(
            f"{name} is no Excel workbook that can be read: there is nothing in its sheets.",
            hint="Save the sheet as .xlsx or as CSV.",
        )
    if not has_header:
        require_columns(first, columns, name)


def _header(rows: _Rows, columns: Columns) -> tuple[list[str], list[str]]:
    """Return the first row that names a title and an abstract, and the first row of all."""
    first: list[str] = []
    for line, row in rows:
        cells = _texts(map(_as_json, row))
        first = first or list(filter(None, cells))
        names = field_names(tuple(cells), columns)
        titles, abstracts = set(names.titles) & set(cells), set(names.abstracts) & set(cells)
        if titles and abstracts and titles != abstracts:
            return cells, first
        if line >= _HEADERS_TRIED:
            break
    return [], first


def _sheet(rows: _Rows, header: list[str], columns: Columns) -> Iterator[Item]:
    for line, row in rows:
        cells = list(map(_as_json, row))
        texts = _texts(cells)
        if texts == header:
            yield Unreadable(line, "The row is the header once more.")
        elif any(texts):
            values: dict[str, object] = {}
            for name, cell in zip(header, cells, strict=False):
                if name and cell is not None:
                    values.setdefault(name, cell)
            yield guarded(build_entry_from_fields, line, values, columns)


def _texts(cells: Iterable[object]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _as_json(cell: object) -> object:
    """Return the value of a cell; None for one that is an error."""
    if isinstance(cell, str):
        if cell in _ERRORS:
            return None
        return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), cell) if "_x" in cell else cell
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return cell if cell is None or isinstance(cell, int | float) else str(cell)
