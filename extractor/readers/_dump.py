"""Opening a dump and going through its papers."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Self

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers._reader import Columns, Item, Reader, Unreadable
from extractor.readers._registry import reader_for, reader_named
from extractor.readers._source import Source

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator, Mapping

logger = logging.getLogger("extractor.readers")

_IDS_REMEMBERED = 100_000


class Dump:
    """An open dump: iterate over it, once, for its papers and unreadable entries in order.

    ``format`` is the format's name and ``name`` the dump's, for messages. Iterating raises
    a `DumpError` where the dump breaks off or is damaged, and at its end where it held no
    paper at all.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 -- the word that users know
        options: Mapping[str, str | None] | None = None,
    ) -> None:
        named = reader_named(format) if format else None
        self._source = Source(path)
        with ExitStack() as unless_opened:
            unless_opened.callback(self._source.close)
            if not self._source.head:
                raise DumpError(f"{self._source.name} is empty.", hint="Was it written whole?")
            reader = named or reader_for(self._source)
            columns = Columns.from_options(options or {}, reader)
            unless_opened.pop_all()
        self.format = reader.name
        self.name = self._source.name
        self._items = _items(reader, self._source, columns)

    @property
    def size(self) -> int | None:
        """Length of the input in bytes, as it lies there compressed; None where unknown."""
        return self._source.size

    @property
    def position(self) -> int:
        """How many of these bytes were read so far."""
        return self._source.position

    def __iter__(self) -> Iterator[Item]:
        return self._items

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the dump: what was not read of it stays unread."""
        self._items.close()
        self._source.close()


def open_dump(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
) -> Dump:
    """Open a dump of papers: a file, or standard input for ``-``.

    Args:
        path: Plain or compressed with gzip, bzip2, xz or Zstandard.
        format: The format's name, see `formats`; recognised by content where it is not given.
        options: ``title_column``, ``abstract_column`` and ``id_column``, for formats whose
            fields have names; None values are ignored.

    Raises:
        DumpError: there is no such file, it may not be read, or it is no dump.
        UsageError: the format or an option is unknown.
    """
    return Dump(path, format=format, options=options)


def read_dump(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
    on_error: Callable[[Unreadable], None] | None = None,
) -> Iterator[Paper]:
    """Yield the papers of a dump in order; arguments and errors are those of `open_dump`.

    An entry that is no paper goes to ``on_error``; without it, into the log as a warning.
    """
    with open_dump(path, format=format, options=options) as dump:
        report = on_error or _Logged(dump.name)
        for item in dump:
            if isinstance(item, Paper):
                yield item
            else:
                report(item)


class _Logged:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, entry: Unreadable) -> None:
        logger.warning("%s, line %d: %s", self._name, entry.line, entry.message)


def _items(reader: Reader, source: Source, columns: Columns) -> Generator[Item]:
    papers = 0
    first: Unreadable | None = None
    warn_if_repeated = _Repeats(source.name)
    with closing(source):
        for item in reader.read(source, columns):
            if isinstance(item, Unreadable):
                first = first or item
                yield item
                continue
            papers += 1
            if item.id:
                warn_if_repeated(item.id)
                yield item
            else:
                yield Paper(str(papers), item.title, item.abstract, item.source)
    if not papers:
        raise _no_paper(reader, source, first)


class _Repeats:
    """Warns of the first id that stands at two papers, as far as memory may be spent on it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[str] = set()
        self._left = _IDS_REMEMBERED

    def __call__(self, paper_id: str) -> None:
        if not self._left:
            return
        self._left -= 1
        if paper_id in self._seen:
            logger.warning("%s: the id %r stands at more than one paper", self._name, paper_id)
            self._left = 0
        self._seen.add(paper_id)
        if not self._left:
            self._seen.clear()


def _no_paper(reader: Reader, source: Source, first: Unreadable | None) -> DumpError:
    why = f" (line {first.line}: {first.message})" if first else ""
    return DumpError(
        f"No paper was found in {source.name}, read as {reader.name}{why}.",
        hint="If that is the wrong format, name the right one with --dump-format.",
    )
