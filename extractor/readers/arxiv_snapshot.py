"""arXiv's metadata snapshot: JSON Lines with hard line breaks in titles and abstracts."""

from __future__ import annotations

from typing import Any

from extractor.readers.base import NO, SURE, Columns, Item, build_entry, nested_text, without_empty
from extractor.readers.json_lines import JsonLines

_ITS_OWN = {"authors_parsed", "versions", "submitter", "update_date", "journal-ref"}


class ArxivSnapshot(JsonLines):
    """Line breaks and indentation, which arXiv put there, become one space."""

    name = "arxiv"
    title = "arXiv metadata snapshot (JSON Lines)"
    has_columns = False

    def recognises(self, fields: dict[str, Any]) -> float:
        there = {"id", "title", "abstract", "categories"} <= fields.keys()
        return SURE if there and _ITS_OWN & fields.keys() else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:  # noqa: ARG002
        def text(name: str) -> str:
            return " ".join(nested_text(fields, name).split())

        paper_id = nested_text(fields, "id")
        metadata = without_empty(
            authors=text("authors"),
            categories=text("categories").split(),
            doi=nested_text(fields, "doi"),
            venue=nested_text(fields, "journal-ref"),
            date=nested_text(fields, "update_date"),
            comments=text("comments"),
            url=f"https://arxiv.org/abs/{paper_id}",
        )
        return build_entry(line, paper_id, text("title"), text("abstract"), metadata)
