"""Runs in progress: when each began and what its attempts have spent, until it is complete.

Their rows live in the store, in the same transactions as the answers. So a run that was
interrupted, even killed, resumes with the same beginning: what its earlier attempts paid for counts
as paid in this run, in its records and under its ceilings.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from extractor.llm.budget import Spent
from extractor.llm.store.answers import RUN_PREFIX

if TYPE_CHECKING:
    from extractor.llm.budget import Budget
    from extractor.llm.store import AnswerStore


@dataclass(frozen=True)
class Run:
    """A run with all its attempts. ``started_at`` is the Unix time of the first attempt."""

    key: str
    started_at: float
    spent: Spent = field(default_factory=Spent)

    def row(self, spent: Spent) -> tuple[str, str]:
        """The row of this run in the store."""
        return self.key, to_json({"started_at": self.started_at, **spent._asdict()}).decode()


def run_key(*identity: object) -> str:
    """The key of a run, from what identifies it: dump, task, model, settings, output."""
    return RUN_PREFIX + hashlib.sha256(to_json(identity)).hexdigest()


def take_up(store: AnswerStore, key: str) -> Run:
    """The run of this key as its last attempt left it, or a new run that begins now."""
    text = store.text(key)
    if text is not None:
        try:
            row = from_json(text)
            return Run(key, float(row.pop("started_at")), Spent(**row))
        except (ValueError, KeyError, TypeError, AttributeError):
            store.damaged.add(key)
    return Run(key, time.time())


def keep(store: AnswerStore, run: Run, budget: Budget) -> None:
    """Have every transaction of the store record what the run has spent by then."""
    store.commits.also = lambda: [run.row(budget.total())]
    budget.keep = store.commits.store
