"""Lines of text to paragraphs: wrapped lines joined, labelled fields and list items apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.readers._encoding import text_of
from extractor.readers._furniture import ends_no_title, is_furniture, is_people
from extractor.readers._reader import TEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OVERLONG = "overlong"
"""The label of a line that was skipped."""

HEADING = "heading"
"""The label of what a page sets as a heading."""

_LONG = 200
"""Characters from which on a line is taken for a paragraph of its own, unwrapped."""

_NARROW = 50
"""A block no line of which is longer was hardly wrapped: its lines stand for themselves."""

_FULL = 0.85
"""The share of the widest line to which a line is filled that wrapping broke."""

_LABEL = re.compile(
    r"(?P<label>title|authors?|abstract|summary|comments?|subjects?|categories|keywords?"
    r"|key words|index terms|ccs concepts|journal[- ]ref|doi|date|report[- ]no|license"
    r"|(?:msc|acm)[- ]class|affiliations?|venue|cite as)\s*[:\uff1a\u2014]\s*"
    r"|(?P<leading>abstract|summary)\s*[.\u2013-]\s*(?=[A-Z$\"'(])"
    r"|[^\w()]*(?P<heading>abstract|summary)[^\w()]*$",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_RULE = re.compile(r"[\W_]*|\\\\\s*\(.*\)")
_LIST_ITEM = re.compile(r"(?:[-\u2022*\u2013\u00b7]|\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[).])\s+\S")
_SENTENCE_END = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*$")
_UNFINISHED = re.compile(
    r"(?:[,:\u2013\u2014-]|\b(?:an?|and|as|at|by|for|from|in|into|of|on|or|over|the|through|to|towards?"
    r"|under|using|versus|via|with|without))$",
    re.IGNORECASE,
)
_HYPHENATED = re.compile(r"\w-")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of text: ``label`` names the field it is, ``block`` what blank lines surround."""

    line: int
    text: str
    block: int
    label: str = ""

    @property
    def is_list_item(self) -> bool:
        return _LIST_ITEM.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    label: str
    indented: bool


def paragraphs(lines: Iterable[tuple[int, bytes | None]]) -> Iterator[Paragraph]:
    """Yield the paragraphs in order; memory holds one block at a time, of bounded length."""
    block: list[_Line] = []
    count = held = 0
    for number, data in lines:
        for text in _LINE_END.split(text_of(data or b"").rstrip("\r\n")):
            line = _line_of(number, text)
            if line is None or held > TEXT_LIMIT:
                yield from _in_block(block, count)
                count += 1
                block, held = [], 0
            if line is not None:
                block.append(line)
                held += len(text)
        if data is None:
            yield Paragraph(number, "", count, OVERLONG)
    yield from _in_block(block, count)


def _line_of(number: int, text: str) -> _Line | None:
    stripped = text.strip()
    if _RULE.fullmatch(stripped):
        return None
    label, content = labelled(stripped)
    return _Line(number, content, label, indented=text[0].isspace())


def labelled(text: str) -> tuple[str, str]:
    """Split ``Title: ...`` and its kind into the label, in lower case, and what it labels."""
    found = _LABEL.match(text)
    if found is None or text[0].islower():
        return "", text
    label = re.sub(r"\W", "_", (found["label"] or found["leading"] or found["heading"]).lower())
    return label, text[found.end() :]


def _in_block(lines: list[_Line], block: int) -> Iterator[Paragraph]:
    named = any(line.label in ("author", "authors") for line in lines)
    # A line of one word, such as an address, says nothing of the width that was wrapped to.
    lengths = (len(line.text) for line in lines if " " in line.text)
    widest = max((length for length in lengths if length <= _LONG), default=0)
    group: list[_Line] = []
    for line in lines:
        if group and _begins_anew(line, group, widest, named):
            yield _joined(group, block)
            group = []
        group.append(line)
    if group:
        yield _joined(group, block)


def _begins_anew(line: _Line, group: list[_Line], widest: int, authors_are_named: bool) -> bool:
    before = group[-1]
    if line.label or max(len(line.text), len(before.text)) > _LONG:
        return True
    if line.indented and not group[0].indented:
        return False
    if group[0].label not in ("", "abstract", "summary"):
        # What follows a title is the authors, unless they are named elsewhere.
        return not (group[0].label == "title" and authors_are_named)
    if _is_hyphenated(before.text, line.text):
        return False
    if widest < _NARROW or (len(group) == 1 and is_furniture(before.text)):
        return True
    if line.text[0].islower() and not _SENTENCE_END.search(before.text):
        return False
    if len(group) == 1 and not _UNFINISHED.search(before.text) and _is_beside_title(line.text):
        return True
    first_word = line.text.split(maxsplit=1)[0]
    return len(before.text) + 1 + len(first_word) <= widest * _FULL


def _is_beside_title(text: str) -> bool:
    return is_people(text) or ends_no_title(text)


def _is_hyphenated(before: str, after: str) -> bool:
    return _HYPHENATED.fullmatch(before[-2:]) is not None and after[0].islower()


def _joined(group: list[_Line], block: int) -> Paragraph:
    text = group[0].text
    for line in group[1:]:
        apart = "" if not text or _is_hyphenated(text, line.text) else " "
        text += apart + line.text
    return Paragraph(group[0].number, text, block, group[0].label)
