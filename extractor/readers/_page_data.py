"""What a web page says of its papers for machines: ``<meta>`` tags, JSON-LD and hydration data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from extractor.readers._catalogues import with_metadata
from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first, initials_first
from extractor.readers._shapes import levelled
from extractor.readers.base import Item, Paper, build_entry, json_text, nested_text, without_empty
from extractor.readers.json_lines import parse_json
from extractor.readers.json_stream import scan_value

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tags for each field, best first, in lower case.
_META = {
    "title": ("citation_title", "dc.title", "dcterms.title", "eprints.title"),
    "abstract": (
        *("citation_abstract", "dcterms.abstract", "dc.description.abstract", "eprints.abstract"),
        *("dc.description", "dcterms.description"),
    ),
    "aside": ("description", "og:description", "twitter:description"),
    "authors": ("citation_author", "citation_authors", "dc.creator", "eprints.creators_name"),
    "id": ("citation_arxiv_id", "citation_doi"),
    "doi": ("citation_doi", "dc.identifier", "dc.identifier.doi", "prism.doi", "eprints.id_number"),
    "venue": (
        *("citation_journal_title", "citation_conference_title", "citation_inbook_title"),
        *("prism.publicationname", "dc.source"),
    ),
    "date": (
        *("citation_publication_date", "citation_date", "citation_online_date", "citation_year"),
        *("prism.publicationdate", "dc.date", "dcterms.issued"),
    ),
    "url": ("citation_abstract_html_url", "citation_public_url"),
}
_KNOWN = frozenset(name for names in _META.values() for name in names)

_ABSTRACT_LENGTH = 80
_ENDS = re.compile(r"[.!?][\"'\u201d\u2019)\]]*$")
_CUT = re.compile(r"(?:\.\.\.|\u2026)$")

# Types of schema.org; other objects with a description are no papers.
_SCHOLARLY = re.compile(r"(?:Scholarly|MedicalScholarly)?Article|Report|Thesis|Chapter|Dataset")
_OTHERS = ("citation", "citations", "references", "isPartOf", "isBasedOn", "publisher")
"""Parts of a paper's object that speak of other works."""

_ASSIGNED = re.compile(r"[\w.\])\"']\s*=\s*(?=\{\s*\")")
_MOST_ASSIGNED = 50
_DEEPEST = 30


class PageData:
    """Collects what a page says for machines, and makes papers of it."""

    def __init__(self) -> None:
        self._papers: list[dict[str, list[str]]] = []
        self._items: list[Item] = []

    def see_meta(self, name: str, content: str) -> None:
        """Take a ``<meta>`` tag; a title that comes once more begins another paper."""
        name, content = name.lower(), content.strip()
        if name not in _KNOWN or not content:
            return
        if not self._papers or (name == "citation_title" and name in self._papers[-1]):
            self._papers.append({})
        self._papers[-1].setdefault(name, []).append(content)

    def see_json(self, text: str, line: int) -> None:
        """Take a script of JSON."""
        try:
            value = parse_json(text)
        except (ValueError, RecursionError):
            return
        self._items += (_paper(fields, line) for fields in _papers_in(value))

    def see_script(self, text: str, line: int) -> None:
        """Take a script that assigns objects, such as the one of IEEE Xplore."""
        for number, found in enumerate(_ASSIGNED.finditer(text)):
            if number == _MOST_ASSIGNED:
                break
            try:
                value, _ = scan_value(text, found.end())
            except (ValueError, RecursionError):
                continue
            self._items += (_paper(fields, line) for fields in _papers_in(value))

    @property
    def has_title(self) -> bool:
        """Say whether ``<meta>`` tags name a paper."""
        return any(_first(each, "title") for each in self._papers)

    def items(self, abstract: str = "") -> list[Item]:
        """Return the papers; ``abstract`` is what the page's text has, where no tag has one."""
        cited = [item for each in self._papers if (item := _cited(each, abstract))]
        if not cited:
            return self._items
        titles = {item.title for item in cited}
        others = [item for item in self._items if item.title not in titles]
        return others if len(others) > len(cited) else cited


def _cited(meta: dict[str, list[str]], abstract: str) -> Item | None:
    title = _first(meta, "title")
    abstract = _whole(meta, "abstract") or abstract or _aside(meta)
    if not title or not abstract:
        return None
    dois = (doi_in(text) for name in _META["doi"] for text in meta.get(name, ()))
    metadata = without_empty(
        authors=_authors(meta),
        doi=next(filter(None, dois), ""),
        venue=_first(meta, "venue"),
        date=_first(meta, "date"),
        url=_first(meta, "url"),
    )
    title, abstract = without_marks(title), without_marks(abstract)
    return build_entry(
        1, _first(meta, "id") or str(metadata.get("doi", "")), title, abstract, metadata
    )


def _first(meta: dict[str, list[str]], field: str) -> str:
    return next((meta[name][0] for name in _META[field] if name in meta), "")


def _whole(meta: dict[str, list[str]], field: str) -> str:
    """Return the first text of the field that is not cut off."""
    texts = (text for name in _META[field] for text in meta.get(name, ()))
    return next((text for text in texts if not _CUT.search(text)), "")


def _aside(meta: dict[str, list[str]]) -> str:
    """Return a description for search engines that is as long as an abstract and whole."""
    text = _whole(meta, "aside")
    return text if len(text) >= _ABSTRACT_LENGTH and _ENDS.search(text) else ""


def _authors(meta: dict[str, list[str]]) -> list[str]:
    name = next((name for name in _META["authors"] if name in meta), "")
    several = (text.split(";") for text in meta.get(name, ()))
    names = (
        initials_first(given_first(" ".join(each.split()))) for texts in several for each in texts
    )
    return list(filter(None, names))


def _papers_in(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the outermost objects that are papers, with their fields at the top."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _papers_in(each, depth + 1)
    elif isinstance(value, dict):
        fields = with_metadata(levelled(value))
        if _is_paper(fields):
            yield fields
            return
        for name, each in value.items():
            if name not in _OTHERS:
                yield from _papers_in(each, depth + 1)


def _is_paper(fields: dict[str, Any]) -> bool:
    kind = fields.get("@type")
    if kind and not any(map(_SCHOLARLY.fullmatch, kind if isinstance(kind, list) else [str(kind)])):
        return False
    return bool(nested_text(fields, "title")) and len(_abstract(fields)) >= _ABSTRACT_LENGTH


def _abstract(fields: dict[str, Any]) -> str:
    return nested_text(fields, "abstract") or nested_text(fields, "summary")


def _paper(fields: dict[str, Any], line: int) -> Item:
    authors = fields.get("authors")
    metadata = without_empty(
        authors=[json_text(each) for each in authors] if isinstance(authors, list) else [],
        date=nested_text(fields, "publishedAt") or nested_text(fields, "datePublished"),
        doi=nested_text(fields, "doi") or doi_in(nested_text(fields, "sameAs")),
        url=nested_text(fields, "url"),
    )
    title = without_marks(" ".join(nested_text(fields, "title").split()))
    return build_entry(
        line, nested_text(fields, "id"), title, without_marks(_abstract(fields)), metadata
    )


def abstract_of(items: list[Item], first: str) -> str:
    """Return the abstract of the page's papers that begins with ``first``, else the longest."""
    abstracts = [item.abstract for item in items if isinstance(item, Paper)]
    below = (each for each in abstracts if first and each.startswith(first))
    found = next(below, "")
    if not found and len(first) >= _ABSTRACT_LENGTH:
        return first
    return found or max(abstracts, key=len, default="")
