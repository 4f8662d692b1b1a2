"""XML that services answer with: Europe PMC, Crossref, DataCite, Scopus, IEEE, Springer and more.

They call the same things by few names, so one list of paths reads them all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, all_text, first_prose, first_text, text_at, texts_at
from extractor.readers._xml_records import xml_root
from extractor.readers.base import NO, SURE, Item, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_ANSWERS = {
    "responseWrapper": ("result", rb"<resultList"),
    "search-results": ("entry", rb"<entry"),
    "abstracts-retrieval-response": ("abstracts-retrieval-response", rb"<coredata"),
    "full-text-retrieval-response": ("full-text-retrieval-response", rb"<coredata"),
    "root": ("document", rb"<arnumber|<article_number"),
    "articles": ("article", rb"<article_number"),
    "response": ("message", rb"<pam:|prismstandard"),
    "records": ("record REC", rb"<abstract|<REC[ >]"),
    "crossref_result": ("doi_record", rb"crossref"),
    "doi_records": ("doi_record", rb"crossref"),
    "resource": ("resource", rb"datacite"),
    "resources": ("resource", rb"datacite"),
    "project": ("project", rb"<objective"),
    "projects": ("project", rb"<objective"),
    "file": ("entry", rb"bibtexml"),
}
"""The roots, their records, and what stands near the root, since other XML has some of them too."""

_IN_CROSSREF = (
    *("journal_article", "conference_paper", "posted_content", "dissertation"),
    *("content_item", "book_metadata", "report-paper_metadata", "standard_metadata"),
)
_INNER = ("coredata", "head/article", *(f".//{name}" for name in _IN_CROSSREF))
_TITLES = (".//titles/title[@type='item']", "titles/title", "title", "Title", "*/title")
_ABSTRACTS = (
    *("descriptions/description[@descriptionType='Abstract']", "abstractText", "abstract"),
    *("description/abstract", "description", "objective", "Abstract", ".//abstract_text"),
    "*/abstract",
)
_IDS = ("pmid", "id", "UID", "arnumber", "article_number", "bibcode", "rcn", "pii", "eid")
_DOIS = (
    *("doi_data/doi", "doi", "DOI", "identifier[@identifierType='DOI']", "Doi"),
    *("identifier", "*/doi"),
)
_VENUES = (
    *("journalInfo/journal/title", "publicationName", "pubtitle", "publication_title"),
    *("journalTitle", "journal", "publisher", "*/journal"),
)
_DATES = (
    *("firstPublicationDate", "pubYear", "coverDate", "publicationDate", "publication_date/year"),
    *("posted_date/year", "publicationYear", "publication_year", "py", "pubdate", "startDate"),
    *("Year", "*/year"),
)
_PEOPLE = (
    *("authorList/author", "authors/author", "creators/creator", "contributors/person_name"),
    *("authors/authors", "authors/name", "author", "creator", ".//summary/names/name", "*/author"),
)
_KEYWORDS = (
    *("keywordList/keyword", "keywords/keyword", "subjects/subject", "subject"),
    *("thesaurusterms/term", "index_terms/*/term", "authkeywords"),
)
_HEADING = re.compile(r"\s*(?:abstract|summary)\s*\n", re.IGNORECASE)


class Services(XmlReader):
    """Results, entries, documents, records: whatever the service calls a paper."""

    name = "services"
    title = "XML of services (Europe PMC, Crossref, DataCite, Scopus, IEEE Xplore)"
    roots = tuple(_ANSWERS)
    records = ()

    def sniff(self, head: bytes) -> float:
        root = xml_root(head)
        known = _ANSWERS.get(root.name) if root else None
        return SURE if known and re.search(known[1], head) else NO

    def records_of(self, head: bytes) -> tuple[str, ...]:
        root = xml_root(head)
        return tuple(_ANSWERS[root.name][0].split()) if root and root.name in _ANSWERS else ()

    def build(self, line: int, record: Element) -> Item:
        paper = next((found for path in _INNER if (found := record.find(path)) is not None), record)
        for notice in record.iter("publishercopyright"):
            notice.clear()
        for text in paper.iterfind("description"):
            if text.text and (heading := _HEADING.match(text.text)):
                text.text = text.text[heading.end() :]
        abstract = first_prose(record, "body") or first_prose(paper, *_ABSTRACTS)
        metadata = without_empty(
            authors=_authors(record) or _authors(paper),
            categories=next(filter(None, (texts_at(paper, path) for path in _KEYWORDS)), []),
            doi=next(filter(None, map(doi_in, _dois(paper))), ""),
            venue=first_text(paper, *_VENUES)
            or first_text(
                record, ".//full_title", ".//proceedings_title", ".//titles/title[@type='source']"
            ),
            date=first_text(paper, *_DATES)
            or first_text(record, ".//publication_date/year")
            or _attribute(record, ".//pub_info", "pubyear"),
        )
        paper_id = first_text(paper, *_IDS) or record.get("id") or str(metadata.get("doi", ""))
        title = without_marks(first_text(paper, *_TITLES))
        return build_entry(line, paper_id, title, without_marks(abstract), metadata)


def _dois(paper: Element) -> Iterator[str]:
    yield from (first_text(paper, path) for path in _DOIS)
    # Web of Science has them in attributes.
    yield from (each.get("value", "") for each in paper.iterfind(".//identifier[@type='doi']"))


def _attribute(record: Element, path: str, name: str) -> str:
    found = record.find(path)
    return "" if found is None else found.get(name, "")


def _authors(paper: Element) -> list[str]:
    people = next(filter(None, map(paper.findall, _PEOPLE)), [])
    people = [each for each in people if each.get("contributor_role", "author") == "author"]
    names = map(_name, people) if people else text_at(paper, "authors").split(";")
    return list(filter(None, map(given_first, names)))


def _name(person: Element) -> str:
    parts = (
        first_text(person, "firstName", "first_name", "givenName", "given_name", ".//given-name"),
        first_text(person, "lastName", "last_name", "familyName", ".//surname"),
    )
    whole = first_text(person, "fullName", "full_name", "authname", "creatorName", "name")
    return " ".join(filter(None, parts)) if parts[1] else whole or all_text(person)
