"""Atom and RSS feeds, as arXiv's API and its daily feeds give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._xml import all_text, records, text_at
from extractor.readers.base import NO, SURE, Columns, Item, Reader, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers.base import Source

_ROOT = re.compile(rb"<(?:\w+:)?(?:feed|rss|RDF)[\s>]")
_ARXIV = re.compile(r"(?:.*arxiv\.org/abs/|oai:arXiv\.org:)")
_ANNOUNCED = re.compile(r"^arXiv:\S+\s+Announce Type:.*?\bAbstract:\s*", re.DOTALL)


class Atom(Reader):
    """Entries or items; the abstract is the summary, or the description."""

    name = "atom"
    title = "Atom and RSS feeds (arXiv's API)"
    suffixes = (".atom", ".rss")

    def sniff(self, head: bytes) -> float:
        return SURE if _ROOT.search(head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        return records(source, _build, "entry", "item")


def _build(line: int, record: Element) -> Item:
    address = _first(record, "id", "guid", "link")
    abstract = _ANNOUNCED.sub("", _first(record, "summary", "description", "content"))
    metadata = without_empty(
        authors=[
            text_at(author, "name") or all_text(author)
            for author in (*record.iterfind("author"), *record.iterfind("creator"))
        ],
        categories=[each.get("term") or all_text(each) for each in record.iterfind("category")],
        doi=text_at(record, "doi"),
        venue=text_at(record, "journal_ref"),
        comments=text_at(record, "comment"),
        date=_first(record, "published", "pubDate", "date"),
        url=address if address.startswith("http") else text_at(record, "link"),
    )
    return build_entry(line, _ARXIV.sub("", address), text_at(record, "title"), abstract, metadata)


def _first(record: Element, *names: str) -> str:
    return next(filter(None, (text_at(record, name) for name in names)), "")


ATOM = Atom()
