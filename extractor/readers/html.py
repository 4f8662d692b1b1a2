"""HTML: pages that a browser saved, from Hugging Face, arXiv or anywhere."""

from __future__ import annotations

import email
import plistlib
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers._encoding import document_decoder
from extractor.readers._formulas import MATHML, formula_of, is_sign, power
from extractor.readers._last_resort import check_likeness
from extractor.readers._page_data import PageData, abstract_of
from extractor.readers._page_tables import PageTables
from extractor.readers._paragraphs import HEADING, Paragraph, split_label
from extractor.readers._source import HEAD
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
)
from extractor.readers.text import may_be_title, read_page, without_number

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 2**16
_TAG_LIMIT = 2**23
"""Characters that one tag may have: a page's data may stand in an attribute."""

_BEGINS = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_SKIPPED = frozenset(
    ["script", "style", "noscript", "template", "svg", "nav", "footer", "button", "select"]
)
_INLINE = frozenset(
    re.findall(
        r"\w+",
        """
        a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark
        math mi mn mo mrow msub msup q s samp small span strike strong sub sup time tt u var wbr
        """,
    )
)
_STYLES = frozenset(["b", "big", "em", "font", "i", "small", "span", "strong", "u"])
_BUTTON = frozenset(["badge", "btn", "button"])
_SIGN = "sign"
"""What stands for a tag behind a sign that was raised on its own."""
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_PAGE_LIMIT = 2**26
_HEADERS = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+", re.I)
_ABSTRACTS = ("abstract", "summary")
_NO_HEADING = 9
_BOLD = 10
"""The level of a paragraph that begins with bold text."""

_SAVED_FROM = re.compile(r"\s*saved from url=\(\d+\)(\S+)")
"""The comment with which browsers say where a page is from."""

_ALL_LINKED = 0.9
"""The share of a paragraph's characters that belong to a link to which all of it leads."""

_FEWEST_TITLES = 2
"""So many titles of one level show that the level is that of titles."""

_MOST_PARTS = 12
"""Parts that a structured abstract may have."""


class Html(Reader):
    """The page's own data where it carries any, else its text, block by block."""

    name = "html"
    title = "saved web pages (HTML)"
    suffixes = (".html", ".htm", ".xhtml", ".mhtml", ".mht", ".webarchive")

    def sniff(self, head: bytes) -> float:
        return SURE if _BEGINS.match(head) or _is_archive(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        page = _Page()
        for text in _archived(source) if _is_archive(source.head) else _decoded(source):
            page.feed(text)
            if len(page.rawdata) > _TAG_LIMIT:
                raise _too_large(source)
        page.end()
        shown = page.items() if page.data.has_title else []
        abstract = page.abstract(shown) if page.data.has_title else ""
        if items := page.data.items(abstract):
            yield from items
            return
        if rows := page.tables.items:
            yield from rows
            return
        shown = shown or page.items()
        papers = [item for item in shown if isinstance(item, Paper)]
        check_likeness(papers, page.lines(), source.name, is_page=True)
        yield from shown


def _too_large(source: Source) -> DumpError:
    return DumpError(f"{source.name} is too large for a saved web page.")


def _decoded(source: Source) -> Iterator[str]:
    decoder = document_decoder(source.head, html=True)
    read, chunk = 0, source.stream.read(_CHUNK)
    while chunk:
        read += len(chunk)
        if read > _PAGE_LIMIT:
            raise _too_large(source)
        yield decoder.decode(chunk)
        # As much more as was read, since an open tag is looked through anew with each chunk.
        chunk = source.stream.read(max(_CHUNK, read))
    yield decoder.decode(b"", final=True)


def _is_archive(head: bytes) -> bool:
    """Say whether it is a page with its parts, as Chrome (MHTML) and Safari save them."""
    if head.startswith((b"bplist", b"<?xml", b"<plist")):
        return b"WebMainResource" in head
    headers = _HEADERS.match(head)
    return bool(headers and b"multipart/related" in headers[0].lower())


def _archived(source: Source) -> Iterator[str]:
    """Yield the page in an archive."""
    data = source.stream.read(_PAGE_LIMIT + 1)
    if len(data) > _PAGE_LIMIT:
        raise _too_large(source)
    if b"WebMainResource" in data[: len(source.head)]:
        page = plistlib.loads(data)["WebMainResource"]["WebResourceData"]
    else:
        parts = email.message_from_bytes(data).walk()
        pages = (part for part in parts if part.get_content_type() == "text/html")
        part = next(pages, None)
        page = part.get_payload(decode=True) if part else b""
    yield document_decoder(page[:HEAD], html=True).decode(page, final=True)


class _Page(HTMLParser):
    """Collects the paragraphs of a page, and the papers in data that it carries."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[Paragraph] = []
        self.data = PageData()
        self.tables = PageTables()
        self._text: list[str] = []
        self._line = 1
        self._label = ""
        self._skipping = ""
        self._script: list[str] | None = None
        self._is_json = False
        self._level = 0
        self._levels: dict[int, int] = {}
        self._links = 0
        self._base = ""
        self._href = ""
        self._linked: Counter[str] = Counter()
        self._in_strong = False
        self._formula: list[str] = []
        self._last_tag = ""
        self._raised: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping or self._begin_in_formula(tag):
            return
        attributes = {name: value or "" for name, value in attrs}
        self._see_attributes(tag, attributes)
        if tag in _SKIPPED or (tag == "a" and _is_button(attributes)):
            self._skipping = tag
            self._script = [] if tag == "script" else None
            self._is_json = "json" in attributes.get("type", "")
        elif tag in _INLINE:
            self._begin_inline(tag)
        else:
            self.end_block()
            self.tables.begin(tag, self.getpos()[0])
            if tag in _HEADINGS:
                self._label, self._level = HEADING, int(tag[1])

    def _see_attributes(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "meta":
            name = attributes.get("name") or attributes.get("property") or ""
            self.data.see_meta(name, attributes.get("content", ""))
        elif tag == "base":
            self._base = _joined(self._base, attributes.get("href", ""))
        elif tag == "a":
            self._href = attributes.get("href", "").strip()
        for name, value in attributes.items():
            if name.startswith("data-") and value.startswith(("{", "[")):
                self.data.see_json(value, self.getpos()[0])

    def _begin_in_formula(self, tag: str) -> bool:
        """Say whether the tag belongs to a formula; one that is not closed ends at another tag."""
        if tag == "math" or not MATHML.fullmatch(tag):
            self._end_formula()
        if tag == "math" or self._formula:
            self._formula.append(f"<{tag}>")
        return bool(self._formula)

    def _end_formula(self) -> None:
        """Make text of the formula that has been collected, if there is one."""
        marked, self._formula = "".join(self._formula), []
        if marked:
            self.handle_data(formula_of(marked, self._text[-1] if self._text else ""))

    def _begin_inline(self, tag: str) -> None:
        if tag == "sup" and self._last_tag != _SIGN:
            self._raised = None if self._last_tag else len(self._text)
        if tag not in _STYLES:
            self._last_tag = tag
        self._links += tag == "a"
        if tag in ("a", "b", "strong") and not "".join(self._text).strip():
            if tag != "a":
                self._level = self._level or _BOLD
            elif self._in_strong:
                # The title of one of several papers, as the ACL Anthology lists them.
                self._label, self._level = HEADING, _NO_HEADING
        self._in_strong = tag == "strong"

    def _end_inline(self, tag: str) -> None:
        if tag == "sup" and self._raised is not None and self._last_tag == "":
            before = self._text[self._raised - 1] if self._raised else ""
            raised = "".join(self._text[self._raised :])
            self._text[self._raised :] = [power(before, raised)]
            if is_sign(raised):
                self._last_tag = _SIGN
                return
        if tag not in _STYLES:
            self._last_tag = tag

    def handle_endtag(self, tag: str) -> None:
        if self._formula and MATHML.fullmatch(tag):
            self._formula.append(f"</{tag}>")
            if tag != "math":
                return
        self._end_formula()
        if tag == "a":
            self._href = ""
        if tag == self._skipping:
            self._skipping = ""
            if self._script is not None:
                see = self.data.see_json if self._is_json else self.data.see_script
                see("".join(self._script), self.getpos()[0])
                self._script = None
        elif not self._skipping and tag not in _INLINE:
            self.end_block()
            self.tables.end(tag)
        elif not self._skipping:
            self._end_inline(tag)

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)
        elif self._formula:
            self._formula.append(escape(data))
        elif not self._skipping:
            self._last_tag = ""
            if not self._text:
                self._line = self.getpos()[0]
            self._text.append(data)
            if self._href:
                self._linked[self._href] += len(" ".join(data.split()))

    def handle_comment(self, data: str) -> None:
        if not self._base and (found := _SAVED_FROM.match(data)):
            self._base = found[1]

    def parse_marked_section(self, i: int, report: int = 1) -> int:  # noqa: ARG002
        """Read "<![CDATA[" and the like as browsers do: as a comment that ends at a bracket."""
        return self.parse_bogus_comment(i)

    def end(self) -> None:
        """End the page; a tag or comment that it breaks off in is no text, as in browsers."""
        if self.rawdata.startswith("<"):
            self.rawdata = ""
        self.close()
        self._end_formula()
        self.end_block()
        self.tables.close()

    def end_block(self) -> None:
        """Make a paragraph of the text since the last block began or ended."""
        text = " ".join("".join(self._text).split())
        if self._links > 1 and text.count(" | ") == self._links - 1:
            # The names of authors, as the ACL Anthology lists them.
            text = text.replace(" | ", ", ")
        self._links, self._in_strong = 0, False
        if text:
            link = self._link_of(text)
            self.tables.see_text(text, link)
            label, content = split_label(text)
            if self._label or (self._level and not label):
                self._levels[len(self.paragraphs)] = self._level
            self.paragraphs.append(
                Paragraph(self._line, content, len(self.paragraphs), label or self._label, link)
            )
            self._label = ""
        if not self._label:
            self._level = 0
        self._text = []
        self._linked.clear()
        self._last_tag, self._raised = "", None

    def _link_of(self, text: str) -> str:
        """Return the address to which all of a paragraph leads; empty where none is known."""
        for href, length in self._linked.most_common(1):
            if length >= _ALL_LINKED * len(text) and not href.startswith("#"):
                return _joined(self._base, href)
        return ""

    def items(self) -> list[Item]:
        """Return the papers, and what is marked up as their titles are and has no abstract.

        Headings of a level that few titles have are those of the page.
        """
        items = list(read_page(self.paragraphs))
        levels = self._levels_of_titles(items)
        papers = sum(isinstance(item, Paper) for item in items)
        rare = {level for level in levels if levels[level] * 2 < papers}
        if rare and papers > _FEWEST_TITLES:
            items = list(read_page(self._without_headings(rare)))
            levels = self._levels_of_titles(items)
        known = {item.title for item in items}
        return items + [
            Unreadable(each.line, "There is no abstract.", title=without_number(each.text))
            for each in self.paragraphs
            if levels[self._levels.get(each.block, 0)] >= _FEWEST_TITLES
            and without_number(each.text) not in known
            and may_be_title(each)
        ]

    def _levels_of_titles(self, items: list[Item]) -> Counter[int]:
        titles = {item.title for item in items if isinstance(item, Paper)}
        return Counter(
            level
            for at, level in self._levels.items()
            if without_number(self.paragraphs[at].text) in titles
        )

    def _without_headings(self, levels: set[int]) -> Iterator[Paragraph]:
        for each in self.paragraphs:
            is_rare = each.label == HEADING and self._levels[each.block] in levels
            yield replace(each, label="") if is_rare else each

    def lines(self) -> Iterator[str]:
        """Yield the text of each paragraph; an abstract that is labelled begins so."""
        for each in self.paragraphs:
            yield f"{each.label}: {each.text}" if each.label in _ABSTRACTS else each.text

    def abstract(self, items: list[Item]) -> str:
        """Return what stands below the heading "Abstract", else the longest abstract there is."""
        labels = (at for at, each in enumerate(self.paragraphs) if each.label in _ABSTRACTS)
        start = next(labels, None)
        if start is None:
            return abstract_of(items, "")
        below = self._below(start)
        if below and below[0].label == HEADING:
            return " ".join(
                f"{each.text}:" if each.label == HEADING else each.text for each in below
            )
        first = self.paragraphs[start].text or (below[0].text if below else "")
        return abstract_of(items, first)

    def _below(self, start: int) -> list[Paragraph]:
        """Return the paragraphs down to the next heading that is not within the section."""
        level = self._levels.get(start, 0)
        below = self.paragraphs[start + 1 : start + 1 + 2 * _MOST_PARTS]
        for at, each in enumerate(below):
            is_label = each.label and each.label != HEADING
            if is_label or self._levels.get(start + 1 + at, _NO_HEADING) <= level:
                return below[:at]
        return below


def _joined(base: str, href: str) -> str:
    """The address of a web page to which a link leads; empty where it leads to none."""
    with suppress(ValueError):
        address = urljoin(base, href)
        return address if address.startswith(("http://", "https://")) else ""
    return ""


def _is_button(attributes: dict[str, str]) -> bool:
    return not _BUTTON.isdisjoint(attributes.get("class", "").split())
