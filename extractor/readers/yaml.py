"""YAML: lists of papers, citation files (CFF) and the front matter of pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from extractor.paper import Paper
from extractor.readers._source import HEAD
from extractor.readers.base import (
    NO,
    TEXT_LIMIT,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    decode_text,
    guarded,
)
from extractor.readers.json_document import papers_in
from extractor.readers.json_lines import JsonLines, check_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURE_ENOUGH = 0.8
"""More than text and Markdown, which such a dump also is; less than what has a signature."""

_TITLE = re.compile(rb"^(?:[ ]*- )?[ ]*[\"\']?(?:paper_?)?title[\"\']?:[ ]", re.MULTILINE)
_ABSTRACT = re.compile(rb"^[ ]*(?:- )?[\"\']?(?:abstract|summary)[\"\']?:[ \r\n]", re.MULTILINE)
_BEGINS = re.compile(
    rb"(?:\s++|#[^\n]*\n|%YAML[^\n]*\n|---[ \t]*\r?\n)*+(?:- )?[\"\']?[\w.-]+[\"\']?:(?:\s|$)"
)
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_ITEM = re.compile(r"^( *)-(?:\s|$)", re.MULTILINE)
_KEY = re.compile(r"^( *)[\"']?\w[\w .-]*[\"']?:(?:\s|$)", re.MULTILINE)
_FIELD = re.compile(
    r"^ *(?:- )?[\"']?(?:(?:paper_?)?title|abstract)[\"']?:", re.MULTILINE | re.IGNORECASE
)
"""A title or an abstract: what stands where it does is a paper."""

_ALIAS = re.compile(r"[&*]\w")
_BASE: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULLS = ("", "~", "null", "Null", "NULL")
_LIMIT = 4 * TEXT_LIMIT
_NO_OBJECT = "This is YAML, but not an object."


class Yaml(Reader):
    """The items of a list, an object that holds one or has ids as keys, or one paper."""

    name = "yaml"
    title = "YAML, CITATION.cff and front matter"
    suffixes = (".yaml", ".yml", ".cff")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        if not _BEGINS.match(head):
            return NO
        is_like = _TITLE.search(head) and _ABSTRACT.search(head)
        return _SURE_ENOUGH if is_like and _is_yaml(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        example: dict[str, Any] = {}
        papers = 0
        for entry in _entries(source):
            for fields in _objects(entry, columns):
                if isinstance(fields, Unreadable):
                    yield fields
                    continue
                example = example or dict(fields)
                item = guarded(JsonLines().item_of, entry.line, fields, columns)
                papers += isinstance(item, Paper)
                yield item
        if not papers:
            check_fields(example, columns, f"{source.name}, read as {self.name}")


class _Loader(_BASE):  # type: ignore[misc]
    """Every scalar is text, as an id such as 2401.00010 is no number; no key occurs twice."""

    def construct_scalar(self, node: Any) -> str | None:
        return None if not node.style and node.value in _NULLS else node.value

    def construct_mapping(self, node: Any) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key_node, value in node.value:
            key = str(self.construct_object(key_node))
            if key in fields:
                raise yaml.YAMLError(f"{key!r} occurs twice in one object")
            fields[key] = self.construct_object(value, deep=True)
        return fields


def _is_yaml(head: bytes) -> bool:
    """Say whether the first document with a paper is a list, or an object that can be parsed.

    Blocks of lines such as ``title: ...`` look like YAML, but are an object in which each name
    occurs in every block.
    """
    parts = ((part, _FIELD.search(part)) for part in _END.split(decode_text(head)))
    part, field = next(((part, found) for part, found in parts if found), ("", None))
    item = _ITEM.search(part)
    if field is None or (item and item.start() <= field.start()):
        return field is not None
    if len(head) >= HEAD:
        # As far as the last object or field that is whole.
        outermost = (found.start() for found in _KEY.finditer(part) if not found[1])
        part = part[: max(outermost, default=0)]
    try:
        _parse(part)
    except (yaml.YAMLError, RecursionError):
        return False
    except ValueError:
        return True
    return True


class _Lines:
    """The lines of an item or a document, as far as the limit."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.is_too_long = False
        self._size = 0
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._size += len(line)
        self.is_too_long = self._size > _LIMIT
        if self.is_too_long:
            self._lines.clear()
        else:
            self._lines.append(line)

    def entry(self, *, is_item: bool) -> _Entry:
        text = None if self.is_too_long else "".join(self._lines)
        return _Entry(self.line, text, is_item)


class _Entry(NamedTuple):
    """The text of what may be papers, None if it is too long.

    ``is_item`` says that it is one of a list of papers.
    """

    line: int
    text: str | None
    is_item: bool


class _Document:
    """One document: an entry as a whole, until a list in it turns out to be one of papers.

    Then each item is an entry, and what stands above and below the list belongs to none.
    """

    def __init__(self, line: int) -> None:
        self._whole = _Lines(line)
        self._items: list[_Lines] = []
        self._indent = -1
        self._is_paper = self._has_list = self._had_list = False

    def add(self, number: int, line: str) -> Iterator[_Entry]:
        """Take a line, and yield the items that end above it."""
        key, item = _KEY.match(line), _ITEM.match(line)
        if self._indent >= 0 and key and len(key[1]) <= self._indent:
            yield from self._end_list(number)
        if item and not self._is_paper and self._indent in (-1, len(item[1])):
            if self._has_list:
                yield from self._ended()
            self._indent = len(item[1])
            self._items.append(_Lines(number))
        is_field = _FIELD.match(line) is not None
        if self._items:
            self._items[-1].add(line)
            self._has_list = self._has_list or is_field or self._whole.is_too_long
        else:
            self._is_paper = self._is_paper or is_field
        if not self._has_list:
            self._whole.add(line)

    def _end_list(self, number: int) -> Iterator[_Entry]:
        if self._has_list:
            yield from self._ended()
            self._whole = _Lines(number)
            self._had_list = True
        self._items, self._indent, self._has_list = [], -1, False

    def _ended(self) -> Iterator[_Entry]:
        yield from (each.entry(is_item=True) for each in self._items)
        self._items = []

    def end(self) -> Iterator[_Entry]:
        """Yield what is left: items, or the whole."""
        if self._has_list:
            yield from self._ended()
        elif self._is_paper or not self._had_list:
            yield self._whole.entry(is_item=False)


def _entries(source: Source) -> Iterator[_Entry]:
    """Yield each document, or each item of the lists of papers in it."""
    document = _Document(1)
    for number, data in source.lines():
        line = decode_text(data) if data is not None else " " * (_LIMIT + 1)
        if _END.match(line):
            yield from document.end()
            document = _Document(number + 1)
        else:
            yield from document.add(number, line)
    yield from document.end()


def _objects(entry: _Entry, columns: Columns) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield what may be papers in the text of an entry."""
    if entry.text is None:
        yield Unreadable(entry.line, TOO_LONG)
        return
    try:
        value = _parse(entry.text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if entry.is_item or _FIELD.search(entry.text):
            said = " ".join(str(error).split())[:200]
            yield Unreadable(entry.line, f"This is not YAML: {said}.")
        return
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            papers = papers_in(each, columns) or [each]
        else:
            papers = [each] if entry.is_item else []
        for paper in papers:
            is_object = isinstance(paper, dict)
            yield paper if is_object else Unreadable(entry.line, _NO_OBJECT)


def _parse(text: str) -> Any:
    if _ALIAS.search(text) and any(
        isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _Loader)
    ):
        raise ValueError("it refers to other parts of itself")
    return yaml.load(text, _Loader)  # noqa: S506 -- the base loader makes text only
