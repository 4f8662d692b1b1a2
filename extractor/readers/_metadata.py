"""Metadata in one form, whatever the format: names, DOIs and dates."""

from __future__ import annotations

import re
from urllib.parse import unquote

CAPITALS = "".join(filter(str.isupper, map(chr, range(0x530))))
"""The capital letters of Latin, Greek and Cyrillic."""

_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|[IVX]+", re.IGNORECASE)
# Angle brackets belong to a SICI, as in (SICI)1097-4571(1999)50:9<799::AID-ASI9>3.0.CO;2-G.
_DOI = re.compile(
    r"(?<![\d.])10\.\d{4,9}(?:\.\d+)*/(?:[^\s\"<>]|<\d+::?[^\s\"<>]{1,40}>)*[^\s\"<>.,;]"
)
# What the address of a page, or a list, has behind a DOI; bioRxiv's has the version as well.
_BEHIND_DOI = re.compile(
    r"(?:(?:(?<=\d{6})v\d{1,2})?(?:/(?:full|full-?text|abstract|pdf|epdf|epub|html?|meta|summary"
    r"|references)|\.(?:full|full-text|abstract|short|long|pdf|html?)){0,4})"
    r"(?:&(?=\w+=).*|[;,|](?=https?:|doi:|10\.\d{4}).*)?\Z",
    re.IGNORECASE,
)
_PLAIN_DOI = re.compile(r"10\.\d+/[^v&;,|?#/()\[\]{}]*\d")
_QUERY = re.compile(r"[?#]\w.*")
_WHOLE = re.compile(r"(?:https?://(?:dx\.|www\.)?doi\.org/|doi: ?)?10\.", re.IGNORECASE)
_MOST_BRACKETS = 3
_PAIRS = {")": "(", "]": "[", "}": "{"}
_INITIALS = re.compile(
    rf"(?P<family>\S.*\S)\s"
    rf"(?P<initials>(?:[{CAPITALS}]{{1,3}}|(?:[{CAPITALS}]\.[ -]?){{1,4}})(?:-[{CAPITALS}])?)"
    r"(?P<suffix>\s(?:Jr|Sr|\d\w\w)\.?)?"
)
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")


def given_first(name: str) -> str:
    """Return ``Family, Given`` and ``Family, Jr., Given`` as ``Given Family Jr.``.

    A name without a comma stays as it is.
    """
    family, *rest = (part.strip() for part in name.split(","))
    if len(rest) > 1 and not _SUFFIX.fullmatch(rest[-1]):
        rest.append(rest.pop(0))
    return " ".join(filter(None, [*rest[:1], family, *rest[1:]]))


def names_in(text: str) -> list[str]:
    """Return the names of a list: separated by semicolons or bars, else by commas and ``and``."""
    whole = re.split(r"[;|]", text)
    parts = whole if len(whole) > 1 else re.split(r",(?:\s+and\s)?|\s+and\s", text)
    return [given_first(name) for part in parts if (name := part.strip())]


def initials_first(name: str) -> str:
    """Return ``Family AB Jr`` as ``AB Family Jr``; a name without initials stays as it is."""
    found = _INITIALS.fullmatch(name)
    if found is None:
        return name
    return f"{found['initials'].strip()} {found['family']}{found['suffix'] or ''}"


def doi_in(text: str) -> str:
    """Return the first DOI in the text, without ``doi:`` or what else an address has; else ""."""
    text = unquote(text) if "%" in text else text
    found = _DOI.search(text)
    if found is None or _PLAIN_DOI.fullmatch(found[0]):
        return found[0] if found else ""
    # A DOI may have a question mark or a number sign, but behind one in an address comes another.
    doi = found[0] if _WHOLE.match(text) else _QUERY.sub("", found[0])
    doi = _BEHIND_DOI.sub("", doi, count=1)
    for _ in range(_MOST_BRACKETS):
        opens = _PAIRS.get(doi[-1])
        if opens and doi.count(opens) < doi.count(doi[-1]):
            doi = doi[:-1].rstrip(".,;")
    return doi


def date_with_year(date: str, year: str) -> str:
    """Return the date, with the year in front of one that has none."""
    date, year = date.strip("/ "), year.strip("/ ")
    return date if _YEAR.search(date) else f"{year} {date}".strip()
