"""Records out of a stream of XML: one in memory at a time, no entities, bounded."""

from __future__ import annotations

import re
from abc import abstractmethod
from html.entities import html5
from itertools import chain
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from extractor.errors import DumpError
from extractor.readers._encoding import document_decoder
from extractor.readers.base import (
    NO,
    SURE,
    TEXT_LIMIT,
    Columns,
    Reader,
    Unreadable,
    guarded,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.readers.base import Item, Source


_CHUNK = 2**16
_MARKED_WITHIN = 2**12
_ELEMENT_COST = 100
_RECORD_LIMIT = 4 * TEXT_LIMIT
_DEEPEST = 1000
_HEADINGS = ("title", "head")
_BLOCKS = ("p", "sec", "div", "list", "list-item", *_HEADINGS)
TOO_LARGE = "The record is too large to be read."


class XmlReader(Reader):
    """A format whose papers are the elements ``records`` of documents that begin with ``roots``.

    Both are local names: namespaces are left out, in the trees as well. Entities are never
    expanded. A record that is too large is `Unreadable`.
    """

    roots: ClassVar[tuple[str, ...]]
    records: ClassVar[tuple[str, ...]]
    mark: ClassVar[bytes] = b""
    """What must stand near the beginning as well, where other formats have such a root."""

    def sniff(self, head: bytes) -> float:
        if self.mark not in head[:_MARKED_WITHIN]:
            return NO
        root = rf"<(?:\w+:)?(?:{'|'.join(self.roots)})[\s>]"
        return SURE if re.search(root.encode(), head[:2000]) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        records = records_in(source.stream.read1, source.name, source.head, frozenset(self.records))
        for line, record in records:
            if record is None:
                yield Unreadable(line, TOO_LARGE)
            else:
                yield guarded(self.build, line, record)

    @abstractmethod
    def build(self, line: int, record: Element) -> Item:
        """Return the paper of a record, or why it is not one."""


def records_in(
    read: Callable[[int], bytes], name: str, head: bytes, names: frozenset[str]
) -> Iterator[tuple[int, Element | None]]:
    """Yield each element with one of these names, and its line; None for one that is too large.

    Raises:
        DumpError: this is not well-formed XML, or declares entities.
    """
    collector = _Collector(name, head, names)
    for chunk in chain(iter(lambda: read(_CHUNK), b""), [b""]):
        yield from collector.feed(chunk, final=not chunk)


def text_at(element: Element, path: str) -> str:
    """Return all text under the first element at ``path``, white space as single spaces."""
    found = element.find(path)
    return "" if found is None else all_text(found)


def first_text(element: Element, *paths: str) -> str:
    """Return the text at the first of the paths that has any."""
    return next(filter(None, (text_at(element, path) for path in paths)), "")


def texts_at(element: Element, path: str) -> list[str]:
    """Return the text of each element at ``path`` that has any."""
    return list(filter(None, map(all_text, element.iterfind(path))))


def prose_at(element: Element, path: str) -> str:
    """Return the text at ``path``; paragraphs and headings in it are words of their own.

    A heading that says *Abstract* is left out.
    """
    found = element.find(path)
    if found is None:
        return ""
    return " ".join(_prose(found)).strip()


def _prose(element: Element) -> Iterator[str]:
    if not any(child.tag in _BLOCKS for child in element.iter() if child is not element):
        text = all_text(element)
        is_heading = element.tag in _HEADINGS
        if text and not (is_heading and text.strip(".:").lower() in ("abstract", "summary")):
            yield f"{text}:" if is_heading and text[-1].isalnum() else text
        return
    yield from (element.text or "").split()
    for child in element:
        yield from _prose(child)
        yield from (child.tail or "").split()


def all_text(element: Element) -> str:
    """Return all text in an element, also in elements inside it."""
    return " ".join("".join(element.itertext()).split())


class _Collector:
    """Builds a tree while in a record, and nothing outside."""

    def __init__(self, name: str, head: bytes, names: frozenset[str]) -> None:
        self._name = name
        self._records = names
        self._decoder = document_decoder(head)
        self._open: list[str] = []
        self._record_depth = self._line = self._size = 0
        self._tree = TreeBuilder()
        self._ready: list[tuple[int, Element | None]] = []
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.EntityDeclHandler = self._entity_declared
        # So that entities of HTML, which no DTD declares here, are no error.
        parser.UseForeignDTD(True)
        parser.SkippedEntityHandler = self._entity

    def feed(self, chunk: bytes, *, final: bool) -> Iterator[tuple[int, Element | None]]:
        try:
            self._parser.Parse(printable(self._decoder.decode(chunk, final)).encode(), final)
        except expat.ExpatError as error:
            yield from self._ready
            raise DumpError(
                f"{self._name} is not well-formed XML: {error}.",
                hint="Fetch the dump again: it seems cut off or damaged.",
            ) from error
        yield from self._ready
        self._ready.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        self._open.append(local)
        if len(self._open) > _DEEPEST:
            raise DumpError(f"The XML of {self._name} is nested too deeply.")
        if not self._record_depth and local in self._records:
            self._record_depth = len(self._open)
            self._line = self._parser.CurrentLineNumber
            self._size = 0
            self._tree = TreeBuilder()
        if self._within(sum(map(len, attributes.values())) + _ELEMENT_COST):
            self._tree.start(local, {_local(key): value for key, value in attributes.items()})

    def _end(self, _: str) -> None:
        if self._within(0):
            self._tree.end(self._open[-1])
        if len(self._open) == self._record_depth:
            whole = self._size <= _RECORD_LIMIT
            self._ready.append((self._line, self._tree.close() if whole else None))
            self._record_depth = 0
        self._open.pop()

    def _data(self, text: str) -> None:
        if self._within(len(text)):
            self._tree.data(text)

    def _within(self, size: int) -> bool:
        """Say whether this much more of a record is to be kept."""
        if not self._record_depth:
            return False
        self._size += size
        return self._size <= _RECORD_LIMIT

    def _entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._data(html5.get(f"{name};", ""))

    def _entity_declared(self, name: str, *_: object) -> None:
        raise DumpError(
            f"{self._name} declares an XML entity ({name}), which Extractor does not read.",
            hint="Such declarations can be used to exhaust memory: remove them.",
        )


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
