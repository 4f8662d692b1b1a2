"""OAI-PMH: what arXiv and nearly every repository answer to a harvester."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._fields import without_empty
from extractor.readers._reader import NO, SURE, Columns, Item, Reader, Unreadable, entry
from extractor.readers._xml import TOO_LARGE, records, text_under, whole_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers._source import Source

_ROOT = re.compile(rb"<(?:\w+:)?(?:OAI-PMH|ListRecords|GetRecord)[\s>]")


class OaiPmh(Reader):
    """Records in Dublin Core or in arXiv's own metadata formats."""

    name = "oai"
    title = "OAI-PMH XML (arXiv and other repositories)"
    suffixes = (".oai",)

    def sniff(self, head: bytes) -> float:
        return SURE if _ROOT.search(head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        for line, record in records(source, "record"):
            yield Unreadable(line, TOO_LARGE) if record is None else _item(line, record)


def _item(line: int, record: Element) -> Item:
    paper_id = text_under(record, ".//id") or text_under(record, "header/identifier")
    if _is_deleted(record):
        return Unreadable(line, "The repository has deleted this record.", paper_id or None)
    abstract = text_under(record, ".//abstract") or _longest(record, "description")
    title = text_under(record, ".//title")
    return entry(line, paper_id.removeprefix("oai:arXiv.org:"), title, abstract, _source(record))


def _is_deleted(record: Element) -> bool:
    header = record.find("header")
    return header is not None and header.get("status") == "deleted"


def _longest(record: Element, name: str) -> str:
    """Return the longest of several: Dublin Core has comments beside the abstract."""
    return max(map(whole_text, record.iter(name)), key=len, default="")


def _source(record: Element) -> dict[str, object]:
    identifiers = list(map(whole_text, record.iter("identifier")))
    return without_empty(
        authors=[*map(_arxiv_name, record.iterfind(".//author")), *_all(record, "creator")],
        categories=text_under(record, ".//categories").split() or _all(record, "subject"),
        doi=text_under(record, ".//doi"),
        venue=text_under(record, ".//journal-ref") or text_under(record, ".//publisher"),
        date=text_under(record, ".//created") or text_under(record, ".//date"),
        url=next((each for each in identifiers if each.startswith("http")), ""),
    )


def _all(record: Element, name: str) -> list[str]:
    return list(filter(None, map(whole_text, record.iter(name))))


def _arxiv_name(author: Element) -> str:
    return f"{text_under(author, 'forenames')} {text_under(author, 'keyname')}".strip()


OAI = OaiPmh()
