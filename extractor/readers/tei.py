"""TEI: what GROBID makes of PDF files, one file a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, first_text, prose_at, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


_SOURCE = "teiHeader/fileDesc/sourceDesc/biblStruct/"


class Tei(XmlReader):
    """The header of a document, not its text or its references."""

    name = "tei"
    title = "TEI XML (GROBID)"
    suffixes = (".tei",)
    roots = ("TEI", "teiCorpus")
    records = ("TEI",)

    def build(self, line: int, record: Element) -> Item:
        names = (
            " ".join(filter(None, (text_at(each, "forename"), text_at(each, "surname"))))
            for each in record.iterfind(f"{_SOURCE}analytic/author/persName")
        )
        doi = text_at(record, f"{_SOURCE}idno[@type='DOI']")
        metadata = without_empty(
            authors=list(filter(None, names)),
            categories=texts_at(record, "teiHeader/profileDesc/textClass/keywords//term"),
            doi=doi,
            venue=text_at(record, f"{_SOURCE}monogr/title"),
            date=text_at(record, f"{_SOURCE}monogr/imprint/date"),
        )
        paper_id = text_at(record, f"{_SOURCE}idno[@type='arXiv']") or doi
        title = first_text(record, "teiHeader/fileDesc/titleStmt/title", f"{_SOURCE}analytic/title")
        abstract = prose_at(record, "teiHeader/profileDesc/abstract")
        return build_entry(line, paper_id, title, abstract, metadata)
