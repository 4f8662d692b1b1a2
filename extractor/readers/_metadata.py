"""Metadata in one form, whatever the format: names, DOIs and dates."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|[IVX]+", re.IGNORECASE)
# Angle brackets belong to a SICI, as in (SICI)1097-4571(1999)50:9<799::AID-ASI9>3.0.CO;2-G.
_DOI = re.compile(
    r"(?<![\d.])10\.\d{4,9}(?:\.\d+)*/(?:[^\s\"<>]|<\d+::?[^\s\"<>]{1,40}>)*[^\s\"<>.,;]"
)
_INITIALS = re.compile(
    r"(?P<family>\S.*\S)\s(?P<initials>(?:[A-Z]{1,3}|(?:[A-Z]\.[ -]?){1,4})(?:-[A-Z])?)"
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
    """Return the first DOI in the text, without ``doi:`` or the address of a resolver; else ""."""
    found = _DOI.search(text)
    return found[0] if found else ""


def date_with_year(date: str, year: str) -> str:
    """Return the date, with the year in front of one that has none."""
    date, year = date.strip("/ "), year.strip("/ ")
    return date if _YEAR.search(date) else f"{year} {date}".strip()
