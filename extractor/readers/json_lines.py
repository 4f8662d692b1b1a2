"""JSON Lines: one JSON object a line, or one Python dictionary."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.readers._catalogues import with_metadata
from extractor.readers._shapes import has_path, levelled, paths_in, titled_in
from extractor.readers.base import (
    LIKELY,
    NO,
    TOO_LONG,
    Columns,
    Item,
    Paper,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    decode_text,
    field_names,
    guarded,
)
from extractor.readers.json_stream import scan_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBJECT_SURE = 0.9
COLLECTIONS = frozenset(
    (
        *("papers", "items", "entries", "articles", "publications", "works", "results", "records"),
        *("docs", "documents", "data", "children", "contributions", "submissions"),
    )
)
"""Arrays of papers in an object that is none, whatever it has besides: a digest, a session."""

_COLLECTION = re.compile(rb'"(?:%s)"\s*:\s*\[' % "|".join(COLLECTIONS).encode())

_LINES_TRIED = 20
_MOST_NAMED = 30
_PRINTED_LIMIT = 2**20
"""Characters that a printed dict may have: a syntax tree takes a hundred times its text."""

_AROUND = " \t\r\n\0\x1e"
_BLANKS = _AROUND.encode()
_ACTION = re.compile(
    rb'\s*\{\s*"(?:index|create|update)"\s*:\s*\{(?:[^{}]*"_id"\s*:\s*"?([^"{},]*+))?[^{}]*\}\s*\}\s*$'
)
"""The line above a paper in what Elasticsearch loads in bulk, with its id."""

_NO_DATA = re.compile(
    r'("(?:[^"\\]++|\\.)*+")|(?:(?<=[\s,{}\[\]])//[^\n]*|/\*.*?\*/|,(?=\s*[}\]]|\s*\Z))', re.DOTALL
)
"""Comments and commas that nothing follows; a string is taken as a whole, and stays."""


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
        papers = 0
        if b"\n" in source.head and (first := first_object(source.head)):
            check_id(first, columns, source.name)
        for item in self._items(source, columns):
            papers += isinstance(item, Paper)
            yield item
        if not papers:
            example = first_object(source.head) or {}
            check_fields(example, columns, f"{source.name}, read as {self.name}")

    def _items(self, source: Source, columns: Columns) -> Iterator[Item]:
        above = ""
        for number, line in source.lines():
            if line is None:
                yield Unreadable(number, TOO_LONG)
            elif not line.isspace():
                item = guarded(self.item, number, line, columns)
                is_untitled = isinstance(item, Unreadable) and item.title is None
                if isinstance(item, Paper) and COLLECTIONS.isdisjoint(item.source):
                    yield replace(item, id=above) if above and not item.id else item
                elif is_untitled and (action := _ACTION.match(line)):
                    above = decode_text(action[1] or b"")
                    continue
                else:
                    yield from _within(number, line, item, columns)
            above = ""

    def item(self, line: int, data: bytes | str, columns: Columns) -> Item:
        """Return the paper in one JSON object."""
        try:
            fields = parse_json(data)
        except (ValueError, RecursionError) as error:
            return Unreadable(line, f"This is not JSON: {error}.")
        if not isinstance(fields, dict):
            return Unreadable(line, "This is JSON, but not an object.")
        return self.item_of(line, fields, columns)

    def item_of(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        """Return the paper that an object holds, wherever its fields are."""
        inner = levelled(fields)
        if inner is not fields and columns != Columns():
            # The user may have named a path of either.
            inner = {**fields, **inner}
        return self.paper(line, inner, columns)

    def paper(self, line: int, fields: dict[str, Any], columns: Columns) -> Item:
        """Return the paper that the object holds; ``fields`` may be used up."""
        return build_entry_from_fields(line, with_metadata(fields), columns)


def check_fields(fields: dict[str, Any], columns: Columns, dump: str) -> None:
    """Check that an object has the fields that the user named, and a title and an abstract.

    Raises:
        DumpError: it has not; the message names what there is.
    """
    fields = titled_in(fields) or fields
    if fields and (missing := missing_field(fields, columns)):
        _refuse(fields, *missing, dump)


def missing_field(fields: dict[str, Any], columns: Columns) -> tuple[str | None, str] | None:
    """Return what an object lacks: the name that the user gave, and the field that it is for."""
    inner = {**fields, **levelled(fields)}
    names = field_names(tuple(inner), columns)
    for given, candidates, field in (
        (columns.title, names.titles, "title"),
        (columns.abstract, names.abstracts, "abstract"),
    ):
        if not any(has_path(inner, name) for name in candidates):
            return given, field
    return None


def check_id(fields: dict[str, Any], columns: Columns, dump: str) -> None:
    """Check that the first paper has the id that the user named, which may be null.

    Raises:
        DumpError: it has not; papers without ids would be numbered instead.
    """
    inner = {**fields, **levelled(fields)}
    is_titled = any(has_path(inner, name) for name in field_names(tuple(inner), columns).titles)
    if columns.id and is_titled and not has_path(inner, columns.id):
        _refuse(fields, columns.id, "id", dump)


def _refuse(fields: dict[str, Any], given: str | None, field: str, dump: str) -> NoReturn:
    has = ", ".join(islice(paths_in(fields), _MOST_NAMED))
    what = f"there is no field {given!r}" if given else f"no field is the {field}"
    raise DumpError(
        f"No paper was found in {dump}: {what}. Its first entry has: {has}.",
        hint=f"Name one of these with --{field}-column, or another format with --dump-format.",
    )


def _within(number: int, line: bytes, item: Item, columns: Columns) -> Iterator[Item]:
    """Yield the papers of a line that is several objects, or one that holds them."""
    from extractor.readers.json_document import collected_in_text, papers_in_text

    if isinstance(item, Unreadable) and item.title is None:
        yield from papers_in_text(line, number, columns) or [item]
    else:
        is_collection = _COLLECTION.search(line) is not None
        yield from (is_collection and collected_in_text(line, number, columns)) or [item]


def parse_json(data: bytes | str) -> Any:
    """Parse JSON: fast where it is valid, else with tolerance for the errors of real dumps.

    Raises:
        ValueError: it is not JSON even so.
        RecursionError: it is nested too deeply.
    """
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError:
        # Bytes that are not UTF-8, raw control characters, halves of surrogate pairs.
        text = (data if isinstance(data, str) else decode_text(data)).strip(_AROUND)
        if text.startswith("{'"):
            return _printed_dict(text)
        try:
            return _one_value(text)
        except ValueError:
            cleaned = _NO_DATA.sub(r"\1", text).strip(_AROUND)
            if cleaned == text:
                raise
            return _one_value(cleaned)
    if isinstance(value, str) and value.startswith("{"):
        # JSON that was written into JSON.
        return from_json(value)
    return value


def _one_value(text: str) -> Any:
    value, end = scan_value(text, 0)
    if end < len(text):
        raise ValueError(f"there is more behind it, from character {end + 1} on")
    return value


def _printed_dict(text: str) -> Any:
    """Return the dict that Python printed in place of JSON, with JSON's values alone."""
    if len(text) > _PRINTED_LIMIT:
        raise ValueError("it is a Python dictionary that is too long")
    try:
        return _printed_value(ast.parse(text.rstrip(","), mode="eval").body)
    except (SyntaxError, MemoryError) as error:
        raise ValueError(str(error)) from error


def _printed_value(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {str(_printed_value(key)): _printed_value(value) for key, value in pairs if key}
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_printed_value(each) for each in node.elts]
    if isinstance(node, ast.Name) and node.id in ("nan", "NaN", "NaT"):
        return None
    try:
        value = ast.literal_eval(node)
    except ValueError:
        # A date or an array: as it is printed.
        return ast.unparse(node)
    return value if isinstance(value, str | int | float) or value is None else str(value)


def first_object(head: bytes) -> dict[str, Any] | None:
    """Return the first line of ``head`` that is a JSON object, also where ``head`` cuts it.

    None where it goes on in the next line, or has another one behind it.
    """
    lines = [line for line in head.split(b"\n", _LINES_TRIED) if line.strip(_BLANKS)]
    if b"\n" not in head.rstrip():
        return _cut_object(decode_text(head).strip(_AROUND))
    for line in lines[:_LINES_TRIED]:
        if line.lstrip().startswith(b"["):
            return None
        if found := object_in(line):
            return found
        if line.lstrip().startswith(b"{") and _goes_on(line):
            return None
    return None


def _cut_object(text: str) -> dict[str, Any] | None:
    try:
        value, end = scan_value(text, 0)
    except (ValueError, RecursionError):
        return object_in(text) or object_in(
            text, lambda data: from_json(data, allow_partial="trailing-strings")
        )
    return value if isinstance(value, dict) and not text[end:].strip(_AROUND + ",") else None


def _goes_on(line: bytes) -> bool:
    """Say whether the line is the beginning of an object."""
    try:
        from_json(line + b"\n", allow_partial=True)
    except ValueError:
        return False
    return True


def object_in(
    data: bytes | str, parse: Callable[[bytes | str], Any] = parse_json
) -> dict[str, Any] | None:
    """Return the JSON object that ``data`` is; None where it is not one."""
    try:
        value = parse(data.strip(_BLANKS) if isinstance(data, bytes) else data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
