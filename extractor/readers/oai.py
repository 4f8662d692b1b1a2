"""OAI-PMH: what arXiv and nearly every repository answer to a harvester."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, all_text, first_text, names_in, text_at
from extractor.readers._xml_records import xml_root
from extractor.readers.base import NO, SURE, Item, Unreadable, build_entry, without_empty
from extractor.readers.jats import Jats
from extractor.readers.marc import Marc
from extractor.readers.mods import Mods
from extractor.readers.services import Services
from extractor.readers.tei import Tei

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

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
        if root and root.name in ("record", "records", "Records", "Record", "harvest"):
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
    def texts(name: str) -> list[str]:
        return list(filter(None, map(all_text, record.iter(name))))

    for field in record.iter("field"):
        _name_of_dspace(field)
    # Dublin Core has comments beside the abstract: the longest description is the abstract.
    abstract = first_text(record, ".//abstract", ".//description[@role='abstract']")
    descriptions = (each for each in texts("description") if not each.startswith("Comment:"))
    abstract = abstract or max(descriptions, key=len, default="")
    identifiers = texts("identifier")
    metadata = without_empty(
        authors=_authors(record) or list(map(given_first, texts("creator"))),
        categories=text_at(record, ".//categories").split() or texts("subject") or texts("keyword"),
        doi=next(filter(None, map(doi_in, [*texts("doi"), *identifiers])), ""),
        venue=first_text(record, ".//journal-ref", ".//journalTitle", ".//source", ".//publisher"),
        date=text_at(record, ".//created") or _issued(texts("date") or texts("publicationDate")),
        url=next((each for each in identifiers if each.startswith("http")), ""),
    )
    title, abstract = without_marks(text_at(record, ".//title")), without_marks(abstract)
    return build_entry(line, paper_id, title, abstract, metadata)


def _name_of_dspace(field: Element) -> None:
    """Give a field of DSpace's own format (DIM) the name that Dublin Core has for it."""
    name, qualifier = field.get("element", ""), field.get("qualifier")
    if name:
        field.tag = {"abstract": "abstract", "author": "creator"}.get(qualifier or "", name)


def _authors(record: Element) -> list[str]:
    names = [
        first_text(author, "name")
        or " ".join(filter(None, (text_at(author, part) for part in _PARTS)))
        for author in record.iterfind(".//author")
    ]
    return list(filter(None, names)) or names_in(text_at(record, ".//authors"))


def _issued(dates: list[str]) -> str:
    """Return the date of issue, which has no time of day: repositories list others before it."""
    return next((each for each in dates if "T" not in each), dates[0] if dates else "")
