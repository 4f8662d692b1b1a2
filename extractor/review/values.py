"""The values of a record that are decided about one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.confidence import confidence_in
from extractor.decisions import field_of, is_within
from extractor.grounding import SAID_BEFORE
from extractor.record import RECORD_KEYS, encode_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.decisions.decision import Key


@dataclass(frozen=True, slots=True)
class Value:
    """A field's value, one item of a list of them, or a value that grounding refused.

    ``path`` is its place in the record; of a refused value, its place in the model's answer.
    ``confidence`` is the lowest of its ``evidence``, None where none of it has one. ``reason``
    says why it was refused, and for which confidence if that is why.
    """

    path: str
    value: Any
    confidence: float | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None

    @property
    def field(self) -> str:
        return field_of(self.path)

    @property
    def refused(self) -> bool:
        return self.reason is not None

    @property
    def own_evidence(self) -> tuple[Mapping[str, Any], ...]:
        """Its evidence, whose paths continue that of the value."""
        return tuple(
            {**each, "path": str(each["path"])[len(self.path) :]} for each in self.evidence
        )

    @property
    def key(self) -> Key:
        """What a decision about it has as its key."""
        return self.field, "value", encode_json(self.value)


def values_of(record: Mapping[str, Any]) -> list[Value]:
    """The values of a record: first those that it has, then those that were refused.

    What is null, and what was refused for being said before, is none.
    """
    return [*_kept(record), *_refused(record)]


def _kept(record: Mapping[str, Any]) -> Iterator[Value]:
    evidence = [each for each in record.get("evidence") or () if isinstance(each, dict)]
    meta = record.get("meta")
    unproven = (meta.get("confidence") or {}) if isinstance(meta, dict) else {}
    for name, value in record.items():
        if name in RECORD_KEYS:
            continue
        many = isinstance(value, list)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if item is None or item == "":
                continue
            path = f"{name}[{index}]" if many else name
            own = tuple(each for each in evidence if is_within(str(each.get("path")), path))
            known = [each["confidence"] for each in own if each.get("confidence") is not None]
            known += (chance for place, chance in unproven.items() if is_within(place, path))
            yield Value(path, item, min(known, default=None), own)


def _refused(record: Mapping[str, Any]) -> Iterator[Value]:
    meta = record.get("meta")
    dropped = meta.get("dropped") if isinstance(meta, dict) else None
    for each in dropped or ():
        path, reason = str(each.get("path")), str(each.get("reason"))
        if each.get("value") is not None and field_of(path) and reason != SAID_BEFORE:
            yield Value(path, each["value"], confidence_in(reason), reason=reason)
