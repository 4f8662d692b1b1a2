"""Tables: comma- and tab-separated values with a header."""

from __future__ import annotations

import csv
import re
from collections import deque
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
_LINES_ABOVE = 10
"""Lines that may be above the header: what is exported and when, or Excel's ``sep=;``."""

# It stands below the header of a table in Markdown.
_RULE = frozenset("|:- \t\r")
_SEPARATOR_LINE = "sep="
_NAME_LENGTH = 64
_ROWS_TRIED = 20
_WITHOUT_ABSTRACTS = (
    (
        {"PMID", "Citation", "Create Date"},
        ("PubMed leaves them out of its CSV.", "Save the search in the format PubMed or Abstract."),
    ),
    (
        {"Item Title", "Item DOI"},
        ("SpringerLink leaves them out of its CSV.", "Export the citations from another index."),
    ),
)


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
        text = decode_text(head)
        above, delimiter = self._header(text)
        if above is not None:
            return _HEADED
        rows = text.split("\n", _ROWS_TRIED)[:_ROWS_TRIED]
        widths = {len(_split(row, delimiter)) for row in rows[:-1]}
        return _REGULAR if len(rows) > 2 and len(widths) == 1 and widths != {1} else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        head = decode_text(source.head)
        above, delimiter = self._header(head)
        skipped: list[Unreadable] = []
        lines = _text_lines(source, skipped)
        above = above or int(head.startswith(_SEPARATOR_LINE))
        for _ in range(above):
            next(lines)
        rows = _rows(lines, delimiter, above, quoted=_is_quoted(head, delimiter))
        _, header = next(rows, (1, []))
        if isinstance(header, str):
            raise DumpError(f"{source.name}, line {above + 1}: {header}")
        _require_abstracts(header, columns, source.name)
        for line, row in rows:
            yield from skipped
            skipped.clear()
            if isinstance(row, str):
                yield Unreadable(line, row)
            elif any(row[len(header) :]):
                message = f"The row has {len(row)} fields, the header {len(header)}."
                yield Unreadable(line, message)
            elif row == header:
                yield Unreadable(line, "The row is the header once more.")
            elif any(row):
                cells: Iterator[tuple[str, object]] = zip(header, row, strict=False)
                values = {name: cell for name, cell in cells if cell}
                yield guarded(build_entry_from_fields, line, values, columns)
        yield from skipped

    def _header(self, head: str) -> tuple[int | None, str]:
        """Return how many lines are above the header, if one can be told, and the delimiter."""
        lines = _lines(head)[:_LINES_ABOVE]
        for above, line in enumerate(lines):
            for delimiter in self.delimiters:
                cells = _split(line, delimiter)
                if _has_both(cells) and _fits(lines[above + 1 :], cells, delimiter, above):
                    return above, delimiter
        first = lines[0].removeprefix(_SEPARATOR_LINE)
        return None, max(self.delimiters, key=first.count)


class TabSeparated(CommaSeparated):
    """TSV, quoted like CSV or not at all."""

    name = "tsv"
    title = "tab-separated values"
    suffixes = (".tsv", ".tab")
    delimiters = ("\t",)


def _lines(text: str) -> list[str]:
    """Split a text that ends its lines in any of the three ways."""
    return text.split("\n") if "\n" in text else re.findall(r"[^\r]*\r|[^\r]+", text) or [""]


def _text_lines(source: Source, skipped: list[Unreadable]) -> Iterator[str]:
    """Yield the lines as text; one that is too long is empty, and goes into ``skipped``."""
    has_returns_only = b"\n" not in source.head
    for number, line in source.lines():
        if line is None:
            skipped.append(Unreadable(number, TOO_LONG))
        text = decode_text(line or b"")
        if has_returns_only:
            yield from _lines(text)
        else:
            yield text


def _rows(
    lines: Iterator[str], delimiter: str, above: int, *, quoted: bool
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row's first line and its fields, or why it has none.

    A quotation mark that is not closed costs the row that it is in, not those below.
    """
    # The limit is the module's own; it is never lowered under what somebody else asked for.
    csv.field_size_limit(max(csv.field_size_limit(), TEXT_LIMIT))
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    taken: list[str] = []
    once_more: deque[str] = deque()

    def taking() -> Iterator[str]:
        while (line := once_more.popleft() if once_more else next(lines, None)) is not None:
            taken.append(line)
            yield line

    number = above + 1
    rows = csv.reader(taking(), delimiter=delimiter, quoting=quoting, strict=True)
    row: list[str] | str
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            row = _leniently(taken, delimiter, number)
            once_more.extendleft(reversed(taken[1:]))
            del taken[1:]
            rows = csv.reader(taking(), delimiter=delimiter, quoting=quoting, strict=True)
        yield number, row
        number += len(taken)
        taken.clear()


def _leniently(taken: list[str], delimiter: str, number: int) -> list[str] | str:
    """Return the row of what breaks the rules on its own line, or why it is none."""
    if len(taken) > 1:
        last = number + len(taken) - 1
        return f"This is not a row of a table: a quotation mark is not closed, down to line {last}."
    try:
        return next(csv.reader(taken, delimiter=delimiter), [])
    except csv.Error as error:
        return f"This is not a row of a table: {error}."


def _require_abstracts(header: list[str], columns: Columns, dump: str) -> None:
    """Check the columns, and where there are no abstracts say how to get them, if it is known.

    Raises:
        DumpError: a column is missing.
    """
    for marks, hint in _WITHOUT_ABSTRACTS:
        if marks <= set(header) and columns.abstract is None and not _has_both(header):
            raise DumpError(f"{dump} has no abstracts: {hint[0]}", hint=hint[1])
    require_columns(header, columns, dump)


def _fits(below: list[str], header: list[str], delimiter: str, above: int) -> bool:
    """Say whether a header is that of a table: further down, only if the next row is as wide."""
    if below and "-" in below[0] and set(below[0]) <= _RULE:
        return False
    try:
        return not above or len(next(csv.reader(below, delimiter=delimiter), [])) == len(header)
    except csv.Error:
        return False


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
