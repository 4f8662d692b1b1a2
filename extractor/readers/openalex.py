"""OpenAlex works: JSON whose abstracts are inverted indexes."""

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

_INDEX = "abstract_inverted_index"


class OpenAlex(JsonLines):
    """Works of a snapshot or of the API; the abstract is rebuilt word by word."""

    name = "openalex"
    title = "OpenAlex works (JSON Lines)"
    has_columns = False

    def recognises(self, fields: Mapping[str, Any]) -> float:
        return SURE if _INDEX in fields else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        if _INDEX not in fields:
            return build_entry_from_fields(line, fields, columns)
        return build_entry(
            line,
            json_text(fields.get("id")).removeprefix("https://openalex.org/"),
            json_text(fields.get("title")) or json_text(fields.get("display_name")),
            text_of_index(fields[_INDEX]),
            _metadata(fields),
        )


def text_of_index(index: object) -> str:
    """Return the text of an inverted index, which lists the places of each word."""
    if not isinstance(index, dict):
        return ""
    places = (
        (place, word)
        for word, found in index.items()
        if isinstance(found, list)
        for place in found
        if isinstance(place, int)
    )
    return " ".join(word for _, word in sorted(places))


def _metadata(fields: Mapping[str, Any]) -> dict[str, object]:
    authorships = fields.get("authorships")
    people = authorships if isinstance(authorships, list) else []
    return without_empty(
        authors=[name for each in people if (name := nested_text(each, "author", "display_name"))],
        categories=[topic]
        if (topic := nested_text(fields, "primary_topic", "display_name"))
        else [],
        doi=json_text(fields.get("doi")).removeprefix("https://doi.org/"),
        venue=nested_text(fields, "primary_location", "source", "display_name"),
        date=json_text(fields.get("publication_date")),
        url=json_text(fields.get("id")),
    )


OPENALEX = OpenAlex()
