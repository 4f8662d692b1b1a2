"""Several dumps as one: files, folders, patterns and archives, in order."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from extractor.errors import DumpError, one_line
from extractor.readers._archives import archived, holds_one_file, is_archive
from extractor.readers._duplicates import Duplicates
from extractor.readers._formats import choose_reader, items_of, no_paper, numbered
from extractor.readers._places import files_at
from extractor.readers._source import STANDARD_INPUT, Source
from extractor.readers.base import Columns, Item, Paper, Reader, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping

logger = logging.getLogger("extractor.readers")

Place = str | os.PathLike[str]


@dataclass
class DumpFile:
    """What was read of one file so far: its format's name, its papers and its other entries."""

    name: str
    format: str | None = None
    papers: int = 0
    unreadable: int = 0


class Dump:
    """An open dump, or several as one: iterate over it, once, for its papers and other entries.

    If there is more than one file, or a folder, a pattern or an archive is named, each paper has
    its file as ``file`` in its ``source``, and a file that cannot be read costs no other one: it
    is an unreadable entry with line 0. Iterating raises a `DumpError` where the only file is
    damaged, and at the end if there was no paper at all.

    ``files`` tells what was read of each file so far, ``paths`` are the files that were named,
    ``name`` is for messages, and ``format`` the format's name, once the first file is open.
    """

    def __init__(
        self,
        places: Place | Iterable[Place],
        *,
        format: str | None = None,  # noqa: A002 -- the word that users know
        options: Mapping[str, str | None] | None = None,
        unique: bool = False,
        skip: Collection[Path] = (),
        only_one: bool = False,
    ) -> None:
        """Find the files; arguments and errors are those of `open_dumps`."""
        each = [places] if isinstance(places, str | os.PathLike) else places
        named = [os.fspath(place) for place in each]
        self.paths = named if only_one else list(files_at(named, skip))
        self.name = self.paths[0] if len(self.paths) == 1 else f"{len(self.paths):,} files"
        self.files: list[DumpFile] = []
        self._format, self._options = format, options or {}
        self._are_several = self.paths != named or len(named) != 1
        self._statuses = list(map(_status, self.paths))
        self._done = 0
        self._duplicates = Duplicates(leave_out=unique)
        self._unique = unique
        self._first_error: DumpError | None = None
        self._source: Source | None = None
        self._reader: Reader | None = None
        if not self._are_several:
            self._source = Source(self.paths[0])
            self.name = self._source.name
            with ExitStack() as unless_opened:
                unless_opened.callback(self._source.close)
                self._check(self._source, only_one=only_one)
                unless_opened.pop_all()
        self._items = self._unlike()

    def _check(self, source: Source, *, only_one: bool) -> None:
        """Say what is no dump before anything is begun."""
        if not is_archive(source.head):
            self._reader_of(source)
        elif only_one and not holds_one_file(source):
            raise DumpError(
                f"{source.name} may hold several dumps.",
                hint="Read them all with read_dumps or 'extractor run', or unpack it and name one.",
            )

    @property
    def size(self) -> int | None:
        """Length of the input in bytes, before decompression; None where unknown."""
        known = [status.st_size for status in self._statuses if status]
        return sum(known) if len(known) == len(self.paths) else None

    @property
    def position(self) -> int:
        """How many of these bytes have been read so far."""
        source = self._source  # which another thread may be done with
        return self._done + (source.position if source else 0)

    @property
    def identity(self) -> tuple[object, ...]:
        """What tells these dumps from others: the files, their sizes and times; ``unique``."""
        files = tuple(
            (str(Path(path).resolve()), status.st_size, status.st_mtime_ns) if status else None
            for path, status in zip(self.paths, self._statuses, strict=True)
        )
        return files, self._unique

    @property
    def format(self) -> str | None:
        """The format's name of the file that is read, as soon as it is known."""
        return self._reader.name if self._reader else None

    def first(self, papers: int | None) -> Iterator[Item]:
        """Yield what comes up to so many papers; all for None."""
        for item in self if papers != 0 else ():
            yield item
            if papers is not None and isinstance(item, Paper):
                papers -= 1
                if not papers:
                    return

    def notes(self) -> list[str]:
        """Return what is to be told of duplicates, once the dumps are read."""
        return self._duplicates.notes()

    def __iter__(self) -> Iterator[Item]:
        return self._items

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the dumps: what was not read of them stays unread."""
        self._items.close()
        if self._source:
            self._source.close()

    def _unlike(self) -> Generator[Item]:
        """Yield what is read, without the duplicates that are to be left out."""
        has_papers = False
        with closing(numbered(self._all(), self.name)) as items:
            for item in items:
                if isinstance(item, Paper):
                    has_papers = True
                    if self._is_left_out(item):
                        continue
                yield item
        if not has_papers:
            first = f": {self._first_error}" if self._first_error else "."
            raise DumpError(f"No paper was found in {self.name}{first}", hint="")

    def _is_left_out(self, paper: Paper) -> bool:
        compared = self._unique or self._are_several
        return compared and self._duplicates.take(paper, self.files[-1].name)

    def _all(self) -> Generator[Item]:
        for path, status in zip(self.paths, self._statuses, strict=True):
            try:
                self._source = self._source or Source(path)
                with closing(self._source) as source:
                    yield from self._of_file(source)
            except DumpError as error:
                yield self._lost(path, error)
            self._source = None
            self._done += status.st_size if status else 0

    def _of_file(self, source: Source) -> Generator[Item]:
        if not is_archive(source.head):
            yield from self._of_dump(source)
            return
        self._are_several = True
        with closing(archived(source)) as files:
            for file in files:
                if isinstance(file, DumpError):
                    yield self._lost(source.name, file)
                    continue
                try:
                    with closing(Source(file)) as inner:
                        yield from self._of_dump(inner)
                except DumpError as error:
                    yield self._lost(file.name, error)

    def _of_dump(self, source: Source) -> Generator[Item]:
        found = DumpFile(source.name)
        self.files.append(found)
        if is_archive(source.head):
            raise DumpError(
                f"{source.name} is an archive in an archive.",
                hint="Unpack the outer one, and name the folder.",
            )
        reader, columns = self._reader_of(source)
        found.format = reader.name
        first: Unreadable | None = None
        for item in items_of(source, reader, columns):
            if isinstance(item, Paper):
                found.papers += 1
                yield _with_file(item, source.name) if self._are_several else item
            else:
                found.unreadable += 1
                first = first or item
                yield replace(item, file=source.name) if self._are_several else item
        if not found.papers and not (self._are_several and first):
            raise no_paper(source.name, reader.name, first)

    def _reader_of(self, source: Source) -> tuple[Reader, Columns]:
        self._reader = reader = choose_reader(source, self._format)
        # Among several dumps, some may have columns and others none.
        are_for_others = self._are_several and not reader.has_columns
        return reader, Columns.from_options({} if are_for_others else self._options, reader)

    def _lost(self, name: str, error: DumpError) -> Unreadable:
        """Return the entry that stands for a file which cannot be read, or its rest."""
        if not self._are_several:
            raise error
        self._first_error = self._first_error or error
        return Unreadable(0, one_line(str(error)), file=name)


def open_dump(
    path: Place,
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
) -> Dump:
    """Open a dump of papers: a file, or standard input for ``-``.

    Args:
        path: Plain or compressed with gzip, bzip2, xz or Zstandard, or a ZIP of one file.
        format: The format's name, one of `readers()`; recognised by content where not given.
        options: ``title_column``, ``abstract_column`` and ``id_column``, for formats whose
            fields have names; None values are ignored.

    Raises:
        DumpError: there is no such file, it may not be read, or it is not a dump.
        UsageError: the format or an option is unknown.
    """
    return Dump([path], format=format, options=options, only_one=True)


def open_dumps(
    places: Place | Iterable[Place],
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
    unique: bool = False,
    skip: Collection[Path] = (),
) -> Dump:
    """Open several dumps as one, in order.

    Args:
        places: Files, folders (all files below them, by name), patterns such as ``*.bib``, ZIP
            and tar archives (the files in them), or ``-`` for standard input.
        format: As in `open_dump`, for all of them.
        options: As in `open_dump`; among several files, those without named fields ignore them.
        unique: Leave out a paper whose DOI, or whose title and abstract, came before.
        skip: Files of a folder that are not to be read.

    Raises:
        DumpError: a file or folder is not there, or the only file is not a dump.
        UsageError: the format or an option is unknown.
    """
    return Dump(places, format=format, options=options, unique=unique, skip=skip)


def read_dump(
    path: Place,
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
    on_error: Callable[[Unreadable], None] | None = None,
) -> Iterator[Paper]:
    """Yield the papers of a dump in order; arguments and errors are those of `open_dump`.

    An entry that is not a paper goes to ``on_error``; without it, into the log as a warning.
    """
    yield from _papers(open_dump(path, format=format, options=options), on_error)


def read_dumps(
    places: Place | Iterable[Place],
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
    unique: bool = False,
    on_error: Callable[[Unreadable], None] | None = None,
) -> Iterator[Paper]:
    """Yield the papers of several dumps in order; arguments and errors are those of `open_dumps`.

    An entry that is not a paper goes to ``on_error``; without it, into the log as a warning.
    """
    dump = open_dumps(places, format=format, options=options, unique=unique)
    yield from _papers(dump, on_error)


def _papers(dump: Dump, on_error: Callable[[Unreadable], None] | None) -> Iterator[Paper]:
    with dump:
        for item in dump:
            if isinstance(item, Paper):
                yield item
            elif on_error:
                on_error(item)
            else:
                name = item.file or dump.name
                logger.warning("%s, line %d: %s", name, item.line, item.message)


def _with_file(paper: Paper, name: str) -> Paper:
    key = "file" if "file" not in paper.source else "dump_file"
    return replace(paper, source={key: name, **paper.source})


def _status(path: str) -> os.stat_result | None:
    """Return the status of a regular file, None for a stream and for what is not there."""
    try:
        status = Path(path).stat() if path != STANDARD_INPUT else None
    except (OSError, ValueError):
        return None
    return status if status and stat.S_ISREG(status.st_mode) else None
