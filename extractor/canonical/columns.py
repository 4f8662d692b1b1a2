"""Columns with canonical names beside those with a paper's own words.

A field ``hardware`` gets a neighbour ``hardware_canonical``, with a name for each of its items in
their order. Such fields are the lists of texts of a schema, and its texts that are named after a
kind of names (``dataset``), at the top or in the objects of a field.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.canonical.merge import merged
from extractor.canonical.rules import canonical, kind_of
from extractor.record import CANONICAL, RECORD_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.canonical.rules import Kind

    Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Names:
    """A place of names: a field, or with ``key`` what its objects have under that key."""

    field: str
    key: str | None
    kind: Kind | None


class CanonicalColumns:
    """The canonical names for the records of one schema; labels need `count` to be called first.

    ``schema`` is the schema of a record with the new columns.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = copy.deepcopy(dict(schema))
        self._places = _widen(self.schema)
        self._labels: dict[_Names, dict[str, str]] = {}

    def count(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Find the label of each name: what most of the rows call it."""
        counts: defaultdict[_Names, Counter[str]] = defaultdict(Counter)
        for row in rows:
            for place in self._places:
                counts[place].update(_texts_at(row.get(place.field), place.key))
        self._labels = {
            place: {spelling: label for label, group in names.items() for spelling in group}
            for place, found in counts.items()
            for names in (merged(found, place.kind),)
        }

    def add_to(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the rows with the new columns; what they had stays as it was."""
        for row in rows:
            widened = row
            for place in self._places:
                if place.field in row:
                    widened = self._with(widened, place)
            yield widened

    def _with(self, row: dict[str, Any], place: _Names) -> dict[str, Any]:
        value, key = row[place.field], place.key
        if key is None:
            return _beside(row, place.field, self._label(value, place))

        def widened(item: Any) -> Any:
            if not isinstance(item, dict) or key not in item:
                return item
            return _beside(item, key, self._label(item[key], place))

        parts = [widened(item) for item in value] if isinstance(value, list) else widened(value)
        return {**row, place.field: parts}

    def _label(self, value: Any, place: _Names) -> Any:
        if isinstance(value, list):
            return [self._label(item, place) for item in value]
        if not isinstance(value, str):
            return value
        return self._labels.get(place, {}).get(value) or canonical(value, place.kind).label


def without_canonical(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the columns that `CanonicalColumns` adds: what was extracted."""
    kept = _without(record)
    for name in kept.keys() - RECORD_KEYS:
        value = kept[name]
        if isinstance(value, dict):
            kept[name] = _without(value)
        elif isinstance(value, list):
            kept[name] = [_without(item) if isinstance(item, dict) else item for item in value]
    return kept


def _without(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in mapping.items()
        if not (key.endswith(CANONICAL) and key.removesuffix(CANONICAL) in mapping)
    }


def _beside(mapping: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy with the value right behind the key that it is about."""
    new = key + CANONICAL
    kept = ((name, part) for name, part in mapping.items() if name != new)
    return {
        name: part
        for each in kept
        for name, part in ((each, (new, value)) if each[0] == key else (each,))
    }


def _texts_at(value: Any, key: str | None) -> Iterator[str]:
    """The texts of a field's value, or those that its objects have under a key."""
    for item in value if isinstance(value, list) else [value]:
        if key is not None and isinstance(item, dict):
            yield from _texts_at(item.get(key), None)
        elif key is None and isinstance(item, str):
            yield item


def _widen(schema: dict[str, Any]) -> list[_Names]:
    """Give a schema a property beside each place of names, and name these places."""
    definitions, fields = schema.get("$defs", {}), schema.get("properties", {})
    places = []
    for name in [name for name in fields if name not in RECORD_KEYS]:
        for inner in _objects(fields[name], definitions):
            for key in _names_among(inner, definitions):
                places.append(_Names(name, key, kind_of(key)))
                _put_beside(inner, key)
    for name in _names_among(fields, definitions):
        if name not in RECORD_KEYS:
            places.append(_Names(name, None, kind_of(name)))
            _put_beside(fields, name)
    return places


def _put_beside(properties: dict[str, Any], name: str) -> None:
    widened = _beside(properties, name, properties[name])
    properties.clear()
    properties.update(widened)


def _names_among(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, part in properties.items()
        if not name.endswith(CANONICAL)
        and any(_is_names(name, form, definitions) for form in _forms(part, definitions))
    ]


def _is_names(name: str, form: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    if _is_text(form):
        return kind_of(name) is not None
    return any(_is_text(item) for item in _items(form, definitions))


def _is_text(form: Mapping[str, Any]) -> bool:
    types = form.get("type", ())
    return "string" in ([types] if isinstance(types, str) else types) and "enum" not in form


def _objects(part: Schema, definitions: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of the objects that a field holds, alone or in a list."""
    for form in _forms(part, definitions):
        for each in (form, *_items(form, definitions)):
            if properties := each.get("properties"):
                yield properties


def _items(form: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = form.get("items")
    if isinstance(items, dict):
        yield from _forms(items, definitions)


def _forms(part: Schema, definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema, or the choices and definitions that it refers to."""
    if "$ref" in part:
        yield from _forms(definitions.get(part["$ref"].rpartition("/")[2], {}), definitions)
        return
    choices = [*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())]
    for choice in choices:
        yield from _forms(choice, definitions)
    if not choices:
        yield part
