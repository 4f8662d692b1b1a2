"""Semantic Scholar: JSON of its API and data sets."""

from __future__ import annotations

from typing import Any

from extractor.readers.base import NO, SURE, Columns, Item, build_entry, nested_text, without_empty
from extractor.readers.json_lines import JsonLines


class SemanticScholar(JsonLines):
    """Papers with the identifiers that other catalogues give them."""

    name = "semantic-scholar"
    title = "Semantic Scholar papers (JSON Lines)"
    has_columns = False

    def recognises(self, fields: dict[str, Any]) -> float:
        return SURE if {"title", "abstract"} <= fields.keys() and _own_id(fields) else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        paper_id = _own_id(fields)
        if not paper_id:
            return super().paper(line, fields, columns)
        authors = fields.get("authors")
        people = authors if isinstance(authors, list) else []
        others = "externalIds" if "externalIds" in fields else "externalids"
        metadata = without_empty(
            authors=[nested_text(each, "name") for each in people],
            categories=fields.get("fieldsOfStudy"),
            doi=nested_text(fields, others, "DOI"),
            arxiv_id=nested_text(fields, others, "ArXiv"),
            venue=nested_text(fields, "venue"),
            date=nested_text(fields, "publicationDate") or nested_text(fields, "year"),
            url=nested_text(fields, "url"),
        )
        title, abstract = nested_text(fields, "title"), nested_text(fields, "abstract")
        return build_entry(line, paper_id, title, abstract, metadata)


def _own_id(fields: dict[str, Any]) -> str:
    if not {"externalIds", "externalids"} & fields.keys():
        return ""
    return nested_text(fields, "paperId") or nested_text(fields, "corpusid")
