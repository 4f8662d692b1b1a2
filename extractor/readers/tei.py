"""TEI: what GROBID makes of PDF files, one file a paper, and what HAL answers with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._metadata import doi_in
from extractor.readers._xml import XmlReader, all_text, first_prose, first_text, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element


_AROUND_NUMBER = re.compile(r"^arXiv:\s*|\s*\[.*", re.IGNORECASE)
_LISTED = re.compile(rb"<listBibl>\s*<biblFull[ >]")
_SOURCE = ".//sourceDesc/biblStruct/"


class Tei(XmlReader):
    """The header of a document, not its text or its references; of HAL, each full description."""

    name = "tei"
    title = "TEI XML (GROBID, HAL)"
    suffixes = (".tei",)
    roots = ("TEI", "TEI.2", "teiCorpus")
    records = ("TEI", "TEI.2")

    def records_of(self, head: bytes) -> tuple[str, ...]:
        return ("biblFull",) if _LISTED.search(head) else self.records

    def build(self, line: int, record: Element) -> Item:
        paper = record.find("text/body/listBibl/biblFull")
        if paper is None:
            paper = record
        doi = doi_in(
            first_text(paper, f"{_SOURCE}idno[@type='DOI']", f"{_SOURCE}idno[@type='doi']")
        )
        hal = text_at(paper, "publicationStmt/idno[@type='halId']")
        metadata = without_empty(
            authors=list(_authors(paper)),
            categories=texts_at(paper, ".//profileDesc/textClass/keywords//term"),
            doi=doi,
            venue=text_at(paper, f"{_SOURCE}monogr/title"),
            date=text_at(paper, path := f"{_SOURCE}monogr/imprint/date") or _when(paper, path),
        )
        arxiv = _AROUND_NUMBER.sub("", text_at(paper, f"{_SOURCE}idno[@type='arXiv']"))
        paper_id = arxiv or hal or doi
        # HAL has titles and abstracts in several languages.
        title = first_text(
            paper,
            *(".//titleStmt/title[@lang='en']", ".//titleStmt/title"),
            f"{_SOURCE}analytic/title",
        )
        where = ".//profileDesc/abstract"
        for sentence in paper.iterfind(f"{where}//s"):
            sentence.tail = f" {sentence.tail or ''}"
        abstract = first_prose(
            paper, f"{where}[@lang='en']", where, "text/front/div[@type='abstract']"
        )
        return build_entry(line, paper_id, title, abstract, metadata)


def _when(paper: Element, path: str) -> str:
    date = paper.find(path)
    return "" if date is None else date.get("when", "")


def _authors(paper: Element) -> Iterator[str]:
    people = paper.findall(f"{_SOURCE}analytic/author") or paper.findall("titleStmt/author")
    for person in people:
        parts = (all_text(each) for each in person.iterfind("persName/*"))
        if name := " ".join(filter(None, parts)) or text_at(person, "persName"):
            yield name
