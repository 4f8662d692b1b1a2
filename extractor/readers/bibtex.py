"""BibTeX with abstracts, as the ACL Anthology exports it."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

from extractor.readers.base import (
    NO,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Unreadable,
    build_entry,
    decode_text,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylatexenc.latex2text import LatexNodes2Text

    from extractor.readers.base import Source

_BEGINS = re.compile(
    rb"^[ \t]*@(?:(?:comment|preamble|string)[ \t]*[{(]|[A-Za-z]+[ \t]*[{(]\s*[^\s,{}()=]+\s*,)",
    re.MULTILINE | re.IGNORECASE,
)
_ENTRY_LIMIT = 2**18
_NOT_AN_ENTRY = re.compile(r"\s*@(?:comment|preamble|string)\b", re.IGNORECASE)
_MARKUP = re.compile(r"[\\{}~]|--|``|''")
_BARE_PERCENT = re.compile(r"(?<!\\)%")


class BibTex(Reader):
    """Entries with a title and an abstract; accents, quotes and dashes of LaTeX are decoded."""

    name = "bibtex"
    title = "BibTeX with abstracts"
    suffixes = (".bib", ".bibtex")

    def sniff(self, head: bytes) -> float:
        return SURE if _BEGINS.search(head) and b"=" in head else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        # What it complains of becomes an unreadable entry; it need not be printed as well.
        logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
        for line, data in _entries(source):
            if data is None:
                yield Unreadable(line, TOO_LONG)
            elif not _NOT_AN_ENTRY.match(text := decode_text(data)):
                yield _build(line, text)


def _entries(source: Source) -> Iterator[tuple[int, bytes | None]]:
    """Yield each entry's first line and text: it ends where a line begins the next."""
    current: _Entry | None = None
    for number, line in source.lines():
        begins = line is not None and _BEGINS.match(line) is not None
        if current and (begins or line is None):
            yield current.whole()
            current = None
        if line is None:
            yield number, None
        elif begins:
            current = _Entry(number, line)
        elif current:
            current.add(line)
    if current:
        yield current.whole()


class _Entry:
    """The lines of one entry, as far as the limit."""

    def __init__(self, number: int, line: bytes) -> None:
        self._number = number
        self._lines = [line]
        self._size = len(line)

    def add(self, line: bytes) -> None:
        self._size += len(line)
        if self._size <= _ENTRY_LIMIT:
            self._lines.append(line)

    def whole(self) -> tuple[int, bytes | None]:
        return self._number, b"".join(self._lines) if self._size <= _ENTRY_LIMIT else None


def _build(line: int, text: str) -> Item:
    from bibtexparser.entrypoint import parse_string

    library = parse_string(text, parse_stack=[])
    if not library.entries:
        return Unreadable(line, "This is not a BibTeX entry: check that its braces are balanced.")
    parsed = library.entries[0]
    try:
        fields = {field.key.lower(): _value(field.value) for field in parsed.fields}
    except RecursionError:
        return Unreadable(line, "The braces are nested too deeply.", parsed.key)
    title, abstract = fields.get("title", ""), fields.get("abstract", "")
    return build_entry(line, parsed.key, title, abstract, _metadata(fields))


def _value(value: object) -> str:
    text = str(value).strip()
    if len(text) > 1 and text[0] + text[-1] in ("{}", '""'):
        text = text[1:-1]
    return " ".join(_decoded(text).split())


def _decoded(text: str) -> str:
    """Return LaTeX text as Unicode; formulas stay as they are."""
    if not _MARKUP.search(text):
        return text
    # To LaTeX a bare % begins a comment; in an abstract it is a percentage.
    decoded: str = _decoder().latex_to_text(_BARE_PERCENT.sub(r"\%", text))
    return decoded


@cache
def _decoder() -> LatexNodes2Text:
    from pylatexenc.latex2text import (
        LatexNodes2Text,
        MacroTextSpec,
        get_default_latex_context_db,
    )

    known = get_default_latex_context_db()
    addresses = [MacroTextSpec("url", "%s"), MacroTextSpec("href", "%(2)s (%(1)s)")]
    known.add_context_category("addresses", prepend=True, macros=addresses)
    return LatexNodes2Text(latex_context=known, math_mode="verbatim", strict_latex_spaces=True)


def _metadata(fields: Mapping[str, str]) -> dict[str, object]:
    authors = re.split(r"\s+and\s+", fields.get("author", ""))
    return without_empty(
        authors=[_in_order(author) for author in authors if author],
        categories=[word.strip() for word in fields.get("keywords", "").split(",") if word.strip()],
        doi=fields.get("doi"),
        venue=fields.get("booktitle") or fields.get("journal"),
        date=fields.get("date") or fields.get("year"),
        url=fields.get("url"),
    )


def _in_order(author: str) -> str:
    family, comma, given = author.partition(", ")
    return f"{given} {family}" if comma else author


BIBTEX = BibTex()
