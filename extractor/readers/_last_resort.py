"""What text and Markdown refuse: dumps in other formats, of which they would make papers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers.base import Item, Source, decode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lines = Iterator[tuple[int, bytes | None]]

_PIECES = 20
"""Pieces without an abstract from which on a dump is refused that holds few papers."""

_PER_PAPER = 4
"""So many pieces without an abstract to a paper show that the text is something else."""

_WIDEST = 200
"""Characters of the longest line that wrapping leaves."""


class _Sign(NamedTuple):
    """A format, what its lines look like, and the share of the lines that shows it."""

    what: str
    pattern: re.Pattern[str]
    share: float


_SIGNS = (
    _Sign(
        "tagged lines like those of RIS or MEDLINE", re.compile(r"[A-Z][A-Z0-9]{1,3} {0,2}- "), 0.2
    ),
    _Sign("tagged lines like those of EndNote", re.compile(r"%[0-9A-Z] "), 0.2),
    _Sign("tagged lines like those of Web of Science", re.compile(r"[A-Z][A-Z0-9] \S"), 0.5),
    _Sign("BibTeX", re.compile(r"\s*@[A-Za-z]\w*\s*[{(]|\s*\w+\s*=\s*[{\"]"), 0.4),
    _Sign("XML or HTML", re.compile(r"\s*</?[A-Za-z][\w:.-]*(?:\s[^>]*)?/?>"), 0.6),
    _Sign("JSON", re.compile(r"[^{\s]{0,80}\s*[\[{]*\{\"\w+\": ?|\s*\"[\w-]+\": "), 0.5),
    _Sign("Python's own notation", re.compile(r"\s*[\[({]*\{?'\w+': |[\[({ ]*\w+\(\w+='"), 0.5),
    _Sign("YAML", re.compile(r"\s*(?:- )*(?:[a-z][a-z0-9]*[_-])*[a-z][a-z0-9]*:(?:\s|$)"), 0.3),
)
_FEWEST = 3
_DISTINCT = {"YAML": 2, "tagged lines like those of Web of Science": 4}


def check_head(source: Source, read: Callable[[Lines], Iterator[Item]]) -> None:
    """Check that the beginning of the dump is text with papers in it.

    Raises:
        DumpError: it looks like another format, or nearly all of it is without abstracts.
    """
    head = decode_text(source.head)
    if found := _probable_format(head):
        raise DumpError(
            f"{source.name} looks like {found}, not like text.",
            hint="If it is in a format that can be read, name it with --dump-format.",
        )
    lines = enumerate(source.head.splitlines(keepends=True), 1)
    papers = pieces = 0
    for item in read(iter(lines)):
        papers += isinstance(item, Paper)
        pieces += not isinstance(item, Paper)
    if pieces >= _PIECES and pieces > _PER_PAPER * papers:
        raise DumpError(
            f"{source.name} begins with {pieces} pieces that may be titles but have no abstract, "
            f"and {papers} papers.",
            hint="Check that it holds abstracts; if it is in another format, name that with "
            "--dump-format.",
        )


def width_of(head: str) -> int:
    """Return how wide the lines of a wrapped text are; 0 for a text that is not wrapped."""
    widest = max((len(line.rstrip()) for line in head.split("\n")[:-1] if " " in line), default=0)
    return widest if widest <= _WIDEST else 0


def _probable_format(head: str) -> str:
    lines = [line for line in head.split("\n") if line.strip()]
    for what, pattern, share in _SIGNS:
        found = [match[0].strip() for line in lines if (match := pattern.match(line))]
        enough = len(found) >= max(min(_FEWEST, len(lines)), share * len(lines), 1)
        if enough and len(set(found)) >= _DISTINCT.get(what, 1):
            return what
    return ""
