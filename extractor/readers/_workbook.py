"""Excel workbooks as they are written: the rows of each sheet, one in memory at a time.

A workbook is a ZIP archive of XML. Only the strings that cells share are held, within bounds.
Formats, filters, drawings and whatever else may be wrong in a workbook is not looked at.
"""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, BinaryIO
from zipfile import BadZipFile, ZipFile

from extractor.errors import DumpError
from extractor.readers._xml import records_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_WIDEST = 16_384
"""Columns that a sheet of Excel has."""

_STRING_COST = 64
_SHARED_LIMIT = 2**29
_LARGE = 2**26
_MOST_INFLATED = 200
"""So many times its compressed size a large part of a workbook may have."""

_LONGEST_NUMBER = 11
_COLUMN = re.compile(r"([A-Z]{1,3})\d*")
_ESCAPED = re.compile(r"_x([\dA-Fa-f]{4})_")
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_IN_FORMAT = re.compile(r"\"[^\"]*\"|\[[^\]]*\]|\\.|_.|\*.|General", re.IGNORECASE)
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}


class Workbook:
    """The sheets of a workbook in order."""

    def __init__(self, archive: ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._parts = {part.filename.lstrip("/"): part for part in archive.infolist()}
        book = next(iter(self._related("").get("officeDocument", {}).values()), "xl/workbook.xml")
        self._book = book
        self._targets = self._related(book)
        shared = self._targets.get("sharedStrings", {}).values()
        self._strings = [text for part in shared for text in self._shared(part)]
        styles = self._targets.get("styles", {}).values()
        self._dates = [is_date for part in styles for is_date in self._date_styles(part)]
        properties = self._records(book, "workbookPr")
        self._epoch = _EPOCHS[any(each.get("date1904") in ("1", "true") for each in properties)]

    def sheets(self) -> Iterator[Iterator[tuple[int, Element | None]]]:
        """Yield each sheet as its rows with their numbers; None for one that is too large."""
        targets = self._targets.get("worksheet", {})
        for sheet in self._records(self._book, "sheet"):
            if part := targets.get(sheet.get("id", "")):
                yield self._rows(part)

    def cells(self, row: Element) -> list[object]:
        """Return what is in the cells of a row, with None for nothing and for what is an error."""
        cells: list[object] = []
        for cell in row.iterfind("c"):
            place = _column(cell.get("r", ""), len(cells))
            if place < _WIDEST:
                cells.extend([None] * (place + 1 - len(cells)))
                cells[place] = self._value(cell)
        return cells

    def _records(self, part: str, *names: str) -> Iterator[Element]:
        """Yield the elements of these names, but none that is too large."""
        yield from (element for _, element in self._elements(part, *names) if element is not None)

    def _elements(self, part: str, *names: str) -> Iterator[tuple[int, Element | None]]:
        if part not in self._parts:
            return
        info = self._parts[part]
        if info.file_size > max(_LARGE, _MOST_INFLATED * info.compress_size):
            raise DumpError(
                f"{self._name} is a workbook whose part {part} is {info.file_size} bytes long, "
                f"from {info.compress_size}: it would fill the memory.",
                hint="Save the sheet as CSV.",
            )
        with self._archive.open(info) as stream:
            yield from records_in(stream.read, self._name, b"", frozenset(names))

    def _related(self, part: str) -> dict[str, dict[str, str]]:
        """Return the parts that a part refers to: by their kinds and ids."""
        folder, _, file = part.rpartition("/")
        below = f"{folder}/" if folder else ""
        found: dict[str, dict[str, str]] = {}
        for relation in self._records(f"{below}_rels/{file}.rels", "Relationship"):
            target = relation.get("Target", "")
            path = target[1:] if target.startswith("/") else below + target.removeprefix("./")
            kind = relation.get("Type", "").rpartition("/")[2]
            found.setdefault(kind, {})[relation.get("Id", "")] = path
        return found

    def _shared(self, part: str) -> Iterator[str]:
        room = _SHARED_LIMIT
        for _, element in self._elements(part, "si"):
            text = "" if element is None else _text(element)
            room -= len(text) + _STRING_COST
            if room < 0:
                raise DumpError(
                    f"{self._name} is a workbook with too much text to be held in memory.",
                    hint="Save the sheet as CSV.",
                )
            yield text

    def _date_styles(self, part: str) -> Iterator[bool]:
        own: dict[str, bool] = {}
        for element in self._records(part, "numFmts", "cellXfs"):
            for each in element:
                number = each.get("numFmtId", "")
                if each.tag == "numFmt":
                    code = _NOT_IN_FORMAT.sub("", each.get("formatCode", ""))
                    own[number] = any(letter in code.lower() for letter in "ymdhs")
                elif each.tag == "xf":
                    yield own.get(number, _whole(number, 0) in _DATE_FORMATS)

    def _rows(self, part: str) -> Iterator[tuple[int, Element | None]]:
        number = 0
        for _, row in self._elements(part, "row"):
            number = _whole("" if row is None else row.get("r", ""), number + 1)
            yield number, row

    def _value(self, cell: Element) -> object:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find("is")
            return None if inline is None else _text(inline)
        text = cell.findtext("v")
        if not text or kind == "e":
            return None
        if kind == "s":
            place = _whole(text, len(self._strings))
            return self._strings[place] if place < len(self._strings) else None
        if kind == "n":
            return self._number(text, _whole(cell.get("s", ""), 0))
        return text == "1" if kind == "b" else _unescaped(text)

    def _number(self, text: str, style: int) -> object:
        try:
            number = float(text)
        except ValueError:
            return text
        if not isfinite(number):
            return text
        if style < len(self._dates) and self._dates[style]:
            return _as_date(number, self._epoch)
        return int(number) if number.is_integer() else number


@contextmanager
def opened(file: BinaryIO, name: str) -> Iterator[Workbook]:
    """Open the workbook in a file.

    Raises:
        DumpError: it is not one, or is damaged; also while it is read.
    """
    try:
        with ZipFile(file) as archive:
            yield Workbook(archive, name)
    except (BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DumpError(
            f"{name} is not an Excel workbook that can be read: {error}.",
            hint="Save it again as .xlsx or as CSV.",
        ) from error


def _text(element: Element) -> str:
    """Return the text of a string, without the readings above Japanese words."""
    runs = (*element.iterfind("t"), *element.iterfind("r/t"))
    return _unescaped("".join(run.text or "" for run in runs))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else otherwise


def _column(reference: str, following: int) -> int:
    found = _COLUMN.fullmatch(reference)
    if not found:
        return following
    place = 0
    for letter in found[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _as_date(serial: float, epoch: datetime) -> object:
    try:
        moment = epoch + timedelta(seconds=round(serial * 86_400))
    except (OverflowError, ValueError):
        return serial
    if serial < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if serial.is_integer() else moment.isoformat(" ")
