"""Rows of CSV and TSV, whatever is wrong with some of them."""

from __future__ import annotations

import csv
import re
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from extractor.readers.base import TEXT_LIMIT, TOO_LONG, Unreadable, decode_head, decode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.readers.base import Source

    Parser: TypeAlias = "Callable[..., Iterator[list[str]]]"

# What stands between carriage returns, where other lines end otherwise.
_CR = re.compile(r"[^\r]+(?:\r\n?)?|\r")
_CUT = "unexpected end of data"
# MySQL and Spark write \\" for a quotation mark, others two of them.
_ESCAPED_QUOTE = re.compile(r'(?:^|[,;|\t])"[^"\n]*\\"(?![,;|\t\r\n])', re.MULTILINE)
_DOUBLED_QUOTE = re.compile(r'[^,;|\t\r\n"]""')


def rows_in(
    lines: Iterator[str], parse: Parser, above: int
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row's first line and its fields, or why it has none.

    A quotation mark that is not closed costs the row that it is in, not those below.
    """
    # The limit is the module's own; it is never lowered under what somebody else asked for.
    csv.field_size_limit(max(csv.field_size_limit(), TEXT_LIMIT))
    taken: list[str] = []
    once_more: deque[str] = deque()

    def taking() -> Iterator[str]:
        while (line := once_more.popleft() if once_more else next(lines, None)) is not None:
            taken.append(line)
            yield line

    number = above + 1
    rows = parse(taking(), strict=True)
    row: list[str] | str
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if len(taken) == 1 and len(pieces := _CR.findall(taken[0])) > 1:
                once_more.extendleft(reversed(pieces))
                taken.clear()
                rows = parse(taking(), strict=True)
                continue
            row = _leniently(parse, taken, number, str(error))
            once_more.extendleft(reversed(taken[1:]))
            del taken[1:]
            rows = parse(taking(), strict=True)
        yield number, row
        number += len(taken)
        taken.clear()


def _leniently(parse: Parser, taken: list[str], number: int, said: str) -> list[str] | str:
    """Return the row of what breaks the rules on its own line, or why it is none."""
    if len(taken) > 1 or _CUT in said:
        last = number + len(taken) - 1
        return f"This is not a row of a table: a quotation mark is not closed, down to line {last}."
    try:
        return next(parse(taken), [])
    except csv.Error as error:
        return f"This is not a row of a table: {error}."


def lines_of(text: str) -> list[str]:
    """Split a text that ends its lines in any of the three ways."""
    return text.split("\n") if "\n" in text else re.findall(r"[^\r]*\r|[^\r]+", text) or [""]


def text_lines(source: Source, skipped: list[Unreadable]) -> Iterator[str]:
    """Yield the lines as text; one that is too long is empty, and goes into ``skipped``."""
    has_returns_only = b"\n" not in source.head
    head = decode_head(source.head)
    has_escapes = _ESCAPED_QUOTE.search(head) and not _DOUBLED_QUOTE.search(head)
    for number, line in source.lines():
        if line is None:
            skipped.append(Unreadable(number, TOO_LONG))
        text = decode_text(line or b"")
        if has_escapes:
            text = text.replace('\\"', '""')
        if has_returns_only:
            yield from lines_of(text)
        else:
            yield text


def parser_for(head: str, above: int, delimiter: str) -> Parser:
    """Return what makes rows of lines: how quotation marks are meant, and spaces after commas."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if _is_quoted(head, delimiter) else csv.QUOTE_NONE
    cells = split_line(lines_of(head)[above], delimiter)
    has_spaces = len(cells) > 1 and all(cell.startswith(" ") for cell in cells[1:])
    return partial(csv.reader, delimiter=delimiter, quoting=quoting, skipinitialspace=has_spaces)


def split_line(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _is_quoted(head: str, delimiter: str) -> bool:
    """Say whether quotation marks enclose fields here, or are a part of unquoted ones."""
    if delimiter != "\t":
        return True
    fields = [field.rstrip("\r") for line in head.split("\n") for field in line.split(delimiter)]
    opened = [field for field in fields[:-1] if field.startswith('"')]
    closed = [field for field in opened if len(field) > 1 and field.endswith('"')]
    return len(closed) * 2 >= len(opened)
