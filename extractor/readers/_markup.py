"""Marks of JATS, HTML and MathML in titles and abstracts: the marks go, their text stays."""

from __future__ import annotations

import html
import re
from collections import deque
from typing import TYPE_CHECKING

from extractor.readers._formulas import FORMULAS, with_powers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ENTITY = re.compile(r"&(?:amp;)?(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_HEADING = r"(?:(?:jats:)?title|h[1-6])"
_BLOCKS = (
    rf"{_HEADING}|(?:jats:)?(?:p|sec|list|list-item|disp-formula|break)|(?:ce:)?(?:abstract|para)"
    r"|div|br|hr|[ou]l|li|d[ltd]|table|tbody|t[rdh]|blockquote|center|pre|section|article|simple-para"
)
_INLINE = (
    r"(?:mml|m|jats|ce|o|w|st1):[\w-]+"
    r"|[abiqu]|em|strong|strike|del|ins|su[bp]|span|tt|s?cp?|font|small|big|abbr|acronym|cite|code"
    r"|kbd|var|samp|mark|img|nobr|sc|sans-serif|monospace|roman|overline|underline|italic|bold"
    r"|inline(?:-formula|-graphic|-equation)?|inlineequation|equationsource|equation|emphasis"
    r"|superscript|subscript|named-content|styled-content|ext-link|xref|uri|email|formula|tex"
    r"|tex-math|alternatives|math|m(?:row|[inos]|text|su[bp]|subsup|frac|sqrt|root|over|under"
    r"|underover|space|style|fenced|table|tr|td|padded|phantom|enclose|multiscripts|prescripts)"
    r"|semantics|annotation|annotation-xml|inf"
)
# Without an attribute's name it is a comparison, as in p<i and q>r.
_REST = r"\s*+(?:(?<=\s)[\w:.-]{1,60}\s?=[^<>]{0,1000})?/?>"
_MARK = re.compile(rf"<(/?)((?P<block>{_BLOCKS})|{_INLINE})(?=[\s/>]){_REST}", re.IGNORECASE)
_BEGINS = re.compile(r"</?[a-z!]", re.IGNORECASE)
_CLOSED = re.compile(rf"</({_BLOCKS}|{_INLINE})\s*>", re.IGNORECASE)
_HEADINGS = frozenset(["title", "jats:title", "h1", "h2", "h3", "h4", "h5", "h6"])
_ALONE = frozenset(["br", "hr", "img", "p", "li", "jats:p", "jats:break", "td", "tr", "th"])
"""Marks that need not be closed."""

_TEX = re.compile(
    r"<((?:jats:)?tex-math|(?:mml:|m:)?annotation)\b[^<>]{0,1000}>[^<]{0,10000}</\1\s*>",
    re.IGNORECASE,
)
_MATHML = frozenset(["math", "mml:math", "m:math"])
_TITLED = re.compile(rf"<({_HEADING}){_REST}([^<]{{1,200}})</\1\s*>", re.IGNORECASE)
_RAISED = frozenset(["sup", "jats:sup", "superscript"])
_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_NO_TEXT = (
    ("<!--", "-->"),
    ("<style", "</style>"),
    ("<script", "</script>"),
    ("\\documentclass", "\\begin{document}"),
    ("\\end{document", "}"),
)


def without_marks(text: str) -> str:
    """Return the text without marks and entities; what only looks like a mark stays.

    A heading at the beginning that has no other beside it labels the whole, and goes as well.
    """
    text = without_entities(text)
    return _without_tags(text) if _BEGINS.search(text) else text


def without_entities(text: str) -> str:
    """Return the text with the characters that entities stand for."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def without_blocks(text: str, is_unwanted: Callable[[str], object]) -> str:
    """Return the text without marks, and without unwanted blocks at its beginning and its end."""
    text = without_entities(text)
    closed = _closed_in(text)

    def is_left_out(block: tuple[int, int]) -> bool:
        said = _without_tags(text[slice(*block)], closed)
        return not said or bool(is_unwanted(said))

    blocks = deque(_blocks(text))
    while blocks and is_left_out(blocks[0]):
        blocks.popleft()
    while blocks and is_left_out(blocks[-1]):
        blocks.pop()
    return _without_tags(text[blocks[0][0] : blocks[-1][1]], closed) if blocks else ""


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each block begins and ends, with the marks in front of it."""
    start = at = 0
    for mark in _MARK.finditer(text):
        if mark["block"]:
            if text[at : mark.start()].strip():
                yield start, mark.end() if mark[1] else mark.start()
                start = mark.end() if mark[1] else mark.start()
            at = mark.end()
    if text[at:].strip():
        yield start, len(text)


def _character(entity: re.Match[str]) -> str:
    """Decode an entity, also one whose ampersand was made one in turn."""
    return html.unescape(entity[0].replace("&amp;", "&", 1) if ";" in entity[0][:-1] else entity[0])


def _closed_in(text: str) -> set[str]:
    return {name.lower() for name in _CLOSED.findall(text)}


def _without_tags(text: str, closed: set[str] | None = None) -> str:
    """Leave out marks; ``closed`` are the names of those that count, if it is a part of a text."""
    if "<![CDATA[" in text:
        text = text.replace("<![CDATA[", "").replace("]]>", "")
    closed = _closed_in(text) if closed is None else closed
    if not closed and not _MARK.match(text) and "/>" not in text and "<br>" not in text.lower():
        # Nothing that is opened is closed: the abstract speaks of marks.
        return text
    for begin, end in _NO_TEXT:
        text = _without_parts(text, begin, end)
    headings = _TITLED.findall(text) if closed & _HEADINGS else []
    if len(headings) == 1 or (headings and headings[0][1].strip().lower() == "abstract"):
        text = _without_first_heading(text)
    if closed & _MATHML:
        # The same formula stands there as TeX and as MathML.
        text = _TEX.sub("", text)
    if closed & _RAISED or any(name.rpartition(":")[2] in FORMULAS for name in closed):
        text = with_powers(text)
    if headings:
        text = _TITLED.sub(_label, text)
    text = _MARK.sub(lambda mark: _left_of(mark, closed), text)
    return (_SPACES.sub(" ", text) if _spaced(text) else text).strip()


def _spaced(text: str) -> bool:
    return any(each in text for each in ("  ", "\n", "\t", "\r"))


def _left_of(mark: re.Match[str], closed: set[str]) -> str:
    """Return what is left of a mark: nothing, or a space; all, if it is none."""
    name = mark[2].lower()
    if not (mark[1] or name in closed or name in _ALONE or mark[0].endswith("/>")):
        return mark[0]
    return " " if mark["block"] else ""


def _without_parts(text: str, begin: str, end: str) -> str:
    """Leave out what stands between two marks that no text stands between."""
    parts, at = [], 0
    while (start := text.find(begin, at)) >= 0 and (stop := text.find(end, start)) >= 0:
        parts.append(text[at:start])
        at = stop + len(end)
    return "".join([*parts, text[at:]]) if parts else text


def _without_first_heading(text: str) -> str:
    found = _TITLED.search(text)
    if found and not _MARK.sub("", text[: found.start()]).strip():
        rest = text[: found.start()] + text[found.end() :]
        return rest if _MARK.sub("", rest).strip() else text
    return text


def _label(heading: re.Match[str]) -> str:
    name = heading[2].strip()
    is_last = heading.end() == len(heading.string)
    return f" {name} " if name[-1:] in ".:?!" or is_last else f" {name}: "
