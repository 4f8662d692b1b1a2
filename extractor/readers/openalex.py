"""OpenAlex works: JSON whose abstracts are inverted indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.readers._fields import entry_of, inside, text_in, without_empty
from extractor.readers._reader import NO, SURE, Columns, Item, entry
from extractor.readers.json_lines import JsonLines

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDEX = "abstract_inverted_index"


class OpenAlex(JsonLines):
    """Works of a snapshot or of the API; the abstract is put together again word by word."""

    name = "openalex"
    title = "OpenAlex works (JSON Lines)"
    has_columns = False

    def recognises(self, fields: Mapping[str, Any]) -> float:
        return SURE if _INDEX in fields else NO

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        if _INDEX not in fields:
            return entry_of(line, fields, columns)
        return entry(
            line,
            text_in(fields.get("id")).removeprefix("https://openalex.org/"),
            text_in(fields.get("title")) or text_in(fields.get("display_name")),
            rebuilt(fields[_INDEX]),
            _metadata(fields),
        )


def rebuilt(index: object) -> str:
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
        authors=[name for each in people if (name := inside(each, "author", "display_name"))],
        categories=[topic] if (topic := inside(fields, "primary_topic", "display_name")) else [],
        doi=text_in(fields.get("doi")).removeprefix("https://doi.org/"),
        venue=inside(fields, "primary_location", "source", "display_name"),
        date=text_in(fields.get("publication_date")),
        url=text_in(fields.get("id")),
    )


OPENALEX = OpenAlex()
