"""Two runs, paper by paper and field by field."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from extractor.canonical import without_canonical
from extractor.comparison.join import Entry, join
from extractor.comparison.spending import Spending
from extractor.comparison.values import compare_field, count_values
from extractor.paths import beside
from extractor.record import RECORD_KEYS
from extractor.writers import open_records, read_failures

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from extractor.comparison.spending import PriceOf
    from extractor.comparison.values import Change
    from extractor.errors import UnreadableRecord
    from extractor.record import Failure

VERSION = 1
"""Raised when the JSON of a comparison means something else, or lacks what it had."""


class PaperId(NamedTuple):
    """What tells one paper from another."""

    id: str
    title: str


@dataclass(slots=True)
class RunTotals:
    """What one of the runs came to."""

    name: str
    records: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    repeated: int = 0
    spending: Spending = field(default_factory=Spending)
    unreadable: tuple[UnreadableRecord, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The totals as JSON values."""
        return {
            "name": self.name,
            "records": self.records,
            "failures": dict(self.failures),
            "values": self.values.total(),
            "rejected": self.rejected,
            "repeated": self.repeated,
            "unreadable": len(self.unreadable),
            **self.spending.to_dict(),
        }


@dataclass(slots=True)
class FieldDifference:
    """One field over all papers that both runs have: the numbers of values, and of papers."""

    before: int = 0
    after: int = 0
    same: int = 0
    added: int = 0
    lost: int = 0
    changed: int = 0
    papers: int = 0

    def to_dict(self) -> dict[str, int]:
        """The numbers as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class PaperDifference:
    """A paper with a value that is not what it was: its changes, field by field.

    ``before_id`` is its id in the earlier run. The ``evidence`` of each run has the places of
    the changed values alone.
    """

    place: int
    id: str
    title: str
    before_id: str
    changes: Mapping[str, tuple[Change, ...]]
    before_evidence: tuple[Mapping[str, Any], ...]
    after_evidence: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The changes as JSON values."""
        return {
            "id": self.id,
            "title": self.title,
            "before_id": self.before_id,
            "fields": {
                name: [change.to_dict() for change in changes]
                for name, changes in self.changes.items()
            },
        }


@dataclass(slots=True)
class Comparison:
    """How two runs differ.

    ``both`` counts papers with a record in either; ``papers`` are those that differ, in their
    order. ``only_before`` and ``only_after`` are papers of which the other run has nothing,
    ``failed`` those that failed only in the later run, ``recovered`` only in the earlier one.
    ``renamed`` counts ids that are left in both with different titles. Fields that only one run
    has are in ``fields_only_before`` and ``fields_only_after``, and are not compared.
    """

    before: RunTotals
    after: RunTotals
    fields: dict[str, FieldDifference] = field(default_factory=dict)
    both: int = 0
    papers: list[PaperDifference] = field(default_factory=list)
    only_before: list[PaperId] = field(default_factory=list)
    only_after: list[PaperId] = field(default_factory=list)
    failed: list[PaperId] = field(default_factory=list)
    recovered: list[PaperId] = field(default_factory=list)
    renamed: int = 0

    @property
    def fields_only_before(self) -> list[str]:
        return _only(self.before, self.after)

    @property
    def fields_only_after(self) -> list[str]:
        return _only(self.after, self.before)

    @property
    def same(self) -> bool:
        """Whether both runs have the same papers, fields, values and failures."""
        return not (
            self.papers
            or self.only_before
            or self.only_after
            or self.failed
            or self.recovered
            or self.fields_only_before
            or self.fields_only_after
        )

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON values, see docs/diff.md."""
        listed = ("only_before", "only_after", "failed", "recovered")
        return {
            "version": VERSION,
            "same": self.same,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "both": self.both,
            **{name: [paper._asdict() for paper in getattr(self, name)] for name in listed},
            "renamed": self.renamed,
            "fields_only_before": self.fields_only_before,
            "fields_only_after": self.fields_only_after,
            "fields": {name: each.to_dict() for name, each in self.fields.items()},
            "papers": [paper.to_dict() for paper in self.papers],
        }


def _only(run: RunTotals, other: RunTotals) -> list[str]:
    """The fields that only one run has; one without records is not told to lack any."""
    return [name for name in run.values if other.records and name not in other.values]


def compare_runs(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    price_of: PriceOf | None = None,
) -> Comparison:
    """Compare two files of records, of any format that `extractor.writers.read_records` reads.

    The failures of each are read from the file that ``extractor run`` wrote beside it, if that
    is there. ``price_of`` gives the prices of a model by its name. Papers that differ are held in
    memory. Raises DumpError where a file cannot be read.
    """
    old, new = _Run(Path(before)), _Run(Path(after))
    found = Comparison(old.totals, new.totals)
    for one, other in join(old.entries(), new.entries()):
        _add(found, one, other)
    for run in (old, new):
        run.totals.spending.settle(price_of)
    _keep_common_fields(found)
    found.papers.sort(key=lambda paper: paper.place)
    ids = {paper.id for paper in found.only_before}
    found.renamed = sum(paper.id in ids for paper in found.only_after)
    return found


class _Run:
    """One of the runs, read once: totals are complete when the entries are used up."""

    def __init__(self, path: Path) -> None:
        self.totals = RunTotals(str(path))
        self._records = open_records(path)
        failures = beside(path, ".failures.jsonl")
        self._failures = failures if failures.exists() else None

    def entries(self) -> Iterator[Entry]:
        seen: set[PaperId] = set()
        for place, (row, failure) in enumerate(self._rows()):
            paper = PaperId(*(str(row.get(name) or "") for name in PaperId._fields))
            self.totals.repeated += paper in seen
            seen.add(paper)
            yield Entry(place, *paper, None if failure else row, failure)
        self.totals.unreadable = tuple(self._records.unreadable)

    def _rows(self) -> Iterator[tuple[Mapping[str, Any], Failure | None]]:
        for record in map(without_canonical, self._records):
            self._count(record)
            yield record, None
        for failure in read_failures(self._failures) if self._failures else ():
            self.totals.failures[failure.error] += 1
            if failure.id is not None:  # an entry of the dump that is no paper has none
                yield failure.to_dict(), failure

    def _count(self, record: Mapping[str, Any]) -> None:
        self.totals.records += 1
        for name in record:
            if name not in RECORD_KEYS:
                self.totals.values[name] += count_values(record[name])
        meta = record.get("meta")
        if isinstance(meta, dict):
            self.totals.rejected += len(meta.get("dropped") or ())
            self.totals.spending.add(meta)


def _add(found: Comparison, before: Entry | None, after: Entry | None) -> None:
    """Take a paper into the comparison."""
    paper = after or before
    assert paper is not None
    known = PaperId(paper.id, paper.title)
    if before is None or after is None:
        (found.only_after if after else found.only_before).append(known)
    elif before.record is not None and after.record is not None:
        found.both += 1
        _compare(found, before, before.record, after, after.record)
    elif before.record is not None:
        found.failed.append(known)
    elif after.record is not None:
        found.recovered.append(known)


def _compare(
    found: Comparison,
    before: Entry,
    old: Mapping[str, Any],
    after: Entry,
    new: Mapping[str, Any],
) -> None:
    changes = {}
    for name in dict.fromkeys([*old, *new]):
        if name in RECORD_KEYS:
            continue
        compared = compare_field(name, old.get(name), new.get(name))
        kinds = Counter(change.kind for change in compared.changes)
        total = found.fields.setdefault(name, FieldDifference())
        total.before += compared.same + kinds["lost"] + kinds["changed"]
        total.after += compared.same + kinds["added"] + kinds["changed"]
        total.same += compared.same
        total.added += kinds["added"]
        total.lost += kinds["lost"]
        total.changed += kinds["changed"]
        total.papers += bool(compared.changes)
        if compared.changes:
            changes[name] = compared.changes
    if changes:
        every = [change for each in changes.values() for change in each]
        found.papers.append(
            PaperDifference(
                place=after.place,
                id=after.id,
                title=after.title or before.title,
                before_id=before.id,
                changes=changes,
                before_evidence=_evidence(old, {each.before_path for each in every}),
                after_evidence=_evidence(new, {each.after_path for each in every}),
            )
        )


def _evidence(record: Mapping[str, Any], paths: set[str | None]) -> tuple[Mapping[str, Any], ...]:
    """The places of the values at the paths, or within them."""
    items = (item for item in record.get("evidence") or () if isinstance(item, dict))
    return tuple(item for item in items if str(item.get("path")).partition(".")[0] in paths)


def _keep_common_fields(found: Comparison) -> None:
    """Leave out what only one run has a field for: it was not compared."""
    alone = {*found.fields_only_before, *found.fields_only_after}
    if not alone:
        return
    found.fields = {name: each for name, each in found.fields.items() if name not in alone}
    kept = []
    for paper in found.papers:
        changes = {name: each for name, each in paper.changes.items() if name not in alone}
        if changes:
            kept.append(replace(paper, changes=changes))
    found.papers = kept
