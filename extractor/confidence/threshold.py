"""Leaves out what is less likely to be right than a user wants: ``--min-confidence``.

A unit is an item of a list, with all that it holds, or else a single value. Its confidence is the
lowest of its values that have evidence, or, if none has, of its other values. The same rule holds
for records in Python and for their JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from extractor.errors import LowConfidence, UsageError, one_line
from extractor.grounding import Dropped, path_of
from extractor.record import RECORD_KEYS, Record, SchemaT

if TYPE_CHECKING:
    from collections.abc import Iterable

BELOW = "confidence below"
"""How the reason begins for which a value that the text supports is left out."""

_CHANCE = re.compile(rf"{BELOW} \S+: (\d\.\d\d)\Z")
_ITEM = re.compile(r".*\]")
_GONE = object()


def confidence_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The confidence of each unit of a record (JSON) that has one, by its path."""
    proven = {item["path"]: item.get("confidence") for item in row.get("evidence") or ()}
    return _units(proven, (row.get("meta") or {}).get("confidence") or {})


def confidence_in(reason: str) -> float | None:
    """The confidence of a value that was left out for this reason; None for another reason."""
    found = _CHANCE.match(reason)
    return float(found[1]) if found else None


@dataclass
class MinConfidence:
    """A lowest confidence from 0 to 1, and what became of the records by it.

    ``left_out`` counts the units below it, ``unknown`` those kept because nothing tells how likely
    they are. Raises UsageError for a number out of range.
    """

    least: float
    left_out: int = 0
    unknown: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.least, bool) or not isinstance(self.least, (int, float)):
            raise UsageError(f"--min-confidence is {self.least!r}.", hint="Give a number.")
        if not 0 <= self.least <= 1:
            raise UsageError(
                f"--min-confidence is {self.least:g}.", hint="Give a number from 0 to 1."
            )

    def of_record(self, record: Record[SchemaT]) -> Record[SchemaT]:
        """The record without what is too unlikely, which is listed in ``meta.dropped``.

        A field that has to have a value takes its default. Raises LowConfidence where the schema
        gives it none, or wants more items than are left in a list.
        """
        meta = record.meta
        chances = {item.path: item.confidence for item in record.evidence}
        units = _units(chances, meta.confidence)
        values = record.fields.model_dump()
        cut = self._cut(values, units)
        if not cut.dropped:
            return record
        evidence = tuple(
            replace(item, path=cut.paths[item.path])
            for item in record.evidence
            if item.path in cut.paths
        )
        meta = replace(
            meta,
            dropped=(*meta.dropped, *cut.dropped),
            confidence=cut.moved(meta.confidence),
        )
        fields = cut.fields(type(record.fields))
        return replace(record, fields=fields, evidence=evidence, meta=meta)

    def of_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The same for the JSON of a record, whose schema is not known: a single value is null."""
        meta, evidence = row.get("meta") or {}, row.get("evidence") or ()
        fields = {name: value for name, value in row.items() if name not in RECORD_KEYS}
        cut = self._cut(fields, confidence_of(row))
        if not cut.dropped:
            return dict(row)
        judged = meta.get("confidence")
        dropped = [*(meta.get("dropped") or ()), *(item.to_dict() for item in cut.dropped)]
        meta = {**meta, "dropped": dropped}
        if judged:
            meta["confidence"] = cut.moved(judged)
        kept = [
            {**item, "path": cut.paths[item["path"]]}
            for item in evidence
            if item["path"] in cut.paths
        ]
        return {**row, **cut.values, "evidence": kept, "meta": meta}

    def _cut(self, values: Mapping[str, Any], units: Mapping[str, float]) -> _Cut:
        cut = _Cut(self.least, units)
        cut.values = cut.kept(values)
        self.left_out += len(cut.dropped)
        self.unknown += len(cut.unknown)
        return cut


@dataclass(slots=True)
class _Cut:
    """What is left of the ``values`` of a record whose ``units`` are so likely.

    ``paths`` gives the new path of what is kept by the old one; ``gone`` the object and the name of
    each value that is null now, by its new path; ``unknown`` are units without a confidence.
    """

    least: float
    units: Mapping[str, float]
    values: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    gone: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)

    def kept(self, value: Any, path: str = "", place: str = "") -> Any:
        """What is left of the value at a path, which goes to a ``place``; _GONE if nothing is."""
        chance = self.units.get(path)
        if chance is not None and chance < self.least:
            reason = f"{BELOW} {self.least:g}: {chance:.2f}"
            self.dropped.append(Dropped(path, value, reason))
            return _GONE
        self.paths[path] = place
        if isinstance(value, Mapping):
            return self._object(value, path, place)
        if isinstance(value, (list, tuple, set, frozenset)):
            return type(value)(self._items(value, path, place))
        if value is not None and (unit := _unit(path)) not in self.units:
            self.unknown.add(unit)
        return value

    def _object(self, values: Mapping[str, Any], path: str, place: str) -> dict[str, Any]:
        left: dict[str, Any] = {}
        dot = "." if path else ""
        for name, value in values.items():
            now = f"{place}{dot}{name}"
            left[name] = self.kept(value, f"{path}{dot}{name}", now)
            if left[name] is _GONE:
                left[name], self.gone[now] = None, (left, name)
        return left

    def _items(self, values: Iterable[Any], path: str, place: str) -> list[Any]:
        left: list[Any] = []
        for at, value in enumerate(values):
            item = self.kept(value, f"{path}[{at}]", f"{place}[{len(left)}]")
            if item is not _GONE:
                left.append(item)
        return left

    def moved(self, chances: Mapping[str, float]) -> dict[str, float]:
        """The chances of what is kept, by its new path."""
        return {self.paths[path]: each for path, each in chances.items() if path in self.paths}

    def fields(self, schema: type[SchemaT]) -> SchemaT:
        """The values as fields of the schema: null, or the default where null does not fit."""
        try:
            return schema.model_validate(self.values, by_name=True)
        except ValidationError as error:
            for place in {path_of(each["loc"]) for each in error.errors()} & self.gone.keys():
                owner, name = self.gone[place]
                del owner[name]
        try:
            return schema.model_validate(self.values, by_name=True)
        except ValidationError as error:
            first = self.dropped[0]
            raise LowConfidence(
                f"{first.path} is left out ({first.reason}), and the schema does not allow it: "
                f"{one_line(str(error))}."
            ) from error


def _units(proven: Mapping[str, float | None], judged: Mapping[str, float]) -> dict[str, float]:
    """The confidence of each unit that has one."""
    return {**_lowest(judged), **_lowest(proven)}


def _lowest(chances: Mapping[str, float | None]) -> dict[str, float]:
    lowest: dict[str, float] = {}
    for path, chance in chances.items():
        if chance is not None:
            unit = _unit(path)
            lowest[unit] = min(chance, lowest.get(unit, chance))
    return lowest


def _unit(path: str) -> str:
    item = _ITEM.match(path)
    return item.group() if item else path
