"""JSON documents: an array of papers, or an object that holds one somewhere."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Any

from extractor.readers._shapes import at_path, levelled, papers_by_id, rows_of
from extractor.readers.base import (
    NO,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    field_names,
    guarded,
)
from extractor.readers.json_lines import OBJECT_SURE, JsonLines, first_object, object_in
from extractor.readers.json_stream import ALONE, MOST_NESTED_ARRAY, JsonObject, json_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAYBE = 0.7
_ARRAY = re.compile(rb"\s*\[\s*(?:null\s*,\s*)*[{\]]")
_OBJECT = re.compile(rb'\s*\{\s*["}]')
_REMEMBERED = 10**6


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
        first = first_object(line)
        if _holds_papers(first) or (first and _is_table(first)):
            return SURE
        return NO if object_in(line) else _MAYBE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        papers = _Papers(columns)
        for found in json_objects(source):
            yield from papers.take(found)


class _Papers:
    """Tells the array of papers from arrays of authors, references and the like."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._kind = JsonLines() if columns != Columns() else None
        self._array = ALONE
        self._accepted = self._found = False
        # The lines of what came before the first paper: 8 bytes each.
        self._before = array("Q")

    def take(self, found: JsonObject) -> Iterator[Item]:
        if found.array == ALONE:
            if not self._found:
                yield from self._alone(found)
            self._found = False
            return
        if found.array != self._array:
            self._array, self._accepted, self._before = found.array, found.top, array("Q")
        fields = None if self._accepted else object_in(found.data or b"")
        if not self._accepted and not (fields and _is_paper(fields, self._columns)):
            if len(self._before) < _REMEMBERED:
                self._before.append(found.line)
            return
        self._accepted = self._found = True
        for line in self._before:
            yield Unreadable(line, "There is no abstract.")
        self._before = array("Q")
        yield self._build(found)

    def _alone(self, found: JsonObject) -> Iterator[Item]:
        """Yield the papers of an object that is in no array: itself, or those that it holds."""
        fields = object_in(found.data) if found.data and found.complete else None
        inner = list(_papers_in(fields, self._columns)) if fields else []
        if not inner:
            yield self._build(found)
        for each in inner:
            yield guarded(_kind_of(each).paper, found.line, each, self._columns)

    def _build(self, found: JsonObject) -> Item:
        if found.data is None:
            return Unreadable(found.line, TOO_LONG)
        if not found.complete:
            return Unreadable(found.line, "The dump breaks off within this entry.")
        if self._kind is None and (fields := object_in(found.data)) is not None:
            self._kind = _kind_of(levelled(fields))
        kind = self._kind or JsonLines()
        return guarded(kind.item, found.line, found.data, self._columns)


def _kind_of(fields: dict[str, Any]) -> JsonLines:
    from extractor.readers._dump import readers

    kinds = [reader for reader in readers().values() if isinstance(reader, JsonLines)]
    return max(kinds, key=lambda kind: kind.recognises(fields))


def _is_paper(fields: dict[str, Any], columns: Columns) -> bool:
    names = field_names(tuple(fields), columns)
    if columns == Columns():
        fields = levelled(fields)
        names = field_names(tuple(fields), columns)
    if _has_one(fields, names.titles) and _has_one(fields, names.abstracts):
        return True
    return _kind_of(fields).recognises(fields) >= OBJECT_SURE


def _has_one(fields: dict[str, Any], paths: tuple[str, ...]) -> bool:
    return any(path in fields or at_path(fields, path) is not None for path in paths)


def _papers_in(fields: dict[str, Any], columns: Columns) -> Iterator[dict[str, Any]]:
    """Yield the papers that an object holds by column or by id; none where it is one itself."""
    yield from rows_of(fields)
    if not _is_paper(fields, columns):
        yield from papers_by_id(fields)


def _is_table(fields: dict[str, Any]) -> bool:
    return any(_is_paper(each, Columns()) for each in _papers_in(fields, Columns()))


def _holds_papers(value: object, depth: int = 0) -> bool:
    """Say whether the value holds an array of papers and is not a paper itself."""
    if isinstance(value, list):
        return any(isinstance(each, dict) and _is_paper(each, Columns()) for each in value)
    if not isinstance(value, dict) or depth > MOST_NESTED_ARRAY or _is_paper(value, Columns()):
        return False
    return any(_holds_papers(each, depth + 1) for each in value.values())
