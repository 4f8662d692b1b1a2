"""When and where a paper appeared, from metadata whose names differ from dump to dump."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote

from extractor.readers._metadata import doi_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    T = TypeVar("T")

# The usual names, best first, in lower case and without what is neither letter nor digit.
_YEARS = (
    *("year", "publicationyear", "pubyear", "py", "publicationdateyear", "releaseyear"),
    *("date", "publicationdate", "pubdate", "issuedate", "published", "issued", "publishedprint"),
    *("publishedonline", "onlinedate", "conferencedate", "datereleased", "created"),
    *("versions", "updatedate", "updated"),
)
_VENUES = (
    *("venue", "booktitle", "journal", "journaltitle", "containertitle", "conference"),
    *("publicationtitle", "sourcetitle", "publicationname", "journalname", "so", "conferencename"),
    *("conferencetitle", "publication", "journalref", "t2", "jo", "secondarytitle"),
)
_DOIS = ("doi", "di", "doilink", "doiurl")
_PAGES = (
    *("url", "link", "paperurl", "articleurl", "paperlink", "articlelink", "urls", "links"),
    *("abs", "absurl", "abstracturl", "arxivurl", "site", "landingpage", "ee", "ur", "l1"),
)
_ARXIV = ("arxivid", "arxiv", "eprint")
_FILES = ("pdf", "pdfurl", "pdflink", "fulltexturl")
_OF_ARXIV = ("categories", "primarycategory", "maincategory")

_DEEPEST_DATE = 3
_YEAR = re.compile(r"(?<!\d)(1[89]|20|21)\d\d(?!\d)")
_ADDRESS = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)
_ARXIV_ID = re.compile(
    r"(?:arxiv:\s*)?((?:\d\d(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?)",
    re.IGNORECASE,
)


class Publication(NamedTuple):
    """What is known of a paper beside its text; ``url`` is the address of its page."""

    year: int | None
    venue: str | None
    doi: str | None
    url: str | None


def publication_of(source: Mapping[str, object], paper_id: str = "") -> Publication:
    """The year, venue, DOI and address in a paper's metadata, each None where nothing says it.

    The address is one that the metadata give or that the paper's id is, else that of the DOI, else
    that of an arXiv id.
    """
    if not source and "://" not in paper_id:
        return _NOTHING
    names = _names(tuple(source))
    page = _first(source, names.pages, _address) or _address_in(paper_id)
    doi = _first(source, names.dois, _doi) or _doi_in_address(page)
    return Publication(
        _first(source, names.years, year_in),
        _first(source, names.venues, _venue),
        doi,
        page
        or (f"https://doi.org/{quote(doi, safe='/:;()._-')}" if doi else None)
        or _first(source, names.arxiv, _arxiv)
        or (_arxiv(paper_id) if names.of_arxiv else None)
        or _first(source, names.files, _address),
    )


_NOTHING = Publication(None, None, None, None)


class _Names(NamedTuple):
    """The keys of a paper's metadata that may hold each fact, best first."""

    years: Sequence[str]
    venues: Sequence[str]
    dois: Sequence[str]
    pages: Sequence[str]
    arxiv: Sequence[str]
    files: Sequence[str]
    of_arxiv: Sequence[str]


@lru_cache(maxsize=1024)
def _names(present: tuple[str, ...]) -> _Names:
    by_name: dict[str, list[str]] = {}
    for key in present:
        by_name.setdefault(_plain(key), []).append(key)
    lists = (_YEARS, _VENUES, _DOIS, _PAGES, _ARXIV, _FILES, _OF_ARXIV)
    return _Names(*([key for name in each for key in by_name.get(name, ())] for each in lists))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _first(
    source: Mapping[str, object], keys: Sequence[str], read: Callable[[object], T | None]
) -> T | None:
    for key in keys:
        if (value := source[key]) and (found := read(value)) is not None:
            return found
    return None


def tells_year(name: str) -> bool:
    """Whether metadata of this name tell when a paper appeared."""
    return _plain(name) in _YEARS


def year_in(value: object) -> int | None:
    """The first year in a text, or in what lists and objects hold."""
    if isinstance(value, str):
        found = _YEAR.search(value)
    else:
        found = next(filter(None, (_YEAR.search(str(each)) for each in _scalars(value))), None)
    return int(found[0]) if found else None


def _scalars(value: object, depth: int = _DEEPEST_DATE) -> Iterator[object]:
    """The values in lists and objects, such as Crossref's ``{"date-parts": [[2024, 1, 3]]}``."""
    if not isinstance(value, list | dict):
        yield value
    elif depth:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _scalars(each, depth - 1)


def _venue(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("display_name") or value.get("name") or value.get("title")
    return _in_texts(value, str.strip)


def _doi(value: object) -> str | None:
    return _in_texts(value, doi_in)


def _doi_in_address(address: str | None) -> str | None:
    """The DOI that an address at doi.org has."""
    if address and ("//doi.org/" in address or "//dx.doi.org/" in address):
        return doi_in(address) or None
    return None


def _address(value: object) -> str | None:
    return _in_texts(value, _address_in)


def _address_in(text: str) -> str | None:
    found = _ADDRESS.fullmatch(text.strip())
    return found[0] if found else None


def _arxiv(value: object) -> str | None:
    return _in_texts(value, _arxiv_in)


def _arxiv_in(text: str) -> str | None:
    found = _ARXIV_ID.fullmatch(text.strip())
    return f"https://arxiv.org/abs/{found[1]}" if found else None


def _in_texts(value: object, read: Callable[[str], str | None]) -> str | None:
    """What is read in a text, or in the first of a list that has it."""
    if isinstance(value, str):
        return read(value) or None
    texts = (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
    return next(filter(None, map(read, texts)), None)
