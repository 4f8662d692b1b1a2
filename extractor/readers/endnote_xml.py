"""EndNote XML, which Zotero and Bookends export as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import date_with_year, doi_in, given_first
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
            authors=list(map(given_first, texts_at(record, "contributors/authors/author"))),
            categories=texts_at(record, "keywords/keyword"),
            doi=doi_in(text_at(record, "electronic-resource-num")),
            venue=first_text(record, "titles/secondary-title", "periodical/full-title"),
            date=date_with_year(
                text_at(record, "dates/pub-dates/date"), text_at(record, "dates/year")
            ),
            url=first_text(record, "urls/related-urls/url", "urls/web-urls/url"),
        )
        paper_id = first_text(record, "accession-num", "rec-number")
        title = without_marks(text_at(record, "titles/title"))
        abstract = without_marks(text_at(record, "abstract"))
        return build_entry(line, paper_id, title, abstract, metadata)
