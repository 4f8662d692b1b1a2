"""Marks of JATS, HTML and MathML in titles and abstracts: the marks go, their text stays."""

from __future__ import annotations

import html
import re

_ENTITY = re.compile(r"&(?:#\d+|#[xX][\da-fA-F]+|[A-Za-z]\w{1,30});")
_HEADING = r"(?:(?:jats:)?title|h[1-6])"
_BLOCKS = (
    rf"(?:{_HEADING}|(?:jats:)?(?:p|sec|list|list-item|disp-formula)|abstract|div|br|ul|ol|li)"
)
_INLINE = (
    r"(?:mml:[\w-]+|jats:[\w-]+|i|b|u|em|strong|sub|sup|span|a|tt|sc|inline|italic|bold|small"
    r"|inline-formula|tex-math|alternatives|math|mrow|m[inos]|mtext|msub|msup|msubsup|mfrac|msqrt"
    r"|mover|munder|munderover|mspace|mstyle|semantics|annotation|scp|inf)"
)
_REST = r"(?:\s[^<>]{0,1000})?/?>"
_MARK = re.compile(rf"</?(?:(?P<block>{_BLOCKS})|{_INLINE}){_REST}", re.IGNORECASE)
_TEX = re.compile(
    r"<((?:jats:)?tex-math|annotation)\b[^<>]{0,1000}>[^<]{0,10000}</\1\s*>", re.IGNORECASE
)
_MATHML = re.compile(r"<(?:mml:)?math\b", re.IGNORECASE)
_TITLED = re.compile(rf"<({_HEADING}){_REST}([^<]{{1,200}})</\1\s*>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")


def without_marks(text: str) -> str:
    """Return the text without marks and entities; what only looks like a mark stays.

    A heading at the beginning that has no other beside it labels the whole, and goes as well.
    """
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if "<" not in text or not _MARK.search(text) or not _closes(text):
        # Nothing that is opened is closed: the abstract speaks of marks.
        return text
    if len(headings := _TITLED.findall(text)) == 1 or (
        headings and headings[0][1].strip().lower() == "abstract"
    ):
        text = _without_first_heading(text)
    if _MATHML.search(text):
        # The same formula stands there as TeX and as MathML.
        text = _TEX.sub("", text)
    text = _TITLED.sub(_label, text)
    text = _MARK.sub(lambda mark: " " if mark["block"] else "", text)
    return _SPACES.sub(" ", text).strip()


def _closes(text: str) -> bool:
    return "</" in text or "/>" in text or "<br>" in text.lower()


def _without_first_heading(text: str) -> str:
    found = _TITLED.search(text)
    if found and not _MARK.sub("", text[: found.start()]).strip():
        return text[: found.start()] + text[found.end() :]
    return text


def _label(heading: re.Match[str]) -> str:
    name = heading[2].strip()
    return f" {name} " if name[-1:] in ".:?!" else f" {name}: "
