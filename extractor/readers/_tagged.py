"""What the formats of tagged lines share: a tag begins a field, other lines go on with it."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from extractor.readers._markup import without_marks
from extractor.readers._metadata import date_with_year, doi_in, given_first
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
    from collections.abc import Iterable, Iterator

_ENTRY_LIMIT = 2 * TEXT_LIMIT


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
    """The values of one entry by their tags, each in the lines that it came in."""

    def __init__(self) -> None:
        self.line = 1
        self.leader = ""
        self._values: dict[str, list[tuple[int, list[str]]]] = {}
        self._last: list[str] = []
        self._aside: list[str] = []
        self._size = 0

    @property
    def is_too_long(self) -> bool:
        return self._size > _ENTRY_LIMIT

    def has(self, tags: Iterable[str]) -> bool:
        """Say whether one of the tags is there, if only without a value."""
        return not self._values.keys().isdisjoint(tags)

    def add(self, line: int, tag: str, value: str | None) -> None:
        if not self._values:
            self.line, self.leader = line, tag
        self._take_back()
        self._last = [value] if value else []
        self._size += len(value or "")
        if tag not in self._values:
            self._values[tag] = [(line, self._last)]
        elif self._size <= _ENTRY_LIMIT:
            self._values[tag].append((line, self._last))

    def go_on(self, text: str) -> None:
        """Add a line to the value before it."""
        self._take_back()
        self._size += len(text)
        if self._values and self._size <= _ENTRY_LIMIT:
            self._last.append(text)

    def set_aside(self, text: str) -> None:
        """Keep a line that goes on with the value only if the entry goes on, too."""
        self._size += len(text)
        if self._values and self._size <= _ENTRY_LIMIT:
            self._aside.append(text)

    def _take_back(self) -> None:
        if self._aside:
            self._last += self._aside
            self._aside = []

    def line_of(self, tag: str) -> int:
        """Return the line of the tag's last value; 0 where it has none."""
        return self._values[tag][-1][0] if tag in self._values else 0

    def cut(self, line: int) -> Entry:
        """Move what stands on this line and below to an entry of its own."""
        kept, moved = self._values, Entry()
        self._values = {}
        for tag, values in kept.items():
            for at, parts in values:
                entry = self if at < line else moved
                entry._values.setdefault(tag, []).append((at, parts))
                moved._size += sum(map(len, parts)) * (entry is moved)
        moved.line, moved.leader = line, next(iter(moved._values))
        self._size -= moved._size
        return moved

    def parts(self, tags: Iterable[str]) -> list[list[str]]:
        """Return the values, in lines, of the first of the tags that is not empty."""
        for tag in tags:
            if found := [parts for _, parts in self._values.get(tag, ()) if parts]:
                return found
        return []

    def all(self, tags: tuple[str, ...]) -> list[str]:
        return [" ".join(parts) for parts in self.parts(tags)]

    def first(self, tags: tuple[str, ...]) -> str:
        return next(iter(self.all(tags)), "")

    def separated(self, tags: tuple[str, ...]) -> list[str]:
        """Return what semicolons separate in the values of the first of the tags."""
        parts = map(str.strip, ";".join(self.all(tags)).split(";"))
        return [part.removesuffix(".") for part in parts if part.strip(".")]

    def names(self, tags: tuple[str, ...]) -> list[str]:
        """Return the names in the values of the first of the tags, one or several in each."""
        parts = re.split(r"[;\uff1b]", ";".join(self.all(tags)))
        return [name for part in parts if (name := part.strip())]


class TaggedReader(Reader):
    """A format of tagged lines; a subclass says what a tag is and where an entry begins.

    Entries begin with a tag of ``begin``; `following` is asked about those of ``telling`` and
    about any after a blank line.
    What follows a tag of ``ends`` is an entry only if it has a title or an abstract.
    Where fields ``are_apart``, other tags are text unless a blank line is above.
    """

    tags: ClassVar[Tags]
    begin: ClassVar[frozenset[str]]
    telling: ClassVar[frozenset[str]]
    ends: ClassVar[frozenset[str]] = frozenset()
    are_apart: ClassVar[bool] = False

    @abstractmethod
    def tagged(self, head: bytes) -> re.Pattern[str]:
        """Return what matches a line with a tag in this dump; its groups are tag and value.

        Where case does not count, the tags are in capitals.
        """

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:  # noqa: ARG002
        """Return the entry that ``tag`` belongs to if it is not ``entry``."""
        return Entry() if tag in self.begin else None

    def passes_over(self, entry: Entry, text: str) -> bool:  # noqa: ARG002
        """Say whether a line after a blank one belongs to no field; one that may is set aside."""
        return False

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        pattern = self.tagged(source.head)
        match, any_case = pattern.fullmatch, bool(pattern.flags & re.IGNORECASE)
        are_apart, anywhere = self.are_apart, self.begin | self.ends
        entry, after_blank = Entry(), True
        for number, line in source.lines():
            if line is None:
                yield from self._items(entry)
                entry = Entry()
                yield Unreadable(number, TOO_LONG)
            elif not (text := decode_text(line).rstrip()):
                after_blank = True
            elif not (found := match(text)) or (
                are_apart and not after_blank and found[1] not in anywhere
            ):
                after_blank = after_blank and self.passes_over(entry, text.strip())
                if not after_blank:
                    entry.go_on(text.strip())
            else:
                tag, value = found.groups()
                tag = tag.upper() if any_case else tag
                if following := self._following(entry, tag, after_blank=after_blank):
                    yield from self._items(entry)
                    entry = following
                if tag not in self.ends:
                    entry.add(number, tag, value)
                after_blank = False
        yield from self._items(entry)

    def _following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:
        if tag in self.ends:
            return Entry()
        if after_blank or tag in self.telling:
            return self.following(entry, tag, after_blank=after_blank)
        return None

    def _items(self, entry: Entry) -> Iterator[Item]:
        if entry.is_too_long:
            yield Unreadable(entry.line, TOO_LONG)
        elif entry.has((*self.begin, *self.tags.titles, *self.tags.abstracts)):
            yield guarded(self.build, entry.line, entry)

    def build(self, line: int, entry: Entry) -> Item:
        """Return the paper that the entry is, or why it is none."""
        tags = self.tags
        title = without_marks(self.title_of(entry))
        abstract = without_marks(self.abstract_of(entry))
        metadata = without_empty(
            authors=list(map(given_first, self.authors_of(entry))),
            categories=self.categories_of(entry),
            doi=doi_of(entry, tags.dois),
            venue=entry.first(tags.venues),
            date=date_with_year(entry.first(tags.dates), entry.first(tags.years)),
            url=next((url for url in entry.all(tags.urls) if ":" in url), ""),
        )
        return build_entry(line, entry.first(tags.ids), title, abstract, metadata)

    def title_of(self, entry: Entry) -> str:
        return entry.first(self.tags.titles)

    def abstract_of(self, entry: Entry) -> str:
        return " ".join(entry.all(self.tags.abstracts))

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.all(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.all(self.tags.categories)


def doi_of(entry: Entry, tags: tuple[str, ...]) -> str:
    """Return the first DOI in the values of the tags."""
    values = (value for tag in tags for value in entry.all((tag,)))
    return next(filter(None, map(doi_in, values)), "")
