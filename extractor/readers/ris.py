"""RIS and PubMed's own tagged text (``.nbib``): one tag a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

_TAG = re.compile(r"(?=.{4}-)(?P<tag>[A-Z][A-Z0-9]{1,3}) {0,2}-(?: (?P<value>.*))?")
_FIRST = re.compile(rb"\s*(?:TY  - [A-Z]+|PMID- \d+)\s")
_ENDS = "ER"
_BEGINS = ("TY", "PMID")

_TITLE = ("TI", "T1", "CT")
_ABSTRACT = ("AB", "N2")
_ID = ("PMID", "ID", "AN", "U1")
_AUTHOR = ("FAU", "AU", "A1")
_CATEGORY = ("KW", "MH", "OT")
_DOI = ("DO", "LID", "AID")
_DATE = ("DA", "PY", "Y1", "DP")
_VENUE = ("JT", "JO", "JF", "T2", "BT", "TA")


class Ris(Reader):
    """Entries of tagged lines; a line without a tag goes on with the one before."""

    name = "ris"
    title = "RIS and PubMed's tagged text"
    suffixes = (".ris", ".nbib")

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.match(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        current = _Entry(1)
        for number, line in source.lines():
            if line is None:
                yield from current.items()
                current = _Entry(number)
                yield Unreadable(number, TOO_LONG)
                continue
            text = decode_text(line).rstrip()
            found = _TAG.fullmatch(text)
            if found is None:
                current.go_on(text)
                continue
            if found["tag"] in _BEGINS:
                yield from current.items()
                current = _Entry(number)
            if found["tag"] != _ENDS:
                current.add(found["tag"], found["value"] or "")
        yield from current.items()


class _Entry:
    """The tagged values of one entry, each in the lines that it came in."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._values: list[tuple[str, list[str]]] = []
        self._size = 0

    def add(self, tag: str, value: str) -> None:
        self._size += len(value)
        if self._size <= 2 * TEXT_LIMIT:
            self._values.append((tag, [value.strip()]))

    def go_on(self, text: str) -> None:
        self._size += len(text)
        if self._values and text.strip() and self._size <= 2 * TEXT_LIMIT:
            self._values[-1][1].append(text.strip())

    def items(self) -> Iterator[Item]:
        if self._size > 2 * TEXT_LIMIT:
            yield Unreadable(self._line, TOO_LONG)
        elif self._values:
            yield guarded(self._build, self._line)

    def _build(self, line: int) -> Item:
        identifiers = (value for value in self._all(_DOI) if value.startswith("10."))
        metadata = without_empty(
            authors=self._all(_AUTHOR),
            categories=self._all(_CATEGORY),
            doi=next(identifiers, "").removesuffix(" [doi]"),
            venue=self._first(_VENUE),
            date=self._first(_DATE),
            url=self._first(("UR",)),
        )
        title, abstract = " ".join(self._all(_TITLE)), " ".join(self._all(_ABSTRACT))
        return build_entry(line, self._first(_ID), title, abstract, metadata)

    def _all(self, tags: tuple[str, ...]) -> list[str]:
        """Return the values of the first of the tags that is there."""
        for wanted in tags:
            found = [" ".join(parts) for tag, parts in self._values if tag == wanted]
            if any(found):
                return found
        return []

    def _first(self, tags: tuple[str, ...]) -> str:
        return next(iter(self._all(tags)), "")
