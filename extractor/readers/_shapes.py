"""Where the objects of JSON have their fields when these are not at the top."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# An object that holds the paper, and what gives it.
_WRAPPERS = (
    "content",  # OpenReview
    "bibjson",  # DOAJ
    "attributes",  # DataCite
    "data",  # Zotero
    "paper",  # Hugging Face daily papers
    "row",  # Hugging Face rows
    "_source",  # Elasticsearch
    "citingPaper",  # Semantic Scholar
    "citedPaper",
    "message",  # Crossref
    "preferred-citation",  # CFF
    "metadata",  # S2ORC, CORD-19
)

# A field under another name: what it is, where it is, and what must stand beside it.
_NAMES = (
    ("title", "titles[0].title", "creators"),
    ("abstract", "descriptions[descriptionType=Abstract].description", "creators"),
    ("abstract", "abstracts", "ext_ids"),
    ("abstract", "text", "_id"),
    ("abstract", "description", "author"),
)
_STEP = re.compile(r"([^\[\]]*)(?:\[(\w+)(?:=(\w+))?\])?")
_IDS = ("id", "_id", "paperId", "key", "doc_id")


def at_path(value: object, path: str) -> object:
    """Return what stands at a dotted path; None where nothing does.

    ``a.b`` goes through arrays as well, ``a[0]`` takes one element of an array and ``a[k=v]``
    those whose ``k`` is ``v``.
    """
    for part in path.split("."):
        step = _STEP.fullmatch(part)
        name, key, wanted = step.groups() if step else (part, None, None)
        value = _below(value, name)
        if isinstance(value, list) and wanted:
            value = [each for each in value if isinstance(each, dict) and each.get(key) == wanted]
        elif isinstance(value, list) and key and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
    return value


def _below(value: object, name: str) -> object:
    if isinstance(value, list):
        return [each.get(name) for each in value if isinstance(each, dict)]
    return value.get(name) if isinstance(value, dict) else None


def levelled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the object with its paper's fields at the top; itself where they are there."""
    if "title" in fields and ("abstract" in fields or "summary" in fields):
        if isinstance(paper := fields.get("paper"), dict) and fields.keys().isdisjoint(_IDS):
            return {"id": paper.get("id"), **fields}
        return fields
    for name in _WRAPPERS:
        inner = fields.get(name)
        if isinstance(inner, dict) and not inner.keys().isdisjoint(("title", "titles")):
            rest = {key: value for key, value in fields.items() if key != name}
            return _named(rest | inner)
    return _named(fields)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    for field, path, beside in _NAMES:
        if not fields.get(field) and beside in fields and (value := at_path(fields, path)):
            fields = {**fields, field: value}
            fields.pop(path, None)
    return fields


def rows_of(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the papers of an object that holds them column by column, else nothing."""
    names, rows = value.get("columns"), value.get("data")
    if (
        isinstance(names, list)
        and isinstance(rows, list)
        and {"title"} & set(map(str.lower, map(str, names)))
    ):
        # The layout "split" of pandas.
        yield from (dict(zip(names, row, strict=False)) for row in rows if isinstance(row, list))
        return
    columns = {name: cells for name, each in value.items() if (cells := _cells(each))}
    lengths = {len(cells) for cells in columns.values()}
    is_table = len(columns) == len(value) > 1 and len(lengths) == 1 and lengths != {1}
    if is_table and any(name.lower().endswith("title") for name in columns):
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True))


def papers_by_id(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the papers of an object whose keys are their ids, else nothing."""
    for key, fields in value.items():
        inner = levelled(fields) if isinstance(fields, dict) else {}
        if not inner.keys().isdisjoint(("title", "paper_title")):
            yield inner if not inner.keys().isdisjoint(_IDS) else {"id": key, **inner}


def _cells(column: object) -> list[object]:
    if isinstance(column, list):
        return column
    if isinstance(column, dict) and all(map(str.isdecimal, column)):
        return list(column.values())
    return []


def index_in(text: str) -> object:
    """Return the inverted index that a text may be (OpenAlex in tables); else None."""
    if not text.startswith(("{'", '{"')) or not text.endswith("]}"):
        return None
    try:
        value = json.loads(text) if text.startswith('{"') else ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    whole = isinstance(value, dict) and all(isinstance(each, list) for each in value.values())
    return value if whole else None


def text_of_index(index: object) -> str:
    """Return the text of an inverted index, which lists the places of each word."""
    if not isinstance(index, dict):
        return ""
    places = (
        (place, word)
        for word, found in index.items()
        if isinstance(found, list)
        for place in found
        if isinstance(place, int)
    )
    return " ".join(word for _, word in sorted(places))
