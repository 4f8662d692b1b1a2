"""The state of a run that outlives its process: the answer store, and what its attempts spent."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.errors import CacheError
from extractor.llm.budget import Budget
from extractor.llm.own_files import default_cache_dir
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from extractor.llm.lease import Lease
    from extractor.llm.store import AnswerStore
    from extractor.llm.store.runs import Run
    from extractor.run.settings import CallSettings


@dataclass
class RunState:
    """The answer store, the run's row in it, and its budget; ``lease`` is asked for what the budget
    may spend where the run is one part of another."""

    store: AnswerStore | None = None
    run: Run | None = None
    budget: Budget = field(default_factory=Budget)
    lease: Lease | None = None

    def complete(self) -> None:
        """Mark the run complete, with its output in place: the next one is a new run."""
        if self.store is not None and self.run is not None:
            from extractor.llm.store import runs

            runs.complete(self.store, self.run)
            self.run = None

    def notes(self) -> list[str]:
        """What the user should know about the store."""
        if self.store is None:
            return []
        notes = list(self.store.notes)
        if self.store.damaged:
            notes.append(
                f"{counted(len(self.store.damaged), 'damaged row')} of the cache ignored, "
                "and the requests sent again."
            )
        return notes


@contextmanager
def open_run_state(calls: CallSettings, *identity: object) -> Iterator[RunState]:
    """Open the store and resume the run of this identity, if one is given.

    The same command has the same identity, so that it resumes the same run. Raises CacheError.
    """
    if calls.cache_dir is None:
        yield RunState()
        return
    from extractor.llm.store import runs

    store = open_store(calls.cache_dir)
    state = RunState(store)
    try:
        state.run = runs.take_up(store, runs.run_key(*identity)) if identity else None
        yield state
    finally:
        if state.run is not None and state.budget.spent.requests:
            with suppress(CacheError):  # what ended the run is what the user should read
                runs.leave(store, state.run, state.budget)
        store.close()


def open_store(directory: Path | None = None) -> AnswerStore:
    """The store in a directory, by default the user's. Raises CacheError."""
    from extractor.llm.store import AnswerStore

    return AnswerStore(directory or default_cache_dir())
