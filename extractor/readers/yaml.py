"""YAML: lists of papers, citation files (CFF) and the front matter of pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from extractor.paper import Paper
from extractor.readers._catalogues import with_metadata
from extractor.readers._shapes import levelled, papers_by_id
from extractor.readers.base import (
    NO,
    TEXT_LIMIT,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry_from_fields,
    decode_text,
    guarded,
)
from extractor.readers.json_lines import check_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURE_ENOUGH = 0.8
"""More than text and Markdown, which such a dump also is; less than what has a signature."""

_TITLE = re.compile(rb"^(?:[ ]*- )?[ ]*[\"\']?(?:paper_?)?title[\"\']?:[ ]", re.MULTILINE)
_ABSTRACT = re.compile(rb"^[ ]*(?:- )?[\"\']?(?:abstract|summary)[\"\']?:[ \r\n]", re.MULTILINE)
_BEGINS = re.compile(
    rb"(?:\s++|#[^\n]*\n|%YAML[^\n]*\n|---[ \t]*\r?\n)*+(?:- )?[\"\']?[\w.-]+[\"\']?:(?:\s|$)"
)
_ITEM = re.compile(r"( *)- ")
_TITLED = re.compile(r" *(?:- )?[\"']?(?:paper_?)?title[\"']?:")
_ALIAS = re.compile(r"[&*]\w")
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar is text: an id such as 2401.00010 is no number."""

_LIMIT = 4 * TEXT_LIMIT


class Yaml(Reader):
    """The items of a list, an object that holds one or has ids as keys, or one paper."""

    name = "yaml"
    title = "YAML, CITATION.cff and front matter"
    suffixes = (".yaml", ".yml", ".cff")
    has_columns = True

    def sniff(self, head: bytes) -> float:
        if not _BEGINS.match(head):
            return NO
        return _SURE_ENOUGH if _TITLE.search(head) and _ABSTRACT.search(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        example: dict[str, Any] = {}
        papers = 0
        for line, text in _entries(source):
            for fields in _objects(line, text):
                if isinstance(fields, Unreadable):
                    yield fields
                    continue
                example = example or dict(fields)
                item = guarded(build_entry_from_fields, line, with_metadata(fields), columns)
                papers += isinstance(item, Paper)
                yield item
        if not papers:
            check_fields(example, columns, f"{source.name}, read as {self.name}")


class _Entry:
    """The lines of one item or document, as far as the limit."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.titled = False
        self._size = 0
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._size += len(line)
        self.titled = self.titled or bool(_TITLED.match(line))
        if self._size <= _LIMIT:
            self._lines.append(line)

    def text(self) -> str | None:
        return "".join(self._lines) if self._size <= _LIMIT else None


def _entries(source: Source) -> Iterator[tuple[int, str | None]]:
    """Yield each item of the outermost list and each document, with its first line."""
    indent: int | None = None
    entry = _Entry(1)
    for number, data in source.lines():
        line = decode_text(data) if data is not None else " " * (_LIMIT + 1)
        item = _ITEM.match(line)
        ends_document = line.rstrip() in ("---", "...")
        if item and indent is None and not entry.titled:
            # What stands above the list is no paper.
            indent, entry = len(item[1]), _Entry(number)
        elif ends_document or (item and len(item[1]) == indent):
            yield entry.line, entry.text()
            entry = _Entry(number + ends_document)
            indent = None if ends_document else indent
        if not ends_document:
            entry.add(line)
    yield entry.line, entry.text()


def _objects(line: int, text: str | None) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield what may be papers in the text of an entry, None if it is too long."""
    if text is None:
        yield Unreadable(line, TOO_LONG)
        return
    try:
        value = _parse(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if _TITLED.search(text):
            said = " ".join(str(error).split())[:200]
            yield Unreadable(line, f"This is not YAML: {said}.")
        return
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            fields = levelled(each)
            yield from ([] if "title" in fields else list(papers_by_id(fields))) or [fields]


def _parse(text: str) -> Any:
    if _ALIAS.search(text) and any(
        isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _LOADER)
    ):
        raise ValueError("it refers to other parts of itself")
    return yaml.load(text, _LOADER)  # noqa: S506 -- the base loader makes text only
