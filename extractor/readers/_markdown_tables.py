"""Tables of Markdown that have a column of titles and one of abstracts."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from extractor.plurals import counted
from extractor.readers._markdown import id_of_link, parts_of, plain, title_of
from extractor.readers.base import (
    TOO_LONG,
    Columns,
    Item,
    Unreadable,
    build_entry,
    decode_text,
    field_names,
    guarded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?)?")
_BAR = re.compile(r"(?<!\\)\|")
_SUMMARY = re.compile(r"<summary>.{0,200}?</summary>", re.IGNORECASE)
_MOST_COLUMNS = 64
_TITLES = frozenset(
    ("paper", "papers", "\u6807\u9898", "\u9898\u76ee", "\u8bba\u6587", "\u8bba\u6587\u6807\u9898")
)


class Header(NamedTuple):
    """The names of a table's columns, and which of them are the title and the abstract."""

    names: list[str]
    title: int
    abstract: int


def has_table(head: str) -> bool:
    """Say whether the text holds a table of titles and abstracts."""
    lines = head.split("\n")
    return any(
        _RULE.fullmatch(below.strip()) and header_of(_names(above))
        for above, below in itertools.pairwise(lines)
        if "|" in above and "-" in below[:8]
    )


def table_without_abstracts(head: str) -> list[str]:
    """Return the columns of a table of titles where the text is mostly such a table."""
    lines = [line.strip() for line in head.split("\n") if line.strip()]
    if sum(line.startswith("|") for line in lines) * 2 < len(lines):
        return []
    for above, below in itertools.pairwise(lines):
        if "|" in above and _RULE.fullmatch(below):
            names = _names(above)
            return names if field_names(tuple(names), Columns()).titles else []
    return []


def read_tables(lines: Iterable[tuple[int, bytes | None]]) -> Iterator[Item]:
    """Yield the rows of each table that has both columns; all else is text around them."""
    header: Header | None = None
    above = ""
    for number, data in lines:
        line = decode_text(data or b"").strip()
        if data is None:
            yield Unreadable(number, TOO_LONG)
        elif "|" not in line:
            header = None
        elif _RULE.fullmatch(line):
            header = header_of(_names(above)) or header
        elif header:
            yield guarded(_row, number, line, header)
        above = line


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|") for cell in _BAR.split(inner)]


def _names(line: str) -> list[str]:
    return [plain(cell, with_links=False).strip() for cell in _cells(line)]


def header_of(names: list[str]) -> Header | None:
    """Return the header that a row is if it names a title and an abstract column."""
    if len(names) > _MOST_COLUMNS:
        return None
    found = field_names(tuple(names), Columns())
    titles = found.titles or tuple(name for name in names if name.lower() in _TITLES)
    abstracts = found.abstracts or tuple(name for name in names if name == "\u6458\u8981")
    if not titles or not abstracts:
        return None
    return Header(names, names.index(titles[0]), names.index(abstracts[0]))


def misfit(line: int, cells: list[str], header: Header) -> Unreadable:
    """Return what a row is whose cells are not as many as the table's columns."""
    found, columns = counted(len(cells), "cell"), counted(len(header.names), "column")
    return Unreadable(line, f"The row has {found}, the table {columns}.")


def _row(line: int, row: str, header: Header) -> Item:
    cells = _cells(row)
    extra = len(cells) - len(header.names)
    if extra > 0:
        # A bar within the abstract is often not escaped; where the abstract ends is seen by
        # its markup or because nothing comes behind it.
        end = header.abstract + extra
        is_whole = cells[end].rstrip().endswith("</details>") or end == len(cells) - 1
        if not is_whole:
            return misfit(line, cells, header)
        cells[header.abstract : end + 1] = ["|".join(cells[header.abstract : end + 1])]
    cells += [""] * -extra
    title = title_of(parts_of(cells[header.title])[0])
    abstract = plain(_SUMMARY.sub("", cells[header.abstract])).strip()
    metadata: dict[str, object] = {
        name: plain(cell).strip()
        for at, (name, cell) in enumerate(zip(header.names, cells, strict=True))
        if cell.strip() and at not in (header.title, header.abstract)
    }
    links = (id_of_link(name, cell) for name, cell in zip(header.names, cells, strict=True))
    paper_id = title.id or next(filter(None, links), "")
    return build_entry(line, paper_id, title.text, abstract, metadata)
