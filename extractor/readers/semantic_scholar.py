"""Semantic Scholar: JSON of its API and data sets."""

from __future__ import annotations

from typing import Any

from extractor.readers._markup import without_marks
from extractor.readers.base import NO, SURE, Columns, Item, build_entry, nested_text, without_empty
from extractor.readers.json_lines import JsonLines, parse_json

_FULL_TEXTS = ("content", "body")


class SemanticScholar(JsonLines):
    """Papers with the identifiers that other catalogues give them."""

    name = "semantic-scholar"
    title = "Semantic Scholar papers (JSON Lines)"
    has_columns = False

    def recognises(self, fields: dict[str, Any]) -> float:
        is_paper = {"title", "abstract"} <= fields.keys() or _annotated(fields)
        return SURE if is_paper and _own_id(fields) else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        paper_id = _own_id(fields)
        if not paper_id:
            return super().paper(line, fields, columns)
        authors = fields.get("authors")
        people = authors if isinstance(authors, list) else []
        others = _others(fields)
        metadata = without_empty(
            authors=[nested_text(each, "name") for each in people],
            categories=fields.get("fieldsOfStudy"),
            doi=nested_text(others, "DOI") or nested_text(others, "doi"),
            arxiv_id=nested_text(others, "ArXiv") or nested_text(others, "arxiv"),
            venue=nested_text(fields, "venue"),
            date=nested_text(fields, "publicationDate") or nested_text(fields, "year"),
            url=nested_text(fields, "url"),
        )
        title, abstract = (
            without_marks(nested_text(fields, name) or _marked(fields, name))
            for name in ("title", "abstract")
        )
        return build_entry(line, paper_id, title, abstract, metadata)


def _own_id(fields: dict[str, Any]) -> str:
    if _others(fields) is None and not _annotated(fields):
        return ""
    return nested_text(fields, "paperId") or nested_text(fields, "corpusid")


def _others(fields: dict[str, Any]) -> object:
    """Return the identifiers in other catalogues; None where the object has no place for them."""
    info = fields.get("openaccessinfo")
    within = info if isinstance(info, dict) else {}
    places = (fields, "externalIds"), (fields, "externalids"), (within, "externalids")
    return next((place[name] or {} for place, name in places if name in place), None)


def _annotated(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the full text of S2ORC, with the places of its parts."""
    texts = (fields.get(name) for name in _FULL_TEXTS)
    return next((each for each in texts if isinstance(each, dict) and "annotations" in each), {})


def _marked(fields: dict[str, Any], name: str) -> str:
    """Return the part of the full text that its annotations call by the name."""
    content = _annotated(fields)
    text, annotations = content.get("text"), content.get("annotations")
    places = annotations.get(name) if isinstance(annotations, dict) else None
    if isinstance(places, str):
        places = parse_json(places)
    if not isinstance(text, str) or not isinstance(places, list):
        return ""
    return " ".join(text[int(each["start"]) : int(each["end"])].strip() for each in places)
