"""The records of a stream of XML: cut out by their tags, and parsed one by one.

A record that is damaged costs itself alone, since the next one is found by its own tag. For the
same reason documents that were joined, or that lack a root, are read like any other.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat
from xml.sax.saxutils import escape

from extractor.errors import DumpError
from extractor.readers._encoding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Cutter", "Parser", "Record", "XmlRoot", "refuse_entities", "why", "xml_root"]

_RECORD_LIMIT = 2**23
_MOST_TAGS = 2**18
_TAIL = 128
_LONGEST_TAG = 2**12
_MOST_PREFIXES = 50

TOO_LARGE = "The record is too large to be read."
_NOT_CLOSED = "The record is not closed before the next one begins."
_BREAKS_OFF = "The record breaks off."

_PROLOG = re.compile(
    # What a browser puts above XML that it shows is copied along.
    rb"(?:\s*This XML file [^<]{0,300}+)?"
    rb"(?:\s++|<\?[^>]{0,10000}>|<!--.*?-->|<!DOCTYPE\b[^\[>]{0,2000}(?:\[.*?\]\s*+)?>)*+"
    rb"<(?:[A-Za-z_][\w.-]{0,64}:)?([A-Za-z_][\w.-]{0,100})(?=[\s/>])",
    re.DOTALL,
)
_ENTITY = re.compile(rb"<!ENTITY\s+([\w.-]+)\s+(?![^>]*\bNDATA\b)")
_PREFIX = re.compile(rb"xmlns:([A-Za-z_][\w.-]*)")
_USED_PREFIX = re.compile(rb"</?([A-Za-z_][\w.-]*):|\s([A-Za-z_][\w.-]*):[\w.-]+\s*=")
_WRAPPER = re.compile(rb"<(?:[\w.-]+:)?(?:metadata|recordData|isPartOf)(?:\s[^<>]*+)?>\s*+")
_TO_MEND = re.compile(
    r"<!(?:\[CDATA\[(?:.*?\]\]>|.*)|--(?:.*?-->|.*))|&(?:\#(?:x[0-9A-Fa-f]{1,6}|[0-9]{1,7});|(\w{1,40});)?"
    r"|<(?!/?[A-Za-z_][^<>]{0,10000}>|[!?])|[\ufffe\uffff]",
    re.DOTALL,
)
_TEX_BODY = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)
_ANNOTATIONS = {"annotation", "annotation-xml"}
_KNOWN_TO_XML = {"amp", "lt", "gt", "quot", "apos"}


class XmlRoot(NamedTuple):
    """The root of a document: its local name, and what stands before it."""

    name: str
    prolog: bytes


def xml_root(head: bytes) -> XmlRoot | None:
    """Return the root of the XML document that begins with ``head``; None if it is none."""
    found = _PROLOG.match(head)
    return XmlRoot(found[1].decode(), head[: found.start(1)]) if found else None


def refuse_entities(root: XmlRoot, dump: str) -> None:
    """Check that the document declares no entities of its own; they are never expanded.

    Raises:
        DumpError: it does, save for those of HTML and for files that are not parsed.
    """
    for (name,) in map(re.Match.groups, _ENTITY.finditer(root.prolog)):
        if f"{name.decode()};" not in html5:
            raise DumpError(
                f"{dump} declares an XML entity ({name.decode()}), which Extractor does not read.",
                hint="Such declarations can be used to exhaust memory: remove them.",
            )


class Record(NamedTuple):
    """A record's line, and its bytes or what is wrong with it."""

    line: int
    data: bytes
    fault: str = ""


class Cutter:
    """Cuts a stream into the elements of certain names, wherever they stand.

    ``closed`` says whether the last of them has its end, and the root behind it.
    """

    def __init__(self, names: Iterable[str], root: str | None) -> None:
        self._root = b"" if root is None or root in names else root.encode()
        self.closed = not self._root
        every = b"|".join(filter(None, [*map(str.encode, names), self._root]))
        self._tag = re.compile(
            rb"<(?:!--|!\[CDATA\[|(/?)(?:[\w.-]{1,64}+:)?(%b)(?=[\s/>])([^<>]{0,%d}+>)?)"
            % (every, _LONGEST_TAG)
        )
        self._buffer = b""
        self._position = 0
        self._line, self._counted = 1, 0
        self._until = b""
        self._open = b""
        self._start = self._depth = self._begun_at = 0

    def feed(self, chunk: bytes, *, final: bool) -> Iterator[Record]:
        """Yield the records that end in this chunk."""
        self._buffer += chunk
        while (tag := self._next_tag(final=final)) is not None:
            yield from self._at(tag)
        if final and self._open:
            yield Record(self._begun_at, b"", _BREAKS_OFF)
            self.closed = False
        self._trim()

    def _next_tag(self, *, final: bool) -> re.Match[bytes] | None:
        """Return the next tag outside of comments and literal text, if it is there as a whole."""
        size = len(self._buffer)
        while self._position < size:
            if self._until:
                end = self._buffer.find(self._until, self._position)
                if end < 0:
                    self._position = max(self._position, size - len(self._until) + 1)
                    return None
                self._position = end + len(self._until)
                self._until = b""
            tag = self._tag.search(self._buffer, self._position)
            if tag is None:
                self._position = max(self._position, size - _TAIL)
                return None
            if tag[2] is None:
                self._until = b"-->" if tag[0] == b"<!--" else b"]]>"
            elif tag[3] is None and not final and size - tag.start() <= _LONGEST_TAG:
                self._position = tag.start()
                return None
            self._position = tag.end()
            if tag[2] is not None:
                return tag
        return None

    def _at(self, tag: re.Match[bytes]) -> Iterator[Record]:
        ends, name = bool(tag[1]), tag[2]
        if name == self._root:
            self.closed = ends
            if ends and self._open:
                yield self._finish(b"", _NOT_CLOSED)
        elif not self._open and not ends:
            yield from self._begin(tag)
        elif self._open and name == self._open:
            if ends or self._is_wrapped(tag):
                self._depth += -1 if ends else 1
                if not self._depth:
                    yield self._finish(self._buffer[self._start : tag.end(2)] + b">")
            else:
                yield self._finish(b"", _NOT_CLOSED)
                yield from self._begin(tag)

    def _is_wrapped(self, tag: re.Match[bytes]) -> bool:
        """Say whether it is a record of another format that is wrapped in one of this format."""
        start, end = max(0, tag.start() - _LONGEST_TAG), tag.start()
        before = self._buffer.rfind(b"<", start, end)
        return before >= 0 and _WRAPPER.fullmatch(self._buffer, before, end) is not None

    def _begin(self, tag: re.Match[bytes]) -> Iterator[Record]:
        self.closed = not self._root
        self._line += self._buffer.count(b"\n", self._counted, tag.start())
        self._counted = self._start = tag.start()
        self._open, self._depth, self._begun_at = tag[2], 1, self._line
        if (tag[3] or b"").endswith(b"/>"):
            yield self._finish(tag[0])

    def _finish(self, data: bytes, fault: str = "") -> Record:
        self._open = b""
        if self._start < 0 or data.count(b"<") > _MOST_TAGS:
            return Record(self._begun_at, b"", fault or TOO_LARGE)
        return Record(self._begun_at, data, fault)

    def _trim(self) -> None:
        """Let go of what is no longer needed, and of a record that has become too large."""
        if self._open and len(self._buffer) - self._start > _RECORD_LIMIT:
            self._start = -1
        keep = self._start if self._open and self._start >= 0 else self._position
        self._line += self._buffer.count(b"\n", self._counted, keep)
        self._buffer = self._buffer[keep:]
        self._position -= keep
        self._counted = 0
        if self._start >= 0:
            self._start = 0


class Parser:
    """Makes trees of records, without namespaces."""

    def __init__(self, head: bytes) -> None:
        self._prefixes = frozenset([b"xml", *_PREFIX.findall(head)[:_MOST_PREFIXES]])
        self._root = _root_with(self._prefixes)

    def parse(self, data: bytes) -> Element:
        """Return the tree; signs that XML would have escaped are taken as they were meant.

        Raises:
            ParseError: it is not well-formed.
        """
        try:
            return self._tree(data, self._prefixes, self._root)
        except ParseError:
            used = (one or other for one, other in _USED_PREFIX.findall(data))
            prefixes = self._prefixes.union(used)
            return self._tree(_mended(data), prefixes, _root_with(prefixes))

    def _tree(self, data: bytes, prefixes: frozenset[bytes], root: bytes) -> Element:
        parser = XMLParser(encoding="utf-8")  # noqa: S314 -- it sees no declarations
        parser.feed(b"%b%b</root>" % (root, data))
        (record,) = parser.close()
        if b"xmlns" in data or any(prefix + b":" in data for prefix in prefixes):
            _forget_namespaces(record)
        if b"tex-math" in data or b"annotation" in data:
            _keep_formulas_once(record)
        return record


def _root_with(prefixes: Iterable[bytes]) -> bytes:
    # Prefixes may be declared at the root, which is not parsed, or nowhere.
    names = (prefix for prefix in prefixes if not prefix.startswith(b"xml"))
    return b"<root%b>" % b"".join(b' xmlns:%b="%b"' % (name, name) for name in names)


def why(error: ParseError) -> str:
    """Return what is wrong, without the place, which counts within the record."""
    return expat.ErrorString(error.code) or str(error)


def _forget_namespaces(record: Element) -> None:
    for element in record.iter():
        if element.tag.startswith("{"):
            element.tag = element.tag.partition("}")[2]
        for key, value in element.items():
            if key.startswith("{"):
                del element.attrib[key]
                element.set(key.partition("}")[2], value)


def _keep_formulas_once(record: Element) -> None:
    """Drop TeX that is there as MathML as well, and the preamble of TeX that is not."""
    for parent in list(record.iter()):
        tags = {child.tag for child in parent}
        if tags & _ANNOTATIONS or {"math", "tex-math"} <= tags:
            _remove(parent, {*_ANNOTATIONS, "tex-math"})
        if parent.tag == "tex-math" and (body := _TEX_BODY.search(parent.text or "")):
            parent.text = body[1].strip()


def _remove(parent: Element, tags: set[str]) -> None:
    """Remove the children with these tags, and keep the text behind them."""
    kept: list[Element] = []
    for child in parent:
        if child.tag not in tags:
            kept.append(child)
        elif child.tail and kept:
            kept[-1].tail = (kept[-1].tail or "") + child.tail
        elif child.tail:
            parent.text = (parent.text or "") + child.tail
    parent[:] = kept


def _mended(data: bytes) -> bytes:
    return _TO_MEND.sub(_escaped, printable(data.decode())).encode()


def _escaped(found: re.Match[str]) -> str:
    text, name = found[0], found[1]
    if text.startswith(("<!", "\ufffe", "\uffff")):
        return text if text.startswith("<!") else "\ufffd"
    if name in _KNOWN_TO_XML:
        return text
    if name:
        return escape(html5.get(f"{name};", text))
    return _character(text) if text.startswith("&#") else escape(text)


def _character(reference: str) -> str:
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return escape(printable(chr(code))) if code <= 0x10FFFF else "\ufffd"
