"""EndNote XML, which Zotero and Bookends export as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, first_text, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class EndNoteXml(XmlReader):
    """Records, whose text stands in elements of style."""

    name = "endnote-xml"
    title = "EndNote XML"
    roots = ("xml", "records")
    records = ("record",)
    mark = b"<ref-type"

    def build(self, line: int, record: Element) -> Item:
        metadata = without_empty(
            authors=texts_at(record, "contributors/authors/author"),
            categories=texts_at(record, "keywords/keyword"),
            doi=text_at(record, "electronic-resource-num"),
            venue=first_text(record, "titles/secondary-title", "periodical/full-title"),
            date=first_text(record, "dates/year", "dates/pub-dates/date"),
            url=text_at(record, "urls/related-urls/url"),
        )
        paper_id = first_text(record, "accession-num", "rec-number")
        title, abstract = text_at(record, "titles/title"), text_at(record, "abstract")
        return build_entry(line, paper_id, title, abstract, metadata)
