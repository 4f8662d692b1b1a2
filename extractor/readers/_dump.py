"""The formats there are, which one a dump has, and going through its papers."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack, closing
from functools import cache
from typing import TYPE_CHECKING, NoReturn, Self

from extractor.discovery import concrete_classes
from extractor.errors import DumpError, ExtractorError, UsageError, one_line
from extractor.plugins import load_plugin, plugins
from extractor.readers.base import (
    SURE,
    Columns,
    Item,
    Paper,
    Reader,
    Source,
    Unreadable,
    decode_text,
)
from extractor.readers.excel import is_workbook

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator, Mapping

logger = logging.getLogger("extractor.readers")

GROUP = "extractor.readers"
"""The entry points that name the readers of other packages."""

_SUFFIX_COUNTS = 0.05
"""What a fitting suffix adds to a sniff score: enough to settle a tie, no more."""

_XML_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>|(?=<!DOCTYPE (?!html)))"
    rb"(?:\s+|<!--(?:(?!-->).){0,4000}-->|<![^>]{0,1000}>|<\?[^>]{0,1000}>)*<([\w:.-]{1,100})",
    re.DOTALL,
)
_IDS_REMEMBERED = 100_000
_SIGNATURES = {
    b"PK\x03\x04": ("is a ZIP archive", "Unpack it and name the file inside."),
    b"7z\xbc\xaf": ("is a 7z archive", "Unpack it and name the file inside."),
    b"%PDF": ("is a PDF file", "Save the titles and abstracts as text first."),
    b"ARROW1\0\0": ("is an Arrow (Feather) file", "Write the table as Parquet."),
    b"\xff\xff\xff\xff": ("is a stream of Arrow", "Write the data set as Parquet."),
    b"SQLite format 3": ("is an SQLite database", "Export the table as CSV or JSON Lines."),
}


def _built_in() -> dict[str, Reader]:
    """Return the formats by name: each `Reader` that a module of this folder defines."""
    return {kind.name: kind() for kind in concrete_classes("extractor.readers", Reader)}


@cache
def readers() -> dict[str, Reader]:
    """Return the formats by name: those of this folder, and of plugins where none has the name.

    Raises:
        UsageError: a plugin cannot be loaded.
    """
    found = _built_in()
    for name, entry_point in plugins(GROUP).items():
        if name not in found:
            reader = load_plugin(entry_point, Reader)  # type: ignore[type-abstract]
            found.setdefault(reader.name, reader)
    return dict(sorted(found.items()))


def _reader_named(name: str) -> Reader:
    # A plugin that is broken does not matter to a format that is built in.
    known = built_in if name in (built_in := _built_in()) else readers()
    if name not in known:
        raise UsageError(f"There is no format {name!r}.", hint=f"Formats: {', '.join(known)}.")
    return known[name]


def _recognise(source: Source) -> Reader:
    """Return the format of the dump: its content decides, its name settles what is left open.

    Raises:
        DumpError: it is in no format that is known.
    """
    for signature, (what, hint) in _SIGNATURES.items():
        if source.head.startswith(signature) and not is_workbook(source.head):
            raise DumpError(f"{source.name} {what}, not a dump of papers.", hint=hint)
    scores = {reader: reader.sniff(source.head) for reader in readers().values()}
    best = max(
        scores, key=lambda each: scores[each] + _SUFFIX_COUNTS * (source.suffix in each.suffixes)
    )
    if scores[best] < SURE and (root := _XML_ROOT.match(source.head)):
        _refuse_xml(source.name, decode_text(root[1]))
    if not scores[best]:
        raise DumpError(
            f"{source.name} is a binary file of no known format.",
            hint=f"Formats: {', '.join(readers())}.",
        )
    return best


def _refuse_xml(name: str, root: str) -> NoReturn:
    if root == "dblp":
        raise DumpError(
            f"{name} is XML of DBLP, which has no abstracts.",
            hint="Look the papers up in OpenAlex or Semantic Scholar by their DOI.",
        )
    raise DumpError(
        f"{name} is XML of no known format: its root is <{root}>.",
        hint=f"Formats: {', '.join(readers())}.",
    )


class Dump:
    """An open dump: iterate over it, once, for its papers and unreadable entries in order.

    ``format`` is the format's name and ``name`` the dump's, for messages. Iterating raises
    a `DumpError` where the dump is damaged or cut off, and at its end where it held no paper.
    """

    def __init__(self, source: Source, reader: Reader, columns: Columns) -> None:
        self._source = source
        self._items = _items(reader, source, columns)
        self.format = reader.name
        self.name = source.name

    @property
    def size(self) -> int | None:
        """Length of the input in bytes, before decompression; None where unknown."""
        return self._source.size

    @property
    def position(self) -> int:
        """How many of these bytes have been read so far."""
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
        format: The format's name, one of `readers()`; recognised by content where not given.
        options: ``title_column``, ``abstract_column`` and ``id_column``, for formats whose
            fields have names; None values are ignored.

    Raises:
        DumpError: there is no such file, it may not be read, or it is not a dump.
        UsageError: the format or an option is unknown.
    """
    named = _reader_named(format) if format else None
    source = Source(path)
    with ExitStack() as unless_opened:
        unless_opened.callback(source.close)
        if not source.head:
            hint = "Check that it was written completely."
            raise DumpError(f"{source.name} is empty.", hint=hint)
        reader = named or _recognise(source)
        columns = Columns.from_options(options or {}, reader)
        unless_opened.pop_all()
    return Dump(source, reader, columns)


def read_dump(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 -- the word that users know
    options: Mapping[str, str | None] | None = None,
    on_error: Callable[[Unreadable], None] | None = None,
) -> Iterator[Paper]:
    """Yield the papers of a dump in order; arguments and errors are those of `open_dump`.

    An entry that is not a paper goes to ``on_error``; without it, into the log as a warning.
    """
    with open_dump(path, format=format, options=options) as dump:
        for item in dump:
            if isinstance(item, Paper):
                yield item
            elif on_error:
                on_error(item)
            else:
                logger.warning("%s, line %d: %s", dump.name, item.line, item.message)


def _read(reader: Reader, source: Source, columns: Columns) -> Iterator[Item]:
    """Read a dump; an error outside of any entry ends it, and is no traceback."""
    try:
        yield from reader.read(source, columns)
    except ExtractorError:
        raise
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}")
        raise DumpError(
            f"{source.name} cannot be read as {reader.name} ({said}).",
            hint="Name another format with --dump-format, or report it with a --debug-log.",
        ) from error


def _items(reader: Reader, source: Source, columns: Columns) -> Generator[Item]:
    papers = 0
    first: Unreadable | None = None
    ids: set[str] | None = set()
    with closing(source):
        for item in _read(reader, source, columns):
            if isinstance(item, Unreadable):
                first = first or item
                yield item
                continue
            papers += 1
            if not item.id:
                yield Paper(str(papers), item.title, item.abstract, item.source)
                continue
            if ids is not None and item.id in ids:
                logger.warning("%s: more than one paper has the id %r", source.name, item.id)
                ids = None
            elif ids is not None:
                ids.add(item.id)
                ids = ids if len(ids) < _IDS_REMEMBERED else None
            yield item
    if not papers:
        why = f" (line {first.line}: {first.message})" if first else ""
        raise DumpError(
            f"No paper was found in {source.name}, read as {reader.name}{why}.",
            hint="If that is the wrong format, name the right one with --dump-format.",
        )
