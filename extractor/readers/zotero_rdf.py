"""Zotero RDF, and what Zotero and libraries write in BIBO."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, text_at, texts_at
from extractor.readers.base import NO, Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MARK = re.compile(rb"purl\.org/net/biblio|<bibo:|<dcterms:abstract")


class ZoteroRdf(XmlReader):
    """Items; notes, attachments and the journals that items point to are passed over.

    A description is a remark there, no abstract.
    """

    name = "zotero-rdf"
    title = "Zotero RDF"
    suffixes = (".rdf",)
    roots = ("RDF",)
    records = (
        *("Article", "Book", "BookSection", "Document", "Thesis", "Report", "Manuscript"),
        *("Patent", "Recording", "Image", "Letter", "Interview", "Motion", "Script"),
        *("Legislation", "ConferenceProceedings", "Data", "Description"),
        *("AcademicArticle", "Chapter", "Webpage", "Proceedings"),
    )

    def sniff(self, head: bytes) -> float:
        return super().sniff(head) if _MARK.search(head) else NO

    def build(self, line: int, record: Element) -> Item:
        names = [
            " ".join(filter(None, (text_at(each, "givenName"), text_at(each, "surname"))))
            for each in record.iterfind("authors//Person")
        ] or map(given_first, texts_at(record, "creator"))
        identifiers = (
            texts_at(record, "identifier")
            + texts_at(record, "doi")
            + texts_at(record, "isPartOf//identifier")
        )
        about = record.get("about") or ""
        metadata = without_empty(
            authors=list(filter(None, names)),
            categories=texts_at(record, "subject"),
            doi=next(filter(None, map(doi_in, identifiers)), ""),
            venue=text_at(record, "isPartOf//title"),
            date=text_at(record, "date"),
            url=about if about.startswith("http") else text_at(record, "identifier/URI"),
        )
        title = without_marks(text_at(record, "title"))
        abstract = without_marks(text_at(record, "abstract"))
        return build_entry(line, about, title, abstract, metadata)
