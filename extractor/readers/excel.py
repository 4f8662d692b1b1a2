"""Excel workbooks: the sheets whose header has a title and an abstract."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.readers._workbook import opened
from extractor.readers._xml import TOO_LARGE
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
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers._workbook import Workbook

    _Rows = Iterator[tuple[int, Element | None]]

_ZIP = b"PK\x03\x04"
_PARTS = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/.rels", b"customXml/")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADERS_TRIED = 20
"""Rows among which the header is looked for: exports may begin with what was searched for."""


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
        with tempfile.TemporaryFile() as file:
            shutil.copyfileobj(source.stream, file)
            with opened(file, source.name) as book:
                yield from _papers(book, source.name, columns)


def is_workbook(head: bytes) -> bool:
    """Say whether the ZIP archive that begins with ``head`` is a workbook, also of OpenDocument."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return head.startswith(_ZIP) and (
        name.startswith(_PARTS) or head[30:].startswith(_OPEN_DOCUMENT)
    )


def _refuse_others(source: Source) -> None:
    """Refuse the spreadsheets that are no workbooks of today's Excel, by their names."""
    kind = ""
    if source.head.startswith(_OLD):
        kind = "an old Excel workbook (.xls), or one with a password"
    elif source.head[30:].startswith(_OPEN_DOCUMENT):
        kind = "an OpenDocument spreadsheet (.ods)"
    if kind:
        raise DumpError(f"{source.name} is {kind}.", hint="Save it as .xlsx or as CSV.")


def _papers(book: Workbook, name: str, columns: Columns) -> Iterator[Item]:
    first: list[str] = []
    has_header = False
    for rows in book.sheets():
        header, above = _header(rows, book, columns)
        first = first or above
        if header:
            has_header = True
            yield from _sheet(rows, header, book, columns)
    if not first:
        raise DumpError(
            f"{name} is no Excel workbook that can be read: there is nothing in its sheets.",
            hint="Save the sheet as .xlsx or as CSV.",
        )
    if not has_header:
        require_columns(first, columns, name)


def _header(rows: _Rows, book: Workbook, columns: Columns) -> tuple[list[str], list[str]]:
    """Return the first row that names a title and an abstract, and the first row of all."""
    first: list[str] = []
    for line, row in rows:
        cells = _texts([] if row is None else book.cells(row))
        first = first or list(filter(None, cells))
        names = field_names(tuple(cells), columns)
        titles, abstracts = set(names.titles) & set(cells), set(names.abstracts) & set(cells)
        if titles and abstracts and titles != abstracts:
            return cells, first
        if line >= _HEADERS_TRIED:
            break
    return [], first


def _sheet(rows: _Rows, header: list[str], book: Workbook, columns: Columns) -> Iterator[Item]:
    for line, row in rows:
        if row is None:
            yield Unreadable(line, TOO_LARGE)
            continue
        cells = book.cells(row)
        texts = _texts(cells)
        if texts == header:
            yield Unreadable(line, "The row is the header once more.")
        elif any(texts):
            values: dict[str, object] = {}
            for name, cell in zip(header, cells, strict=False):
                if name and cell is not None:
                    values.setdefault(name, cell)
            yield guarded(build_entry_from_fields, line, values, columns)


def _texts(cells: list[object]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]
