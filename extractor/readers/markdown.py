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
    for number, data in lines:
        line = decode_text(data or b"").rstrip("\r\n")
        if data is None:
            yield number, None
        elif heading := _HEADING.fullmatch(line):
            text = plain(heading["text"], with_links=False)
            if not split_label(text)[0]:
                # A section's heading is not a title, but it ends the abstract before it.
                text = ("Title: " if len(heading["marks"]) == level else "Comments: ") + text
            yield from ((number, part.encode()) for part in ("", text, ""))
        elif level == _LIST and (item := _ITEM.match(line)):
            title = plain(item["title"], with_links=False).rstrip(":. ")
            rest = plain(_BETWEEN.sub("", item["rest"], count=1))
            yield from ((number, part.encode()) for part in ("", f"Title: {title}", "", rest))
        else:
            yield number, plain(line.removeprefix("> ")).encode()


def plain(text: str, *, with_links: bool = True) -> str:
    """Return Markdown as plain text; formulas and code stay, and so do addresses of links."""

    def link(found: re.Match[str]) -> str:
        text, address = found["text"], found["to"]
        named = with_links and address.startswith("http") and address != text
        return f"{text} ({address})" if named else text

    parts = _VERBATIM.split(text)
    for at in range(0, len(parts), 2):
        part = _IMAGE.sub("", _BARE_LINK.sub(r"\1", parts[at]))
        part = _NAMED_LINK.sub(link, part)
        part = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", part))
        parts[at] = _ESCAPED.sub(r"\1", part)
    return "".join(parts)
