"""Records with what was decided about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from extractor.confidence import BELOW
from extractor.decisions.decision import field_of, is_within
from extractor.decisions.log import decisions_path, read_decisions
from extractor.decisions.standing import Decisions
from extractor.errors import harmless
from extractor.plurals import counted
from extractor.record import RECORD_KEYS, encode_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from extractor.decisions.decision import Decision
    from extractor.decisions.standing import Paper

SAID = {
    "accept": "accepted",
    "keep": "kept",
    "correct": "corrected",
    "reject": "rejected",
    "add": "added",
    "complete": "complete",
}
"""How outcomes are told."""

BY_HAND = ("rejected in review by", "corrected in review by")
"""How the reasons in ``meta.dropped`` begin that a person's decisions leave."""

_MOST_TOLD = 5

SURE = 1.0
"""The confidence of a value that a person accepted, corrected or added."""


@dataclass
class ReviewedRecords:
    """Records with decisions applied: iterate over it for its rows, as often as needed.

    ``applied`` counts the decisions by verdict, as of the last whole iteration; ``unmatched`` are
    those that were not applied, since the records have not, or no longer, what they are about.
    """

    records: Iterable[dict[str, Any]]
    decisions: Decisions
    applied: Counter[str] = field(default_factory=Counter)
    unmatched: list[Decision] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[dict[str, Any]], path: Path, *, apply: bool) -> ReviewedRecords:
        """The records of a file with the decisions beside it, if there are any and they apply."""
        decided = decisions_path(path)
        return cls(records, read_decisions(decided) if apply and decided.exists() else Decisions())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.applied.clear()
        self.unmatched.clear()
        about = self._texts_of_records()
        left = set(self.decisions.papers) - {paper for paper, _ in about}
        for number, row in enumerate(self.records):
            paper = _paper_of(row)
            texts = [text for text in self.decisions.texts(*paper) if about[paper, text] == number]
            of_paper = self.decisions.of(*paper, *texts) if texts else []
            if not of_paper:
                yield row
                continue
            reviewed, unmatched = apply_decisions(row, of_paper)
            self.unmatched += unmatched
            self.applied.update(each.outcome for each in of_paper if each not in unmatched)
            yield reviewed
        self.unmatched += (each for paper in left for each in self.decisions.of(*paper))

    def _texts_of_records(self) -> dict[tuple[Paper, str], int]:
        """The number of the record that the decisions about each text are about.

        Records do not tell their text: of several with one id and title it is the one whose values
        are most alike to those that were judged.
        """
        best: dict[tuple[Paper, str], tuple[float, int]] = {}
        for number, row in enumerate(self.records if self.decisions else ()):
            paper = _paper_of(row)
            for text in self.decisions.texts(*paper):
                alike = _likeness(row, self.decisions.of(*paper, text))
                if (paper, text) not in best or alike > best[paper, text][0]:
                    best[paper, text] = alike, number
        return {each: number for each, (_, number) in best.items()}

    def notes(self) -> list[str]:
        """What was applied, and what was not, as lines for the user."""
        done = outcomes(self.applied)
        lines = [f"Review applied: {done}."] if done else []
        for each in self.unmatched[:_MOST_TOLD]:
            what = encode_json(each.new if each.old is None else each.old).decode()
            lines.append(
                f"Not applied: paper {each.paper} ({each.title[:60]}) has not, or no longer, "
                f"{each.path or 'this title'} {what if each.path else ''}".rstrip()
                + f" ({SAID[each.outcome]} by {each.reviewer})."
            )
        if len(self.unmatched) > _MOST_TOLD:
            lines.append(f"Not applied: {len(self.unmatched) - _MOST_TOLD:,} more.")
        return [*map(harmless, lines)]


def _paper_of(row: Mapping[str, Any]) -> Paper:
    return str(row.get("id")), str(row.get("title"))


def _likeness(row: Mapping[str, Any], decisions: Iterable[Decision]) -> float:
    """The share that a record's values and the values that were judged have in common."""
    judged = {each.key for each in decisions if each.old is not None}
    fields = {name: value for name, value in row.items() if name not in RECORD_KEYS}
    values = {
        (name, "value", encode_json(each))
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    }
    return len(judged & values) / max(1, len(judged | values))


def outcomes(counts: Mapping[str, int]) -> str:
    """How many decisions had which outcome: "3 accepted, 1 paper complete"."""
    said = {kind: f"{count:,}" for kind, count in counts.items() if count}
    if "complete" in said:
        said["complete"] = counted(counts["complete"], "paper")
    return ", ".join(f"{said[kind]} {how}" for kind, how in SAID.items() if kind in said)


def apply_decisions(
    row: Mapping[str, Any], decisions: Iterable[Decision]
) -> tuple[dict[str, Any], list[Decision]]:
    """A record with the decisions about its paper, and those that do not fit it.

    An accepted, corrected or added value has the confidence 1, and is no longer told in
    ``meta.dropped``. A rejected one leaves its list or becomes null, and is told there. A decision
    fits where the record has the value that was judged, or left it out for its confidence only;
    where it has what came of the decision already, there is nothing to do.
    """
    unmatched: list[Decision] = []
    reviewed = dict(row)
    meta = row["meta"] if isinstance(row.get("meta"), dict) else {}
    rests = [each for each in row.get("evidence") or () if isinstance(each, dict)]
    unproven = meta.get("confidence") or {}
    rests += ({"path": path, "confidence": chance} for path, chance in unproven.items())
    dropped = [each for each in meta.get("dropped") or () if isinstance(each, dict)]
    by_field = sorted((each for each in decisions if each.path), key=lambda each: each.field)
    for name, of_field in groupby(by_field, key=lambda each: each.field):
        of_name = [each for each in dropped if field_of(str(each.get("path"))) == name]
        unlikely = [each["value"] for each in of_name if str(each.get("reason")).startswith(BELOW)]
        slots = _Slots.of(name, row.get(name), rests, unlikely)
        for decision in of_field:
            if not slots.take(decision):
                unmatched.append(decision)
        rests = slots.others + slots.rests()
        back = [each for each in of_name if each.get("value") in slots.restored]
        dropped = [each for each in dropped if each not in back] + slots.dropped
        if name in row or slots.values:
            reviewed[name] = slots.value()
    if by_field:
        order = [*reviewed]
        rests.sort(key=lambda each: _place(each, order))
        reviewed["evidence"] = [each for each in rests if "source" in each]
        if unproven:
            meta = {**meta, "confidence": _unproven(rests)}
        reviewed["meta"] = {**meta, "dropped": dropped}
    return _framed(reviewed), unmatched


def _place(evidence: Mapping[str, Any], order: list[str]) -> int:
    name = field_of(str(evidence.get("path")))
    return order.index(name) if name in order else len(order)


def _unproven(rests: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    return {each["path"]: each["confidence"] for each in rests if "source" not in each}


def _framed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with a field that it did not have before what ends every record."""
    ends = {name: row.pop(name) for name in RECORD_KEYS[2:] if name in row}
    return {**row, **ends}


@dataclass
class _Slots:
    """The values of a field, each with its evidence, whose paths continue that of the value.

    What ``meta.confidence`` says of a value without evidence goes with it in the same way.
    ``others`` is the evidence of other fields, ``unlikely`` are values that were left out for their
    confidence, ``restored`` those that were left out and are back.
    """

    name: str
    many: bool
    values: list[tuple[Any, list[dict[str, Any]]]]
    others: list[dict[str, Any]]
    unlikely: Collection[Any]
    dropped: list[dict[str, Any]] = field(default_factory=list)
    restored: list[Any] = field(default_factory=list)

    @classmethod
    def of(
        cls, name: str, value: Any, evidence: list[dict[str, Any]], unlikely: Collection[Any]
    ) -> _Slots:
        many = isinstance(value, list)
        items = value if isinstance(value, list) else [] if value is None else [value]
        others, values = list(evidence), []
        for index, item in enumerate(items):
            path = f"{name}[{index}]" if many else name
            own = [each for each in others if is_within(str(each.get("path")), path)]
            others = [each for each in others if each not in own]
            rests = [{**each, "path": str(each["path"])[len(path) :]} for each in own]
            values.append((item, rests))
        return cls(name, many, values, others, unlikely)

    def take(self, decision: Decision) -> bool:
        """Apply one decision; False where it does not fit."""
        at, right = self._find(decision.old), decision.right
        if decision.verdict == "add":
            return self._add(decision)
        if at is None:
            if decision.verdict == "reject" or self._find(right) is not None:
                return True  # it is as it was decided to be already
            return (decision.refused or decision.old in self.unlikely) and self._add(decision)
        if decision.verdict == "accept":
            self.values[at] = decision.old, _sure(self.values[at][1])
        elif right == decision.old:  # it rests on other words
            self.values[at] = right, _sure(decision.evidence)
        else:
            self._drop(at, decision)
            if right is not None and self._find(right) is None:
                self.values.insert(at, (right, _sure(decision.evidence)))
        return True

    def _find(self, value: Any) -> int | None:
        if value is None:
            return None
        return next((at for at, (each, _) in enumerate(self.values) if each == value), None)

    def _add(self, decision: Decision) -> bool:
        if self._find(decision.right) is not None:
            return True
        many = self.many or decision.path.endswith("]")
        if self.values and not many:
            return False
        self.many = many
        self.values.append((decision.right, _sure(decision.evidence)))
        if decision.verdict == "accept" or decision.new == decision.old:
            self.restored.append(decision.old)
        return True

    def _drop(self, at: int, decision: Decision) -> None:
        del self.values[at]
        how = BY_HAND[0] if decision.verdict == "reject" else BY_HAND[1]
        reason = f"{how} {decision.reviewer}"
        self.dropped.append({"path": decision.path, "value": decision.old, "reason": reason})

    def value(self) -> Any:
        items = [value for value, _ in self.values]
        return items if self.many else next(iter(items), None)

    def rests(self) -> list[dict[str, Any]]:
        return [
            {**each, "path": f"{self.name}[{index}]{each['path']}"}
            if self.many
            else {**each, "path": self.name + each["path"]}
            for index, (_, own) in enumerate(self.values)
            for each in own
        ]


def _sure(evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "confidence": SURE} for each in evidence]
