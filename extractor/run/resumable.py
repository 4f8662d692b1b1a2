"""A run of papers into files: all of them appear or none, and the same run again continues it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol

from extractor.errors import UsageError, resume_hint
from extractor.llm.providers import provider_for
from extractor.paper import Paper
from extractor.paths import beside
from extractor.plurals import counted
from extractor.record import SchemaT, record_schema
from extractor.run.appending import Earlier
from extractor.run.batch import run_batch
from extractor.run.engine import Retry
from extractor.run.prefetch import as_items
from extractor.run.state import open_run_state
from extractor.writers import (
    PARTIAL,
    Output,
    Writer,
    choose_writer,
    open_outputs,
    paths_of,
    read_failures,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from extractor.llm.settings import ModelSettings
    from extractor.readers import Item
    from extractor.run.batch import Summary, Watcher
    from extractor.run.by_batch import ByBatch
    from extractor.run.by_files import ByFiles
    from extractor.run.engine import Engine
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.run.stop import Stop
    from extractor.task import Task
    from extractor.writers import OpenOutput, Schema


class Papers(Protocol):
    """What a run reads, as :class:`extractor.readers.Dump` does."""

    @property
    def identity(self) -> object:
        """What tells these papers from others, as JSON values."""

    def first(self, papers: int | None) -> Iterator[Item]:
        """Yield what comes up to so many papers; all for None."""

    def notes(self) -> list[str]:
        """Return what the user should know, once the papers are read."""


@dataclass(frozen=True)
class Destination:
    """Where records go (None is standard output), in which format, and where failures go."""

    out: Path | None
    writer: Writer
    schema: Schema
    failures: Path | None

    @classmethod
    def of(
        cls,
        task: Task[Any],
        out: Path | None,
        format: str | None = None,  # noqa: A002 -- the option's name
        failures: Path | None = None,
        *,
        view: str | None = None,
    ) -> Destination:
        """By default failures go beside a file of records. Raises UsageError."""
        if failures is None and out is not None and (out.is_file() or not out.exists()):
            failures = beside(out, ".failures.jsonl")
        return cls(out, choose_writer(format, out, view=view), record_schema(task), failures)

    @property
    def files(self) -> list[Path]:
        """Every file that the run may write."""
        files = list(paths_of(self.writer, self.out, self.schema)) if self.out else []
        files += [self.failures] if self.failures else []
        return [*files, *(path.with_name(path.name + PARTIAL) for path in files)]

    def outputs(self) -> tuple[Output, Output]:
        failures = self.failures or Path(os.devnull)
        return (
            Output(self.writer, self.out, self.schema),
            Output(choose_writer("jsonl", None), failures, {}, unless_empty=True),
        )


@dataclass(frozen=True)
class Before:
    """What earlier runs left that decides which papers are asked about."""

    earlier: Earlier | None
    retry: Retry | None

    @classmethod
    def of(
        cls, destination: Destination, task: Task[Any], *, append: bool, retry_failed: bool
    ) -> Before:
        """Open what ``--append`` adds to, or what ``--retry-failed`` asks again. Raises
        UsageError."""
        if append and retry_failed:
            raise UsageError(
                "--append asks again for papers that failed, and for new ones.",
                hint="Leave out --retry-failed.",
            )
        out, failures = destination.out, destination.failures
        return cls(
            Earlier(destination.writer, out, failures, task.label) if append else None,
            _read_failures(failures) if retry_failed else None,
        )

    def asks(self, items: Iterable[Item], left_out: Callable[[], None]) -> Iterator[Item]:
        """Yield what a run asks about; ``left_out`` is called for each other paper."""
        if self.earlier:
            self.earlier.write_records(None)
        for item in items:
            if isinstance(item, Paper) and not self._asks(item):
                left_out()
                continue
            yield item

    def _asks(self, paper: Paper) -> bool:
        if self.earlier:
            return not self.earlier.has(paper)
        return self.retry is None or (paper.id, paper.title) in self.retry.failed


class Resumable(Generic[SchemaT]):
    """An open run: give `work` an engine that was opened with its ``state``."""

    def __init__(
        self,
        papers: Papers,
        state: RunState,
        records: OpenOutput,
        failures: OpenOutput,
        *,
        limit: int | None,
        retry: Retry | None,
        earlier: Earlier | None,
        by: ByBatch | ByFiles | None,
    ) -> None:
        self.state = state
        self.ending: str | None = None  # a run without a result leaves what was there
        self.complete = False
        self._papers = papers
        self._records, self._failures = records, failures
        self._limit, self._retry, self._earlier = limit, retry, earlier
        self._by = by

    @property
    def left_out(self) -> int:
        """The papers that were left out since only failed ones were asked for again."""
        return self._retry.left_out if self._retry else 0

    async def work(
        self,
        engine: Engine[SchemaT],
        *,
        watcher: Watcher,
        release: Callable[[], None] = lambda: None,
        stop: Stop | None = None,
    ) -> Summary:
        """Extract every paper; arguments and result are those of `run_batch`."""
        if self._by is None:
            self._tell_of_batches(engine)
        items = as_items(self._papers.first(self._limit))
        if self._earlier:
            items = self._earlier.new(items, watcher.left_out)
        summary = await run_batch(
            engine,
            items,
            records=self._records,
            failures=self._failures,
            watcher=watcher,
            retry=self._retry,
            release=release,
            stop=stop,
            ahead=self._by.ahead if self._by else None,
        )
        if self._earlier:
            self._earlier.write_failures(self._failures)
        self.complete = summary.complete
        if summary.complete or summary.papers:
            self.ending = "" if summary.complete else PARTIAL
        return summary

    def _tell_of_batches(self, engine: Engine[SchemaT]) -> None:
        """Tell of answers that are paid for and on their way, where this run may pay again."""
        if self.state.store is None:
            return
        from extractor.llm.store.batches import under_way

        model = engine.endpoint.identity
        known = [batch for batch in under_way(self.state.store) if batch.model == model]
        if known:
            engine.rate_limiter.notify(
                f"{counted(len(known), 'batch', 'batches')} of this model under way: what they "
                "answer too is paid for twice. With --batch the run waits for them."
            )

    def notes(self) -> list[str]:
        """What the user should know of the store, the papers and the records."""
        earlier = self._earlier.notes() if self._earlier else ()
        by = self._by.notes() if self._by else ()
        return [*by, *earlier, *self.state.notes(), *self._papers.notes(), *self._records.notes()]


@contextmanager
def open_run(
    papers: Papers,
    destination: Destination,
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    append: bool = False,
    batch: bool = False,
    batch_files: Path | None = None,
    inputs: Iterable[Path] = (),
) -> Iterator[Resumable[SchemaT]]:
    """Open a run; its files take their places at the end of the block.

    They are complete, or have PARTIAL names where the run ended early; without a result, or after
    an error, everything stays as it was. ``inputs`` are files that must not be overwritten. With
    ``append`` the records that are there stay, and only papers without a record are extracted.
    With ``batch`` the provider's batches answer what they can; with ``batch_files`` nothing is
    sent, and requests and results are files of that directory.
    """
    before = Before.of(destination, task, append=append, retry_failed=retry_failed)
    earlier, retry = before.earlier, before.retry
    endpoint = provider_for(model).endpoint
    # What makes it the same run when the same command is given again.
    identity = (
        papers.identity,
        str(destination.out.resolve() if destination.out else None),
        task.fingerprint,
        (endpoint.identity, endpoint.sampling(), model.mode, model.approach),
        limit,
        retry_failed,
        append,
    )
    run: Resumable[SchemaT]
    with open_run_state(calls, *identity) as state:
        with open_outputs(
            *destination.outputs(), hint=resume_hint(), ending=lambda: run.ending, inputs=inputs
        ) as (records, failures):
            if earlier:
                earlier.write_records(records)
            run = Resumable(
                papers,
                state,
                records,
                failures,
                limit=limit,
                retry=Retry(()) if batch_files else retry,
                earlier=earlier,
                by=_by(state, batch=batch, batch_files=batch_files, retry_failed=retry_failed),
            )
            yield run
        if run.complete:
            state.complete()


def _by(
    state: RunState, *, batch: bool, batch_files: Path | None, retry_failed: bool
) -> ByBatch | ByFiles | None:
    """How requests are answered before the run itself. Raises UsageError."""
    if not batch and batch_files is None:
        return None
    if batch and batch_files is not None:
        raise UsageError(
            "--batch sends requests, --batch-files writes them.", hint="Leave out one of them."
        )
    if retry_failed:
        raise UsageError(
            "--retry-failed asks for each paper by itself.", hint="Leave out the batch."
        )
    if batch_files is not None:
        from extractor.run.by_files import ByFiles

        return ByFiles(state, batch_files)
    from extractor.run.by_batch import ByBatch

    return ByBatch(state)


def _read_failures(path: Path | None) -> Retry:
    """The papers that failed in an earlier run. Raises UsageError where nothing tells them."""
    if path is None or not path.is_file():
        raise UsageError(
            f"There is no failures file {path} to retry from."
            if path
            else "--retry-failed needs the failures of an earlier run.",
            hint="Name the output of that run with -o, or its failures with --failures.",
        )
    return Retry({(failure.id, failure.title) for failure in read_failures(path)})
