"""OAI-PMH: what arXiv and nearly every repository answer to a harvester."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._xml import all_text, records, text_at
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Unreadable,
    build_entry,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers.base import Source

_ROOT = re.compile(rb"<(?:\w+:)?(?:OAI-PMH|ListRecords|GetRecord)[\s>]")


class OaiPmh(Reader):
    """Records in Dublin Core or in arXiv's own metadata formats."""

    name = "oai"
    title = "OAI-PMH XML (arXiv and other repositories)"
    suffixes = (".oai",)

    def sniff(self, head: bytes) -> float:
        return SURE if _ROOT.search(head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        return records(source, _build, "record")


def _build(line: int, record: Element) -> Item:
    paper_id = text_at(record, ".//id") or text_at(record, "header/identifier")
    if _is_deleted(record):
        return Unreadable(line, "The repository has deleted this record.", paper_id or None)
    abstract = text_at(record, ".//abstract") or _longest(record, "description")
    title = text_at(record, ".//title")
    return build_entry(
        line, paper_id.removeprefix("oai:arXiv.org:"), title, abstract, _source(record)
    )


def _is_deleted(record: Element) -> bool:
    header = record.find("header")
    return header is not None and header.get("status") == "deleted"


def _longest(record: Element, name: str) -> str:
    """Return the longest of several: Dublin Core has comments beside the abstract."""
    return max(map(all_text, record.iter(name)), key=len, default="")


def _source(record: Element) -> dict[str, object]:
    identifiers = list(map(all_text, record.iter("identifier")))
    return without_empty(
        authors=[*map(_arxiv_name, record.iterfind(".//author")), *_all(record, "creator")],
        categories=text_at(record, ".//categories").split() or _all(record, "subject"),
        doi=text_at(record, ".//doi"),
        venue=text_at(record, ".//journal-ref") or text_at(record, ".//publisher"),
        date=text_at(record, ".//created") or text_at(record, ".//date"),
        url=next((each for each in identifiers if each.startswith("http")), ""),
    )


def _all(record: Element, name: str) -> list[str]:
    return list(filter(None, map(all_text, record.iter(name))))


def _arxiv_name(author: Element) -> str:
    return f"{text_at(author, 'forenames')} {text_at(author, 'keyname')}".strip()


OAI = OaiPmh()
