"""Tables and counts as plain text of 80 columns, for a terminal, a file or a pipe."""

from __future__ import annotations

import io
import json
import re
import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from extractor.errors import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 80
_LISTED = 5

_ACTED_ON = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What `json.dumps` leaves of the characters that a terminal acts on."""


def columns(*headers: str) -> Table:
    """A table of a name and, right-aligned, these columns; it fits the width by folding names."""
    made = Table(box=None, pad_edge=False, padding=(0, 0, 0, 3), header_style="")
    made.add_column("", overflow="fold")
    for header in headers:
        made.add_column(header, justify="right", no_wrap=True)
    return made


def printed(*parts: Table | str) -> Iterator[str]:
    """The lines of tables and texts."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH, color_system=None, markup=False, emoji=False)
    console.print(*parts)
    yield from (harmless(line).rstrip() for line in text.getvalue().splitlines())


def listed(names: Sequence[str]) -> str:
    """The first few of the names."""
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")


def wrapped(label: str, text: str, *, indent: int, hanging: int) -> str:
    """A text behind its label, on as many lines as it takes."""
    return textwrap.fill(
        harmless(text),
        WIDTH,
        initial_indent=" " * indent + harmless(label),
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def printed_json(value: object) -> str:
    """A value as JSON for people and scripts."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
