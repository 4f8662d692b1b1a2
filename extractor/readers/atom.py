"""Atom and RSS feeds, as arXiv's API and its daily feeds give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._xml import XmlReader, all_text, text_at
from extractor.readers.base import NO, Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ARXIV = re.compile(r"(?:.*arxiv\.org/abs/|oai:arXiv\.org:)")
_ANNOUNCED = re.compile(r"^arXiv:\S+\s+Announce Type:.*?\bAbstract:\s*", re.DOTALL)


class Atom(XmlReader):
    """Entries or items; the abstract is the summary, or the description."""

    name = "atom"
    title = "Atom and RSS feeds (arXiv's API)"
    suffixes = (".atom", ".rss")
    roots = ("feed", "rss", "RDF")
    records = ("entry", "item")

    def sniff(self, head: bytes) -> float:
        return NO if b"purl.org/net/biblio" in head else super().sniff(head)

    def build(self, line: int, record: Element) -> Item:
        def first(*names: str) -> str:
            return next(filter(None, (text_at(record, name) for name in names)), "")

        address = first("id", "guid", "link")
        abstract = _ANNOUNCED.sub("", first("summary", "description", "content"))
        abstract = without_marks(abstract)
        people = (*record.iterfind("author"), *record.iterfind("creator"))
        metadata = without_empty(
            authors=[text_at(each, "name") or all_text(each) for each in people],
            categories=[each.get("term") or all_text(each) for each in record.iterfind("category")],
            doi=text_at(record, "doi"),
            venue=text_at(record, "journal_ref"),
            comments=text_at(record, "comment"),
            date=first("published", "pubDate", "date"),
            url=address if address.startswith("http") else text_at(record, "link"),
        )
        paper_id = _ARXIV.sub("", address)
        return build_entry(line, paper_id, text_at(record, "title"), abstract, metadata)
