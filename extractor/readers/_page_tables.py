"""Tables of web pages that have a column of titles and one of abstracts."""

from __future__ import annotations

from typing import NamedTuple

from extractor.paper import Paper
from extractor.readers._markdown_tables import Header, header_of, misfit
from extractor.readers._metadata import names_in
from extractor.readers.base import Columns, Item, build_entry, field_names, guarded

_LONGEST_NAME = 60
"""Characters that the name of a column may have."""


class _Row(NamedTuple):
    line: int
    cells: list[list[str]]
    links: dict[int, str]


class _Table:
    """A table that is open, with the header that one of its rows was."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.row: _Row | None = None


class PageTables:
    """Takes the tags and the text of tables, and makes papers of their rows."""

    def __init__(self) -> None:
        self._open: list[_Table] = []
        self._items: list[Item] = []

    @property
    def items(self) -> list[Item]:
        """What the rows hold; nothing where none of them is a paper."""
        return self._items if any(isinstance(item, Paper) for item in self._items) else []

    def begin(self, tag: str, line: int) -> None:
        """Take a start tag: one of a row or a cell also ends the one before."""
        if tag == "table":
            self._open.append(_Table())
        elif self._open and tag == "tr":
            self._end_row()
            self._open[-1].row = _Row(line, [], {})
        elif self._open and tag in ("td", "th") and (row := self._open[-1].row):
            row.cells.append([])

    def see_text(self, text: str, link: str) -> None:
        """Take a paragraph, and the address that all of it leads to."""
        if self._open and (row := self._open[-1].row) and row.cells:
            row.cells[-1].append(text)
            row.links.setdefault(len(row.cells) - 1, link)

    def end(self, tag: str) -> None:
        """Take an end tag."""
        if self._open and tag in ("tr", "table"):
            self._end_row()
            if tag == "table":
                self._open.pop()

    def close(self) -> None:
        """End the tables that a page which breaks off leaves open."""
        while self._open:
            self.end("table")

    def _end_row(self) -> None:
        table = self._open[-1]
        row, table.row = table.row, None
        if row is None:
            return
        texts = ["\n\n".join(cell) for cell in row.cells]
        are_short = all(len(text) <= _LONGEST_NAME for text in texts)
        if are_short and (header := header_of(texts)):
            table.header = header
        elif table.header and any(texts):
            self._items.append(guarded(_entry, row.line, texts, row.links, table.header))


def _entry(line: int, cells: list[str], links: dict[int, str], header: Header) -> Item:
    if len(cells) != len(header.names):
        return misfit(line, cells, header)
    ids = field_names(tuple(header.names), Columns()).ids
    at_id = header.names.index(ids[0]) if ids else -1
    metadata: dict[str, object] = {}
    for at, (name, cell) in enumerate(zip(header.names, cells, strict=True)):
        if cell and at not in (header.title, header.abstract, at_id):
            is_people = name.lower() in ("author", "authors")
            metadata[name.lower()] = names_in(cell) if is_people else cell
    if link := links.get(header.title):
        metadata.setdefault("url", link)
    title = " ".join(cells[header.title].split())
    return build_entry(line, cells[at_id] if ids else "", title, cells[header.abstract], metadata)
