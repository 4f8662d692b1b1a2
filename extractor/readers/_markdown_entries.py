"""Papers under headings or in items of Markdown whose abstracts are labelled as such.

The label is ``Abstract:`` at the beginning of a line, a heading *Abstract*, or the summary of
``<details>``. What else is said of the paper, such as a summary that a model has written, is
under labels of its own and no abstract.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from extractor.readers._markdown import (
    EMOJI,
    Heading,
    Title,
    has_only_links,
    heading_of,
    id_of_link,
    id_of_names,
    is_field_heading,
    is_plain_item,
    item_of,
    label_of,
    parts_of,
    plain,
    title_of,
    title_of_item,
)
from extractor.readers._metadata import names_in
from extractor.readers._paragraphs import Paragraph, is_boilerplate
from extractor.readers.base import TEXT_LIMIT, TOO_LONG, Item, Unreadable, build_entry, decode_text
from extractor.readers.text import is_surely_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIST = 0
"""The level of papers that are items of a list; a heading's level is the number of its marks."""

LABELLED = 7
"""The level of papers whose titles have a label of their own, ``**Title**:``."""

PLAIN = 8
"""The level of papers that are items of a list with plain titles, and an abstract within."""

_DETAILS = re.compile(
    r"\s{0,8}(?:<details\b[^<>]{0,100}>)?\s{0,8}<summary>(?P<name>.{0,200}?)</summary>(?P<text>.*)",
    re.I,
)
_DETAILS_END = "</details>"
_NAME = (
    r"(?P<{}>(?:(?:original|paper|full|english|\u8bba\u6587|\u539f\u6587|\u82f1\u6587|\u4e2d\u6587)\s?)?"
    r"(?:abstract|\u6458\u8981)(?:\s?[(\uff08].{{0,40}}?[)\uff09])?)"
)
_ABSTRACT = re.compile(rf"[^\w]*(?:abstract\]\W*)?{_NAME.format('name')}[^\w]*", re.IGNORECASE)
_LABELLED_ABSTRACT = re.compile(
    rf"\s{{0,8}}(?:>\s{{0,3}})?(?P<item>[-*+]\s+)?{EMOJI}?(?:"
    rf"(?P<mark>\*{{1,3}}|_{{1,3}}){_NAME.format('marked')}\s?"
    r"(?P<end>[:\uff1a.\u3002\u2013\u2014-]?\s?(?P=mark)\s?[:\uff1a.\u3002\u2013\u2014-]{0,2})|"
    rf"{_NAME.format('bare')}\s?(?:[:\uff1a]|(?-i:(?:[.\u2013]\s|-{{1,2}}\s|\u2014\s?)\s{{0,3}}(?=[A-Z$\"'(]))))"
    r"(?!//)\s*(?P<text>.*)",
    re.IGNORECASE | re.DOTALL,
)
_NEAR = 340
"""Characters within which a line has the word *Abstract* if that is its label."""

_PART = re.compile(
    r"(?:background|introduction|context|importance|objectives?|purpose|aims?|hypothesis|problem|"
    r"materials?|patients|methods?|methodology|approach|design|setting|participants|interventions?|"
    r"main outcomes?|measurements?|data sources?|study selection|results?|findings|conclusions?|"
    r"discussion|interpretation|significance|limitations?|originality|"
    r"\u80cc\u666f|\u76ee\u7684|\u65b9\u6cd5|\u7ed3\u679c|\u7ed3\u8bba)\b.*"
)
_IN_SENTENCE = frozenset(
    (  # noqa: SIM905 -- words of a sentence that has a colon
        "a also an and as at by finally first for from here however importantly in it more "
        "moreover note of on our overall second specifically that the their there these third this "
        "to two three we which with"
    ).split()
)
"""What a line begins with that goes on with the abstract, though a colon comes early."""

_AUTHORS = re.compile(r"\s{0,8}([*_])(?P<names>[^*_]+)\1")
_TITLES = frozenset(("title", "paper", "\u6807\u9898", "\u9898\u76ee", "\u8bba\u6587\u6807\u9898"))
_QUOTE = re.compile(r"\A>(?:\s+|\Z)")
_BELOW = Title("", "")
"""Stands for the title where a heading says *Title* and what it is comes below."""

_LONGEST_FIELD = 5000
_LONG = 100
"""Characters of a line below a heading that show that it is no heading of a section."""

_TITLE_IS_CERTAIN = re.compile(
    r"[\s#>*_]{0,12}(?:\[?\d{1,4}[\].)]|(?:title|\u6807\u9898|\u9898\u76ee|\u8bba\u6587\u6807\u9898)\W{0,4}[:\uff1a])",
    re.IGNORECASE,
)
_CAPITAL_ITEM = re.compile(r"\s{0,8}[-+]\s+[^a-z]")
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*")


class _Opening(NamedTuple):
    """The name that an abstract's label gives it, and the text on the line of the label."""

    name: str
    text: str


class _Candidate(NamedTuple):
    """What is the title if an abstract comes that is not that of the paper above."""

    line: int
    title: Title


def is_abstract_label(line: str) -> bool:
    """Say whether an abstract begins at this line by its label."""
    return _opened_abstract(line) is not None


def _opened_abstract(line: str) -> _Opening | None:
    """Return what the label of an abstract says on this line; None if it labels no abstract."""
    beginning = line[:_NEAR].lower()
    if "abstract" not in beginning and "\u6458\u8981" not in beginning:
        return None
    text = ""
    if details := _DETAILS.fullmatch(line):
        line, text = plain(details["name"]), details["text"]
    elif heading := heading_of(line):
        line = heading.text
    if found := _ABSTRACT.fullmatch(line):
        return _Opening(found["name"].lower(), text)
    found = _LABELLED_ABSTRACT.fullmatch(line)
    if found is None or details:
        return None
    # An item may be called "Abstract reasoning", with the first word alone in bold.
    is_open = found["mark"] and found["end"].strip() == found["mark"]
    if is_open and (heading or (found["item"] and "](" in line)):
        return None
    return _Opening((found["marked"] or found["bare"]).lower(), found["text"])


def title_with_label(line: str) -> Title | None:
    """Return the title on a line that begins with ``**Title**:`` or ``- Title:``."""
    # "- title: A" is YAML.
    is_likely = line.lstrip()[:1] in ("*", "_", ">") or _CAPITAL_ITEM.match(line)
    label = label_of(line) if is_likely else None
    is_title = label is not None and label.is_marked and label.name in _TITLES
    return title_of(label.text) if label and is_title and label.text else None


class _Entries:
    """Puts the papers together as the lines come."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._begin(0, Title("", ""))

    def _begin(self, line: int, title: Title, *, is_certain: bool = False) -> None:
        self._line, self._title, self._is_certain = line, title, is_certain
        self._candidate: _Candidate | None = None
        self._abstract: list[str] = []
        self._size = 0
        self._name = ""
        self._is_open = self._has_abstract = self._has_text = False
        self._is_below_label = self._has_parts = self._after_blank = False
        self._source: dict[str, object] = {}
        self._id = title.id

    def take(self, number: int, line: str) -> Iterator[Item]:
        """Yield the papers that the line brings to an end."""
        if opening := _opened_abstract(line):
            yield from self._open(number, opening)
        elif title := self._title_on(line):
            yield from self.end()
            self._begin(number, title, is_certain=_TITLE_IS_CERTAIN.match(line) is not None)
        elif heading := heading_of(line):
            yield from self._pass_heading(number, heading)
        elif self._title is _BELOW:
            self._take_title(line.strip())
        elif self._is_open and not self._ends_abstract(line):
            self._go_on(line)
        else:
            self._label(number, line)
        self._after_blank = not line.strip()

    def _pass_heading(self, number: int, heading: Heading) -> Iterator[Item]:
        """Close the abstract; the heading of a section ends the paper above it as well."""
        self._is_open = False
        if is_field_heading(heading.text) or is_boilerplate(heading.text):
            return
        if heading.level < self._level or self._level == LIST:
            yield from self.end()
            self._begin(0, Title("", ""))
        self._candidate = _Candidate(number, title_of(heading.text))

    def _take_title(self, text: str) -> None:
        if text:
            self._title = title_of(text)
            self._id = self._title.id

    def _title_on(self, line: str) -> Title | None:
        if self._level == LABELLED:
            return title_with_label(line)
        if self._level == PLAIN:
            return title_of(line.lstrip("-*+ ")) if is_plain_item(line) else None
        if self._level == LIST:
            item = item_of(line)
            return title_of_item(item) if item and not label_of(line) else None
        heading = heading_of(line)
        if heading is None or heading.level != self._level or is_field_heading(heading.text):
            return None
        return _BELOW if heading.text.lower() in _TITLES else title_of(heading.text)

    def _open(self, number: int, opening: _Opening) -> Iterator[Item]:
        """Begin the abstract that a label opens: of this paper, of another, or a translation."""
        if any(map(str.strip, self._abstract)):
            self._is_open = False
            if opening.name != self._name:
                if 0 < len(opening.text) <= _LONGEST_FIELD:
                    self._source.setdefault(opening.name, plain(opening.text).strip())
                return
            candidate = self._candidate or _Candidate(number, Title("", ""))
            yield from self.end()
            self._begin(*candidate)
        elif not self._title.text and self._candidate:
            self._begin(*self._candidate)
        self._line = self._line or number
        self._name = opening.name
        self._is_open = self._has_abstract = True
        self._is_below_label = not opening.text.strip()
        label = label_of(opening.text)
        self._has_parts = label is not None and _PART.fullmatch(label.name) is not None
        self._go_on(opening.text)

    def _go_on(self, text: str) -> None:
        before, end, _ = text.partition(_DETAILS_END)
        self._size += len(before)
        if self._size <= TEXT_LIMIT:
            self._abstract.append(plain(_QUOTE.sub("", before.strip())))
        if end:
            self._is_open = False

    def _ends_abstract(self, line: str) -> bool:
        """Say whether the line is a field of its own rather than a part of the abstract."""
        label = label_of(line)
        if label is None:
            return has_only_links(line) or _RULE.fullmatch(line) is not None
        if _PART.fullmatch(label.name):
            # In marks like those of "Abstract" before it, it is another field of the paper.
            is_like_label = label.is_marked and not self._is_below_label
            return label.name in self._source or (is_like_label and not self._has_parts)
        if self._is_below_label or label.is_marked:
            return label.is_marked
        return self._after_blank and label.name.split(maxsplit=1)[0] not in _IN_SENTENCE

    def _label(self, number: int, line: str) -> None:
        self._is_open = False
        if len(line) > _LONGEST_FIELD:
            return
        label = label_of(line)
        if self._has_abstract and label is None and (item := item_of(line)):
            self._candidate = _Candidate(number, title_of_item(item))
        elif label is None:
            self._id = self._id or id_of_names(line)
            if not self._title.text and is_surely_title(Paragraph(number, plain(line).strip(), 0)):
                # A title without marks: the abstract below is not that of the heading above.
                self._candidate = None
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
            self._is_certain
            or self._id
            or (self._source and not is_boilerplate(title.text))
            or self._has_text
            or is_surely_title(Paragraph(self._line, title.text, 0))
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
