"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.readers._encoding import text_of
from extractor.readers._fields import entry_of, names_of
from extractor.readers._reader import LIKELY, NO, Columns, Item, Reader, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.readers._source import Source

OBJECT_SURE = 0.9
TOO_LONG = "The line is too long to be an entry."
_LINES_TRIED = 20
_AROUND = b" \t\r\n\0\x1e"


class JsonLines(Reader):
    """Objects with a title and an abstract under any of their usual names.

    A shape of object that needs more than its names looked up is a subclass.
    """

    name = "jsonl"
    title = "JSON Lines"
    suffixes = (".jsonl", ".ndjson", ".jsonlines")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        first = first_object(head)
        return self.recognises(first) if first else NO

    def recognises(self, fields: dict[str, Any]) -> float:
        """Say how surely an object is a paper of this shape."""
        names = names_of(tuple(fields), Columns())
        return OBJECT_SURE if names.titles and names.abstracts else LIKELY

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        for number, line in source.lines():
            if line is None:
                yield Unreadable(number, TOO_LONG)
            elif not line.isspace():
                yield self.item(number, line, columns)

    def item(self, line: int, data: bytes, columns: Columns) -> Item:
        """Return the paper that one JSON object is."""
        try:
            fields = parsed(data)
        except (ValueError, RecursionError) as error:
            return Unreadable(line, f"This is no JSON: {error}.")
        if not isinstance(fields, dict):
            return Unreadable(line, "This is JSON, but no object.")
        return self.paper(line, fields, columns)

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        """Return the paper that the object holds; ``fields`` may be used up."""
        return entry_of(line, fields, columns)


def parsed(data: bytes) -> Any:
    """Parse JSON: fast where it is valid, else with patience for what real dumps hold.

    Raises:
        ValueError: it is no JSON all the same.
        RecursionError: it is nested too deeply.
    """
    try:
        return from_json(data)
    except ValueError:
        # Bytes that are no UTF-8, raw control characters, halves of surrogate pairs.
        return json.loads(text_of(data.strip(_AROUND)), strict=False)


def first_object(head: bytes) -> dict[str, Any] | None:
    """Return the first line of ``head`` that is a JSON object, also where ``head`` cuts it."""
    lines = head.split(b"\n", _LINES_TRIED)[:_LINES_TRIED]
    if len(lines) == 1:
        return object_in(head, lambda data: from_json(data, allow_partial="trailing-strings"))
    return next(filter(None, map(object_in, lines)), None)


def object_in(data: bytes, parse: Callable[[bytes], Any] = parsed) -> dict[str, Any] | None:
    """Return the JSON object that ``data`` is; None where it is none."""
    try:
        value = parse(data.strip(_AROUND))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


JSON_LINES = JsonLines()
