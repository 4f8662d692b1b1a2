"""``extractor run``: a whole dump into records."""

from __future__ import annotations

import itertools
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SOME_FAILED, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.batch import Summary, Watcher
    from extractor.models.settings import ModelSettings
    from extractor.readers import Dump
    from extractor.session import CallSettings
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
    schema: options.Schema = "paper",
    prompt: options.Prompt = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    mode: options.Mode = None,
    approach: options.Approach = None,
    concurrency: options.Concurrency = None,
    tries: options.Tries = 6,
    timeout: options.Timeout = 120.0,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
) -> None:
    """Extract a record from every abstract of a dump.

    Records go to OUT in the order of the dump, by default one JSON object a line; OUT is
    written whole or not at all. What is paid for is kept: the same command goes on where it
    stopped.

    Example: extractor run papers.txt -o records.jsonl
    """
    from extractor.cli.progress import watch
    from extractor.readers import open_dump
    from extractor.record_schema import record_schema
    from extractor.task import load_task
    from extractor.writers import choose_writer

    task = load_task(schema, prompt)
    settings = options.model_settings(model, base_url, mode, approach, concurrency)
    calls = options.call_settings(cache_dir, no_cache, tries, timeout)
    outputs = _Outputs(out, failures, choose_writer(format, out), record_schema(task))
    with open_dump(dump) as source:
        options.pull_weights(settings, quiet=quiet)
        with watch(source, quiet=quiet) as watcher:
            summary = _run(task, settings, calls, source, limit, outputs, watcher)
    if not quiet:
        _report(summary, out)
    raise typer.Exit(_exit_code(summary))


_KEPT = "What was paid for is in the cache: the same command goes on from there."


class _Outputs:
    """Where records and failures go."""

    def __init__(
        self, out: Path | None, failures: Path | None, writer: Writer, schema: Schema
    ) -> None:
        self.out = out
        self._writer = writer
        self._schema = schema
        if failures is None and out is not None:
            stem = Path(out.name.removesuffix(".gz")).stem
            failures = out.with_name(f"{stem}.failures.jsonl")
        self.failures = failures

    @contextmanager
    def open(self) -> Iterator[tuple[Sink, Sink]]:
        from extractor.writers import choose_writer, open_output

        with ExitStack() as stack:
            records = stack.enter_context(
                open_output(self._writer, self.out, self._schema, hint=_KEPT)
            )
            failures: Sink = _Nowhere()
            if self.failures:
                lines = open_output(choose_writer("jsonl", None), self.failures, {}, hint=_KEPT)
                failures = stack.enter_context(lines)
            yield records, failures


class _Nowhere:
    def write(self, row: Any) -> None:
        """Failures that no file was named for are only counted."""


def _run(
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    dump: Dump,
    limit: int | None,
    outputs: _Outputs,
    watcher: Watcher,
) -> Summary:
    import asyncio

    from extractor.batch import as_items, run_batch
    from extractor.session import open_engine

    async def batch() -> Summary:
        async with open_engine(task, model, calls) as engine:
            items = itertools.islice(as_items(dump), limit)
            return await run_batch(
                engine, items, records=records, failures=failures, watcher=watcher
            )

    with outputs.open() as (records, failures):
        return asyncio.run(batch())


def _report(summary: Summary, out: Path | None) -> None:
    from extractor.cli.progress import closing_lines

    for line in closing_lines(summary, out):
        typer.echo(line, err=True)


def _exit_code(summary: Summary) -> int:
    if summary.interrupted:
        return EXIT_INTERRUPTED
    if summary.failures:
        return EXIT_SOME_FAILED if summary.records else EXIT_FAILED
    return 0
