"""Plain text: saved web pages, listings, and files of titles and abstracts.

A page is a sequence of paragraphs. Abstracts are recognised by their length or their label; the
title of an abstract is the best candidate among the short paragraphs since the abstract
before it; all else is boilerplate.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from extractor.readers._last_resort import check_head, width_of
from extractor.readers._likeness import is_like_abstract
from extractor.readers._metadata import names_in
from extractor.readers._paragraphs import (
    HEADING,
    OVERLONG,
    Paragraph,
    is_affiliations,
    is_aside,
    is_boilerplate,
    is_notice,
    is_part,
    is_part_name,
    is_people,
    paragraphs,
)
from extractor.readers._source import looks_binary
from extractor.readers.base import (
    LAST_RESORT,
    NO,
    TEXT_LIMIT,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_head,
    decode_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ABSTRACT_LENGTH = 240
"""Characters from which on a paragraph of sentences is an abstract wherever it stands."""

_SHORT_ABSTRACT_LENGTH = 80
"""Characters from which on a sentence is one where it follows a title."""

_TITLE_LENGTH = 300
_USUAL = 3
"""Papers in a row that show how a dump is made."""

_PENDING = 64
"""Short paragraphs that are kept while an abstract is awaited."""

_SENTENCE_END = re.compile(r"[.!?\u3002][\"'\u201d\u2019)\]]*(?:\s|$)|\u3002")
_ENDS = (".", ":", ";", "?", "\u3002")
_CLOSING = "\"'\u201d\u2019)]"
_CODE_LINE = re.compile(
    r"\b(?:code|data|dataset|models?|demo|implementation|project|page|available|website)\b"
    r".*https?://",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\A(?:\[\d{1,4}\]|\(\d{1,4}\)|\d{1,4}[.)])\s+(?=\S)")
_ARXIV_ID = re.compile(
    r"(?:\[\d+\]\s*|\d+\.\s+)?arxiv:\s*(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?",
    re.IGNORECASE,
)
_MORE = re.compile(r"\s*[\u25b3\u25bd]\s*(?:less|more)\W*$", re.IGNORECASE)
_OPENED = re.compile(r"\s*(?:\u2026|\.\.\.)\s*\u25bd\s*more\s*", re.IGNORECASE)

_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")

_NAMES = {"author": "authors", "authors": "authors"}
_NONE, _PEOPLE, _UNLIKELY, _DOUBTFUL, _SHORT, _LIKELY, _HEADED, _LABELLED = range(8)


class Text(Reader):
    """Titles and abstracts in paragraphs, with a page's boilerplate anywhere between them."""

    name = "text"
    title = "saved web pages and plain text"
    suffixes = (".txt", ".text")

    def sniff(self, head: bytes) -> float:
        return NO if looks_binary(head) or head.lstrip().startswith(b"<?xml") else LAST_RESORT

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        width = width_of(decode_head(source.head))
        check_head(source, lambda lines: _page(lines, width))
        return _page(source.lines(), width)


def _page(lines: Iterable[tuple[int, bytes | None]], width: int) -> Iterator[Item]:
    texts = ((number, None if data is None else decode_text(data)) for number, data in lines)
    return read_page(paragraphs(texts, width))


def read_page(content: Iterable[Paragraph], ids: dict[int, str] | None = None) -> Iterator[Item]:
    """Yield the papers that a sequence of paragraphs holds.

    ``ids`` names those whose titles stand on these lines; it may grow while ``content`` is read,
    and is used up.
    """
    page = _Page({} if ids is None else ids)
    for paragraph in content:
        yield from page.take(paragraph)
    yield from page.end()


class _Page:
    """Puts titles and abstracts together as the paragraphs come."""

    def __init__(self, ids: dict[int, str]) -> None:
        self._ids = ids
        self._title: Paragraph | None = None
        self._abstract: list[Paragraph] = []
        self._length = 0
        self._in_one_paragraph = 0
        self._id = ""
        self._source: dict[str, object] = {}
        self._pending: list[Paragraph] = []
        self._abstract_announced = False

    def take(self, paragraph: Paragraph) -> Iterator[Item]:
        """Yield what the paragraph brings to an end."""
        if paragraph.label == OVERLONG:
            yield from self._finish()
            yield Unreadable(paragraph.line, "The line is too long to be an abstract.")
        elif self._titles_abstract_above(paragraph):
            self._title = paragraph
        elif self._continues(paragraph):
            self._length += len(paragraph.text)
            if self._length <= TEXT_LIMIT:
                self._abstract.append(paragraph)
        elif self._is_abstract(paragraph):
            yield from self._begin(paragraph)
        else:
            self._abstract_announced = paragraph.label in ("abstract", "summary")
            self._pending.append(paragraph)
            if len(self._pending) > _PENDING:
                yield from _without_abstract(self._pending[:1])
                del self._pending[0]

    def end(self) -> Iterator[Item]:
        yield from self._finish()
        yield from _without_abstract(self._pending)

    def _titles_abstract_above(self, paragraph: Paragraph) -> bool:
        """Say whether a record begins with its abstract: ``Title:`` is in the same block below."""
        if paragraph.label != "title" or self._title is not None or not self._abstract:
            return False
        above = self._abstract[0]
        return above.block == paragraph.block and above.label in ("abstract", "summary")

    def _continues(self, paragraph: Paragraph) -> bool:
        """Say whether the abstract goes on: nothing but sentences and list items between."""
        if self._pending or not self._abstract or paragraph.label not in ("", HEADING):
            return False
        text, last = paragraph.text, self._abstract[-1]
        if paragraph.label in ("", self._abstract[0].label) and self._is_next_part(text):
            return True
        if paragraph.label or is_boilerplate(text) or is_notice(text) or is_affiliations(text):
            return False
        if paragraph.is_list_item:
            return last.is_list_item or last.text.endswith(":")
        if paragraph.block == last.block:
            return _is_sentence(text) or text[0].islower()
        if self._may_be_title(last) and _is_prose(text):
            self._pending.append(self._abstract.pop())
            return False
        if _is_prose(text) or _CODE_LINE.search(text):
            return True
        return _is_sentence(text) and not self._could_be_next_title(text)

    def _is_next_part(self, text: str) -> bool:
        """Say whether the abstract is in parts with names, and this is the next or its text."""
        first, last = self._abstract[0].text, self._abstract[-1].text
        if not is_part(first) or text.lower() == "introduction":
            # A full text begins with that name.
            return False
        return is_part(text) or is_part_name(last)

    def _may_be_title(self, last: Paragraph) -> bool:
        """Say whether what seemed the abstract's last sentence is the next title after all.

        It is where every abstract before had one paragraph.
        """
        alone = len(self._abstract) == 2 and self._abstract[0].block != last.block
        if not alone or self._in_one_paragraph < _USUAL:
            return False
        return not (_is_prose(last.text) or _CODE_LINE.search(last.text))

    def _could_be_next_title(self, text: str) -> bool:
        titles_end_with_a_stop = self._title is not None and _is_sentence(self._title.text)
        return titles_end_with_a_stop or text.endswith("?") or _share_of_capitals(text) > 0.6

    def _is_abstract(self, paragraph: Paragraph) -> bool:
        text = paragraph.text
        if paragraph.label in ("abstract", "summary"):
            return bool(text)
        is_first_part = self._abstract_announced and is_part_name(text)
        if is_first_part or paragraph.label or is_people(text) or is_boilerplate(text):
            return is_first_part
        if self._abstract_announced:
            return True
        if (len(text) < 2 * _ABSTRACT_LENGTH and is_notice(text)) or is_affiliations(text):
            return False
        if _is_prose(text):
            return True
        if len(text) < _SHORT_ABSTRACT_LENGTH or not _is_sentence(text):
            return False
        is_below_title = any(_likeness(part) >= _LIKELY for part in self._pending)
        return is_below_title or self._is_below_short_title(paragraph)

    def _is_below_short_title(self, paragraph: Paragraph) -> bool:
        """Say whether a title of a word or two is on the line above an abstract."""
        above = [part for part in self._pending[-1:] if part.block == paragraph.block]
        is_title = any(
            _likeness(part) > _UNLIKELY and part.text[-1].isalnum() and part.text[0].isupper()
            for part in above
        )
        return is_title and is_like_abstract(paragraph.text)

    def _begin(self, abstract: Paragraph) -> Iterator[Item]:
        yield from self._finish()
        rated = ((_likeness(part), at) for at, part in enumerate(self._pending))
        best, at = max(rated, default=(_NONE, 0))
        if best > _NONE:
            self._title = self._pending[at]
            found = filter(None, (_ARXIV_ID.match(part.text) for part in self._pending))
            self._id = ["", *(match["id"] for match in found)][-1]
            self._source = {
                _NAMES.get(part.label, part.label): names_in(part.text)
                if part.label in _NAMES
                else part.text
                for part in self._pending[at + 1 :]
                if part.label not in ("", HEADING, "abstract", "summary")
            }
            if self._title.link:
                self._source.setdefault("url", self._title.link)
            yield from _without_abstract(self._pending[:at] + self._pending[at + 1 :])
        self._pending = []
        self._abstract_announced = False
        self._abstract = [abstract]
        self._length = len(abstract.text)

    def _finish(self) -> Iterator[Item]:
        if not self._abstract:
            return
        self._in_one_paragraph = self._in_one_paragraph + 1 if len(self._abstract) == 1 else 0
        text = self._abstract[0].text
        for before, part in itertools.pairwise(self._abstract):
            if is_part_name(before.text):
                text += " " if before.text[-1] in ":." else ": "
            else:
                text += " " if before.block == part.block else "\n\n"
            text += part.text
        if text[-20:].count("\u25b3") + text[-20:].count("\u25bd"):
            text = _without_beginning(_MORE.sub("", text))
        if self._title is None:
            message = f"There is no title for the abstract: {text[:60]}"
            yield Unreadable(self._abstract[0].line, message)
        else:
            title = without_number(self._title.text)
            if self._length > TEXT_LIMIT:
                yield Unreadable(self._title.line, "The abstract is too long.", title=title)
            else:
                paper_id = self._id_of(self._title.line) or self._id
                yield build_entry(self._title.line, paper_id, title, text, self._source)
        self._title, self._abstract, self._id, self._source = None, [], "", {}

    def _id_of(self, line: int) -> str:
        """Return the id on the line of a title, and forget those above it."""
        found = self._ids.get(line, "")
        for above in list(itertools.takewhile(lambda each: each <= line, self._ids)):
            del self._ids[above]
        return found


def without_number(title: str) -> str:
    """Return a title without its number in a list."""
    return _NUMBER.sub("", title, count=1)


def _without_beginning(text: str) -> str:
    """Return an abstract alone where its beginning stands before it once more, cut off."""
    beginning, *rest = _OPENED.split(text, maxsplit=1)
    return rest[0] if rest and rest[0].startswith(beginning) else text


def _is_prose(text: str) -> bool:
    if text.count("\u3002") > 1:
        return True
    return len(text) >= _ABSTRACT_LENGTH and _SENTENCE_END.search(text) is not None


def _is_sentence(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(_ENDS) and len(text.split(maxsplit=3)) > 3


def _share_of_capitals(text: str) -> float:
    words = [word for word in re.findall(r"[^\W\d_][\w'-]*", text) if len(word) > 3]
    return sum(word[0].isupper() for word in words) / len(words) if words else 0.0


def _likeness(paragraph: Paragraph) -> int:
    """Say how like a title a short paragraph is."""
    text = without_number(paragraph.text)
    if paragraph.label not in ("", HEADING):
        return _LABELLED if paragraph.label == "title" and text else _NONE
    if len(text) > _TITLE_LENGTH or is_boilerplate(text) or not _TWO_LETTERS.search(text):
        return _NONE
    words = text.split()
    if is_people(text) and ("," in text or "|" in text):
        return _PEOPLE
    if is_aside(text):
        return _UNLIKELY
    if (_is_sentence(text) and not text.endswith("?")) or words[0].islower():
        return _DOUBTFUL
    if paragraph.label == HEADING:
        return _HEADED
    return {1: _DOUBTFUL, 2: _SHORT}.get(len(words), _LIKELY)


def is_surely_title(part: Paragraph) -> bool:
    """Say whether a short paragraph can hardly be anything but a title."""
    words = len(part.text.split())
    is_long = words > 4 or (words > 3 and _share_of_capitals(part.text) > 0.6)
    return (is_long or part.label == "title") and _likeness(part) in (_LIKELY, _LABELLED)


def may_be_title(part: Paragraph) -> bool:
    """Say whether a short paragraph may be a title where it is marked up as titles are."""
    return _likeness(part) >= _LIKELY and len(part.text.split()) > 3


def _without_abstract(pending: list[Paragraph]) -> Iterator[Unreadable]:
    """Yield those that are surely titles: an abstract that is missing is never silent."""
    for part in filter(is_surely_title, pending):
        yield Unreadable(part.line, "There is no abstract.", title=part.text)
