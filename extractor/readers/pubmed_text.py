"""PubMed's "Abstract (text)": what its page shows, in paragraphs, below a numbered citation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._metadata import CAPITALS, initials_first
from extractor.readers._paragraphs import is_affiliations
from extractor.readers.base import (
    NO,
    SURE,
    TEXT_LIMIT,
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

_CITATION = re.compile(r"\d{1,6}[.:] \S.*")
_FIRST = re.compile(rb"\A\s*1[.:] [^\n]{4,}\n")
_IDENTIFIED = re.compile(rb"^PMID: ?\d+", re.MULTILINE)
_ENTRY_LIMIT = 2 * TEXT_LIMIT

_IDENTIFIER = re.compile(r"^(DOI|PMID|PMCID): ?(\S+)", re.MULTILINE)
_IDENTIFIERS = re.compile(r"(?:DOI|PMID|PMCID): ?\S")
_DATE = re.compile(r"\. ((?:1[89]|20)\d\d[^;:.]{0,20})")
_LABELLED = re.compile(
    r"(?:Author information|Collaborators?|Comment (?:in|on)|Erratum (?:in|for)|Update (?:in|of)"
    r"|Retraction (?:in|of)|Republished (?:in|from)|Expression of concern (?:in|for)"
    r"|Corrected and republished (?:in|from)|Summary for patients in|Original report in"
    r"|Plain language summary|Conflict of interest statement|Associated data|Grant support"
    r"|Abstract in|\[Article in |\[Indexed for )",
    re.IGNORECASE,
)
_RIGHTS = re.compile(r"(?:©|\(c\)|(?:crown )?copyright\b|published by\b).{0,400}", re.I | re.DOTALL)
_AUTHOR = re.compile(
    rf"(?:[^\s,;.]+ ){{1,5}}[{CAPITALS}]{{1,4}}(?: (?:Jr|Sr|\d\w\w))?(?:\(\d{{1,3}}\)){{0,20}}\.?"
)
_LONGEST_GROUP = 120
_SMALL_WORDS = frozenset(
    ("of", "the", "and", "for", "in", "on", "with", "to", "from", *("de", "la", "du", "des", "et"))
)
_NOTE = re.compile(r"(?:\(\d{1,3}\)){1,20}$")
_PART = re.compile(r"[A-Z][A-Z /&,()-]{2,60}: ")


class PubMedText(Reader):
    """Entries that begin with a number and a citation, after two blank lines."""

    name = "pubmed-text"
    title = 'PubMed\'s "Abstract (text)"'
    suffixes = (".txt",)

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.match(head) and _IDENTIFIED.search(head) else NO

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        first = size = 0
        lines: list[str] = []
        blank, is_complete = 2, False
        for number, line in source.lines():
            text = decode_text(line or b"").rstrip()
            begins = blank and (blank > 1 or is_complete) and _CITATION.match(text)
            if lines and (begins or line is None):
                yield from _items(first, lines, size)
                lines, size, is_complete = [], 0, False
            if line is None:
                yield Unreadable(number, TOO_LONG)
            elif begins or lines:
                first = number if begins else first
                size += len(text)
                if size <= _ENTRY_LIMIT:
                    lines.append(text)
            blank = 0 if text else blank + 1
            is_complete = is_complete or text.startswith("PMID: ")
        if lines:
            yield from _items(first, lines, size)


def _items(first: int, lines: list[str], size: int) -> Iterator[Item]:
    if size > _ENTRY_LIMIT:
        yield Unreadable(first, TOO_LONG)
    else:
        yield guarded(_build, first, lines)


def _build(line: int, lines: list[str]) -> Item:
    blocks = [block.split("\n") for block in re.split(r"\n\n+", "\n".join(lines)) if block.strip()]
    citation, *rest = blocks
    known = dict(
        _IDENTIFIER.findall("\n".join("\n".join(b) for b in rest if _IDENTIFIERS.match(b[0])))
    )
    title = " ".join(rest[0]) if rest else ""
    others = rest[1:]
    while others and others[0][0].startswith("["):
        others = others[1:]
    authors = _authors(" ".join(others[0])) if others else []
    content = others[1:] if authors else others
    abstract = "\n".join(filter(None, map(_paragraph, content)))
    reference = " ".join(citation)
    date = _DATE.search(reference)
    metadata = without_empty(
        authors=authors,
        doi=known.get("DOI", ""),
        venue=re.sub(r"^\d+[.:] ", "", reference[: date.start()]) if date else "",
        date=date[1].strip() if date else "",
    )
    return build_entry(line, known.get("PMID", ""), title, abstract, metadata)


def _authors(text: str) -> list[str]:
    """Return the names, without the numbers of their addresses, if the text is a list of them."""
    names = re.split(r"[,;] (?!(?:Jr|Sr|\d\w\w)\b)", text.removesuffix("."))
    are_names = sum(map(_is_author, names)) * 2 >= len(names)
    return [initials_first(_NOTE.sub("", name)) for name in names] if are_names else []


def _is_author(name: str) -> bool:
    """Say whether it is a name with initials, or that of a group: a few words in capitals."""
    if _AUTHOR.fullmatch(name):
        return True
    words = [word for word in re.split(r"[ (]", name) if word not in _SMALL_WORDS]
    return (
        len(name) <= _LONGEST_GROUP
        and ". " not in name
        and name[-1:] not in ":?!"
        and all(word[:1].isupper() or word[:1].isdigit() for word in words)
        and any(word[:1].isupper() for word in words)
    )


def _paragraph(block: list[str]) -> str:
    """Return a paragraph of the abstract in one line for each part; "" for anything else."""
    if (
        _LABELLED.match(block[0])
        or _IDENTIFIERS.match(block[0])
        or _RIGHTS.fullmatch(" ".join(block))
    ):
        return ""
    if is_affiliations(" ".join(block)):
        return ""
    text = block[0]
    for line in block[1:]:
        text += ("\n" if _PART.match(line) else " ") + line
    return text
