"""JSON documents: an array of papers, or an object that holds one somewhere."""

from __future__ import annotations

import re
from array import array
from functools import cache
from typing import TYPE_CHECKING, Any

from extractor.errors import DumpError
from extractor.readers._shapes import at_path, levelled, rows_of, with_ids
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
    COLLECTIONS,
    OBJECT_SURE,
    JsonLines,
    check_fields,
    check_id,
    first_object,
    object_in,
    parse_json,
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
        if first and papers_in(first, Columns()) not in ([], [first]):
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


def collected_in_text(data: bytes, line: int, columns: Columns) -> list[Item]:
    """Return the papers of the collection that a line may be."""
    papers = collected(object_in(data) or {}, columns)
    return list(_Papers(columns, "").each(papers, line))


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
        line = found.line + above - 1
        if found.stray:
            yield from self._strays(found, line)
            return
        self.begun = True
        if found.array == ALONE:
            if not self._found:
                yield from self._alone(found, line)
            self._found, self._titled = False, array("Q")
            return
        self._enter(found)
        fields = found.value
        if not self._accepted:
            fields = fields or object_in(found.text or "")
            if not (fields and (is_paper(fields, self._columns) or self._collected(fields))):
                self._pass_over(fields, line)
                return
        self._accepted = self._found = True
        for each in self._before:
            yield Unreadable(each, "There is no abstract.")
        self._before = array("Q")
        yield from self._build(found, fields, line)

    def _strays(self, found: JsonObject, line: int) -> Iterator[Item]:
        """List what stands in the array of papers and is no object."""
        if self._accepted and found.array != self._array and not found.top:
            return
        self._enter(found)
        try:
            values = [_no_object(line) for _ in parse_json(f"[{found.text}]")]
        except (ValueError, RecursionError) as error:
            values = [Unreadable(line, f"This is not JSON: {error}.")]
        if self._accepted:
            yield from values
        else:
            for _ in values:
                self._pass_over(None, line)

    def _enter(self, found: JsonObject) -> None:
        if found.array != self._array:
            self._array, self._accepted, self._before = found.array, found.top, array("Q")

    def _collected(self, fields: dict[str, Any]) -> list[Any]:
        return collected(fields, self._columns)

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
                yield from self.each(inner, line)
                return
        if self._titled and not (fields and has_title(fields, self._columns)):
            for each in self._titled:
                yield Unreadable(each, "There is no abstract.")
            return
        yield from self._build(found, fields, line)

    def each(self, papers: list[Any], line: int) -> Iterator[Item]:
        for fields in papers:
            if not isinstance(fields, dict):
                yield _no_object(line)
                continue
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
        if inner := self._collected(fields):
            yield from self.each(inner, line)
            return
        self._learn_from(fields)
        kind = self._kind or JsonLines()
        item = guarded(kind.item_of, line, fields, self._columns)
        if isinstance(item, Unreadable) and item.title is None:
            inner = papers_in(fields, self._columns)
        yield from self.each(inner, line) if inner and inner != [fields] else [item]

    def _learn_from(self, fields: dict[str, Any]) -> None:
        """Keep what the first object says of those that follow."""
        self.example = self.example or dict(fields)
        if self._kind is None:
            self._kind = _kind_of(levelled(fields))
        if not self._checked and is_paper(fields, self._columns):
            check_id(fields, self._columns, self._dump)
            self._checked = True


def _no_object(line: int) -> Unreadable:
    return Unreadable(line, "This is JSON, but not an object.")


@cache
def _kinds() -> tuple[JsonLines, ...]:
    from extractor.readers._formats import readers

    return tuple(reader for reader in readers().values() if isinstance(reader, JsonLines))


def _kind_of(fields: dict[str, Any]) -> JsonLines:
    return max(_kinds(), key=lambda kind: kind.recognises(fields))


def is_paper(fields: dict[str, Any], columns: Columns) -> bool:
    """Say whether an object has a title and an abstract, and holds no others."""
    return _is_titled_abstract(fields, columns) and not collected(fields, columns)


def _is_titled_abstract(fields: dict[str, Any], columns: Columns) -> bool:
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


def collected(fields: dict[str, Any], columns: Columns, depth: int = 0) -> list[Any]:
    """Return the papers of an object that is a collection, with what is none among them."""
    if COLLECTIONS.isdisjoint(fields) or depth > MOST_NESTED_ARRAY:
        return []
    arrays = (fields[name] for name in fields if name in COLLECTIONS)
    return [
        each
        for array in arrays
        if isinstance(array, list)
        for each in _papers_of(array, columns, depth + 1)
    ]


def _papers_of(values: list[Any], columns: Columns, depth: int) -> list[Any]:
    """Return the values of an array of papers, those of a collection in its place."""
    papers: list[Any] = []
    found = False
    for each in values:
        fields = each if isinstance(each, dict) else {}
        inner = collected(fields, columns, depth)
        found = found or bool(inner) or (bool(fields) and _is_titled_abstract(fields, columns))
        papers += inner or [each]
    return papers if found else []


def papers_in(value: object, columns: Columns, depth: int = 0) -> list[Any]:
    """Return the papers that a value is or holds: in arrays, by column or by id.

    What stands among them, and may be no object, is returned as well, to be listed.
    """
    if isinstance(value, list):
        papers = _papers_of(value, columns, depth)
        return papers or _papers_within(value, columns, depth)
    if not isinstance(value, dict):
        return []
    if rows := list(rows_of(value)):
        return rows
    if papers := collected(value, columns, depth):
        return papers
    return [value] if is_paper(value, columns) else _papers_within([value], columns, depth)


def _papers_within(values: list[Any], columns: Columns, depth: int) -> list[Any]:
    """Return the papers in values of which none is a paper."""
    if depth > MOST_NESTED_ARRAY:
        return []
    papers: list[Any] = []
    for value in values:
        if isinstance(value, dict) and (by_id := _papers_by_id(value, columns)):
            papers += by_id
            continue
        inner = value.values() if isinstance(value, dict) else value
        for each in inner if isinstance(value, dict | list) else ():
            if isinstance(each, dict | list):
                papers += papers_in(each, columns, depth + 1)
    return papers


def _papers_by_id(value: dict[str, Any], columns: Columns) -> list[dict[str, Any]]:
    """Return the papers of an object whose keys are their ids, with the others that it holds."""
    entries = list(with_ids(value))
    titled = [each for each in entries if has_title(each, columns)]
    if len(titled) < 2 and not any(is_paper(each, columns) for each in titled):
        return []
    # One object among plain values is not the first of many.
    others = sum(not isinstance(each, dict) for each in value.values())
    if others > len(entries) - others:
        return titled
    return entries
