"""arXiv's metadata snapshot: JSON Lines with hard line breaks in titles and abstracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.readers._fields import text_in, without_empty
from extractor.readers._reader import NO, SURE, Columns, Item, entry
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
        paper_id = text_in(fields.get("id"))
        return entry(
            line,
            paper_id,
            unwrapped(text_in(fields.get("title"))),
            unwrapped(text_in(fields.get("abstract"))),
            _metadata(paper_id, fields),
        )


def unwrapped(text: str) -> str:
    """Join the lines of a text, with one space between any two words."""
    return " ".join(text.split())


def _metadata(paper_id: str, fields: Mapping[str, Any]) -> dict[str, object]:
    return without_empty(
        authors=unwrapped(text_in(fields.get("authors"))),
        categories=text_in(fields.get("categories")).split(),
        doi=text_in(fields.get("doi")),
        venue=text_in(fields.get("journal-ref")),
        date=text_in(fields.get("update_date")),
        comments=unwrapped(text_in(fields.get("comments"))),
        url=f"https://arxiv.org/abs/{paper_id}",
    )


ARXIV = ArxivSnapshot()
