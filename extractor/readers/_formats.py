"""The formats there are, which one a dump has, and going through the entries of one."""

from __future__ import annotations

import logging
import re
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from extractor.discovery import concrete_classes
from extractor.errors import DumpError, ExtractorError, UsageError, one_line
from extractor.plugins import load_plugin, plugins
from extractor.readers._xml_records import xml_root
from extractor.readers.base import (
    SURE,
    Columns,
    Item,
    Paper,
    Reader,
    Source,
    Unreadable,
)
from extractor.readers.excel import is_workbook

if TYPE_CHECKING:
    from collections.abc import Generator

logger = logging.getLogger("extractor.readers")

GROUP = "extractor.readers"
"""The entry points that name the readers of other packages."""

_SUFFIX_COUNTS = 0.05
"""What a fitting suffix adds to a sniff score: enough to settle a tie, no more."""

_HTML = frozenset(
    re.findall(
        r"\w+",
        """
        html head body title meta link style script base a abbr address article aside audio b
        blockquote br button canvas center cite code dd del details div dl dt em embed fieldset
        figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i iframe img input ins kbd
        label li main mark nav noscript ol p picture pre q s section small source span strong sub
        summary sup table tbody td template textarea tfoot th thead time tr tt u ul var video wbr
        """,
    )
)
_OWN_OUTPUT = re.compile(
    rb'\[?\s*\{"id": ?(?:"[^"\\\n]*"|null), ?"title":[^\n]*"'
    rb'(?:meta": ?\{"model": ?"|error": ?"[a-z_]+", ?"message": ?")'
)
_OF_DBLP = re.compile(
    rb"<[a-z]+ (?:[a-z]+=\"[^\"]*\" )*key=\"(?:journals|conf|books|phd|homepages)/"
)
_DBLP_WITHIN = 2000
_IDS_REMEMBERED = 100_000
_SIGNATURES = {
    b"PK\x03\x04": ("is a document in a ZIP archive", "Save it as text, CSV or .xlsx."),
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
    if _OWN_OUTPUT.match(source.head):
        raise DumpError(
            f"{source.name} was written by Extractor: it holds no abstracts.",
            hint="Name the dump that it was made from.",
        )
    for signature, (what, hint) in _SIGNATURES.items():
        if source.head.startswith(signature) and not is_workbook(source.head):
            raise DumpError(f"{source.name} {what}, not a dump of papers.", hint=hint)
    scores = {reader: reader.sniff(source.head) for reader in readers().values()}
    best = max(
        scores, key=lambda each: scores[each] + _SUFFIX_COUNTS * (source.suffix in each.suffixes)
    )
    if scores[best] < SURE:
        _refuse_xml(source)
    if not scores[best]:
        raise DumpError(
            f"{source.name} is a binary file of no known format.",
            hint=f"Formats: {', '.join(readers())}.",
        )
    return best


def _refuse_xml(source: Source) -> None:
    """Refuse XML of no known format; a text may begin with an element of HTML.

    Raises:
        DumpError: the dump is such XML.
    """
    root = xml_root(source.head)
    if root is None:
        return
    declared = b"<?xml" in root.prolog or b"<!DOCTYPE" in root.prolog
    if root.name == "dblp" or _OF_DBLP.search(source.head[:_DBLP_WITHIN]):
        raise DumpError(
            f"{source.name} is XML of DBLP, which has no abstracts.",
            hint="Look the papers up in OpenAlex or Semantic Scholar by their DOI.",
        )
    if root.name.lower() in _HTML and not declared:
        return
    raise DumpError(
        f"{source.name} is XML of no known format: its root is <{root.name}>.",
        hint=f"Formats: {', '.join(readers())}.",
    )


def choose_reader(source: Source, name: str | None) -> Reader:
    """Return the reader that is named, else the one that the content tells.

    Raises:
        DumpError: the dump is empty or in no format that is known.
        UsageError: the format is unknown.
    """
    named = _reader_named(name) if name else None
    if not source.head:
        raise DumpError(f"{source.name} is empty.", hint="Check that it was written completely.")
    return named or _recognise(source)


def items_of(source: Source, reader: Reader, columns: Columns) -> Generator[Item]:
    """Yield a dump's papers and unreadable entries, with the ids of the dump alone.

    Raises:
        DumpError: the dump is damaged.
    """
    with closing(source):
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


def no_paper(name: str, format_name: str, first: Unreadable | None) -> DumpError:
    """Return the error for a dump without a paper; ``first`` is an entry that could not be read."""
    why = f" (line {first.line}: {first.message})" if first else ""
    return DumpError(
        f"No paper was found in {name}, read as {format_name}{why}.",
        hint="If that is the wrong format, name the right one with --dump-format.",
    )


def numbered(items: Generator[Item], name: str) -> Generator[Item]:
    """Give papers without an id their running number; warn once of an id that occurs twice."""
    papers = 0
    ids: set[str] | None = set()
    with closing(items):
        for item in items:
            if isinstance(item, Unreadable):
                yield item
                continue
            papers += 1
            if not item.id:
                item = Paper(str(papers), item.title, item.abstract, item.source)
            if ids is not None and item.id in ids:
                logger.warning("%s: more than one paper has the id %r", name, item.id)
                ids = None
            elif ids is not None:
                ids.add(item.id)
                ids = ids if len(ids) < _IDS_REMEMBERED else None
            yield item
