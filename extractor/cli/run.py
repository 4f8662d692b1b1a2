"""``extractor run``: a whole dump into records."""

from __future__ import annotations

import gc
import itertools
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SOME_FAILED, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from extractor.llm.settings import ModelSettings
    from extractor.readers import Dump
    from extractor.run.batch import Summary, Watcher
    from extractor.run.bill import Bill
    from extractor.run.engine import Retry
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.task import Task
    from extractor.writers import Schema, Sink, Writer


def run(
    dump: Annotated[str, typer.Argument(help="The dump file, or - for standard input.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="OUT", help="Where records go. Default: standard output."
        ),
    ] = None,
    failures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where failures go, as JSON Lines. Default: OUT with the ending "
            ".failures.jsonl; without OUT they are only counted.",
        ),
    ] = None,
    format: options.Format = None,  # noqa: A002 -- the option's name
    limit: Annotated[
        int | None, typer.Option(min=0, help="Take only the first papers of the dump.")
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed",
            help="Ask again for the papers in the failures file, and for no others.",
        ),
    ] = False,
    dump_format: options.DumpFormat = None,
    title_column: options.TitleColumn = None,
    abstract_column: options.AbstractColumn = None,
    id_column: options.IdColumn = None,
    schema: options.Schema = "paper",
    prompt: options.Prompt = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    mode: options.Mode = None,
    approach: options.Approach = None,
    concurrency: options.Concurrency = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    tries: options.Tries = 6,
    timeout: options.Timeout = 120.0,
    max_cost: options.MaxCost = None,
    max_requests: options.MaxRequests = None,
    max_tokens: options.MaxTokens = None,
    price_in: options.PriceIn = None,
    price_out: options.PriceOut = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = False,
    debug_log: options.DebugLog = None,
    quiet: options.Quiet = False,
) -> None:
    """Extract a record from every abstract of a dump.

    Records go to OUT in the order of the dump, by default one JSON object a line; OUT is
    written whole or not at all. What is paid for is kept: the same command goes on where it
    stopped.

    Example: extractor run papers.txt -o records.jsonl
    """
    from extractor.cli._stdin import releasable_stdin
    from extractor.cli.progress import closing_lines, watch
    from extractor.debug_log import logging_to
    from extractor.readers import open_dump
    from extractor.record import record_schema
    from extractor.task import load_task
    from extractor.writers import choose_writer

    task = load_task(schema, prompt)
    job = _Job(
        task,
        options.model_settings(model, base_url, mode, approach, concurrency, quiet=quiet),
        options.call_settings(
            cache_dir,
            no_cache,
            tries,
            timeout,
            limits=(rpm, tpm),
            ceilings=(max_requests, max_tokens, max_cost),
            prices=(price_in, price_out),
        ),
        _Outputs(out, failures, choose_writer(format, out), record_schema(task)),
        limit,
        retry_failed,
    )
    columns = options.dump_columns(title_column, abstract_column, id_column)
    with (
        logging_to(debug_log),
        releasable_stdin(wanted=dump == "-") as release,
        open_dump(dump, format=dump_format, options=columns) as source,
        watch(source, quiet=quiet) as watcher,
    ):
        done = job.run(_Input(source, dump, release), watcher)
    if not quiet:
        for line in closing_lines(done.summary, out, done.bill):
            typer.echo(line, err=True)
    raise typer.Exit(_end(done.summary))


_KEPT = "What was paid for is in the cache: the same command goes on from there."


class _Outputs:
    """Where records and failures go; ``ending`` is settled when it is known what they hold."""

    def __init__(
        self, out: Path | None, failures: Path | None, writer: Writer, schema: Schema
    ) -> None:
        self.out = out
        self._writer = writer
        self._schema = schema
        if failures is None and out is not None and (out.is_file() or not out.exists()):
            stem = Path(out.name.removesuffix(".gz")).stem
            failures = out.with_name(f"{stem}.failures.jsonl")
        self.failures = failures
        self.ending: str | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[Sink, Sink]]:
        from extractor.writers import choose_writer

        with ExitStack() as stack:
            records = stack.enter_context(self._open(self._writer, self.out, self._schema))
            failures: Sink = _Nowhere()
            if self.failures:
                lines = self._open(choose_writer("jsonl", None), self.failures, {})
                failures = stack.enter_context(lines)
            yield records, failures

    def settle(self, summary: Summary) -> None:
        """A run that was not finished leaves what was there, and its own part beside it."""
        from extractor.writers import PARTIAL

        if summary.complete:
            self.ending = ""
        else:
            self.ending = PARTIAL if summary.papers else None

    def _open(
        self, writer: Writer, path: Path | None, schema: Schema
    ) -> AbstractContextManager[Sink]:
        from extractor.writers import open_output

        return open_output(writer, path, schema, hint=_KEPT, ending=lambda: self.ending)


class _Nowhere:
    def write(self, row: Any) -> None:
        """Failures that no file was named for are only counted."""


@dataclass(frozen=True)
class _Input:
    """An open dump, the path that it was asked for, and what ends a read that waits."""

    entries: Dump
    path: str
    release: Callable[[], None]


@dataclass(frozen=True)
class _Done:
    """What a run came to, and what it cost."""

    summary: Summary
    bill: Bill


@dataclass(frozen=True)
class _Job:
    """One run as the options describe it."""

    task: Task[Any]
    model: ModelSettings
    calls: CallSettings
    outputs: _Outputs
    limit: int | None
    retry_failed: bool

    def run(self, dump: _Input, watcher: Watcher) -> _Done:
        """Extract the dump; what is written is in place when it returns."""
        import asyncio

        from extractor.run.state import open_run_state

        retry = _read_failures(self.outputs.failures) if self.retry_failed else None
        with open_run_state(self.calls, *self._identity(dump)) as run_state:
            with self.outputs.open() as (records, failures):
                sinks = records, failures
                done = asyncio.run(self._extract(dump, run_state, sinks, watcher, retry))
                self.outputs.settle(done.summary)
            if done.summary.complete:
                run_state.complete()
        return done

    async def _extract(
        self,
        dump: _Input,
        run_state: RunState,
        sinks: tuple[Sink, Sink],
        watcher: Watcher,
        retry: Retry | None,
    ) -> _Done:
        from extractor.run.batch import run_batch
        from extractor.run.bill import Bill
        from extractor.run.prefetch import as_items
        from extractor.run.session import open_engine

        items = itertools.islice(as_items(dump.entries), self.limit)
        async with open_engine(self.task, self.model, self.calls, run_state) as engine:
            gc.freeze()  # what is loaded by now stays: no use in looking through it all the time
            summary = await run_batch(
                engine,
                items,
                records=sinks[0],
                failures=sinks[1],
                watcher=watcher,
                retry=retry,
                release=dump.release,
            )
            left_out = retry.left_out if retry else 0
            return _Done(summary, Bill.of(engine.endpoint, self.calls, run_state, left_out))

    def _identity(self, dump: _Input) -> tuple[object, ...]:
        """What makes it the same run when the same command is given again."""
        from extractor.llm.providers import provider_for

        file = Path(dump.path).resolve() if dump.path != "-" else None
        changed = file.stat().st_mtime_ns if file else None
        out = self.outputs.out.resolve() if self.outputs.out else None
        model = (
            provider_for(self.model).endpoint.identity,
            self.model.mode,
            self.model.approach,
        )
        dumped = (str(file), dump.entries.size, changed)
        return dumped, str(out), self.task.fingerprint, model, self.limit, self.retry_failed


def _read_failures(path: Path | None) -> Retry:
    """The papers that failed in an earlier run. Raises UsageError where nothing tells them."""
    from extractor.errors import UsageError
    from extractor.run.engine import Retry
    from extractor.writers import read_failures

    if path is None or not path.is_file():
        raise UsageError(
            f"There is no failures file {path} to retry from."
            if path
            else "--retry-failed needs the failures of an earlier run.",
            hint="Name the output of that run with -o, or its failures with --failures.",
        )
    return Retry({(failure.id, failure.title) for failure in read_failures(path)})


def _end(summary: Summary) -> int:
    """The exit code. Raises what ended the run before its end."""
    from extractor.errors import CeilingReached

    if summary.interrupted:
        return EXIT_INTERRUPTED
    if isinstance(summary.stopped, CeilingReached):
        typer.echo(f"extractor: {summary.stopped}", err=True)
        return EXIT_SOME_FAILED
    if summary.stopped is not None:
        raise summary.stopped
    if summary.failures:
        return EXIT_SOME_FAILED if summary.records else EXIT_FAILED
    return 0
