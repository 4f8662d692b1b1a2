"""arXiv's metadata snapshot: JSON Lines with hard line breaks in titles and abstracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.readers.base import NO, SURE, Columns, Item, build_entry, json_text, without_empty
from extractor.readers.json_lines import JsonLines

if TYPE_CHECKING:
    from collections.abc import Mapping

_ITS_OWN = {"authors_parsed", "versions", "submitter", "update_date", "journal-ref"}


class ArxivSnapshot(JsonLines):
    """Line breaks and indentation, which arXiv put there, become one space."""

    name = "arxiv"
    title = "arXiv metadata snapshot (JSON Lines)"
    has_columns = False

    def recognises(self, fields: Mapping[str, Any]) -> float:
        there = {"id", "title", "abstract", "categories"} <= fields.keys()
        return SURE if there and _ITS_OWN & fields.keys() else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:  # noqa: ARG002
        paper_id = json_text(fields.get("id"))
        return build_entry(
            line,
            paper_id,
            unwrap(json_text(fields.get("title"))),
            unwrap(json_text(fields.get("abstract"))),
            _metadata(paper_id, fields),
        )


def unwrap(text: str) -> str:
    """Join the lines of a text, with one space between any two words."""
    return " ".join(text.split())


def _metadata(paper_id: str, fields: Mapping[str, Any]) -> dict[str, object]:
    return without_empty(
        authors=unwrap(json_text(fields.get("authors"))),
        categories=json_text(fields.get("categories")).split(),
        doi=json_text(fields.get("doi")),
        venue=json_text(fields.get("journal-ref")),
        date=json_text(fields.get("update_date")),
        comments=unwrap(json_text(fields.get("comments"))),
        url=f"https://arxiv.org/abs/{paper_id}",
    )


ARXIV = ArxivSnapshot()
