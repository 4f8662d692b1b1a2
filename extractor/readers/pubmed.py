"""PubMed XML: article sets of E-utilities and of the yearly baseline."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from extractor.readers._xml import XmlReader, all_text, first_text, prose_at, text_at, texts_at
from extractor.readers._xml_records import xml_root
from extractor.readers.base import SURE, Item, build_entry, without_empty

_WITHIN = re.compile(rb"<Pubmed(?:Book)?Article(?:Set)?[\s>]")


class PubMed(XmlReader):
    """Articles; the parts of a structured abstract are lines that begin with their label."""

    name = "pubmed"
    title = "PubMed XML"
    roots = (
        *("PubmedArticleSet", "PubmedBookArticleSet", "PubmedArticle", "PubmedBookArticle"),
        *("MedlineCitationSet", "MedlineCitation", "ArticleSet"),
    )
    records = ("PubmedArticle", "PubmedBookArticle", "MedlineCitation", "Article")

    def sniff(self, head: bytes) -> float:
        # Answers of E-utilities are often joined under a root of one's own.
        within = xml_root(head) and _WITHIN.search(head)
        return SURE if within else super().sniff(head)

    def records_of(self, head: bytes) -> tuple[str, ...]:
        # One kind stands in the other: looking for the outer one alone is faster.
        return self.records[:2] if _WITHIN.search(head) else self.records[2:]

    def build(self, line: int, record: Element) -> Item:
        book = record.find("BookDocument")
        if book is not None:
            return _book(line, book)
        if record.tag == "Article":
            return _submitted(line, record)
        found = record.find("MedlineCitation")
        citation = record if found is None else found
        # Short paths are found in half the time of long ones.
        article = _child(citation, "Article")
        published = _child(article, "Journal/JournalIssue/PubDate")
        paper_id = text_at(citation, "PMID")
        abstract = _abstract(article, "Abstract/AbstractText")
        subjects = citation.iterfind("MeshHeadingList/MeshHeading/DescriptorName")
        date = (text_at(published, part) for part in ("Year", "Month", "Day"))
        metadata = without_empty(
            authors=list(map(_person, article.iterfind("AuthorList/Author"))),
            categories=list(map(all_text, subjects)),
            doi=text_at(record, "PubmedData/ArticleIdList/ArticleId[@IdType='doi']")
            or text_at(article, "ELocationID[@EIdType='doi']"),
            venue=text_at(article, "Journal/Title"),
            date=" ".join(filter(None, date)) or text_at(published, "MedlineDate"),
            url=f"https://pubmed.ncbi.nlm.nih.gov/{paper_id}/",
        )
        title = first_text(article, "ArticleTitle", "VernacularTitle")
        return build_entry(line, paper_id, title, abstract, metadata)


def _child(element: Element, path: str) -> Element:
    """Return the element at the path, an empty one where there is none."""
    found = element.find(path)
    return Element(path) if found is None else found


def _abstract(element: Element, path: str) -> str:
    return "\n".join(
        f"{label}: {all_text(part)}" if (label := part.get("Label")) else all_text(part)
        for part in element.iterfind(path)
    )


def _book(line: int, book: Element) -> Item:
    """Return the chapter or the book of NCBI's Bookshelf as a paper."""
    paper_id = text_at(book, "PMID")
    people = book.findall("AuthorList/Author") or book.findall("Book/AuthorList/Author")
    metadata = without_empty(
        authors=list(filter(None, map(_person, people))),
        doi=text_at(book, "ArticleIdList/ArticleId[@IdType='doi']"),
        venue=text_at(book, "Book/BookTitle"),
        date=first_text(book, "Book/PubDate/Year", "ContributionDate/Year"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{paper_id}/",
    )
    title = first_text(book, "ArticleTitle", "VernacularTitle", "Book/BookTitle")
    return build_entry(line, paper_id, title, _abstract(book, "Abstract/AbstractText"), metadata)


def _submitted(line: int, article: Element) -> Item:
    """Return the paper of an article as publishers submit it and journals export it."""
    doi = first_text(
        article, "ELocationID[@EIdType='doi']", "ArticleIdList/ArticleId[@IdType='doi']"
    )
    metadata = without_empty(
        authors=list(filter(None, map(_person, article.iterfind("AuthorList/Author")))),
        categories=texts_at(article, "ObjectList/Object[@Type='keyword']/Param"),
        doi=doi,
        venue=text_at(article, "Journal/JournalTitle"),
        date=text_at(article, "Journal/PubDate/Year"),
    )
    paper_id = first_text(article, "ArticleIdList/ArticleId[@IdType='pubmed']") or doi
    title, abstract = text_at(article, "ArticleTitle"), prose_at(article, "Abstract")
    return build_entry(line, paper_id, title, abstract, metadata)


def _person(author: Element) -> str:
    given = first_text(author, "ForeName", "FirstName", "Initials")
    parts = (given, text_at(author, "LastName"), text_at(author, "Suffix"))
    return " ".join(filter(None, parts)) or text_at(author, "CollectiveName")
