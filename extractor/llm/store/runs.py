"""Runs in progress: when each began and what its attempts have spent, until it is complete.

Their rows live in the store, in the same transactions as the answers. So a run that was
interrupted, even killed, resumes with the same beginning: what its earlier attempts paid for counts
as paid in this run, in its records and under its ceilings.

Each process that works on a run at the same time has a row of its own, and claims it. An attempt
takes over the first row that no living process has.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pydantic_core import from_json, to_json

from extractor.llm.budget import Elsewhere, Spent
from extractor.llm.store.answers import RUN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.llm.budget import Budget
    from extractor.llm.store import AnswerStore


class _Row(NamedTuple):
    started_at: float
    spent: Spent
    in_flight: Spent

    @classmethod
    def from_json(cls, text: str) -> _Row:
        row = from_json(text)
        started_at, in_flight = float(row.pop("started_at")), Spent(**row.pop("in_flight", {}))
        return cls(started_at, Spent(**row), in_flight)


@dataclass(frozen=True)
class Run:
    """A run with all its attempts. ``started_at`` is the Unix time of the first attempt.

    ``row_key`` is the key of this process's row, ``spent`` what stood in it, ``elsewhere`` what
    stood in the others.
    """

    key: str
    started_at: float
    spent: Spent = field(default_factory=Spent)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    row_key: str = ""

    def row(self, budget: Budget) -> tuple[str, str]:
        """The row of this process in the store: settled requests, and those in flight."""
        in_flight = budget.in_flight()._asdict()  # before those that are settled meanwhile
        total = (self.spent + budget.spent)._asdict()
        row = {"started_at": self.started_at, **total, "in_flight": in_flight}
        return self.row_key, to_json(row).decode()


def run_key(*identity: object) -> str:
    """The key of a run, from what identifies it: dump, task, model, settings, output."""
    return RUN_PREFIX + hashlib.sha256(to_json(identity)).hexdigest()


def take_up(store: AnswerStore, key: str) -> Run:
    """The run of this key as its last attempts left it, or a new run that begins now."""
    row_keys = itertools.chain([key], (f"{key}:{number}" for number in itertools.count(2)))
    row_key = next(each for each in row_keys if store.claims.take(each))
    rows = _rows(store, key)
    started_at = min((row.started_at for row in rows.values()), default=time.time())
    own = rows.pop(row_key, None)
    spent = own.spent + own.in_flight if own else Spent()
    return Run(key, started_at, spent, _sum(store, rows), row_key)


def keep(store: AnswerStore, run: Run, budget: Budget) -> None:
    """Have every transaction of the store record what the run has spent by then."""
    store.commits.also = lambda: [run.row(budget)]
    budget.keep = store.commits.store
    budget.look = lambda: _elsewhere(store, run)


def leave(store: AnswerStore, run: Run, budget: Budget) -> None:
    """Record what an attempt has spent that ends without completing the run."""
    store.write([run.row(budget)])


def complete(store: AnswerStore, run: Run) -> None:
    """Delete the rows of a run, unless another process still works on it: that one will."""
    store.commits.also = tuple
    store.claims.release(run.row_key)  # first, so that one of two that end together deletes them
    rows = store.texts(run.key)
    if not any(store.claims.taken(key) for key in rows):
        for key in rows:
            store.remove(key)


def _rows(store: AnswerStore, key: str) -> dict[str, _Row]:
    found = {}
    for row_key, text in store.texts(key).items():
        try:
            found[row_key] = _Row.from_json(text)
        except (ValueError, KeyError, TypeError, AttributeError):
            store.damaged.add(row_key)
    return found


def _elsewhere(store: AnswerStore, run: Run) -> Elsewhere:
    rows = {key: row for key, row in _rows(store, run.key).items() if key != run.row_key}
    return _sum(store, rows)


def _sum(store: AnswerStore, rows: Mapping[str, _Row]) -> Elsewhere:
    """What other processes have spent; what was in flight when one died counts as spent."""
    spent, in_flight = Spent(), Spent()
    for key, row in rows.items():
        spent += row.spent
        if store.claims.taken(key):
            in_flight += row.in_flight
        else:
            spent += row.in_flight
    return Elsewhere(spent, in_flight)
