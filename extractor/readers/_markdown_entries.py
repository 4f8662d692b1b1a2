"""Papers under headings or in items of Markdown whose abstracts are labelled as such.

The label is ``Abstract:`` at the beginning of a line, a heading *Abstract*, or the summary of
``<details>``. What else is said of the paper, such as a summary that a model has written, is
under labels of its own and no abstract.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markdown import (
    Title,
    heading_of,
    id_of_link,
    is_field_heading,
    item_of,
    label_of,
    parts_of,
    plain,
    title_of,
)
from extractor.readers._metadata import names_in
from extractor.readers._paragraphs import Paragraph, is_part
from extractor.readers.base import TEXT_LIMIT, TOO_LONG, Item, Unreadable, build_entry, decode_text
from extractor.readers.text import is_surely_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIST = 0
"""The level of papers that are items of a list; a heading's level is the number of its marks."""

LABELLED = 7
"""The level of papers whose titles have a label of their own, ``**Title**:``."""

_DETAILS = re.compile(
    r"\s{0,8}(?:<details\b[^<>]{0,100}>)?\s{0,8}<summary>(?P<name>.{0,200}?)</summary>(?P<text>.*)",
    re.I,
)
_DETAILS_END = "</details>"
_ABSTRACT = re.compile(
    r"[^\w]*(?:abstract\]\W*)?(?:abstract|\u6458\u8981)(?:\s*\(.{0,40}\))?[^\w]*", re.IGNORECASE
)
_PART = re.compile(
    r"(?:background|introduction|context|objectives?|purpose|aims?|materials?|methods?|methodology|"
    r"design|setting|participants|results?|findings|conclusions?|discussion|significance)\b.*"
)
_AUTHORS = re.compile(r"\s{0,8}([*_])(?P<names>[^*_]+)\1")
_TITLES = frozenset(("title", "paper", "\u6807\u9898", "\u9898\u76ee", "\u8bba\u6587\u6807\u9898"))
_LONGEST_FIELD = 5000
_LONG = 100
"""Characters of a line below a heading that show that it is no heading of a section."""

_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*")


def is_abstract_label(line: str) -> bool:
    """Say whether an abstract begins at this line by its label."""
    return _opened_abstract(line) is not None


def _opened_abstract(line: str) -> str | None:
    """Return the text on the line of an abstract's label; None if it labels no abstract."""
    if (heading := heading_of(line)) and _ABSTRACT.fullmatch(heading.text):
        return ""
    if (details := _DETAILS.fullmatch(line)) and _ABSTRACT.fullmatch(plain(details["name"])):
        return details["text"]
    if (label := label_of(line)) and _ABSTRACT.fullmatch(label.name):
        return label.text
    return "" if _ABSTRACT.fullmatch(line.strip()) else None


def title_with_label(line: str) -> Title | None:
    """Return the title on a line that begins with ``**Title**:``."""
    label = label_of(line) if "**" in line or "__" in line else None
    is_title = label is not None and label.is_marked and label.name in _TITLES
    return title_of(label.text) if label and is_title and label.text else None


class _Entries:
    """Puts the papers together as the lines come."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._begin(0, Title("", ""))

    def _begin(self, line: int, title: Title) -> None:
        self._line, self._title = line, title
        self._abstract: list[str] = []
        self._size = 0
        self._is_open = self._has_abstract = self._has_text = False
        self._is_below_label = self._after_blank = False
        self._source: dict[str, object] = {}
        self._id = title.id

    def take(self, number: int, line: str) -> Iterator[Item]:
        """Yield the paper that the line brings to an end."""
        if (opened := _opened_abstract(line)) is not None and not self._has_abstract:
            self._line = self._line or number
            self._is_open = self._has_abstract = True
            self._is_below_label = not opened.strip()
            self._go_on(opened)
        elif title := self._title_on(line):
            yield from self.end()
            self._begin(number, title)
        elif heading_of(line) or _RULE.fullmatch(line):
            self._is_open = False
        elif self._is_open and not self._ends_abstract(line):
            self._go_on(line)
        else:
            self._label(line)
        self._after_blank = not line.strip()

    def _title_on(self, line: str) -> Title | None:
        if self._level == LABELLED:
            return title_with_label(line)
        if self._level == LIST:
            item = item_of(line)
            return title_of(item["title"]) if item and not label_of(line) else None
        heading = heading_of(line)
        if heading is None or heading.level != self._level or is_field_heading(heading.text):
            return None
        return title_of(heading.text)

    def _go_on(self, text: str) -> None:
        before, end, _ = text.partition(_DETAILS_END)
        self._size += len(before)
        if self._size <= TEXT_LIMIT:
            self._abstract.append(plain(before.strip().removeprefix("> ")))
        if end:
            self._is_open = False

    def _ends_abstract(self, line: str) -> bool:
        """Say whether the line is a field of its own rather than a part of the abstract."""
        label = label_of(line)
        if label is None:
            return False
        is_structured = self._abstract and is_part("".join(self._abstract[:1]))
        if _PART.fullmatch(label.name) and (self._is_below_label or is_structured):
            return False
        return label.is_marked or (self._after_blank and not self._is_below_label)

    def _label(self, line: str) -> None:
        self._is_open = False
        if len(line) > _LONGEST_FIELD:
            return
        label = label_of(line)
        self._has_text |= label is None and len(line) >= _LONG
        if (people := _AUTHORS.fullmatch(line)) and not self._has_abstract:
            self._source.setdefault("authors", names_in(people["names"]))
        elif label and label.name in ("author", "authors", "\u4f5c\u8005"):
            self._source.setdefault("authors", names_in(plain(label.text)))
        elif label and label.text:
            self._id = self._id or id_of_link(label.name, label.text)
            self._source.setdefault(label.name, plain(label.text).strip())

    def end(self) -> Iterator[Item]:
        title = self._title
        if self._size > TEXT_LIMIT:
            yield Unreadable(self._line, TOO_LONG, self._id or None, title.text)
        elif self._has_abstract:
            yield build_entry(self._line, self._id, title.text, self._text(), self._source)
        elif title.text and (
            title.id or self._has_text or is_surely_title(Paragraph(self._line, title.text, 0))
        ):
            yield Unreadable(self._line, "There is no abstract.", self._id or None, title.text)

    def _text(self) -> str:
        paragraphs = re.split(r"\n\s*\n", "\n".join(self._abstract).strip())
        return "\n\n".join(" ".join(each.split("\n")).strip() for each in paragraphs)


def read_entries(lines: Iterable[tuple[int, bytes | None]], level: int) -> Iterator[Item]:
    """Yield the papers whose titles are headings of the level, or items."""
    entries = _Entries(level)
    for number, data in lines:
        if data is None:
            yield from entries.end()
            entries = _Entries(level)
            yield Unreadable(number, TOO_LONG)
        else:
            for part in parts_of(decode_text(data).rstrip()):
                yield from entries.take(number, part)
    yield from entries.end()
