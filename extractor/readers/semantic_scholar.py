"""Semantic Scholar: JSON of its API and data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    build_entry,
    build_entry_from_fields,
    json_text,
    nested_text,
    without_empty,
)
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
            return build_entry_from_fields(line, fields, columns)
        return build_entry(
            line,
            paper_id,
            json_text(fields.get("title")),
            json_text(fields.get("abstract")),
            _metadata(fields),
        )


def _own_id(fields: Mapping[str, Any]) -> str:
    if not {"externalIds", "externalids"} & fields.keys():
        return ""
    return json_text(fields.get("paperId")) or json_text(fields.get("corpusid"))


def _metadata(fields: Mapping[str, Any]) -> dict[str, object]:
    authors = fields.get("authors")
    others = "externalIds" if "externalIds" in fields else "externalids"
    return without_empty(
        authors=[nested_text(each, "name") for each in authors]
        if isinstance(authors, list)
        else [],
        categories=fields.get("fieldsOfStudy"),
        doi=nested_text(fields, others, "DOI"),
        arxiv_id=nested_text(fields, others, "ArXiv"),
        venue=json_text(fields.get("venue")),
        date=json_text(fields.get("publicationDate")) or json_text(fields.get("year")),
        url=json_text(fields.get("url")),
    )


SEMANTIC_SCHOLAR = SemanticScholar()
