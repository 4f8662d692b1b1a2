"""Atom and RSS feeds: arXiv's API and daily feeds, journals, repositories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import (
    XmlReader,
    all_text,
    first_prose,
    first_text,
    names_in,
    text_at,
    texts_at,
)
from extractor.readers._xml_records import xml_root
from extractor.readers.base import NO, Item, Unreadable, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ARXIV = re.compile(r"(?:.*arxiv\.org/abs/|oai:arXiv\.org:)")
_ANNOUNCED = re.compile(r"^arXiv:\S+\s+Announce Type:.*?\bAbstract:\s*", re.DOTALL)
_ONLINE = re.compile(r"^[^.;]{0,100}Published online: [^;]{0,40}; ?doi: ?\S+\s*")
_NUMBERED = re.compile(r"\.? \(arXiv:(\S+) \[[^\]]*\][A-Z ]*\)$")
_MAIL = re.compile(r"\S+@\S+ \((.+)\)")


class Atom(XmlReader):
    """Entries or items; the abstract is the summary, or the description."""

    name = "atom"
    title = "Atom and RSS feeds (arXiv's API)"
    suffixes = (".atom", ".rss")
    roots = ("feed", "rss", "RDF", "entry")
    records = ("entry", "item")

    def sniff(self, head: bytes) -> float:
        root = xml_root(head)
        if root and root.name == "RDF" and not re.search(rb"<(?:\w+:)?item[\s>]", head):
            return NO
        if root and root.name == "entry" and b"w3.org/2005/Atom" not in head:
            return NO
        return super().sniff(head)

    def build(self, line: int, record: Element) -> Item:
        address = first_text(record, "id", "guid", "link") or record.get("about") or ""
        if "arxiv.org/api/errors" in address:
            return Unreadable(line, f"arXiv answered with an error: {text_at(record, 'summary')}")
        link = text_at(record, "link") or next(
            (each.get("href", "") for each in record.iterfind("link")), ""
        )
        url = address if address.startswith("http") else link
        paper_id = _ARXIV.sub("", address)
        title = without_marks(text_at(record, "title"))
        if numbered := _NUMBERED.search(title):
            title, paper_id = title[: numbered.start()], numbered[1]
        abstract = without_marks(
            first_prose(record, "summary", "description", "content", "encoded")
        )
        abstract = _ONLINE.sub("", _ANNOUNCED.sub("", abstract))
        terms = (each.get("term") or all_text(each) for each in record.iterfind("category"))
        metadata = without_empty(
            authors=_authors(record, from_arxiv="arxiv.org" in url),
            categories=list(filter(None, terms)) or texts_at(record, "subject"),
            doi=doi_in(first_text(record, "doi", "identifier") or url.partition("?")[0]),
            venue=first_text(record, "journal_ref", "publicationName"),
            comments=text_at(record, "comment"),
            date=first_text(record, "published", "pubDate", "date", "publicationDate", "updated"),
            url=url,
        )
        return build_entry(line, paper_id, title, abstract, metadata)


def _authors(record: Element, *, from_arxiv: bool) -> list[str]:
    people = (*record.iterfind("author"), *record.iterfind("creator"))
    names = [text_at(each, "name") or without_marks(all_text(each)) for each in people]
    if from_arxiv and len(names) == 1:
        names = names_in(names[0])
    mail = (_MAIL.fullmatch(name) for name in names)
    names = [found[1] if found else name for found, name in zip(mail, names, strict=True)]
    return list(filter(None, map(given_first, names)))
