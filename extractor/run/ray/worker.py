"""A worker: one process of the cluster that works on one part after another.

Its model is opened at the first request and stays open; each part has an engine, a store and an
output of its own.
"""

from __future__ import annotations

import asyncio
import pickle
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from extractor.errors import ExtractorError
from extractor.llm.budget import Budget, Spent
from extractor.option_names import command_line
from extractor.run.batch import Summary, Watcher, run_batch
from extractor.run.ray.epochs import take_over
from extractor.run.ray.folder import Mark, PartFolder
from extractor.run.ray.reader import END, FAILED, decoded
from extractor.run.resumable import Destination
from extractor.run.session import Link, open_engine
from extractor.run.state import open_run_state
from extractor.run.stop import Stop
from extractor.writers import open_outputs

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.llm.settings import ModelSettings
    from extractor.record import Result, SchemaT
    from extractor.run.ray.epochs import Epoch
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.task import Task

_REPORT_SECONDS = 0.5


@dataclass(frozen=True)
class Job:
    """What every worker is told: the run, the ``attempt`` at it, and how papers are extracted.

    Messages are those of the command ``as_command``, or of Python."""

    out: Path
    ending: str
    format: str
    run: int
    attempt: str
    task: Task[Any]
    model: ModelSettings
    calls: CallSettings
    as_command: bool = False


@dataclass(frozen=True)
class Done:
    """What came of a row: a part that is complete, or as far as it got.

    ``number`` is END for the last row, whose ``parts`` says how many there are, and FAILED where
    the reading ended with the error in the summary.
    """

    number: int
    summary: Summary
    spent: Spent = field(default_factory=Spent)
    complete: bool = False
    notes: tuple[str, ...] = ()
    parts: int | None = None


class Worker:
    """Called by Ray Data with one row at a time."""

    def __init__(self, job: Job, coordinator: Any) -> None:
        self._coordinator = coordinator
        self._loop = asyncio.new_event_loop()
        model = replace(job.model, tell=coordinator.tell.remote)
        self._job = replace(job, model=model)
        self._link = self._loop.run_until_complete(Link(model, job.calls).__aenter__())

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        rows = zip(batch["part"], batch["digest"], batch["papers"], strict=True)
        done = [self._do(int(number), str(digest), papers) for number, digest, papers in rows]
        return {"done": [pickle.dumps(each) for each in done]}

    def _do(self, number: int, digest: str, papers: bytes) -> Done:
        if number == FAILED:
            return Done(FAILED, Summary(stopped=pickle.loads(papers)))  # noqa: S301 -- our reader's
        if number == END:
            return _end(papers)
        with command_line(at_work=self._job.as_command):
            return self._loop.run_until_complete(self._part(number, digest, papers))

    async def _part(self, number: int, digest: str, papers: bytes) -> Done:
        job = self._job
        folder = PartFolder(job.out, number, job.ending)
        try:
            mark = folder.mark()
            if mark and mark.attempt == job.attempt:  # its worker died after it was done
                return Done(number, mark.summary, mark.spent, complete=True)
            if await self._coordinator.stopped.remote():
                return Done(number, Summary(interrupted=True))
            return await self._extract(folder, digest, papers)
        except ExtractorError as error:
            return Done(number, Summary(stopped=error))

    async def _extract(self, folder: PartFolder, digest: str, papers: bytes) -> Done:
        job, coordinator = self._job, self._coordinator
        epoch = take_over(folder.stores)
        calls = replace(job.calls, cache_dir=epoch.path)
        with open_run_state(calls, job.run) as state:
            assert state.store is not None
            assert state.run is not None
            state.store.guard = epoch.check
            state.budget = Budget(earlier=state.run.spent)
            if not await coordinator.open.remote(folder.number, epoch.number, state.run.spent):
                epoch.check()
            if job.calls.ceilings:
                state.lease = lambda *asked: coordinator.lease.remote(
                    folder.number, epoch.number, *asked
                )
            try:
                summary, notes = await self._write(folder, epoch, calls, state, papers)
            finally:
                spent = state.budget.earlier + state.budget.spent
                await coordinator.close.remote(folder.number, epoch.number, spent)
        if summary.complete:
            epoch.check()
            destination = self._destination(epoch)
            assert destination.out is not None
            assert destination.failures is not None
            mark = Mark(job.run, job.attempt, digest, summary, spent)
            folder.complete(destination.out, destination.failures, mark)
            epoch.remove_older()
        return Done(folder.number, summary, spent, summary.complete, tuple(notes))

    def _destination(self, epoch: Epoch) -> Destination:
        """Beside the store, where nobody else writes; a complete part is moved from there."""
        job = self._job
        out, failures = epoch.path / f"records{job.ending}", epoch.path / "failures.jsonl"
        return Destination.of(job.task, out, job.format, failures)

    async def _write(
        self,
        folder: PartFolder,
        epoch: Epoch,
        calls: CallSettings,
        state: RunState,
        papers: bytes,
    ) -> tuple[Summary, list[str]]:
        job, stop = self._job, Stop()
        summary = Summary(interrupted=True)
        watcher = _Reporting(folder.number, self._coordinator, stop)
        with (
            closing(watcher),
            open_outputs(
                *self._destination(epoch).outputs(),
                ending=lambda: "" if summary.complete else None,
            ) as (records, failures),
        ):
            async with open_engine(job.task, job.model, calls, state, self._link) as engine:
                summary = await run_batch(
                    engine,
                    decoded(papers),
                    records=records,
                    failures=failures,
                    watcher=watcher,
                    stop=stop,
                )
            notes = [*state.notes(), *records.notes()]
        return summary, notes


class _Reporting(Watcher):
    """Tells the coordinator how far a part is, and hears whether it is to stop."""

    def __init__(self, number: int, coordinator: Any, stop: Stop) -> None:
        self._number = number
        self._coordinator = coordinator
        self._stop = stop
        self._summary = Summary()
        self._telling: asyncio.Task[None] | None = None

    def done(self, result: Result[SchemaT], summary: Summary) -> None:  # noqa: ARG002
        self._summary = summary

    def tick(self) -> None:
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    async def _tell(self) -> None:
        stopped = await self._coordinator.report.remote(self._number, self._summary)
        if stopped and not self._stop.requested:
            self._stop.request()
        await asyncio.sleep(_REPORT_SECONDS)


def _end(papers: bytes) -> Done:
    import json

    row = json.loads(papers)
    return Done(END, Summary(), notes=tuple(row["notes"]), parts=int(row["parts"]))
