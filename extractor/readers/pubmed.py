"""PubMed XML: article sets of E-utilities and of the yearly baseline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._fields import without_empty
from extractor.readers._reader import NO, SURE, Columns, Item, Reader, Unreadable, entry
from extractor.readers._xml import TOO_LARGE, records, text_under, whole_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from extractor.readers._source import Source

_ROOT = re.compile(rb"<(?:PubmedArticleSet|PubmedArticle|MedlineCitation)[\s>]")


class PubMed(Reader):
    """Articles; the parts of a structured abstract are lines that begin with their label."""

    name = "pubmed"
    title = "PubMed XML"
    suffixes = ()

    def sniff(self, head: bytes) -> float:
        return SURE if _ROOT.search(head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        for line, record in records(source, "PubmedArticle", "MedlineCitation"):
            yield Unreadable(line, TOO_LARGE) if record is None else _item(line, record)


def _item(line: int, record: Element) -> Item:
    found = record.find("MedlineCitation")
    citation = record if found is None else found
    return entry(
        line,
        text_under(citation, "PMID"),
        text_under(citation, "Article/ArticleTitle"),
        "\n".join(map(_part, citation.iterfind("Article/Abstract/AbstractText"))),
        _source(record, citation),
    )


def _part(part: Element) -> str:
    label = part.get("Label")
    return f"{label}: {whole_text(part)}" if label else whole_text(part)


def _source(record: Element, citation: Element) -> dict[str, object]:
    return without_empty(
        authors=list(map(_name, citation.iterfind("Article/AuthorList/Author"))),
        categories=[
            whole_text(heading) for heading in citation.iterfind(".//MeshHeading/DescriptorName")
        ],
        doi=text_under(record, ".//ArticleId[@IdType='doi']"),
        venue=text_under(citation, "Article/Journal/Title"),
        date=_date(citation),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{text_under(citation, 'PMID')}/",
    )


def _name(author: Element) -> str:
    name = f"{text_under(author, 'ForeName')} {text_under(author, 'LastName')}".strip()
    return name or text_under(author, "CollectiveName")


def _date(citation: Element) -> str:
    at = "Article/Journal/JournalIssue/PubDate/"
    parts = (text_under(citation, at + part) for part in ("Year", "Month", "Day"))
    return " ".join(filter(None, parts)) or text_under(citation, at + "MedlineDate")


PUBMED = PubMed()
