"""MARCXML: records of libraries, and of the catalogues that answer over SRU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, all_text, text_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_WRITES = {"aut", "author", "verfasser", "verfasserin", "cre", "creator"}
_YEAR = re.compile(r"\d{4}")


class Marc(XmlReader):
    """Records with a summary (520)."""

    name = "marc"
    title = "MARCXML (library catalogues)"
    suffixes = (".marcxml",)
    roots = ("collection", "record", "records", "searchRetrieveResponse")
    records = ("record",)
    mark = b"datafield"

    def build(self, line: int, record: Element) -> Item:
        def first(tag: str, codes: str) -> str:
            return next(_values(record, tag, codes), "")

        # An abstract in the strict sense has the indicator 3.
        summaries = sorted(_fields(record, "520"), key=lambda field: field.get("ind1") != "3")
        abstract = next(filter(None, (_value(field, "ab") for field in summaries)), "")
        issued = _YEAR.search(first("260", "c") or first("264", "c"))
        dois = (_value(field, "a") for field in _fields(record, "024"))
        metadata = without_empty(
            authors=list(_authors(record)),
            categories=[*_values(record, "650", "a"), *_values(record, "653", "a")],
            doi=next(filter(None, map(doi_in, dois)), ""),
            venue=first("773", "t") or first("773", "p"),
            date=issued[0] if issued else "",
            url=first("856", "u"),
        )
        title = ": ".join(part.rstrip(" :/=;,") for part in _values_of(record, "245", "ab"))
        paper_id = text_at(record, ".//controlfield[@tag='001']")
        return build_entry(line, paper_id, title, without_marks(abstract), metadata)


def _fields(record: Element, tag: str) -> Iterator[Element]:
    return record.iterfind(f".//datafield[@tag='{tag}']")


def _value(field: Element, codes: str) -> str:
    return " ".join(all_text(part) for part in field if part.get("code", "-") in codes)


def _values(record: Element, tag: str, codes: str) -> Iterator[str]:
    return filter(None, (_value(field, codes) for field in _fields(record, tag)))


def _values_of(record: Element, tag: str, codes: str) -> list[str]:
    """Return the parts of the first field with the tag, one by one."""
    field = next(_fields(record, tag), None)
    return [] if field is None else list(filter(None, (_value(field, code) for code in codes)))


def _authors(record: Element) -> Iterator[str]:
    for tag in ("100", "700"):
        for field in _fields(record, tag):
            roles = {_value(field, code).lower().strip(" .,") for code in "e4"} - {""}
            if (not roles or roles & _WRITES) and (name := _value(field, "a").rstrip(" ,")):
                yield given_first(name)
