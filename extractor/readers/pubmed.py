"""PubMed XML: article sets of E-utilities and of the yearly baseline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._xml import all_text, records, text_at
from extractor.readers.base import NO, SURE, Columns, Item, Reader, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers.base import Source

_ROOT = re.compile(rb"<(?:PubmedArticleSet|PubmedArticle|MedlineCitation)[\s>]")


class PubMed(Reader):
    """Articles; the parts of a structured abstract are lines that begin with their label."""

    name = "pubmed"
    title = "PubMed XML"

    def sniff(self, head: bytes) -> float:
        return SURE if _ROOT.search(head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        return records(source, _build, "PubmedArticle", "MedlineCitation")


def _build(line: int, record: Element) -> Item:
    found = record.find("MedlineCitation")
    citation = record if found is None else found
    return build_entry(
        line,
        text_at(citation, "PMID"),
        text_at(citation, "Article/ArticleTitle"),
        "\n".join(map(_part, citation.iterfind("Article/Abstract/AbstractText"))),
        _source(record, citation),
    )


def _part(part: Element) -> str:
    label = part.get("Label")
    return f"{label}: {all_text(part)}" if label else all_text(part)


def _source(record: Element, citation: Element) -> dict[str, object]:
    return without_empty(
        authors=list(map(_name, citation.iterfind("Article/AuthorList/Author"))),
        categories=[
            all_text(heading) for heading in citation.iterfind(".//MeshHeading/DescriptorName")
        ],
        doi=text_at(record, ".//ArticleId[@IdType='doi']"),
        venue=text_at(citation, "Article/Journal/Title"),
        date=_date(citation),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{text_at(citation, 'PMID')}/",
    )


def _name(author: Element) -> str:
    name = f"{text_at(author, 'ForeName')} {text_at(author, 'LastName')}".strip()
    return name or text_at(author, "CollectiveName")


def _date(citation: Element) -> str:
    at = "Article/Journal/JournalIssue/PubDate/"
    parts = (text_at(citation, at + part) for part in ("Year", "Month", "Day"))
    return " ".join(filter(None, parts)) or text_at(citation, at + "MedlineDate")


PUBMED = PubMed()
