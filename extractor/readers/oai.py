"""OAI-PMH: what arXiv and nearly every repository answer to a harvester."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, all_text, names_in, text_at
from extractor.readers._xml_records import xml_root
from extractor.readers.base import NO, SURE, Item, Unreadable, build_entry, without_empty
from extractor.readers.jats import Jats
from extractor.readers.marc import Marc
from extractor.readers.mods import Mods
from extractor.readers.services import Services
from extractor.readers.tei import Tei

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OTHER_ROOTS = ("record", "records", "Record", "Records", "harvest", "searchRetrieveResponse")
_PARTS = ("forenames", "keyname", "suffix")
_OTHERS: dict[str, type[XmlReader]] = {
    "record": Marc,
    "mods": Mods,
    "article": Jats,
    "TEI": Tei,
    "resource": Services,
}
"""The formats of their own that repositories hand out, by the element that holds a paper."""


class OaiPmh(XmlReader):
    """Records in Dublin Core, in arXiv's own metadata formats, or in others that have a reader."""

    name = "oai"
    title = "OAI-PMH XML (arXiv and other repositories)"
    suffixes = (".oai",)
    roots = ("OAI-PMH", "ListRecords", "GetRecord")
    records = ("record", "Record")

    def sniff(self, head: bytes) -> float:
        root = xml_root(head)
        if root and root.name in _OTHER_ROOTS:
            return SURE if b"<header" in head or b"<dc:title" in head else NO
        return super().sniff(head)

    def build(self, line: int, record: Element) -> Item:
        header = record.find("header")
        paper_id = text_at(record, ".//metadata/*/id") or text_at(record, "header/identifier")
        if header is not None and header.get("status") == "deleted":
            return Unreadable(line, "The repository has deleted this record.", paper_id or None)
        if (payload := record.find("metadata/*")) is not None and payload.tag == "oai_datacite":
            payload = payload.find(".//resource")
        if payload is not None and payload.tag in _OTHERS:
            item = _OTHERS[payload.tag]().build(line, payload)
            return replace(item, id=item.id or paper_id)
        return _dublin_core(line, paper_id.removeprefix("oai:arXiv.org:"), record)


def _dublin_core(line: int, paper_id: str, record: Element) -> Item:
    elements = _by_name(record)

    def texts(*names: str) -> list[str]:
        found = (each for name in names for each in elements.get(name, ()))
        return list(filter(None, map(all_text, found)))

    def first(*names: str) -> str:
        return next(iter(texts(*names)), "")

    # Dublin Core has comments beside the abstract: the longest description is the abstract.
    plain = (each for each in texts("description") if not each.startswith("Comment:"))
    abstract = first("abstract") or max(plain, key=len, default="")
    identifiers = texts("identifier")
    names = list(filter(None, map(_name, elements.get("author", ()))))
    metadata = without_empty(
        authors=names or names_in(first("authors")) or list(map(given_first, texts("creator"))),
        categories=first("categories").split() or texts("subject") or texts("keyword"),
        doi=next(filter(None, map(doi_in, [*texts("doi"), *identifiers])), ""),
        venue=first("journal-ref", "journalTitle", "source", "publisher"),
        date=first("created") or _issued(texts("date", "publicationDate")),
        url=next((each for each in identifiers if each.startswith("http")), ""),
    )
    title, abstract = without_marks(first("title")), without_marks(abstract)
    return build_entry(line, paper_id, title, abstract, metadata)


def _by_name(record: Element) -> dict[str, list[Element]]:
    """Return the elements by the names that Dublin Core has for them.

    Fields of DSpace's own format (DIM) have theirs in attributes, as has the abstract of a thesis.
    """
    elements: dict[str, list[Element]] = {}
    for each in record.iter():
        name = each.get("element") or each.tag
        kind = each.get("qualifier") or each.get("role")
        name = {"abstract": "abstract", "author": "creator"}.get(kind, name) if kind else name
        elements.setdefault(name, []).append(each)
    return elements


def _name(author: Element) -> str:
    parts = (text_at(author, part) for part in _PARTS)
    return text_at(author, "name") or " ".join(filter(None, parts))


def _issued(dates: list[str]) -> str:
    """Return the date of issue, which has no time of day: repositories list others before it."""
    return next((each for each in dates if "T" not in each), dates[0] if dates else "")
