"""Markdown: a heading, a list item or a row of a table for each paper, with its abstract."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.readers._last_resort import check_head, width_of
from extractor.readers._markdown import (
    heading_of,
    is_field_heading,
    is_plain_item,
    is_title_heading,
    item_of,
    label_of,
    parts_of,
    plain,
    title_of,
    title_of_item,
)
from extractor.readers._markdown_entries import (
    LABELLED,
    LIST,
    PLAIN,
    is_abstract_label,
    read_entries,
    title_with_label,
)
from extractor.readers._markdown_tables import has_table, read_tables, table_without_abstracts
from extractor.readers._paragraphs import is_boilerplate, paragraphs, split_label
from extractor.readers.base import (
    LIKELY,
    NO,
    POSSIBLE,
    SURE,
    Columns,
    Item,
    Reader,
    decode_head,
    decode_text,
)
from extractor.readers.text import read_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.readers.base import Source

_BETWEEN = re.compile(r"(?:[\s:.|\u2013\u2014-]|<br\s*/?>)*")
_NESTED_ITEM = re.compile(r"\s+[-*+]\s")
_LABELLED_SHARE = 3
"""One in so many papers has an abstract with a label where all of them are read by it."""


class Markdown(Reader):
    """Papers are the rows of a table, or the headings or items above the abstracts."""

    name = "markdown"
    title = "Markdown"
    suffixes = (".md", ".markdown")

    def sniff(self, head: bytes) -> float:
        text = decode_head(head)
        if has_table(text):
            return SURE
        found = _levels(text).total()
        if not found and _level_of_labelled(text) is not None:
            return LIKELY
        return NO if not found else LIKELY if found > 1 else POSSIBLE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        head = decode_head(source.head)
        if has_table(head):
            return read_tables(source.lines())
        level = _level_of_labelled(head)
        if level is not None:
            return read_entries(source.lines(), level)
        if columns_without_abstract := table_without_abstracts(head):
            raise DumpError(
                f"No column of the tables of {source.name} is the abstract. They have: "
                f"{', '.join(columns_without_abstract)}.",
                hint="Take a dump of the same papers that has abstracts.",
            )
        levels = _levels(head)
        level = max(levels, key=lambda each: (levels[each], each), default=1)
        width = width_of(head)
        check_head(source, lambda lines: _page(lines, level, width))
        return _page(source.lines(), level, width)


def _page(lines: Iterable[tuple[int, bytes | None]], level: int, width: int) -> Iterator[Item]:
    ids: dict[int, str] = {}
    return read_page(paragraphs(_unmarked(lines, level, ids), width), ids)


def _levels(text: str) -> Counter[int]:
    """Count what may be a paper: headings by level, and list items that begin with a title."""
    return Counter(level for line in text.split("\n") if (level := _level_of(line)) is not None)


def _level_of_labelled(text: str) -> int | None:
    """Return the level of the titles above abstracts that have a label, if most have one."""
    titles: Counter[int] = Counter()
    labelled: Counter[int] = Counter()
    above = around = None
    for line in itertools.chain.from_iterable(map(parts_of, text.split("\n"))):
        if is_abstract_label(line.rstrip()):
            if above == PLAIN and not _NESTED_ITEM.match(line):
                above = around
            if above is not None:
                labelled[above] += 1
            above = around = None
        elif (level := _level_of(line)) is not None and not (level == LIST and label_of(line)):
            titles[level] += 1
            above = around = level
        elif is_plain_item(line):
            titles[PLAIN] += 1
            above = PLAIN
    level, abstracts = next(iter(labelled.most_common(1)), (LIST, 0))
    return level if abstracts and abstracts * _LABELLED_SHARE >= titles[level] else None


def _level_of(line: str) -> int | None:
    """Return the level of a line that may be a paper's title."""
    if heading := heading_of(line):
        is_field = is_field_heading(heading.text) or split_label(heading.text)[0]
        is_title = not is_field and not is_boilerplate(heading.text)
        return heading.level if is_title or is_title_heading(heading.text) else None
    if title_with_label(line):
        return LABELLED
    return LIST if _item(line) else None


def _item(line: str) -> re.Match[str] | None:
    """Return the parts of a list item that begins with a title, which is no field's name."""
    item = item_of(line)
    if item is None or (item["to"] or "").startswith("#"):
        return None
    label = label_of(line)
    is_field = label is not None and (split_label(f"{label.name.title()}: ")[0] or not label.text)
    return None if is_field else item


def _unmarked(
    lines: Iterable[tuple[int, bytes | None]], level: int, ids: dict[int, str]
) -> Iterator[tuple[int, str | None]]:
    """Yield the lines as plain text in which titles carry a label; their ids go into ``ids``."""
    for number, data in lines:
        line = decode_text(data or b"").rstrip("\r\n")
        if data is None:
            yield number, None
        elif heading := heading_of(line):
            title = title_of(heading.text)
            text = title.text
            if not split_label(text)[0]:
                # A section's heading is not a title, but it ends the abstract before it.
                is_title = heading.level == level
                text = ("Title: " if is_title else "Comments: ") + text
                ids[number] = title.id if is_title else ""
            yield from ((number, part) for part in ("", text, ""))
        elif level == LIST and (item := _item(line)):
            title = title_of_item(item)
            ids[number] = title.id
            text = f"Title: {title.text.rstrip(':. ')}"
            rest = map(plain, parts_of(_BETWEEN.sub("", item["rest"], count=1)))
            for part in ("", text, *rest):
                yield from ((number, part), (number, ""))
        else:
            yield number, plain(line.removeprefix("> "))
