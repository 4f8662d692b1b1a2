"""Markdown: a heading or a list item for each paper, its abstract below or behind it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from extractor.readers._paragraphs import is_boilerplate, paragraphs, split_label
from extractor.readers.base import LIKELY, NO, POSSIBLE, Columns, Item, Reader, decode_text
from extractor.readers.text import read_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.readers.base import Source

_LIST = 0
"""The level of papers that are items of a list; a heading's level is the number of its marks."""

_HEADING = re.compile(r"(?P<marks>#{1,6})[ \t]+(?P<text>.*?)[ \t]*#*\s*")
# Every part is bounded, so that no line of brackets costs more than it is long.
_LINKED = r"\[(?P<text>(?:[^\[\]]|\[[^\[\]]{0,200}\]){1,1000})\]"
_TARGET = r"\((?P<to>(?:[^()\s]|\([^()\s]{0,200}\)){0,1000})(?:\s+\"[^\"]{0,200}\")?\)"
_ITEM = re.compile(
    rf"\s{{0,8}}(?:[-*+]|\d{{1,4}}[.)])\s+(?P<title>\*\*.+?\*\*|__.+?__|{_LINKED}{_TARGET})(?P<rest>.*)",
    re.DOTALL,
)
_BETWEEN = re.compile(r"(?:[\s:.|\u2013\u2014-]|<br\s*/?>)*")
_VERBATIM = re.compile(r"(\$[^$]{1,1000}\$|`[^`]{1,1000}`)")
_IMAGE = re.compile(
    r"!\[[^\]]{0,1000}\]\([^)]{0,1000}\)|<!--.{0,1000}?-->|</?[a-zA-Z][^<>]{0,200}>"
)
_BARE_LINK = re.compile(r"<(https?://[^>\s]{1,1000})>")
_NAMED_LINK = re.compile(_LINKED + _TARGET)
_EMPHASIS = re.compile(r"(?<![\w\\*])(\*{1,3}|_{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])")
_ESCAPED = re.compile(r"\\([*_`\[\]()#+.!|>~-])")


class Markdown(Reader):
    """Papers are the headings of the level that is used most, or the items of its lists."""

    name = "markdown"
    title = "Markdown"
    suffixes = (".md", ".markdown")

    def sniff(self, head: bytes) -> float:
        found = _levels(decode_text(head)).total()
        return NO if not found else LIKELY if found > 1 else POSSIBLE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        levels = _levels(decode_text(source.head))
        level = max(levels, key=lambda each: (levels[each], each), default=1)
        return read_page(paragraphs(_unmarked(source.lines(), level)))


def _levels(text: str) -> Counter[int]:
    """Count what may be a paper: headings by level, and list items that begin with a title."""
    levels: Counter[int] = Counter()
    for line in text.split("\n"):
        if heading := _HEADING.fullmatch(line):
            if not is_boilerplate(heading["text"]) and not split_label(heading["text"])[0]:
                levels[len(heading["marks"])] += 1
        elif _ITEM.match(line):
            levels[_LIST] += 1
    return levels


def _unmarked(
    lines: Iterator[tuple[int, bytes | None]], level: int
) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines as plain text in which titles carry a label."""
    for number, line in lines:
        if line is None:
            yield number, None
            continue
        for text in _plain_lines(decode_text(line).rstrip("\r\n"), level):
            yield number, text.encode()


def _plain_lines(line: str, level: int) -> Iterator[str]:
    if heading := _HEADING.fullmatch(line):
        yield ""
        yield _heading(plain(heading["text"], with_links=False), len(heading["marks"]) == level)
        yield ""
    elif level == _LIST and (item := _ITEM.match(line)):
        yield ""
        yield f"Title: {plain(item['title'], with_links=False).rstrip(':. ')}"
        yield ""
        yield plain(_BETWEEN.sub("", item["rest"], count=1))
    else:
        yield plain(line.removeprefix("> "))


def _heading(text: str, is_paper: bool) -> str:
    if split_label(text)[0]:
        return text
    # A section's heading is no title, but no abstract goes on across it either.
    return f"Title: {text}" if is_paper else f"Comments: {text}"


def plain(text: str, *, with_links: bool = True) -> str:
    """Return Markdown as plain text; formulas and code stay, and so do addresses of links."""
    parts = _VERBATIM.split(text)
    parts[::2] = [_without_marks(part, with_links) for part in parts[::2]]
    return "".join(parts)


def _without_marks(text: str, with_links: bool) -> str:
    text = _BARE_LINK.sub(r"\1", text)
    text = _IMAGE.sub("", text)
    text = _NAMED_LINK.sub(lambda link: _link(link["text"], link["to"], with_links), text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return _ESCAPED.sub(r"\1", text)


def _link(text: str, address: str, with_address: bool) -> str:
    named = with_address and address.startswith("http") and address != text
    return f"{text} ({address})" if named else text


MARKDOWN = Markdown()
