"""JSON documents: an array of papers, or an object that holds one somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from extractor.readers._elements import ALONE, DEEPEST_ARRAY, Element, elements
from extractor.readers._fields import names_of
from extractor.readers._reader import NO, SURE, Columns, Item, Reader, Unreadable
from extractor.readers.json_lines import (
    JSON_LINES,
    OBJECT_SURE,
    TOO_LONG,
    JsonLines,
    first_object,
    object_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.readers._source import Source

_MAYBE = 0.7
_ARRAY = re.compile(rb"\s*\[\s*[{\]]")
_OBJECT = re.compile(rb'\s*\{\s*["}]')
_REMEMBERED = 1000


class JsonDocument(Reader):
    """Streams the objects out of ``[...]``, ``{"papers": [...]}`` or objects one by one."""

    name = "json"
    title = "JSON: an array, or an object that holds one"
    suffixes = (".json",)
    has_columns = True

    def sniff(self, head: bytes) -> float:
        if _ARRAY.match(head):
            return SURE
        if not _OBJECT.match(head):
            return NO
        line = head.partition(b"\n")[0]
        if _holds_papers(first_object(line)):
            return SURE
        return NO if object_in(line) else _MAYBE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        papers = _Papers(columns)
        for element in elements(source):
            yield from papers.of(element)


class _Papers:
    """Tells the array of papers from arrays of authors, references and the like."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._shape = JSON_LINES if columns != Columns() else None
        self._array = ALONE
        self._accepted = self._found = False
        self._before: list[Unreadable] = []

    def of(self, element: Element) -> Iterator[Item]:
        if element.array == ALONE:
            if not self._found:
                yield self._item(element)
            self._found = False
            return
        if element.array != self._array:
            self._array, self._accepted, self._before = element.array, element.top, []
        if not self._accepted and not self._looks_like_paper(element):
            self._before = self._before[:_REMEMBERED]
            self._before.append(Unreadable(element.line, "There is no abstract."))
            return
        self._accepted = self._found = True
        yield from self._before
        self._before = []
        yield self._item(element)

    def _looks_like_paper(self, element: Element) -> bool:
        fields = object_in(element.data or b"")
        return fields is not None and _is_paper(fields, self._columns)

    def _item(self, element: Element) -> Item:
        if element.data is None:
            return Unreadable(element.line, TOO_LONG)
        if not element.complete:
            return Unreadable(element.line, "The dump breaks off within this entry.")
        if self._shape is None:
            self._shape = _shape_of(object_in(element.data))
        return (self._shape or JSON_LINES).item(element.line, element.data, self._columns)


def _shape_of(fields: dict[str, Any] | None) -> JsonLines | None:
    from extractor.readers._registry import readers

    if fields is None:
        return None
    shapes = [reader for reader in readers().values() if isinstance(reader, JsonLines)]
    return max(shapes, key=lambda shape: shape.recognises(fields))


def _is_paper(fields: dict[str, Any], columns: Columns) -> bool:
    names = names_of(tuple(fields), columns)
    named = any(name in fields for name in names.titles) and any(
        name in fields for name in names.abstracts
    )
    shape = _shape_of(fields)
    return named or (shape is not None and shape.recognises(fields) >= OBJECT_SURE)


def _holds_papers(value: object, depth: int = 0) -> bool:
    """Say whether an array of papers, and no paper, stands in the value."""
    if isinstance(value, list):
        return any(isinstance(each, dict) and _is_paper(each, Columns()) for each in value)
    if not isinstance(value, dict) or depth > DEEPEST_ARRAY or _is_paper(value, Columns()):
        return False
    return any(_holds_papers(each, depth + 1) for each in value.values())


JSON_DOCUMENT = JsonDocument()
