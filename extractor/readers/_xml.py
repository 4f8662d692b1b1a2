"""What the XML formats share: a reader of records, and the texts in their trees."""

from __future__ import annotations

import re
from abc import abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element, ParseError

from extractor.errors import DumpError
from extractor.readers._encoding import document_decoder
from extractor.readers._formulas import spell_out
from extractor.readers._xml_records import Cutter, Parser, refuse_entities, why, xml_root
from extractor.readers.base import NO, SURE, Columns, Reader, Unreadable, decode_text, guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.readers.base import Item, Source


_CHUNK = 2**18
_HEADINGS = frozenset(["title", "head", "h1", "h2", "h3", "h4"])
_BLOCKS = frozenset(
    re.findall(
        r"[\w-]+",
        "p para simple-para sec div list list-item item ul ol li br break lb td th term def "
        "disp-formula disp-quote boxed-text",
    )
)
_TITLE = re.compile(rb"<(?:[\w-]+:)?(?:ArticleTitle|article-title|title)\b[^<>]*>([^<]{1,200})<")
_NESTED = 3
_IN_PARENTHESES = re.compile(r"\s*\([^()]*\)")


class XmlReader(Reader):
    """A format whose papers are the elements ``records`` of documents that begin with ``roots``.

    Both are local names: namespaces are left out, in the trees as well. Entities are never
    expanded, save for those of HTML. A record that is too large or damaged is `Unreadable`.
    """

    roots: ClassVar[tuple[str, ...]]
    records: ClassVar[tuple[str, ...]]
    mark: ClassVar[bytes] = b""
    """What must stand near the beginning as well, where other formats have such a root."""

    def sniff(self, head: bytes) -> float:
        if self.mark not in head:
            return NO
        root = xml_root(head)
        return SURE if root and root.name in self.roots else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        if root := xml_root(source.head):
            refuse_entities(root, source.name)
        cutter = Cutter(self.records_of(source.head), root.name if root else None)
        parser = Parser(source.head)
        decoder = document_decoder(source.head)
        for chunk in chain(iter(lambda: source.stream.read1(_CHUNK), b""), [b""]):
            text = decoder.decode(chunk, final=not chunk).encode()
            for line, data, fault in cutter.feed(text, final=not chunk):
                yield Unreadable(line, fault) if fault else guarded(self._item, line, data, parser)
        if not cutter.closed:
            raise DumpError(
                f"{source.name} is not well-formed XML: it breaks off.",
                hint="Fetch the dump again: it seems cut off or damaged.",
            )

    def _item(self, line: int, data: bytes, parser: Parser) -> Item:
        try:
            record = parser.parse(data)
        except ParseError as error:
            title = _TITLE.search(data)
            said = " ".join(decode_text(title[1]).split()) if title else None
            return Unreadable(line, f"The XML of the record is damaged ({why(error)}).", title=said)
        return self.build(line, record)

    def records_of(self, head: bytes) -> tuple[str, ...]:  # noqa: ARG002
        """Return the names of the records in a document that begins with ``head``."""
        return self.records

    @abstractmethod
    def build(self, line: int, record: Element) -> Item:
        """Return the paper of a record, or why it is not one."""


def text_at(element: Element, path: str) -> str:
    """Return all text under the first element at ``path``, white space as single spaces."""
    found = element.find(path)
    return "" if found is None else all_text(found)


def first_text(element: Element, *paths: str) -> str:
    """Return the text at the first of the paths that has any."""
    return next(filter(None, (text_at(element, path) for path in paths)), "")


def first_prose(element: Element, *paths: str) -> str:
    """Return the prose at the first of the paths that has any."""
    return next(filter(None, (prose_at(element, path) for path in paths)), "")


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
    spell_out(found)
    pieces = [found.text or ""]
    for child in found:
        _collect(child, pieces)
    return " ".join("".join(pieces).split())


def _collect(element: Element, pieces: list[str]) -> None:
    edge = " " if element.tag in _BLOCKS else ""
    if element.tag in _HEADINGS:
        pieces.append(f" {_label(all_text(element))} ")
    else:
        pieces.append(edge + (element.text or ""))
        for child in element:
            _collect(child, pieces)
    pieces.append(edge + (element.tail or ""))


def _label(heading: str) -> str:
    if heading.strip(".:").lower() in ("abstract", "summary"):
        return ""
    return f"{heading}:" if heading[-1:].isalnum() else heading


def names_in(together: str) -> list[str]:
    """Return the names in ``Ann Able (1), Bo Baker and Cy Dee ((1) Roof Institute)``."""
    for _ in range(_NESTED):
        together = _IN_PARENTHESES.sub("", together)
    return list(filter(None, re.split(r",\s+(?:and\s+)?|\s+and\s+", together.strip())))


def all_text(element: Element) -> str:
    """Return all text in an element, also in elements inside it."""
    if not len(element):
        return " ".join((element.text or "").split())
    spell_out(element)
    return " ".join("".join(element.itertext()).split())
