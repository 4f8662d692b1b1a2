"""Excel workbooks: the first sheet whose header has a title and an abstract."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from extractor.errors import DumpError
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    build_entry_from_fields,
    field_names,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_ZIP = b"PK\x03\x04"
_PARTS = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/.rels")
_HEADERS_TRIED = 20
"""Rows among which the header is looked for: exports may begin with what was searched for."""


class Excel(Reader):
    """Rows of a sheet under a header, as in other tables; formulas have their last values."""

    name = "xlsx"
    title = "Excel workbooks"
    suffixes = (".xlsx", ".xlsm")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        return SURE if is_workbook(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        openpyxl = _load_openpyxl()
        with tempfile.TemporaryFile() as file:
            shutil.copyfileobj(source.stream, file)
            file.seek(0)
            try:
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
                with closing(book):
                    yield from _papers(book, source.name, columns)
            except (BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
                raise DumpError(
                    f"{source.name} is not an Excel workbook that can be read: {error}.",
                    hint="Save it again as .xlsx or as CSV.",
                ) from error


def is_workbook(head: bytes) -> bool:
    """Say whether the ZIP archive that begins with ``head`` is a workbook."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return head.startswith(_ZIP) and name.startswith(_PARTS)


def _load_openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise DumpError(
            "Excel workbooks need a package that is not installed.",
            hint="Run: pip install 'abstract-extractor[xlsx]', or save the sheet as CSV.",
        ) from error
    return openpyxl


def _papers(book: Any, name: str, columns: Columns) -> Iterator[Item]:
    seen: list[str] = []
    for sheet in book.worksheets:
        # Writers other than Excel give sizes that are not true.
        sheet.reset_dimensions()
        rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        header = _header(rows, columns, seen)
        if header:
            for line, row in rows:
                if any(cell is not None for cell in row):
                    yield guarded(_row, line, header, row, columns)
            return
    require_columns(seen, columns, name)


def _header(
    rows: Iterator[tuple[int, tuple[object, ...]]], columns: Columns, seen: list[str]
) -> list[str]:
    """Return the first row that names a title and an abstract; ``seen`` gets the first row."""
    for line, row in rows:
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        seen.extend(filter(None, cells if not seen else ()))
        names = field_names(tuple(cells), columns)
        if set(names.titles) & set(cells) and set(names.abstracts) & set(cells):
            return cells
        if line >= _HEADERS_TRIED:
            break
    return []


def _row(line: int, header: list[str], row: tuple[object, ...], columns: Columns) -> Item:
    cells = zip(header, row, strict=False)
    values = {name: _as_json(cell) for name, cell in cells if name and cell is not None}
    return build_entry_from_fields(line, values, columns)


def _as_json(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell if isinstance(cell, str | int | float) else str(cell)
