"""Web of Science: its plain text (``FN``, ``PT``, ``ER``) and its tab-delimited table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.plurals import counted
from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import (
    NO,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Source,
    Unreadable,
    decode_head,
    decode_text,
    guarded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(r"([A-Z][A-Z0-9])(?: +(.*))?", re.DOTALL)
_FIRST = re.compile(rb"^FN [^\n]*\n(?:VR |PT )|^PT [A-Z]\r?\n(?:[A-Z][A-Z0-9] |   )", re.MULTILINE)
_RECOGNISED_BELOW = 0.75


class WebOfScience(TaggedReader):
    """Entries from ``PT`` to ``ER``; an indented line goes on with the field before it."""

    name = "web-of-science"
    title = "Web of Science plain text"
    suffixes = (".isi", ".ciw", ".wos")
    begin = telling = frozenset(("PT",))
    ends = frozenset(("FN", "VR", "ER", "EF"))
    tags = Tags(
        titles=("TI",),
        abstracts=("AB",),
        ids=("UT", "AN"),
        authors=("AF", "AU"),
        categories=("DE", "ID"),
        dois=("DI", "D2"),
        dates=("PD",),
        years=("PY", "EY"),
        venues=("SO", "JI", "BS"),
    )

    def sniff(self, head: bytes) -> float:
        found = _FIRST.search(head)
        if found is None:
            return NO
        return SURE if not head[: found.start()].strip() else _RECOGNISED_BELOW

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def authors_of(self, entry: Entry) -> list[str]:
        lines = [line for lines in entry.parts(self.tags.authors) for line in lines]
        return [name for line in lines for name in line.split("; ") if name]

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)


class WebOfScienceTable(WebOfScience):
    """The same tags in the header of a table whose cells are never quoted."""

    name = "web-of-science-tab"
    title = "Web of Science tab-delimited"
    suffixes = (".txt", ".tsv", ".tab")

    def sniff(self, head: bytes) -> float:
        header = decode_head(head).partition("\n")[0].split("\t")
        tags = [tag for tag in header if re.fullmatch(r"[A-Z][A-Z0-9]", tag.strip())]
        both = {"TI", "AB"} <= set(tags)
        return SURE if both and len(tags) * 2 > len(header) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        header: list[str] = []
        for number, line in source.lines():
            if line is None:
                yield Unreadable(number, TOO_LONG)
                continue
            cells = [cell.strip() for cell in decode_text(line).split("\t")]
            if not header:
                header = cells
            elif any(cells):
                yield guarded(self._row, number, header, cells)

    def _row(self, line: int, header: list[str], cells: list[str]) -> Item:
        if any(cells[len(header) :]):
            message = f"The row has {counted(len(cells), 'field')}, the header {len(header)}."
            return Unreadable(line, message)
        entry = Entry()
        for tag, cell in zip(header, cells, strict=False):
            if cell:
                entry.add(line, tag, cell)
        return self.build(line, entry)
