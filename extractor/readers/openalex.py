"""OpenAlex works: JSON whose abstracts are inverted indexes."""

from __future__ import annotations

from typing import Any

from extractor.readers._shapes import text_of_index
from extractor.readers.base import NO, SURE, Columns, Item, build_entry, nested_text, without_empty
from extractor.readers.json_lines import JsonLines

_INDEX = "abstract_inverted_index"


class OpenAlex(JsonLines):
    """Works of a snapshot or of the API; the abstract is rebuilt word by word."""

    name = "openalex"
    title = "OpenAlex works (JSON Lines)"
    has_columns = False

    def recognises(self, fields: dict[str, Any]) -> float:
        return SURE if _INDEX in fields else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        if _INDEX not in fields:
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
        abstract = text_of_index(fields[_INDEX])
        paper_id = url.removeprefix("https://openalex.org/")
        return build_entry(line, paper_id, title, abstract, metadata)
