"""Which of an object's or a table's names is the title, the abstract and the id."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import DumpError
from extractor.readers._reader import Columns, Item, entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The usual names, best first, in lower case and without what is neither letter nor digit.
TITLES = ("title", "papertitle", "articletitle", "documenttitle")
ABSTRACTS = (
    "abstract",
    "paperabstract",
    "abstracttext",
    "abstractnote",
    "summary",
)
IDS = (
    "id",
    "paperid",
    "articleid",
    "arxivid",
    "corpusid",
    "aclid",
    "pmid",
    "key",
    "citationkey",
    "uid",
    "identifier",
    "doi",
)
_STAYS_IN_SOURCE = {"doi"}
_OTHER_TITLES = ("book", "journal", "source", "venue", "series", "short", "proceedings", "conf")


class Names(NamedTuple):
    """The names that may hold each field, best first."""

    titles: tuple[str, ...]
    abstracts: tuple[str, ...]
    ids: tuple[str, ...]


@lru_cache(maxsize=1024)
def names_of(present: tuple[str, ...], columns: Columns) -> Names:
    """Pick out of the names that are there; one that the caller gave is the only choice."""
    return Names(
        _chosen(present, columns.title, TITLES),
        _chosen(present, columns.abstract, ABSTRACTS),
        _chosen(present, columns.id, IDS),
    )


def _chosen(present: Iterable[str], given: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    if given is not None:
        return (given,)
    ranked = [(usual.index(key), name) for name in present if (key := _bare(name)) in usual]
    if not ranked and usual is not IDS:
        return tuple(name for name in present if _speaks_of(usual[0], _bare(name)))
    return tuple(name for _, name in sorted(ranked))


def _speaks_of(field: str, name: str) -> bool:
    """Say whether a name like ``title_en`` or ``Abstract (English)`` is the field's."""
    return field in name and not name.startswith(_OTHER_TITLES)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def require(present: Sequence[str], columns: Columns, dump: str) -> None:
    """Check that a table's columns hold a title and an abstract.

    Raises:
        DumpError: no column can be told to be the one or the other.
    """
    names = names_of(tuple(present), columns)
    for found, field in ((names.titles, "title"), (names.abstracts, "abstract")):
        if not any(each in present for each in found):
            raise DumpError(
                f"No column of {dump} is the {field}. It has: {', '.join(present)}.",
                hint=f"Name the column with --{field}-column.",
            )


def text_in(value: object) -> str:
    """Return the text of a JSON value: itself, its number, its ``value`` or its parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return text_in(value.get("value"))
    if isinstance(value, list):
        return " ".join(filter(None, map(text_in, value)))
    return ""


def entry_of(line: int, fields: dict[str, object], columns: Columns) -> Item:
    """Make a paper of named values; what is neither title, abstract nor id is its source.

    ``fields`` is used up.
    """
    names = names_of(tuple(fields), columns)
    title_name, title = _first(fields, names.titles)
    abstract_name, abstract = _first(fields, names.abstracts)
    id_name, paper_id = _first(fields, names.ids)
    for name in (title_name, abstract_name):
        fields.pop(name, None)
    if id_name.lower() not in _STAYS_IN_SOURCE:
        fields.pop(id_name, None)
    return entry(line, paper_id, title, abstract, fields)


def _first(fields: dict[str, object], names: tuple[str, ...]) -> tuple[str, str]:
    for name in names:
        value = fields.get(name)
        text = value if type(value) is str else text_in(value)
        if text:
            return name, text
    return "", ""


def inside(value: object, *names: str) -> str:
    """Return the text that lies under ``names`` in nested JSON objects; "" where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return text_in(value)


def without_empty(**metadata: object) -> dict[str, object]:
    """Return the metadata that is there."""
    return {name: value for name, value in metadata.items() if value}
