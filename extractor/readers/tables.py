"""Tables: comma- and tab-separated values with a header."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from extractor.errors import DumpError
from extractor.plurals import counted
from extractor.readers._csv import lines_of, parser_for, rows_in, split_line, text_lines
from extractor.readers.base import (
    NO,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    decode_head,
    field_names,
    guarded,
    require_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_REGULAR = 0.08
"""Less than plain text has: a fitting suffix must speak for the table as well."""

_TABLE = 0.16
"""More than plain text has: the rows are too many and too regular for one."""

_HEADED = 0.8
_LINES_ABOVE = 10
"""Lines that may be above the header: what is exported and when, or Excel's ``sep=;``."""

# It stands below the header of a table in Markdown.
_RULE = frozenset("|:- \t\r")
_SEPARATOR_LINE = "sep="
_ROWS_TRIED = 20
_LEAST_ROWS, _LEAST_WIDTH = 5, 3
"""So many rows of one width, and that wide, are a table whatever the file is called."""

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
        text = decode_head(head)
        above, delimiter = self._header(text, Columns())
        if above is not None:
            return _HEADED
        rows = _first_rows(text, delimiter)
        widths = {len(row) for row in rows}
        if len(rows) < 2 or len(widths) > 1:
            return NO
        width = widths.pop()
        if width == 1:
            names = field_names((rows[0][0],), Columns())
            return _REGULAR if names.titles or names.abstracts else NO
        return _TABLE if len(rows) >= _LEAST_ROWS and width >= _LEAST_WIDTH else _REGULAR

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        head = decode_head(source.head)
        above, delimiter = self._header(head, columns)
        skipped: list[Unreadable] = []
        lines = text_lines(source, skipped)
        above = above or int(head.startswith(_SEPARATOR_LINE))
        for _ in range(above):
            next(lines)
        rows = rows_in(lines, parser_for(head, above, delimiter), above)
        _, names = next(rows, (1, []))
        if isinstance(names, str):
            raise DumpError(f"{source.name}, line {above + 1}: {names}")
        header = [name.strip() for name in names]
        _require_names(header, columns, source.name)
        for line, row in rows:
            yield from skipped
            skipped.clear()
            if isinstance(row, str):
                yield Unreadable(line, row)
            elif any(row[len(header) :]):
                message = f"The row has {counted(len(row), 'field')}, the header {len(header)}."
                yield Unreadable(line, message)
            elif row == names:
                yield Unreadable(line, "The row is the header once more.")
            elif any(row):
                yield guarded(_build, line, header, row, columns)
        yield from skipped

    def _header(self, head: str, columns: Columns) -> tuple[int | None, str]:
        """Return how many lines are above the header, if one can be told, and the delimiter."""
        lines = lines_of(head)[:_LINES_ABOVE]
        for above, line in enumerate(lines):
            for delimiter in self.delimiters:
                cells = [cell.strip() for cell in split_line(line, delimiter)]
                if _has_both(cells, columns) and _fits(lines[above + 1 :], cells, delimiter, above):
                    return above, delimiter
        first = lines[0].removeprefix(_SEPARATOR_LINE)
        return None, max(self.delimiters, key=first.count)


class TabSeparated(CommaSeparated):
    """TSV, quoted like CSV or not at all."""

    name = "tsv"
    title = "tab-separated values"
    suffixes = (".tsv", ".tab")
    delimiters = ("\t",)


def _build(line: int, header: list[str], row: list[str], columns: Columns) -> Item:
    values: dict[str, object] = {}
    for name, cell in zip(header, row, strict=False):
        if cell and name and name not in values:
            values[name] = cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell
    return build_entry_from_fields(line, values, columns)


def _require_names(header: list[str], columns: Columns, dump: str) -> None:
    """Check the columns, and where there are no abstracts say how to get them, if it is known.

    Raises:
        DumpError: a column is missing.
    """
    if columns.title is None and columns.abstract is None and not _has_both(header, columns):
        for marks, hint in _WITHOUT_ABSTRACTS:
            if marks <= set(header):
                raise DumpError(f"{dump} has no abstracts: {hint[0]}", hint=hint[1])
    require_columns(header, columns, dump)


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows that are whole; none where they break the rules."""
    whole = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    lines = (line + "\n" for line in lines_of(whole))
    try:
        rows = list(islice(csv.reader(lines, delimiter=delimiter, strict=True), _ROWS_TRIED))
    except csv.Error:
        return []
    return [row for row in rows if row]


def _fits(below: list[str], header: list[str], delimiter: str, above: int) -> bool:
    """Say whether a header is that of a table: further down, only if the next row is as wide."""
    if below and "-" in below[0] and set(below[0]) <= _RULE:
        return False
    try:
        return not above or len(next(csv.reader(below, delimiter=delimiter), [])) == len(header)
    except csv.Error:
        return False


def _has_both(header: list[str], columns: Columns) -> bool:
    names = field_names(tuple(header), columns)
    titles, abstracts = set(names.titles) & set(header), set(names.abstracts) & set(header)
    return bool(titles and abstracts and titles != abstracts)
