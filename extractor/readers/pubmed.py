"""PubMed XML: article sets of E-utilities and of the yearly baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, all_text, text_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DATE = "Article/Journal/JournalIssue/PubDate/"


class PubMed(XmlReader):
    """Articles; the parts of a structured abstract are lines that begin with their label."""

    name = "pubmed"
    title = "PubMed XML"
    roots = ("PubmedArticleSet", "PubmedArticle", "MedlineCitation")
    records = ("PubmedArticle", "MedlineCitation")

    def build(self, line: int, record: Element) -> Item:
        found = record.find("MedlineCitation")
        citation = record if found is None else found
        paper_id = text_at(citation, "PMID")
        abstract = "\n".join(
            f"{label}: {all_text(part)}" if (label := part.get("Label")) else all_text(part)
            for part in citation.iterfind("Article/Abstract/AbstractText")
        )
        subjects = citation.iterfind(".//MeshHeading/DescriptorName")
        date = (text_at(citation, _DATE + part) for part in ("Year", "Month", "Day"))
        metadata = without_empty(
            authors=list(map(_person, citation.iterfind("Article/AuthorList/Author"))),
            categories=list(map(all_text, subjects)),
            doi=text_at(record, ".//ArticleId[@IdType='doi']"),
            venue=text_at(citation, "Article/Journal/Title"),
            date=" ".join(filter(None, date)) or text_at(citation, _DATE + "MedlineDate"),
            url=f"https://pubmed.ncbi.nlm.nih.gov/{paper_id}/",
        )
        title = text_at(citation, "Article/ArticleTitle")
        return build_entry(line, paper_id, title, abstract, metadata)


def _person(author: Element) -> str:
    name = f"{text_at(author, 'ForeName')} {text_at(author, 'LastName')}".strip()
    return name or text_at(author, "CollectiveName")
