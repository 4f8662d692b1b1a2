"""Where the objects of JSON have their fields when these are not at the top."""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# An object that holds the paper, and what gives it.
_WRAPPERS = (
    "content",  # OpenReview
    "bibjson",  # DOAJ
    "attributes",  # DataCite
    "data",  # Zotero
    "paper",  # Hugging Face daily papers
    "row",  # Hugging Face rows
    "_source",  # Elasticsearch
    "fields",
    "doc",
    "node",  # GraphQL
    "info",  # DBLP
    "citingPaper",  # Semantic Scholar
    "citedPaper",
    "message",  # Crossref
    "preferred-citation",  # CFF
    "MedlineCitation",  # PubMed XML as JSON
    "Article",
    "metadata",  # S2ORC, CORD-19, INSPIRE, Zenodo
)
_WRAPS = frozenset(_WRAPPERS)
_MOST_WRAPPED = 3
_TITLES = ("title", "titles", "ArticleTitle", "mainTitle")

# A field under another name: what it is, where it is, and what must stand beside it.
_NAMES = (
    ("title", "titles.title", "titles"),
    ("title", "dctitle", "dctitle"),
    ("title", "mainTitle", "mainTitle"),
    ("title", "maintitle", "maintitle"),
    ("title", "headline", "@type"),
    ("title", "name", "@type"),
    ("abstract", "descriptions[descriptionType=Abstract].description", "descriptions"),
    ("abstract", "abstracts", "abstracts"),
    ("abstract", "dcdescription", "dcdescription"),
    ("abstract", "descriptions", "mainTitle"),  # OpenAIRE
    ("abstract", "description", "maintitle"),
    ("abstract", "text", "_id"),  # BEIR
    ("abstract", "description", "author"),  # ERIC
    ("abstract", "description", "creators"),  # Zenodo
    ("abstract", "description", "@type"),
    ("id", "dcdocid", "dcdocid"),
    ("id", "lens_id", "lens_id"),
    ("id", "article_number", "article_number"),  # IEEE Xplore
)
_BESIDE = frozenset(beside for _, _, beside in _NAMES)
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_CONDITION = re.compile(r"[?(@.\s]*([^=\s]+?)\s*={1,2}\s*[\"']?([^\"']*?)[\"')\s]*")
_CELLS = ("value", "text", "content")
_IDS = ("id", "_id", "paperId", "key", "doc_id")


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[tuple[str, ...], ...]:
    """Return the steps of a path: a name, an index or ``*`` each, or a key and its value.

    Besides ``a.b[0]`` these may be written as in JSONPath, jq and JSON pointers.
    """
    if path.startswith("/"):
        return tuple((name,) for name in path[1:].split("/"))
    steps: list[tuple[str, ...]] = []
    for index, name in _STEP.findall(path.removeprefix("$")):
        if condition := _CONDITION.fullmatch(index):
            steps.append(condition.groups())
        else:
            steps.append((name or index.strip("\"'") or "*",))
    return tuple(steps) or ((path,),)


def at_path(value: object, path: str) -> object:
    """Return what stands at a path; None where nothing does.

    ``a.b`` goes through arrays as well. ``a[0]`` takes one element of an array, ``a[*]`` all,
    and ``a[k=v]`` those whose ``k`` is ``v``.
    """
    for step in _steps(path):
        value = _at(value, *step)
    return value


def _at(value: object, name: str, wanted: str | None = None) -> object:
    if isinstance(value, list):
        return _elements(value, name, wanted)
    if isinstance(value, dict):
        return list(value.values()) if name == "*" else value.get(name)
    return None


def titled_in(value: object, depth: int = 8) -> dict[str, Any] | None:
    """Return the first object with a title that a value is or holds."""
    if isinstance(value, dict) and not levelled(value).keys().isdisjoint(_TITLES):
        return value
    if not isinstance(value, dict | list) or not depth:
        return None
    inner = value.values() if isinstance(value, dict) else value
    return next(filter(None, (titled_in(each, depth - 1) for each in inner)), None)


def has_path(value: object, path: str) -> bool:
    """Say whether something stands at a path, if only null."""
    *above, (name, *wanted) = _steps(path)
    for step in above:
        value = _at(value, *step)
    return name in value if isinstance(value, dict) else _at(value, name, *wanted) is not None


def _elements(array: list[Any], name: str, wanted: str | None) -> object:
    if name == "*":
        return array
    if name.removeprefix("-").isdecimal():
        place = int(name)
        return array[place] if -len(array) <= place < len(array) else None
    objects = [each for each in array if isinstance(each, dict)]
    if wanted is not None:
        return [each for each in objects if str(each.get(name)) == wanted]
    return [each.get(name) for each in objects]


def paths_in(value: object, depth: int = 6) -> Iterator[str]:
    """Yield the paths of what an object holds, as `at_path` takes them."""
    if isinstance(value, list) and depth:
        for path in paths_in(value[0] if value else None, depth - 1):
            yield f"[0].{path}" if path[:1] not in ("", "[") else f"[0]{path}"
    elif isinstance(value, dict) and depth:
        for name, each in value.items():
            for path in paths_in(each, depth - 1):
                yield f"{name}{path}" if path[:1] in ("", "[") else f"{name}.{path}"
    else:
        yield ""


def levelled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the object with its paper's fields at the top; itself where they are there."""
    if "title" in fields and ("abstract" in fields or "summary" in fields):
        paper = fields.get("paper")
        if isinstance(paper, dict) and fields.keys().isdisjoint(_IDS):
            rest = {name: value for name, value in fields.items() if name != "paper"}
            fields = rest | {name: value for name, value in paper.items() if value}
    else:
        fields = _unwrapped(fields)
    return fields if _BESIDE.isdisjoint(fields) else _named(fields)


def _unwrapped(fields: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_MOST_WRAPPED):
        if _WRAPS.isdisjoint(fields):
            break
        name = next((name for name in _WRAPPERS if _is_titled(fields.get(name))), "")
        if not name:
            break
        inner = fields[name]
        fields = {key: value for key, value in fields.items() if key != name} | inner
    return fields


def _is_titled(value: object, depth: int = _MOST_WRAPPED) -> bool:
    """Say whether it is an object with a title, or with one in an object that wraps a paper."""
    if not isinstance(value, dict):
        return False
    if not value.keys().isdisjoint(_TITLES):
        return True
    return depth > 1 and any(_is_titled(value.get(name), depth - 1) for name in _WRAPPERS)


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    named = dict(fields)
    for field, path, beside in _NAMES:
        if beside in fields and not named.get(field) and (value := at_path(fields, path)):
            texts = value if isinstance(value, list) else [value]
            named[field] = next(filter(None, texts), None)
            named.pop(path, None)
    return named


def rows_of(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the papers of an object that holds them column by column, else nothing."""
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and _has_title(names):
        # The layout "split" of pandas.
        yield from (dict(zip(names, row, strict=False)) for row in rows if isinstance(row, list))
    elif len(value) > 1 and _has_title(value):
        yield from _rows_of_columns(value)


def _rows_of_columns(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    columns = list(value.values())
    if all(isinstance(each, list) for each in columns):
        # One title is a paper whose values are lists. Which cells a column lacks nobody knows.
        rows = next(len(each) for name, each in value.items() if _has_title([name]))
        if rows > 1:
            nothing = [None] * rows
            cells = (each if len(each) == rows else nothing for each in columns)
            yield from (dict(zip(value, row, strict=True)) for row in zip(*cells, strict=True))
    elif all(isinstance(each, dict) for each in columns):
        index = columns[0].keys()
        if index and index.isdisjoint(_CELLS) and all(each.keys() == index for each in columns):
            for key in index:
                row = {name: each[key] for name, each in value.items()}
                has_id = key.isdecimal() or not row.keys().isdisjoint(_IDS)
                yield row if has_id else {"id": key, **row}


def _has_title(names: Iterable[object]) -> bool:
    return any(isinstance(name, str) and name.lower().endswith("title") for name in names)


def with_ids(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what an object holds, each with its key as the id; what is no object has only that."""
    for key, fields in value.items():
        inner = levelled(fields) if isinstance(fields, dict) else {}
        yield inner if not inner.keys().isdisjoint(_IDS) else {"id": key, **inner}


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
