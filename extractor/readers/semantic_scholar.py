"""Semantic Scholar: JSON of its API and data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.readers._fields import entry_of, inside, text_in, without_empty
from extractor.readers._reader import NO, SURE, Columns, Item, entry
from extractor.readers.json_lines import JsonLines

if TYPE_CHECKING:
    from collections.abc import Mapping


class SemanticScholar(JsonLines):
    """Papers with the identifiers that other catalogues give them."""

    name = "semantic-scholar"
    title = "Semantic Scholar papers (JSON Lines)"
    has_columns = False

    def recognises(self, fields: Mapping[str, Any]) -> float:
        return SURE if {"title", "abstract"} <= fields.keys() and _own_id(fields) else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        paper_id = _own_id(fields)
        if not paper_id:
            return entry_of(line, fields, columns)
        return entry(
            line,
            paper_id,
            text_in(fields.get("title")),
            text_in(fields.get("abstract")),
            _metadata(fields),
        )


def _own_id(fields: Mapping[str, Any]) -> str:
    if not {"externalIds", "externalids"} & fields.keys():
        return ""
    return text_in(fields.get("paperId")) or text_in(fields.get("corpusid"))


def _metadata(fields: Mapping[str, Any]) -> dict[str, object]:
    authors = fields.get("authors")
    others = "externalIds" if "externalIds" in fields else "externalids"
    return without_empty(
        authors=[inside(each, "name") for each in authors] if isinstance(authors, list) else [],
        categories=fields.get("fieldsOfStudy"),
        doi=inside(fields, others, "DOI"),
        arxiv_id=inside(fields, others, "ArXiv"),
        venue=text_in(fields.get("venue")),
        date=text_in(fields.get("publicationDate")) or text_in(fields.get("year")),
        url=text_in(fields.get("url")),
    )


SEMANTIC_SCHOLAR = SemanticScholar()
