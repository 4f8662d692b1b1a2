"""Scopus's plain text: authors, title and citation without labels, then ``ABSTRACT: ...``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first, initials_first
from extractor.readers.base import (
    NO,
    SURE,
    TEXT_LIMIT,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_text,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = re.compile(rb"\AScopus\r?\n\s*EXPORT DATE:", re.IGNORECASE)
_EXPORTED = re.compile(r"Scopus|EXPORT DATE:.*", re.IGNORECASE)
_LABELLED = re.compile(r"(DOI|[A-Z][A-Z &/-]{3,50}): ?(.*)")
_CITATION = re.compile(r"\((\d{4})\) ([^,]*).*")
_LAST = "SOURCE: Scopus"
_ENTRY_LIMIT = 2 * TEXT_LIMIT


class ScopusText(Reader):
    """Entries that end with the line ``SOURCE: Scopus``."""

    name = "scopus-text"
    title = "Scopus plain text"
    suffixes = (".txt",)

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.match(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        first = size = 0
        lines: list[str] = []
        for number, line in source.lines():
            text = decode_text(line or b"").strip()
            if line is None:
                yield Unreadable(number, TOO_LONG)
            elif text and (lines or not _EXPORTED.fullmatch(text)):
                first = first if lines else number
                size += len(text)
                lines += [text] if size <= _ENTRY_LIMIT else []
            if lines and text == _LAST:
                yield (
                    Unreadable(first, TOO_LONG)
                    if size > _ENTRY_LIMIT
                    else guarded(_build, first, lines)
                )
                lines, size = [], 0
        if lines:
            yield guarded(_build, first, lines)


def _build(line: int, lines: list[str]) -> Item:
    fields: dict[str, str] = {}
    above: list[str] = []
    label = ""
    for text in lines:
        if found := _LABELLED.fullmatch(text):
            label = found[1]
            fields.setdefault(label, found[2])
        elif label:
            fields[label] += f" {text}"
        else:
            above.append(text)
    cited = next((at for at, text in enumerate(above) if _CITATION.fullmatch(text)), len(above))
    title = above[cited - 1] if cited else ""
    citation = _CITATION.fullmatch(above[cited]) if cited < len(above) else None
    names = re.split(r"; |(?<=\.), ", above[0]) if cited > 1 else []
    metadata = without_empty(
        authors=[initials_first(given_first(name)) for name in names],
        categories=[word.strip() for word in fields.get("AUTHOR KEYWORDS", "").split(";") if word],
        doi=doi_in(fields.get("DOI", "")),
        venue=citation[2] if citation else "",
        date=citation[1] if citation else "",
        url=next((text for text in above if text.startswith("http")), ""),
    )
    abstract = fields.get("ABSTRACT", "")
    return build_entry(line, "", without_marks(title), without_marks(abstract), metadata)
