"""What the formats of tagged lines share: a tag begins a field, a line without one goes on with it."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from extractor.readers.base import (
    TEXT_LIMIT,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_text,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Split = Callable[[str], tuple[str, str] | None]
    """A line to its tag and its value; None for a line without a tag."""

_ENTRY_LIMIT = 2 * TEXT_LIMIT
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+[^\s\"<>.,;]")
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_SEPARATOR = re.compile(r"\s*;\s*")


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of each field, best first."""

    titles: tuple[str, ...]
    abstracts: tuple[str, ...]
    ids: tuple[str, ...]
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    dois: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


class Entry:
    """The tagged values of one entry, each in the lines that it came in."""

    def __init__(self) -> None:
        self.line = 1
        self.tags: set[str] = set()
        self.leader = ""
        self._values: list[tuple[int, str, list[str]]] = []
        self._size = 0

    @property
    def is_too_long(self) -> bool:
        return self._size > _ENTRY_LIMIT

    def add(self, line: int, tag: str, value: str) -> None:
        if not self.tags:
            self.line, self.leader = line, tag
        self.tags.add(tag)
        self._size += len(value)
        if self._size <= _ENTRY_LIMIT:
            value = value.strip()
            self._values.append((line, tag, [value] if value else []))

    def go_on(self, text: str) -> None:
        """Add a line to the value before it; before the first one it says nothing."""
        if self.tags:
            self._size += len(text)
            if self._size <= _ENTRY_LIMIT:
                self._values[-1][2].append(text.strip())

    def last(self, tag: str) -> int:
        """Return the place of the tag's last value; -1 where it has none."""
        return max((n for n, (_, each, _) in enumerate(self._values) if each == tag), default=-1)

    def cut(self, at: int) -> Entry:
        """Move the values from the place on to an entry of their own."""
        rest = Entry()
        for line, tag, parts in self._values[at:]:
            rest.add(line, tag, "")
            for part in parts:
                rest.go_on(part)
        del self._values[at:]
        self.tags = {tag for _, tag, _ in self._values}
        self._size -= rest._size
        return rest

    def parts(self, tags: tuple[str, ...]) -> list[list[str]]:
        """Return the values, in lines, of the first of the tags that is not empty."""
        for wanted in tags:
            if wanted in self.tags:
                found = [parts for _, tag, parts in self._values if tag == wanted and parts]
                if found:
                    return found
        return []

    def all(self, tags: tuple[str, ...]) -> list[str]:
        return [" ".join(parts) for parts in self.parts(tags)]

    def first(self, tags: tuple[str, ...]) -> str:
        return next(iter(self.all(tags)), "")

    def separated(self, tags: tuple[str, ...]) -> list[str]:
        """Return what semicolons separate in the values of the first of the tags."""
        parts = _SEPARATOR.split("; ".join(self.all(tags)))
        return [part.rstrip(".") for part in parts if part.strip(". ")]


class TaggedReader(Reader):
    """A format of tagged lines; a subclass says what a tag is and where an entry begins.

    What follows a tag of ``ends`` is an entry only if it has a title or an abstract.
    """

    tags: ClassVar[Tags]
    begin: ClassVar[frozenset[str]]
    ends: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def splitter(self, head: bytes) -> Split:
        """Return how a line of this dump is split into its tag and its value."""

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:  # noqa: ARG002
        """Return the entry that ``tag`` belongs to if it is not ``entry``."""
        return Entry() if tag in self.begin else None

    def is_header(self, text: str) -> bool:  # noqa: ARG002
        """Say whether a line after a blank one stands above an entry rather than in it."""
        return False

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        split = self.splitter(source.head)
        entry, after_blank = Entry(), True
        for number, line in source.lines():
            if line is None:
                yield from self._items(entry)
                entry = Entry()
                yield Unreadable(number, TOO_LONG)
                continue
            text = decode_text(line).rstrip()
            found = split(text)
            if found is None:
                if text and not (after_blank and self.is_header(text)):
                    entry.go_on(text)
            elif found[0] in self.ends:
                yield from self._items(entry)
                entry = Entry()
            else:
                following = self.following(entry, found[0], after_blank=after_blank)
                if entry.tags and following is not None:
                    yield from self._items(entry)
                    entry = following
                entry.add(number, *found)
            after_blank = not text
        yield from self._items(entry)

    def _items(self, entry: Entry) -> Iterator[Item]:
        if entry.is_too_long:
            yield Unreadable(entry.line, TOO_LONG)
        elif not entry.tags.isdisjoint((*self.begin, *self.tags.titles, *self.tags.abstracts)):
            yield guarded(self.build, entry.line, entry)

    def build(self, line: int, entry: Entry) -> Item:
        """Return the paper that the entry is, or why it is none."""
        tags = self.tags
        title, abstract = self.title_of(entry), " ".join(entry.all(tags.abstracts))
        metadata = without_empty(
            authors=self.authors_of(entry),
            categories=self.categories_of(entry),
            doi=doi_of(entry, tags.dois),
            venue=entry.first(tags.venues),
            date=_date(entry.first(tags.dates), entry.first(tags.years)),
            url=next((url for url in entry.all(tags.urls) if ":" in url), ""),
        )
        return build_entry(line, entry.first(tags.ids), title, abstract, metadata)

    def title_of(self, entry: Entry) -> str:
        return " ".join(entry.all(self.tags.titles))

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.all(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.all(self.tags.categories)


def doi_of(entry: Entry, tags: tuple[str, ...]) -> str:
    """Return the first DOI in the values of the tags, also of an address or with what it is."""
    for tag in tags:
        for value in entry.all((tag,)):
            if found := _DOI.search(value):
                return found[0]
    return ""


def _date(date: str, year: str) -> str:
    """Return the date, with the year in front of one that has none."""
    date, year = date.strip("/ "), year.strip("/ ")
    return date if _YEAR.search(date) else f"{year} {date}".strip()
