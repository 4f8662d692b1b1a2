"""JSON Lines: one JSON object a line, or one Python dictionary."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic_core import from_json

from extractor.readers._shapes import levelled
from extractor.readers.base import (
    LIKELY,
    NO,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    decode_text,
    field_names,
    guarded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBJECT_SURE = 0.9
_LINES_TRIED = 20
_PRINTED_LIMIT = 2**20
"""Characters that a printed dict may have: a syntax tree takes a hundred times its text."""

_GOES_ON = (b"[", b"{", b",")
"""How a line ends that begins a document of several lines."""

_AROUND = b" \t\r\n\0\x1e"


class JsonLines(Reader):
    """Objects with a title and an abstract under any of their usual names.

    A kind of object that needs more than a look at its names is a subclass.
    """

    name = "jsonl"
    title = "JSON Lines"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".jsonlines")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        first = first_object(head)
        return self.recognises(levelled(first)) if first else NO

    def recognises(self, fields: dict[str, Any]) -> float:
        """Say how surely an object is a paper of this kind."""
        names = field_names(tuple(fields), Columns())
        return OBJECT_SURE if names.titles and names.abstracts else LIKELY

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        for number, line in source.lines():
            if line is None:
                yield Unreadable(number, TOO_LONG)
            elif not line.isspace():
                yield guarded(self.item, number, line, columns)

    def item(self, line: int, data: bytes, columns: Columns) -> Item:
        """Return the paper in one JSON object."""
        try:
            fields = parse_json(data)
        except (ValueError, RecursionError) as error:
            return Unreadable(line, f"This is not JSON: {error}.")
        if not isinstance(fields, dict):
            return Unreadable(line, "This is JSON, but not an object.")
        return self.paper(line, fields if columns != Columns() else levelled(fields), columns)

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        """Return the paper that the object holds; ``fields`` may be used up."""
        return build_entry_from_fields(line, fields, columns)


def parse_json(data: bytes) -> Any:
    """Parse JSON: fast where it is valid, else with tolerance for the errors of real dumps.

    Raises:
        ValueError: it is not JSON even so.
        RecursionError: it is nested too deeply.
    """
    try:
        return from_json(data)
    except ValueError:
        # Bytes that are not UTF-8, raw control characters, halves of surrogate pairs.
        text = decode_text(data.strip(_AROUND))
        if text.startswith("{'"):
            return _printed_dict(text)
        return json.loads(text, strict=False)


def _printed_dict(text: str) -> Any:
    """Return the dict that Python printed in place of JSON, with JSON's values alone."""
    if len(text) > _PRINTED_LIMIT:
        raise ValueError("it is a Python dictionary that is too long")
    try:
        return json.loads(json.dumps(ast.literal_eval(text), default=str))
    except (SyntaxError, TypeError, MemoryError) as error:
        raise ValueError(str(error)) from error


def first_object(head: bytes) -> dict[str, Any] | None:
    """Return the first line of ``head`` that is a JSON object, also where ``head`` cuts it.

    A document whose values have a line each is none of such lines.
    """
    lines = head.split(b"\n", _LINES_TRIED)[:_LINES_TRIED]
    if len(lines) == 1:
        return object_in(head, lambda data: from_json(data, allow_partial="trailing-strings"))
    if lines[0].rstrip().endswith(_GOES_ON):
        return None
    return next(filter(None, map(object_in, lines)), None)


def object_in(data: bytes, parse: Callable[[bytes], Any] = parse_json) -> dict[str, Any] | None:
    """Return the JSON object that ``data`` is; None where it is not one."""
    try:
        value = parse(data.strip(_AROUND))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
