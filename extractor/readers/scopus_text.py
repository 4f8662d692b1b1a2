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
# An abstract may have parts in capitals too, so the labels are listed.
_LABELS = r"""
    DOI|AFFILIATIONS|ABSTRACT|AUTHOR KEYWORDS|INDEX KEYWORDS|MOLECULAR SEQUENCE NUMBERS
    |CHEMICALS ?/ ?CAS|TRADENAMES|MANUFACTURERS|FUNDING DETAILS|FUNDING TEXT(?: \d+)?|REFERENCES
    |CORRESPONDENCE ADDRESS|EDITORS|SPONSORS|PUBLISHER|CONFERENCE (?:NAME|DATE|LOCATION|CODE)
    |ISSN|ISBN|CODEN|PUBMED ID|LANGUAGE OF ORIGINAL DOCUMENT|ABBREVIATED SOURCE TITLE
    |DOCUMENT TYPE|PUBLICATION STAGE|OPEN ACCESS|ACCESS TYPE|SOURCE(?=: Scopus)
"""
_NAMES = re.sub(r"\n\s*", "", _LABELS)
_LABELLED = re.compile(rf"({_NAMES}): ?(.*)")
_FULL_NAMES = "AUTHOR FULL NAMES: "
_NO_AUTHOR = "[No author name available]"
_AUTHOR_ID = re.compile(r" \(\d+\)$")
_CITATION = re.compile(r"\((\d{4})\) (.*?)(?:, (?:\d|pp?\. |art\. |Cited ).*)?")
_ABOVE = 6
"""Lines among which the citation is: below the authors, their ids and the title."""

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
    cited = next((at for at, text in enumerate(lines[:_ABOVE]) if _CITATION.fullmatch(text)), None)
    labelled = next((at for at, text in enumerate(lines) if _LABELLED.fullmatch(text)), None)
    above = lines[: labelled if cited is None else cited]
    citation = None if cited is None else _CITATION.fullmatch(lines[cited])
    values: dict[str, list[str]] = {}
    parts: list[str] = []
    for text in lines[len(above) :]:
        found = _LABELLED.fullmatch(text)
        if found and found[1] not in values:
            parts = values[found[1]] = [found[2]]
        elif text.startswith("http") and "ABSTRACT" not in values:
            values.setdefault("URL", [text])
        else:
            parts.append(text)
    fields = {label: " ".join(parts) for label, parts in values.items()}
    metadata = without_empty(
        authors=_authors(above[:-1]),
        categories=[word.strip() for word in fields.get("AUTHOR KEYWORDS", "").split(";") if word],
        doi=doi_in(fields.get("DOI", "")),
        venue=citation[2] if citation else "",
        date=citation[1] if citation else "",
        url=fields.get("URL", ""),
    )
    title, abstract = above[-1] if above else "", fields.get("ABSTRACT", "")
    return build_entry(line, "", without_marks(title), without_marks(abstract), metadata)


def _authors(above: list[str]) -> list[str]:
    """Return the names in full where they have a line of their own, else with initials."""
    in_full = next((text for text in above if text.startswith(_FULL_NAMES)), "")
    if in_full:
        names = in_full.removeprefix(_FULL_NAMES).split("; ")
        return [given_first(_AUTHOR_ID.sub("", name)) for name in names]
    if not above or above[0] == _NO_AUTHOR:
        return []
    names = re.split(r"; |(?<=\.), ", above[0])
    return [initials_first(given_first(name)) for name in names]
