"""Metadata in the JSON of catalogues: authors, DOI, date and venue as other formats give them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from extractor.readers._metadata import doi_in, given_first, initials_first, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_AUTHORS = (
    "authors",
    "author",
    "authorList",
    "creators",
    "dccreator",
    "author_display",
    "authFullName_s",
    "authorString",
)
_LISTS = ("author", "authors", "value")
_GIVEN = (
    *("given", "givenName", "firstName", "first", "first_name", "firstname", "given-names"),
    "name",
)
_MIDDLE = ("middle", "non-dropping-particle", "name-particle", "prefix")
_FAMILY = (
    *("family", "familyName", "lastName", "last", "last_name", "lastname", "surname"),
    "family-names",
)
_WHOLE = (
    "full_name",
    "fullName",
    "fullname",
    "display_name",
    "name",
    "creator",
    "literal",
    "preferredName",
)

# Catalogues that write the family name first: fields that they alone have.
_FAMILY_FIRST = frozenset(["bibcode", "publicationdateyear", "author_corresponding", "dccreator"])

_DOIS = (
    *("doi", "DOI", "externalIds", "externalids", "ext_ids", "identifier", "identifiers"),
    *("pids", "pid", "external_ids", "dois", "dcdoi", "doiId_s"),
)
_WHOLE_DOI = re.compile(r"10\.\d[\d.]*/\S+")
_DOI_KEYS = ("doi", "DOI", "value", "id", "identifier")
_KINDS = ("type", "scheme", "identifierType")
_DATES = ("issued", "published", "published-print", "published-online", "publicationYear")
_VENUES = ("container-title", "publicationTitle", "journal", "container")
_REPLACED = {
    "authors": _AUTHORS,
    "doi": ("DOI",),
    "venue": ("container-title", "publicationTitle"),
}


def with_metadata(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the object with the names of its authors, and with a bare ``doi``.

    ``date`` and ``venue`` are added where they are elsewhere. What is plain stays as it is.
    """
    there = _KNOWN & fields.keys()
    found = dict(_found(fields, there)) if there else None
    if not found:
        return fields
    gone = {name for field in found for name in _REPLACED.get(field, ())}
    return {name: value for name, value in fields.items() if name not in gone} | found


def _found(fields: dict[str, Any], there: frozenset[str]) -> Iterator[tuple[str, object]]:
    for field, names, read in _FIELDS:
        if there.isdisjoint(names) or (field in _KEPT and field in fields):
            continue
        values = (read(fields[name], fields) for name in names if name in there and fields[name])
        value = next(filter(None, values), None)
        if value and value != fields.get(field):
            yield field, value


def _authors(value: object, fields: dict[str, Any]) -> list[str]:
    """Return the names, given name first; none where they are plain text that may stay."""
    family_first = not _FAMILY_FIRST.isdisjoint(fields)
    is_plain = isinstance(value, list) and value and isinstance(value[0], str)
    if is_plain and value is fields.get("authors") and not family_first:
        return []
    if value is fields.get("authorString") and isinstance(value, str):
        return [initials_first(name) for name in names_in(value.removesuffix("."))]  # Europe PMC
    within = value
    while isinstance(within, dict):
        within = next((within[name] for name in _LISTS if name in within), None)
    if isinstance(within, str) and family_first:
        within = within.split(";")
    if not isinstance(within, list):
        return []
    if all(isinstance(each, str) for each in within):
        names = [given_first(each.strip()) for each in within] if family_first else within
        return list(filter(None, names))
    people = [each for each in within if isinstance(each, dict)]
    wrote = [each for each in people if each.get("creatorType") == "author"]
    return [name for each in wrote or people if (name := _name(each))]


def _name(person: dict[str, Any]) -> str:
    in_parts, whole = _name_fields(tuple(person))
    parts = [text for name in in_parts if (text := _text(person[name]))]
    if parts:
        return " ".join(parts)
    name = next(filter(None, (_text(person[name]) for name in whole)), "")
    return name if person.get("nameType") == "Organizational" else given_first(name)


@lru_cache(maxsize=1024)
def _name_fields(present: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the fields whose texts make a name, in order, and those that hold a whole one."""
    given, family = (
        next((name for name in names if name in present), "") for names in (_GIVEN, _FAMILY)
    )
    order = (given, *_MIDDLE, family, "suffix")
    in_parts = [name for name in order if name in present] if family else []
    return in_parts, [name for name in _WHOLE if name in present]


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(filter(None, map(_text, value)))
    return value.strip() if isinstance(value, str) else ""


def _doi_of(value: object, _: object) -> str:
    return _doi(value)


def _doi(value: object) -> str:
    """Return the DOI in text, in an object of identifiers, or in a list of either."""
    if isinstance(value, str):
        # One of old has angle brackets, where a text would end it.
        return value if _WHOLE_DOI.fullmatch(value) else doi_in(value)
    if isinstance(value, list):
        return next(filter(None, map(_doi, value)), "")
    if not isinstance(value, dict):
        return ""
    kind = next((value[name] for name in _KINDS if name in value), "doi")
    if str(kind).lower() != "doi":
        return ""
    return next((found for name in _DOI_KEYS if (found := _doi(value.get(name)))), "")


def _date(value: object, _: object) -> str:
    """Return a year, or Crossref's ``{"date-parts": [[2024, 1, 3]]}`` as 2024-01-03."""
    parts = value.get("date-parts") if isinstance(value, dict) else [[value]]
    first = parts[0] if isinstance(parts, list) and parts else None
    if not isinstance(first, list):
        return ""
    return "-".join(f"{part:0>2}" for part in first if isinstance(part, int | str))


def _venue(value: object, _: object) -> str:
    if isinstance(value, dict):
        value = value.get("title") or value.get("name")
    return _text(value[0] if isinstance(value, list) and value else value)


_FIELDS: tuple[tuple[str, tuple[str, ...], Callable[[Any, dict[str, Any]], object]], ...] = (
    ("authors", _AUTHORS, _authors),
    ("doi", _DOIS, _doi_of),
    ("date", _DATES, _date),
    ("venue", _VENUES, _venue),
)
_KEPT = ("date", "venue")
"""What is not looked for where it is there."""

_KNOWN = frozenset(name for _, names, _ in _FIELDS for name in names)
