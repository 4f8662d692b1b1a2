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
    Source,
    Unreadable,
    build_entry,
    decode_text,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylatexenc.latex2text import LatexNodes2Text

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
                yield guarded(_build, line, text)


def _entries(source: Source) -> Iterator[tuple[int, bytes | None]]:
    """Yield each entry's first line and text: it ends where a line begins the next."""
    first = size = 0
    lines: list[bytes] = []
    for number, line in source.lines():
        begins = line is not None and _BEGINS.match(line) is not None
        if lines and (begins or line is None):
            yield first, b"".join(lines) if size <= _ENTRY_LIMIT else None
            lines = []
        if line is None:
            yield number, None
        elif begins:
            first, size, lines = number, len(line), [line]
        elif lines:
            size += len(line)
            if size <= _ENTRY_LIMIT:
                lines.append(line)
    if lines:
        yield first, b"".join(lines) if size <= _ENTRY_LIMIT else None


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
    authors = filter(None, re.split(r"\s+and\s+", fields.get("author", "")))
    keywords = map(str.strip, fields.get("keywords", "").split(","))
    metadata = without_empty(
        authors=[" ".join(reversed(author.split(", ", 1))) for author in authors],
        categories=list(filter(None, keywords)),
        doi=fields.get("doi"),
        venue=fields.get("booktitle") or fields.get("journal"),
        date=fields.get("date") or fields.get("year"),
        url=fields.get("url"),
    )
    title, abstract = fields.get("title", ""), fields.get("abstract", "")
    return build_entry(line, parsed.key, title, abstract, metadata)


def _value(value: object) -> str:
    """Return the text of a field, with LaTeX as Unicode; formulas stay as they are."""
    text = str(value).strip()
    if len(text) > 1 and text[0] + text[-1] in ("{}", '""'):
        text = text[1:-1]
    if _MARKUP.search(text):
        # To LaTeX a bare % begins a comment; in an abstract it is a percentage.
        text = _decoder().latex_to_text(_BARE_PERCENT.sub(r"\%", text))
    return " ".join(text.split())


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
