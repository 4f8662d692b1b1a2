"""Embase's CSV with a field in each row, where its other CSV has a paper in each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._csv import parser_for, rows_in, text_lines
from extractor.readers._metadata import doi_in
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_head,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    _Fields = dict[str, list[str]]

_BEGINS = re.compile(r'\s*"?TITLE"?,')
_ANOTHER_FIELD = re.compile(r'^"?(?:AUTHOR NAMES|AUTHORS|SOURCE|SOURCE TITLE|ABSTRACT)"?,', re.M)


class Embase(Reader):
    """Entries that begin with ``TITLE``: the name of a field, and its values behind it."""

    name = "embase"
    title = "Embase CSV, fields by row"
    suffixes = (".csv",)

    def sniff(self, head: bytes) -> float:
        text = decode_head(head)
        return SURE if _BEGINS.match(text) and _ANOTHER_FIELD.search(text) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        skipped: list[Unreadable] = []
        parse = parser_for(decode_head(source.head), 0, ",")
        fields: _Fields = {}
        begun = 0
        for line, row in rows_in(text_lines(source, skipped), parse, 0):
            yield from skipped
            skipped.clear()
            if isinstance(row, str):
                yield Unreadable(line, row)
            elif row:
                if row[0] == "TITLE":
                    yield from _entry(begun, fields)
                    fields, begun = {}, line
                fields.setdefault(row[0], [cell for cell in row[1:] if cell])
        yield from skipped
        yield from _entry(begun, fields)


def _entry(line: int, fields: _Fields) -> Iterator[Item]:
    if line:
        yield guarded(_build, line, fields)


def _build(line: int, fields: _Fields) -> Item:
    def first(*names: str) -> str:
        return next((" ".join(fields[name]) for name in names if fields.get(name)), "")

    metadata = without_empty(
        authors=fields.get("AUTHOR NAMES", []),
        categories=fields.get("AUTHOR KEYWORDS", []),
        doi=doi_in(first("DOI")),
        venue=first("SOURCE TITLE", "SOURCE"),
        date=first("DATE OF PUBLICATION", "PUBLICATION YEAR"),
        url=first("EMBASE LINK", "FULL TEXT LINK"),
    )
    paper_id = first("PUI", "EMBASE ACCESSION ID", "MEDLINE PMID") or doi_in(first("DOI"))
    return build_entry(line, paper_id, first("TITLE"), first("ABSTRACT"), metadata)
