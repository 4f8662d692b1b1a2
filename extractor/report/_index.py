"""What the page holds of all papers at once; the rest of a paper is unpacked when looked at."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from extractor.report._columns import Column, as_items, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RESERVED = ("id", "title", "evidence", "meta", "source")
"""Keys of a record that are not the schema's fields."""

_YEAR_KEYS = ("year", "publication_year", "date", "publication_date", "published", "created")
_LATE_YEAR_KEYS = ("versions", "update_date", "updated")
_VENUE_KEYS = ("venue", "booktitle", "journal", "journaltitle", "container_title", "conference")
_YEAR = re.compile(r"(?<!\d)(1[89]|20|21)\d\d(?!\d)")
_ROOT = re.compile(r"[^.\[\]]+")
_FAILURE_KEYS = ("error", "message", "tries", "line")


class Index:
    """Gathers the columns of a report, paper by paper."""

    def __init__(self) -> None:
        self.records = self.failures = self.refused = 0
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._fields: dict[str, Column] = {}
        self._source = Column("source")
        self._refused = Column("refused")
        self._failure = Column("failure")
        self._run = _Run()

    @property
    def rows(self) -> int:
        return self.records + self.failures

    def add_record(self, record: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        """Add a record; ``source`` is what is known of where the paper appeared."""
        self._begin(record, source)
        for name, value in record.items():
            if name not in RESERVED:
                self._field(name).add(value)
        meta = object_of(record.get("meta"))
        self._run.add(meta)
        self.refused += self._refused.add(_refusals(meta.get("dropped")))
        self.records += 1
        self._level()

    def add_failure(self, failure: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        """Add a paper that has no record."""
        self._begin(failure, source)
        self._failure.add({key: failure.get(key) for key in _FAILURE_KEYS})
        self.failures += 1
        self._level()

    def _begin(self, row: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        self._ids.append(text_of(row.get("id")))
        self._titles.append(text_of(row.get("title")))
        self._source.add({"year": year_of(source), "venue": venue_of(source)})

    def _field(self, name: str) -> Column:
        if name not in self._fields:
            self._fields[name] = Column(name, self.rows)
        return self._fields[name]

    def _level(self) -> None:
        for column in (*self._fields.values(), self._refused, self._failure):
            if len(column) < self.rows:
                column.pad(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """The index as JSON values; see ``page/model.js`` for its reader."""
        extras = (self._source, self._refused, self._failure)
        return {
            "records": self.records,
            "ids": self._ids,
            "titles": self._titles,
            "fields": [column.to_dict() for column in self._fields.values()],
            "extras": [column.to_dict() for column in extras],
            "run": self._run.to_dict(),
        }


class _Run:
    """What the records' ``meta`` says about the run that made them, added up."""

    def __init__(self) -> None:
        self._names: dict[str, Counter[str]] = {"model": Counter(), "task": Counter()}
        self._sums: Counter[str] = Counter()
        self._cached: Counter[str] = Counter()
        self._records_cached = 0

    def add(self, meta: Mapping[str, Any]) -> None:
        for key, names in self._names.items():
            if name := text_of(meta.get(key)):
                names[name] += 1
        numbers = {key: value for key, value in meta.items() if _is_number(value)}
        self._sums.update(numbers)
        if meta.get("cached") is True:
            self._records_cached += 1
            self._cached.update(numbers)

    def to_dict(self) -> dict[str, Any]:
        return {
            "models": self._names["model"].most_common(),
            "tasks": self._names["task"].most_common(),
            "sums": dict(self._sums),
            "cached_sums": dict(self._cached),
            "cached": self._records_cached,
        }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refusals(dropped: object) -> list[dict[str, object]]:
    return [_refusal(item) for item in as_items(dropped) if isinstance(item, dict)]


def _refusal(item: Mapping[str, object]) -> dict[str, object]:
    path = text_of(item.get("path"))
    root = _ROOT.match(path)
    value = plain_value(item.get("value"))
    return {
        "field": root[0] if root else path,
        "path": path,
        "value": value if isinstance(value, str) else to_json(value).decode(),
        "reason": text_of(item.get("reason")),
    }


def object_of(value: object) -> Mapping[str, Any]:
    """An object as it is, and none for anything else."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str:
    """A text as it is, nothing for null, and anything else as its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def year_of(source: Mapping[str, Any]) -> int | None:
    """The year that a paper's metadata give, by the usual names of it."""
    for value in _values(source, (*_YEAR_KEYS, *_LATE_YEAR_KEYS)):
        if found := _YEAR.search(text_of(value)):
            return int(found[0])
    return None


def venue_of(source: Mapping[str, Any]) -> str | None:
    """The venue that a paper's metadata give, by the usual names of it."""
    for value in _values(source, _VENUE_KEYS):
        named = value.get("display_name") or value.get("name") if isinstance(value, dict) else value
        if isinstance(named, str) and named.strip():
            return named.strip()
    return None


def _values(source: Mapping[str, Any], keys: Iterable[str]) -> Iterable[Any]:
    lowered = {key.lower().replace("-", "_"): value for key, value in source.items()}
    return (lowered[key] for key in keys if lowered.get(key))
