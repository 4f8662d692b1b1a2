"""The index of a report: what the page filters, sorts and draws without unpacking records.

A field of a record is a list of items: one for a single value, none for an empty one. The items
of a field are laid end to end, and each key of its objects has an index of its own; values that
are not objects are under the key "". A key's index is a list of distinct values and a code for
each item; where several values are spellings of one name, the index says so.
``page/model.js`` reads it.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from extractor.canonical import kind_of, merged
from extractor.decisions import field_of
from extractor.publication import publication_of
from extractor.record import RECORD_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.canonical import Kind

TEXT_LIMIT = 300
"""Characters of a text that go into the index; a paper's own view has it in full."""

_MOST_KEYS = 24
_ABSENT = -1
_FAILURE_KEYS = ("error", "message", "tries", "line")
_TOKEN_KEYS = ("prompt_tokens", "completion_tokens")


class KeyIndex:
    """The values of one key, one for each item of its field."""

    def __init__(self) -> None:
        self._codes = array("i")
        self._known: dict[tuple[type, object], int] = {}

    def add(self, item: int, value: object) -> None:
        """Add an item's value: a scalar, or anything else as its JSON; items left out lack it."""
        if is_empty(value):
            return
        _pad(self._codes, item, _ABSENT)
        plain = _plain(value)
        self._codes.append(self._known.setdefault((type(plain), plain), len(self._known)))

    def to_dict(self, name: str, items: int) -> dict[str, Any]:
        """The index as JSON values, for a field of so many items."""
        _pad(self._codes, items, _ABSENT)
        types = {kind for kind, _ in self._known}
        kind = "number" if types and types <= {int, float} else "text"
        return {
            "name": name,
            "kind": "flag" if types == {bool} else kind,
            "values": [value for _, value in self._known],
            "codes": self._codes.tolist(),
        }

    def spellings(self, kind: Kind | None) -> list[tuple[str, list[int]]]:
        """The names that have several spellings: what to call each, and the codes of its values."""
        names = {value: code for (_, value), code in self._known.items() if isinstance(value, str)}
        uses = Counter(self._codes)
        groups = merged({name: uses[code] for name, code in names.items()}, kind).items()
        return [(label, [names[each] for each in group]) for label, group in groups if group[1:]]


class FieldIndex:
    """One field of all papers: how many items each paper has, and the items key by key."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._counts = array("i")
        self._items = 0
        self._list = False
        self._keys: defaultdict[str, KeyIndex] = defaultdict(KeyIndex)

    def add(self, row: int, value: object) -> int:
        """Add the value of a row and return how many items it has; rows left out have none."""
        self._list = self._list or isinstance(value, list)
        items = [item for item in _as_items(value) if not is_empty(item)]
        _pad(self._counts, row, 0)
        self._counts.append(len(items))
        for item in items:
            for key, part in (item if isinstance(item, dict) else {"": item}).items():
                # objects whose keys are data would make an index for each paper
                if key in self._keys or len(self._keys) < _MOST_KEYS:
                    self._keys[key].add(self._items, part)
            self._items += 1
        return len(items)

    def to_dict(self, rows: int) -> dict[str, Any]:
        """The index as JSON values, for so many rows."""
        _pad(self._counts, rows, 0)
        return {
            "name": self.name,
            "list": self._list,
            "counts": self._counts.tolist(),
            "leaves": [self._leaf(name, key) for name, key in self._keys.items()],
        }

    def _leaf(self, name: str, key: KeyIndex) -> dict[str, Any]:
        leaf = key.to_dict(name, self._items)
        kind = kind_of(name or self.name)
        is_names = kind is not None or (self._list and not name)
        if is_names and leaf["kind"] == "text" and (spellings := key.spellings(kind)):
            leaf["merged"] = spellings
        return leaf


class Index:
    """Gathers the index of a report, paper by paper: first the records, then the failures."""

    def __init__(self) -> None:
        self.records = self.failures = self.refused = 0
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._fields: dict[str, FieldIndex] = {}
        self._extras = {name: FieldIndex(name) for name in ("source", "refused", "failure")}
        self._models: Counter[str] = Counter()
        self._tasks: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._cached: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        return self.records + self.failures

    def add_record(self, record: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        """Add a record; ``source`` is what is known of where the paper appeared."""
        self._add_paper(record, source)
        for name, value in record.items():
            if name not in RECORD_KEYS:
                self._fields.setdefault(name, FieldIndex(name)).add(self.rows, value)
        meta = as_object(record.get("meta"))
        for names, key in ((self._models, "model"), (self._tasks, "task")):
            if name := json_text(meta.get(key)):
                names[name] += 1
        tokens = {key: meta[key] for key in _TOKEN_KEYS if isinstance(meta.get(key), int)}
        self._tokens.update(tokens)
        if meta.get("cached") is True:
            self._cached.update(tokens, records=1)
        dropped = (item for item in _as_items(meta.get("dropped")) if isinstance(item, dict))
        self.refused += self._extras["refused"].add(self.rows, list(map(_rejected, dropped)))
        self.records += 1

    def add_failure(self, failure: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        """Add a paper that has no record."""
        self._add_paper(failure, source)
        self._extras["failure"].add(self.rows, {key: failure.get(key) for key in _FAILURE_KEYS})
        self.failures += 1

    def _add_paper(self, row: Mapping[str, Any], source: Mapping[str, Any]) -> None:
        self._ids.append(json_text(row.get("id")))
        self._titles.append(json_text(row.get("title")))
        where = publication_of(source, json_text(row.get("id")))
        url = where.url if where.url and len(where.url) <= TEXT_LIMIT else None  # whole, or none
        said = {"year": where.year, "venue": where.venue, "url": url}
        self._extras["source"].add(self.rows, said)

    def to_dict(self) -> dict[str, Any]:
        """The index as JSON values."""
        return {
            "records": self.records,
            "ids": self._ids,
            "titles": self._titles,
            "fields": [field.to_dict(self.rows) for field in self._fields.values()],
            "extras": [field.to_dict(self.rows) for field in self._extras.values()],
            "run": {
                "models": self._models.most_common(),
                "tasks": self._tasks.most_common(),
                "tokens": {key: self._tokens[key] for key in _TOKEN_KEYS},
                "cached_tokens": {key: self._cached[key] for key in _TOKEN_KEYS},
                "cached_records": self._cached["records"],
            },
        }


def _rejected(item: Mapping[str, object]) -> dict[str, object]:
    path = json_text(item.get("path"))
    return {
        "field": field_of(path) or path,
        "path": path,
        "value": json_text(_plain(item.get("value"))),
        "reason": json_text(item.get("reason")),
    }


def as_object(value: object) -> Mapping[str, Any]:
    """An object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def json_text(value: object) -> str:
    """A text as it is, nothing for null, and anything else as its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, or a text, list or object without content."""
    return value is None or value == "" or value == [] or value == {}


def _as_items(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _plain(value: object) -> str | float | bool:
    """A number or bool as it is; a text, or the JSON of anything else, within the limit."""
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else to_json(value).decode()
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def _pad(numbers: array[int], length: int, value: int) -> None:
    numbers.extend([value] * (length - len(numbers)))
