"""Metadata in one form, whatever the format: names, DOIs and dates."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|[IVX]+", re.IGNORECASE)
# Angle brackets belong to a SICI, as in (SICI)1097-4571(1999)50:9<799::AID-ASI9>3.0.CO;2-G.
_DOI = re.compile(
    r"(?<![\d.])10\.\d{4,9}(?:\.\d+)*/(?:[^\s\"<>]|<\d+::?[^\s\"<>]{1,40}>)*[^\s\"<>.,;]"
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


def doi_in(text: str) -> str:
    """Return the first DOI in the text, without ``doi:`` or the address of a resolver; else ""."""
    found = _DOI.search(text)
    return found[0] if found else ""


def date_with_year(date: str, year: str) -> str:
    """Return the date, with the year in front of one that has none."""
    date, year = date.strip("/ "), year.strip("/ ")
    return date if _YEAR.search(date) else f"{year} {date}".strip()
