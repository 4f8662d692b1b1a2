"""OpenAlex works: JSON whose abstracts are inverted indexes."""

from __future__ import annotations

from typing import Any

from extractor.readers._markup import without_marks
from extractor.readers._shapes import text_of_index
from extractor.readers.base import NO, SURE, Columns, Item, build_entry, nested_text, without_empty
from extractor.readers.json_lines import JsonLines

_INDEXES = ("abstract_inverted_index", "abstract_inverted_index_v3")


class OpenAlex(JsonLines):
    """Works of a snapshot or of the API; the abstract is rebuilt word by word."""

    name = "openalex"
    title = "OpenAlex works (JSON Lines)"
    has_columns = False

    def recognises(self, fields: dict[str, Any]) -> float:
        return NO if fields.keys().isdisjoint(_INDEXES) else SURE

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        if fields.keys().isdisjoint(_INDEXES):
            return super().paper(line, fields, columns)
        url = nested_text(fields, "id")
        topic = nested_text(fields, "primary_topic", "display_name")
        authorships = fields.get("authorships")
        people = authorships if isinstance(authorships, list) else []
        names = (nested_text(each, "author", "display_name") for each in people)
        metadata = without_empty(
            authors=list(filter(None, names)),
            categories=[topic] if topic else [],
            doi=nested_text(fields, "doi").removeprefix("https://doi.org/"),
            venue=nested_text(fields, "primary_location", "source", "display_name"),
            date=nested_text(fields, "publication_date"),
            url=url,
        )
        title = nested_text(fields, "title") or nested_text(fields, "display_name")
        abstract = next(filter(None, (text_of_index(fields.get(name)) for name in _INDEXES)), "")
        paper_id = url.removeprefix("https://openalex.org/")
        title, abstract = without_marks(title), without_marks(abstract)
        return build_entry(line, paper_id, title, abstract, metadata)
