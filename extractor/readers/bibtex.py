"""BibTeX and BibLaTeX with abstracts, as publishers, indexes and reference managers export them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.plurals import counted
from extractor.readers._bibtex import UNBALANCED, Entry, beginnings, entries
from extractor.readers._latex import latex_to_text
from extractor.readers._markup import without_marks
from extractor.readers._metadata import date_with_year, doi_in, given_first
from extractor.readers.base import (
    NO,
    POSSIBLE,
    SURE,
    TOO_LONG,
    Columns,
    Item,
    Reader,
    Source,
    Unreadable,
    build_entry,
    decode_head,
    guarded,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PROSE = 10
"""Lines that an exporter may write above the first entry; more are a page that quotes one."""

# How ADS writes journals, after the macros of the American Astronomical Society.
_JOURNALS = {
    r"\aap": "Astronomy and Astrophysics",
    r"\aaps": "Astronomy and Astrophysics Supplement Series",
    r"\aj": "The Astronomical Journal",
    r"\apj": "The Astrophysical Journal",
    r"\apjl": "The Astrophysical Journal Letters",
    r"\apjs": "The Astrophysical Journal Supplement Series",
    r"\araa": "Annual Review of Astronomy and Astrophysics",
    r"\icarus": "Icarus",
    r"\jcap": "Journal of Cosmology and Astroparticle Physics",
    r"\mnras": "Monthly Notices of the Royal Astronomical Society",
    r"\nat": "Nature",
    r"\pasj": "Publications of the Astronomical Society of Japan",
    r"\pasp": "Publications of the Astronomical Society of the Pacific",
    r"\physrep": "Physics Reports",
    r"\prd": "Physical Review D",
    r"\prl": "Physical Review Letters",
    r"\solphys": "Solar Physics",
    r"\ssr": "Space Science Reviews",
}

_AND = re.compile(r"\sand(?=\s|\Z)|[{}]", re.IGNORECASE)
_ARXIV = re.compile(
    r"arxiv(?:\.org/(?:abs|pdf)/|[:.]\s*)(\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]+)?/\d{7})",
    re.IGNORECASE,
)


class BibTex(Reader):
    """Entries with a title and an abstract; LaTeX is decoded, and formulas stay as they are."""

    name = "bibtex"
    title = "BibTeX with abstracts"
    suffixes = (".bib", ".bibtex")

    def sniff(self, head: bytes) -> float:
        text = decode_head(head)
        first = next(beginnings(text, 0), None)
        if first is None or "=" not in text[first:]:
            return NO
        above = filter(None, map(str.strip, text[:first].splitlines()))
        prose = sum(not line.startswith("%") for line in above)
        return SURE if prose <= _PROSE else POSSIBLE

    def read(self, source: Source, columns: Columns) -> Iterator[Item]:  # noqa: ARG002
        begun, has_abstracts = 0, False
        for line, entry in entries(source):
            begun += 1
            if entry is None:
                yield Unreadable(line, TOO_LONG)
                has_abstracts = True
            else:
                yield guarded(_build, line, entry)
                has_abstracts |= any(name == "abstract" for name, _ in entry.fields)
        if begun and not has_abstracts:
            raise DumpError(
                f"{source.name} has {counted(begun, 'entry', 'entries')} and no abstract.",
                hint="DBLP and Google Scholar export none; other sources have an option for them.",
            )


def _build(line: int, entry: Entry) -> Item:
    values: dict[str, list[str]] = {}
    for name, value in entry.fields:
        if value.strip():
            values.setdefault(name, []).append(value)
    raw = {name: found[0] for name, found in values.items()}

    def first(*names: str) -> str:
        return next((text for name in names if name in raw and (text := _text(raw[name]))), "")

    title, subtitle = first("title"), first("subtitle")
    if subtitle and subtitle not in title:
        title = f"{title}: {subtitle}"
    abstract = first("abstract")
    url, key, arxiv_id = first("url"), entry.key, _arxiv_id(first, raw)
    doi = doi_in(first("doi") or (url if "doi.org/" in url else ""))
    if entry.fault and not (entry.fault is UNBALANCED and title and abstract):
        return Unreadable(line, entry.fault, key or None, title or None)
    venue = first("booktitle", "journal", "journaltitle")
    metadata = without_empty(
        authors=_authors(" and ".join(values.get("author", []))),
        categories=_keywords(values),
        doi=doi,
        arxiv_id=arxiv_id,
        venue=_JOURNALS.get(venue, venue),
        date=date_with_year(first("date"), first("year")),
        url=url,
    )
    return build_entry(line, key or doi or arxiv_id, title, abstract, metadata)


def _text(value: str) -> str:
    return without_marks(latex_to_text(value))


def _authors(text: str) -> list[str]:
    """Return the names, given name first; a brace keeps its ``and`` together."""
    names, start, depth = [], 0, 0
    for found in _AND.finditer(text):
        if found[0] in "{}":
            depth = max(0, depth + (1 if found[0] == "{" else -1))
        elif not depth:
            names.append(text[start : found.start()])
            start = found.end()
    names.append(text[start:])
    return [name for each in names if (name := _name(each.strip())) != "others" and name]


def _name(name: str) -> str:
    if name.startswith("{") and name.endswith("}") and "{" not in name[1:]:
        return _text(name)
    parts = [part.strip() for part in _text(name).split(",")]
    if any("=" in part for part in parts):
        pairs = (part.partition("=") for part in parts)
        named = {key.strip(): value.strip(' "') for key, _, value in pairs}
        order = ("given", "prefix", "family", "suffix")
        return " ".join(filter(None, (named.get(part) for part in order)))
    return given_first(",".join(parts))


def _keywords(values: Mapping[str, list[str]]) -> list[str]:
    names = ("author_keywords", "author-keywords", "keywords", "keyword")
    found = next((values[name] for name in names if name in values), [])
    texts = map(_text, found)
    each = (part.strip() for text in texts for part in text.split(";" if ";" in text else ","))
    return list(dict.fromkeys(filter(None, each)))


def _arxiv_id(first: Callable[..., str], raw: Mapping[str, str]) -> str:
    eprint = first("eprint")
    if first("archiveprefix", "eprinttype").lower() == "arxiv":
        return re.sub(r"(?i)^(?:https?://arxiv\.org/abs/|arxiv:)", "", eprint)
    places = (raw.get(name, "") for name in ("journal", "doi", "note", "url"))
    found = next(filter(None, map(_ARXIV.search, (eprint, *places))), None)
    return found[1] if found else ""
