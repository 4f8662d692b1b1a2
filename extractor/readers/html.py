"""HTML: pages that a browser saved, from Hugging Face, arXiv or anywhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from extractor.errors import DumpError
from extractor.readers._encoding import document_decoder
from extractor.readers._paragraphs import HEADING, Paragraph, split_label
from extractor.readers.base import (
    NO,
    SURE,
    Columns,
    Item,
    Paper,
    Reader,
    Source,
    build_entry,
    nested_text,
    without_empty,
)
from extractor.readers.json_lines import parse_json
from extractor.readers.text import read_page

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
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_PAGE_LIMIT = 2**26
_ABSTRACT_LENGTH = 80


class Html(Reader):
    """The page's own data where it carries any, else its text, block by block."""

    name = "html"
    title = "saved web pages (HTML)"
    suffixes = (".html", ".htm", ".xhtml")

    def sniff(self, head: bytes) -> float:
        return SURE if _BEGINS.match(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        page = _Page()
        decoder = document_decoder(source.head, html=True)
        read = 0
        # As much more as is pending, since an open tag is looked through anew with each chunk.
        while chunk := source.stream.read(max(_CHUNK, len(page.rawdata))):
            read += len(chunk)
            page.feed(decoder.decode(chunk))
            if read > _PAGE_LIMIT or len(page.rawdata) > _TAG_LIMIT:
                raise DumpError(f"{source.name} is too large for a saved web page.")
        page.feed(decoder.decode(b"", final=True))
        page.end()
        if page.papers:
            return iter(page.papers)
        return page.cited(list(read_page(page.paragraphs)))


class _Page(HTMLParser):
    """Collects the paragraphs of a page, and the papers in data that it carries."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[Paragraph] = []
        self.papers: list[Item] = []
        self._text: list[str] = []
        self._line = 1
        self._label = ""
        self._skipping = ""
        self._script: list[str] | None = None
        self._meta: dict[str, str] = {}
        self._authors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            return
        attributes = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self._see_meta(attributes.get("name", ""), attributes.get("content", ""))
        for name, value in attributes.items():
            if name.startswith("data-") and value.startswith(("{", "[")):
                self._see_data(value)
        if tag in _SKIPPED:
            self._skipping = tag
            self._script = [] if "json" in attributes.get("type", "") else None
        elif tag not in _INLINE:
            self.end_block()
            if tag in _HEADINGS:
                self._label = HEADING

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipping:
            self._skipping = ""
            if self._script is not None:
                self._see_data("".join(self._script))
                self._script = None
        elif not self._skipping and tag not in _INLINE:
            self.end_block()

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)
        elif not self._skipping:
            if not self._text:
                self._line = self.getpos()[0]
            self._text.append(data)

    def parse_marked_section(self, i: int, report: int = 1) -> int:  # noqa: ARG002
        """Read "<![CDATA[" and the like as browsers do: as a comment that ends at a bracket."""
        return self.parse_bogus_comment(i)

    def end(self) -> None:
        """End the page; a tag or comment that it breaks off in is no text, as in browsers."""
        if self.rawdata.startswith("<"):
            self.rawdata = ""
        self.close()
        self.end_block()

    def end_block(self) -> None:
        """Make a paragraph of the text since the last block began or ended."""
        text = " ".join("".join(self._text).split())
        if text:
            label, content = split_label(text)
            self.paragraphs.append(
                Paragraph(self._line, content, len(self.paragraphs), label or self._label)
            )
            self._label = ""
        self._text = []

    def _see_meta(self, name: str, content: str) -> None:
        if name.lower() == "citation_author":
            self._authors.append(content.strip())
        self._meta.setdefault(name.lower(), content.strip())
        title, abstract = self._meta.get("citation_title"), self._meta.get("citation_abstract")
        if title and abstract and not self.papers:
            self.papers.append(self._cited_paper(self.getpos()[0], title, abstract))

    def cited(self, items: list[Item]) -> Iterator[Item]:
        """Yield what the page holds: one paper, where its tags name one and its text has it."""
        papers = [each for each in items if isinstance(each, Paper)]
        title = self._meta.get("citation_title")
        if not title or not papers:
            yield from items
            return
        best = max(papers, key=lambda each: len(each.abstract))
        yield self._cited_paper(1, title, best.abstract)

    def _cited_paper(self, line: int, title: str, abstract: str) -> Item:
        def first(*names: str) -> str:
            return next(filter(None, (self._meta.get(f"citation_{name}") for name in names)), "")

        metadata = without_empty(
            authors=self._authors,
            doi=first("doi"),
            venue=first("journal_title", "conference_title", "inbook_title"),
            date=first("publication_date", "date", "online_date", "year"),
            url=first("abstract_html_url", "public_url"),
        )
        return build_entry(line, first("arxiv_id", "doi"), title, abstract, metadata)

    def _see_data(self, data: str) -> None:
        try:
            value = parse_json(data.encode())
        except (ValueError, RecursionError):
            return
        for fields in _papers_in(value):
            authors = fields.get("authors")
            people = authors if isinstance(authors, list) else []
            metadata = without_empty(
                authors=[nested_text(each, "name") for each in people],
                date=nested_text(fields, "publishedAt"),
                doi=nested_text(fields, "doi"),
                url=nested_text(fields, "url"),
            )
            title = " ".join(nested_text(fields, "title").split())
            paper_id, abstract = nested_text(fields, "id"), _abstract(fields)
            line = self.getpos()[0]
            self.papers.append(build_entry(line, paper_id, title, abstract, metadata))


def _papers_in(value: object) -> Iterator[dict[str, Any]]:
    """Yield the innermost objects that have a title and an abstract."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [paper for part in parts for paper in _papers_in(part)]
    if not found and isinstance(value, dict) and nested_text(value, "title"):
        found = [value] if len(_abstract(value)) >= _ABSTRACT_LENGTH else []
    yield from found


def _abstract(fields: dict[str, Any]) -> str:
    return nested_text(fields, "abstract") or nested_text(fields, "summary")
