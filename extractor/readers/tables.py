"""Tables: comma- and tab-separated values with a header."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, ClassVar, Literal

from extractor.errors import DumpError
from extractor.readers.base import (
    NO,
    TEXT_LIMIT,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    decode_text,
    field_names,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGULAR = 0.08
"""Less than plain text has: a fitting suffix must speak for the table as well."""

_HEADED = 0.8
_NAME_LENGTH = 64
_ROWS_TRIED = 20


class CommaSeparated(Reader):
    """CSV, also with the semicolons that spreadsheets of many countries write.

    The header says which field of a row is the title and which the abstract.
    """

    name = "csv"
    title = "comma-separated values"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    has_columns = True
    delimiters: ClassVar[tuple[str, ...]] = (",", ";", "|")

    def sniff(self, head: bytes) -> float:
        rows = decode_text(head).split("\n", _ROWS_TRIED)[:_ROWS_TRIED]
        delimiter = self._delimiter(rows[0])
        header = _split(rows[0], delimiter)
        if _has_both(header):
            return _HEADED
        widths = {len(_split(row, delimiter)) for row in rows[:-1]}
        return _REGULAR if len(rows) > 2 and widths == {len(header)} != {1} else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        head = decode_text(source.head)
        delimiter = self._delimiter(head.split("\n", 1)[0])
        skipped: list[Unreadable] = []
        lines = _text_lines(source, skipped)
        rows = _rows(lines, delimiter, quoted=_is_quoted(head, delimiter))
        _, header = next(rows, (1, []))
        if isinstance(header, str):
            raise DumpError(f"{source.name}, line 1: {header}")
        require_columns(header, columns, source.name)
        for line, row in rows:
            yield from skipped
            skipped.clear()
            if isinstance(row, str):
                yield Unreadable(line, row)
            elif any(row[len(header) :]):
                message = f"The row has {len(row)} fields, the header {len(header)}."
                yield Unreadable(line, message)
            elif row:
                cells: Iterator[tuple[str, object]] = zip(header, row, strict=False)
                values = {name: cell for name, cell in cells if cell}
                yield guarded(build_entry_from_fields, line, values, columns)
        yield from skipped

    def _delimiter(self, header: str) -> str:
        return max(
            self.delimiters, key=lambda mark: (_has_both(_split(header, mark)), header.count(mark))
        )


class TabSeparated(CommaSeparated):
    """TSV, quoted like CSV or not at all."""

    name = "tsv"
    title = "tab-separated values"
    suffixes = (".tsv", ".tab")
    delimiters = ("\t",)


def _text_lines(source: Source, skipped: list[Unreadable]) -> Iterator[str]:
    """Yield the lines as text; one that is too long is empty, and goes into ``skipped``."""
    for number, line in source.lines():
        if line is None:
            skipped.append(Unreadable(number, TOO_LONG))
        yield decode_text(line or b"")


def _rows(
    lines: Iterator[str], delimiter: str, *, quoted: bool
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row's first line and its fields, or why it has none."""
    # The limit is the module's own; it is never lowered under what somebody else asked for.
    csv.field_size_limit(max(csv.field_size_limit(), TEXT_LIMIT))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    rows = csv.reader(lines, delimiter=delimiter, quoting=quoting)
    while True:
        line = rows.line_num + 1
        try:
            yield line, next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"This is not a row of a table, down to line {rows.line_num}: {error}."


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _has_both(header: list[str]) -> bool:
    names = field_names(tuple(header), Columns())
    are_names = all(len(name) <= _NAME_LENGTH and "{" not in name for name in header)
    return are_names and bool(names.titles and names.abstracts and names.titles != names.abstracts)


def _is_quoted(head: str, delimiter: str) -> bool:
    """Say whether quotation marks enclose fields here, or are a part of unquoted ones."""
    if delimiter != "\t":
        return True
    fields = [field.rstrip("\r") for line in head.split("\n") for field in line.split(delimiter)]
    opened = [field for field in fields[:-1] if field.startswith('"')]
    closed = [field for field in opened if len(field) > 1 and field.endswith('"')]
    return len(closed) * 2 >= len(opened)
