"""JSON documents: an array of papers, or an object that holds one somewhere."""

from __future__ import annotations

import re
from array import array
from functools import cache
from typing import TYPE_CHECKING, Any

from extractor.errors import DumpError
from extractor.readers._shapes import at_path, levelled, papers_by_id, rows_of
from extractor.readers.base import (
    NO,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Paper,
    Reader,
    Source,
    Unreadable,
    decode_text,
    field_names,
    guarded,
    json_text,
)
from extractor.readers.json_lines import (
    OBJECT_SURE,
    JsonLines,
    check_fields,
    check_id,
    first_object,
    object_in,
)
from extractor.readers.json_stream import (
    ALONE,
    MOST_NESTED_ARRAY,
    JsonObject,
    JsonScanner,
    json_objects,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAYBE = 0.7
# Comments, a mark between texts of JSON, the variable or the call that JavaScript puts around.
_AROUND = rb"(?:[\s\0\x1e;]|//[^\n]*\n|/\*(?:(?!\*/)[\s\S]){0,4000}\*/|\)\]\}',?\n)*+"
_ABOVE = _AROUND + (
    rb"(?:(?:(?:export )?(?:var|let|const) )?[\w$.]++\s*[=(]\s*|export default\s+)?"
)
_ARRAY = re.compile(
    _ABOVE
    + rb"\["
    + _AROUND
    + rb"(?:null\s*,\s*)*(?:[{\]]|\[\s*(?:[\[{\"]|(?:-?\d[\d.e]*|null|true|false)\s*,))"
)
_OBJECT = re.compile(_ABOVE + rb"\{\s*[\"'}/]")
_TOO_LARGE = "The object is too large to be read at once, and only arrays are read in pieces."
_ROWS = re.compile(rb"\s*\[\s*\[")
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
        line = head.strip().partition(b"\n")[0]
        first = first_object(line)
        if first and not is_paper(first, Columns()) and papers_in(first, Columns()):
            return SURE
        return NO if object_in(line) else _MAYBE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        papers, read = _Papers(columns, source.name), 0
        for found in json_objects(source, lambda fields: is_paper(fields, columns)):
            for item in papers.take(found):
                read += isinstance(item, Paper)
                yield item
        if _ROWS.match(source.head) and not papers.begun:
            raise DumpError(
                f"{source.name} holds no JSON object.",
                hint="Rows need the names of their fields, as df.to_json(orient='records') "
                "writes them.",
            )
        if not read:
            check_fields(papers.example, columns, f"{source.name}, read as {self.name}")


def papers_in_text(data: bytes, line: int, columns: Columns) -> list[Item]:
    """Return the papers in a line: those that its object holds, or several objects side by side."""
    papers = _Papers(columns, "")
    scanner = JsonScanner("", lambda fields: is_paper(fields, columns))
    text = decode_text(data)
    found = [*scanner.feed(text), *scanner.end()]
    items = [item for each in found for item in papers.take(each, line)]
    return items if any(isinstance(item, Paper) for item in items) else []


class _Papers:
    """Tells the array of papers from arrays of authors, references and the like."""

    def __init__(self, columns: Columns, dump: str) -> None:
        self.begun = False
        # An object for messages: one with a title, else the first.
        self.example: dict[str, Any] = {}
        self._columns = columns
        self._dump = dump
        self._kind = JsonLines() if columns != Columns() else None
        self._array = ALONE
        self._accepted = self._found = False
        self._checked = columns.id is None or not dump
        # The lines of what came before the first paper of an array, and of what has a title
        # in arrays without papers: 8 bytes each.
        self._before = array("Q")
        self._titled = array("Q")

    def take(self, found: JsonObject, above: int = 1) -> Iterator[Item]:
        """Yield the papers of an object, whose first line is counted from ``above``."""
        self.begun = True
        line = found.line + above - 1
        if found.array == ALONE:
            if not self._found:
                yield from self._alone(found, line)
            self._found, self._titled = False, array("Q")
            return
        if found.array != self._array:
            self._array, self._accepted, self._before = found.array, found.top, array("Q")
        fields = found.value
        if not self._accepted:
            fields = fields or object_in(found.text or "")
            if not (fields and is_paper(fields, self._columns)):
                self._pass_over(fields, line)
                return
        self._accepted = self._found = True
        for each in self._before:
            yield Unreadable(each, "There is no abstract.")
        self._before = array("Q")
        yield from self._build(found, fields, line)

    def _pass_over(self, fields: dict[str, Any] | None, line: int) -> None:
        if len(self._before) < _REMEMBERED:
            self._before.append(line)
        if fields and len(self._titled) < _REMEMBERED and has_title(fields, self._columns):
            self._titled.append(line)
            self.example = self.example or fields

    def _alone(self, found: JsonObject, line: int) -> Iterator[Item]:
        """Yield the papers of an object that is in no array: itself, or those that it holds."""
        fields = found.value
        if found.text and found.complete and not fields:
            fields = object_in(found.text)
            inner = papers_in(fields, self._columns) if fields else []
            if inner and inner != [fields]:
                yield from self._each(inner, line)
                return
        if self._titled and not (fields and has_title(fields, self._columns)):
            for each in self._titled:
                yield Unreadable(each, "There is no abstract.")
            return
        yield from self._build(found, fields, line)

    def _each(self, papers: list[dict[str, Any]], line: int) -> Iterator[Item]:
        for fields in papers:
            self.example = self.example or dict(fields)
            yield guarded(_kind_of(levelled(fields)).item_of, line, fields, self._columns)

    def _build(self, found: JsonObject, fields: dict[str, Any] | None, line: int) -> Iterator[Item]:
        if found.text is None or not found.complete:
            too_long = _TOO_LARGE if found.array == ALONE else TOO_LONG
            broken_off = "The dump breaks off within this entry."
            yield Unreadable(line, too_long if found.text is None else broken_off)
            return
        fields = fields or object_in(found.text)
        if fields is None:
            yield guarded(JsonLines().item, line, found.text, self._columns)
            return
        self._learn_from(fields)
        kind = self._kind or JsonLines()
        item = guarded(kind.item_of, line, fields, self._columns)
        inner = []
        if isinstance(item, Unreadable) and item.title is None:
            inner = papers_in(fields, self._columns)
        yield from self._each(inner, line) if inner and inner != [fields] else [item]

    def _learn_from(self, fields: dict[str, Any]) -> None:
        """Keep what the first object says of those that follow."""
        self.example = self.example or dict(fields)
        if self._kind is None:
            self._kind = _kind_of(levelled(fields))
        if not self._checked and is_paper(fields, self._columns):
            check_id(fields, self._columns, self._dump)
            self._checked = True


@cache
def _kinds() -> tuple[JsonLines, ...]:
    from extractor.readers._formats import readers

    return tuple(reader for reader in readers().values() if isinstance(reader, JsonLines))


def _kind_of(fields: dict[str, Any]) -> JsonLines:
    return max(_kinds(), key=lambda kind: kind.recognises(fields))


def is_paper(fields: dict[str, Any], columns: Columns) -> bool:
    """Say whether an object has a title and an abstract, and is no table of several."""
    if next(rows_of(fields), None):
        return False
    inner = levelled(fields)
    if columns != Columns():
        inner = {**fields, **inner}
    names = field_names(tuple(inner), columns)
    if _has_one(inner, names.titles) and _has_one(inner, names.abstracts):
        return True
    others = (kind for kind in _kinds() if type(kind) is not JsonLines)
    return any(kind.recognises(inner) >= OBJECT_SURE for kind in others)


def has_title(fields: dict[str, Any], columns: Columns) -> bool:
    inner = levelled(fields)
    titles = field_names(tuple(inner), columns).titles
    return any(json_text(inner.get(name)) for name in titles)


def _has_one(fields: dict[str, Any], paths: tuple[str, ...]) -> bool:
    return any(path in fields or at_path(fields, path) is not None for path in paths)


def papers_in(value: object, columns: Columns, depth: int = 0) -> list[dict[str, Any]]:
    """Return the papers that a value is or holds: in arrays, by column or by id."""
    if isinstance(value, list):
        objects = [each for each in value if isinstance(each, dict)]
        if any(is_paper(each, columns) for each in objects):
            return objects
        return _papers_within(value, columns, depth)
    if not isinstance(value, dict):
        return []
    if rows := list(rows_of(value)):
        return rows
    return [value] if is_paper(value, columns) else _papers_within([value], columns, depth)


def _papers_within(values: list[Any], columns: Columns, depth: int) -> list[dict[str, Any]]:
    """Return the papers in values of which none is a paper."""
    if depth > MOST_NESTED_ARRAY:
        return []
    papers: list[dict[str, Any]] = []
    for value in values:
        by_id = list(papers_by_id(value)) if isinstance(value, dict) else []
        if len(by_id) > 1 or any(is_paper(each, columns) for each in by_id):
            papers += by_id
            continue
        inner = value.values() if isinstance(value, dict) else value
        for each in inner if isinstance(value, dict | list) else ():
            if isinstance(each, dict | list):
                papers += papers_in(each, columns, depth + 1)
    return papers
