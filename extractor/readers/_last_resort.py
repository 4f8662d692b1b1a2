"""What text and Markdown refuse: dumps in other formats and documents that hold no abstracts.

Papers would be made of them. A dump is judged by its beginning: by its lines, by the papers that
would be read, and by the pieces that have no abstract.
"""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.plurals import counted
from extractor.readers._likeness import has_sections_of_a_paper, is_like_paper
from extractor.readers._source import HEAD
from extractor.readers.base import Item, Source, decode_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Lines = Iterator[tuple[int, bytes | None]]

_PIECES = 20
"""Pieces without an abstract from which on a dump is refused that holds few papers."""

_PER_PAPER = 4
"""So many pieces without an abstract to a paper show that the text is something else."""

_UNLIKE = 2
"""One in so many papers has to be like one, unless the abstracts are labelled as such."""

_WIDEST = 200
"""Characters of the longest line that wrapping leaves."""

_ROWS = 50
_COLUMNS = {"\t": 3, "|": 3, ",": 4, ";": 4}
_LABEL = re.compile(r"\W*(?:abstract|\u6458\u8981)\b\W*(?:$|[:\uff1a.\u2014-])", re.IGNORECASE)


_SEPARATED = re.compile(r"\S\s+(?:\|{1,3}|#{2,6}|:{2,3}|;;+|~{2,4}|<\w+>)\s+\S")
"""What stands between the title and the abstract where both are on one line."""

_MAIL = re.compile(
    r"(from|to|cc|subject|date|sent|reply-to|received|return-path)(?:: | \S+@)", re.I
)
_PAPER_IN_MAIL = re.compile(r"\\\\$|(?:title|abstract|arxiv)\s*:", re.IGNORECASE)
_OTHER_KIND = re.compile(
    r"\W*(?:minutes of\b|(?:present|attendees|in attendance|apologies):"
    r"|(?:change ?log|release notes|what's new|release history)\b.{0,40}$)",
    re.IGNORECASE,
)


class _Sign(NamedTuple):
    """A format, what its lines look like, and the share of the lines that shows it."""

    what: str
    pattern: re.Pattern[str]
    share: float


_CODE = (
    r"\s*(?:#\s?(?:include|define|ifn?def|endif|pragma)\b|(?:def|class|function)\s\w+.*[:{(]\s*$"
    r"|(?:import|from|use|using|package|require)\s[\w.:{}\s,*]+(?:import .*)?;?$|return\b.*;?$"
    r"|(?:const|let|var|public|private|static|export|my|typedef|extern)\s|//|/\*|\*/|\"\"\"|\}|\{"
    r"|(?:if|for|while|elif|else|try|except|catch|switch|with)\b.*[:{]\s*$|@\w+[\w.]*(?:\(.*\))?$)"
    r"|.*(?:[;{}]|\);|\*/)$"
)
_SIGNS = (
    _Sign(
        "tagged lines like those of RIS or MEDLINE", re.compile(r"[A-Z][A-Z0-9]{1,3} {0,2}- "), 0.2
    ),
    _Sign("tagged lines like those of EndNote", re.compile(r"%[0-9A-Z] "), 0.2),
    _Sign("tagged lines like those of NoteExpress", re.compile(r"\{[A-Z][\w /]{1,40}\}:"), 0.2),
    _Sign("tagged lines like those of Web of Science", re.compile(r"[A-Z][A-Z0-9] \S"), 0.5),
    _Sign("MARC records", re.compile(r"=\d{3}  "), 0.3),
    _Sign("BibTeX", re.compile(r"\s*@[A-Za-z]\w*\s*[{(]|\s*\w+\s*=\s*[{\"]"), 0.4),
    _Sign(
        "LaTeX",
        re.compile(r"\s*\\(?:documentclass|usepackage|begin|end|(?:sub)*section|bibitem|newblock)"),
        0.05,
    ),
    _Sign("XML or HTML", re.compile(r"\s*</?[A-Za-z][\w:.-]*(?:\s[^>]*)?/?>"), 0.6),
    _Sign("JSON", re.compile(r"[^{\n]{0,2000}\{\"\w+\": ?|\s*\[*\s*\"[\w-]+\": "), 0.5),
    _Sign("Python's own notation", re.compile(r"\s*[\[({]*\{?'\w+': |[\[({ ]*\w+\(\w+='"), 0.5),
    _Sign("SQL", re.compile(r"\s*(?:INSERT INTO|(?:CREATE|ALTER|DROP) [A-Z]{4,}|\(\d+, ?')"), 0.3),
    _Sign("subtitles", re.compile(r"(?:\d\d:)?\d\d:\d\d[.,]\d{3} --> "), 0.15),
    _Sign("a log", re.compile(r"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\[?\d\d:\d\d(?::\d\d)?\]? "), 0.5),
    _Sign("settings", re.compile(r"\[[\w .:\"-]+\]$|[\w.-]+ ?= ?\S"), 0.6),
    _Sign("YAML", re.compile(r"\s*(?:- )*(?:[a-z][a-z0-9]*[_-])*[a-z][a-z0-9]*:(?:\s|$)"), 0.3),
    _Sign("source code", re.compile(_CODE), 0.3),
)
_FEWEST = 3
_LABELS = frozenset(["title:", "abstract:"])
_DISTINCT = {"YAML": 2, "tagged lines like those of Web of Science": 4}


def check_head(source: Source, read: Callable[[Lines], Iterator[Item]]) -> None:
    """Check that the beginning of the dump is text with papers in it.

    Raises:
        DumpError: it looks like another format or a document, or hardly anything of it is a paper.
    """
    lines = [line for line in decode_head(source.head).splitlines() if line.strip()]
    if found := _probable_format(lines):
        raise DumpError(
            f"{source.name} looks like {found}, not like text.",
            hint="If it is in a format that can be read, name it with --dump-format.",
        )
    if has_sections_of_a_paper(lines):
        raise DumpError(
            f"{source.name} looks like the full text of a paper, not like titles and abstracts.",
            hint="Take a dump that has the title and the abstract of the paper.",
        )
    items = list(read(iter(list(enumerate(source.head.splitlines(keepends=True), 1)))))
    papers = [item for item in items if isinstance(item, Paper)]
    pieces = len(items) - len(papers)
    if (pieces >= _PIECES and pieces > _PER_PAPER * len(papers)) or (
        pieces >= _FEWEST and not papers and len(source.head) >= HEAD
    ):
        raise DumpError(
            f"{source.name} begins with {counted(pieces, 'piece')} "
            "that may be titles but have no abstract, "
            f"and {counted(len(papers), 'paper')}.",
            hint="Check that it holds abstracts; if it is in another format, name that with "
            "--dump-format.",
        )
    check_likeness(papers, lines, source.name)


def check_likeness(
    papers: list[Paper], lines: Iterable[str], name: str, *, is_page: bool = False
) -> None:
    """Check that what was found in a text is like papers, or labelled as abstracts in its lines.

    On a web page any section has a heading, so that more of them have to be.

    Raises:
        DumpError: too few are.
    """
    enough = -(-(len(papers) + is_page) // _UNLIKE)
    labelled = sum(_LABEL.match(line) is not None for line in lines)
    if not papers or labelled >= enough:
        return
    alike = max(labelled, len(list(islice(filter(is_like_paper, papers), enough))))
    if alike < enough:
        raise DumpError(
            f"{name} looks like a text of another kind: {alike} of the "
            f"{counted(len(papers), 'piece')} that it begins with are like the title and the "
            "abstract of a paper.",
            hint="If it does hold papers, write 'Abstract:' before each abstract.",
        )


def width_of(head: str) -> int:
    """Return how wide the lines of a wrapped text are; 0 for a text that is not wrapped."""
    widest = max((len(line.rstrip()) for line in head.split("\n")[:-1] if " " in line), default=0)
    return widest if widest <= _WIDEST else 0


def _probable_format(lines: list[str]) -> str:
    for what, pattern, share in _SIGNS:
        found = [match[0].strip() for line in lines if (match := pattern.match(line))]
        enough = len(found) >= max(min(_FEWEST, len(lines)), share * len(lines), 1)
        # Lines with such labels would have been read as YAML if they were that.
        is_labelled = what == "YAML" and _LABELS.issubset(found)
        if enough and not is_labelled and len(set(found)) >= _DISTINCT.get(what, 1):
            return what
    if _is_mail(lines):
        return "mail"
    if any(map(_OTHER_KIND.match, lines[:_FEWEST])):
        return "minutes or a list of changes"
    if len(lines) >= _FEWEST and all(_SEPARATED.search(line) for line in lines):
        return "a table without a header"
    return "a table without a header" if _is_table(lines) else ""


def _is_mail(lines: list[str]) -> bool:
    """Say whether the text begins with the header of a mail that is not arXiv's, with papers."""
    first = [match[1].lower() for line in lines[:_ROWS] if (match := _MAIL.match(line))]
    has_papers = any(map(_PAPER_IN_MAIL.match, lines))
    return {"from", "subject"} <= set(first) and bool(_MAIL.match(lines[0])) and not has_papers


def _is_table(lines: list[str]) -> bool:
    """Say whether all lines have as many cells; prose has commas, but no quoted cells."""
    first = lines[:_ROWS]
    is_quoted = len(first) >= _FEWEST and sum('"' in line for line in first) * 2 >= len(first)
    for delimiter, fewest in _COLUMNS.items():
        try:
            rows = [len(row) for row in csv.reader(first, delimiter=delimiter)]
        except csv.Error:
            continue
        if len(rows) > 1 and len(set(rows)) == 1 and rows[0] >= fewest:
            return is_quoted or delimiter in "\t|"
    return False
