"""``extractor run``: a whole dump into records."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from extractor.cli import EXIT_INTERRUPTED, EXIT_SOME_FAILED, exit_code, options
from extractor.cli.expand import expanded
from extractor.errors import CeilingReached, UsageError, resume_hint

if TYPE_CHECKING:
    from extractor.run.batch import Summary
    from extractor.run.engine import Retry


@expanded
def run(
    *,
    dump: options.Dumps,
    out: Annotated[
        Path | None,
        Option("-o", "--out", metavar="OUT", help="Where records go. Default: standard output."),
    ] = None,
    failures: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="Where failures go, as JSON Lines. Default: OUT with the ending "
            ".failures.jsonl; without OUT they are only counted.",
        ),
    ] = None,
    format: options.Format = None,  # noqa: A002 -- the option's name
    limit: Annotated[
        int | None, Option(min=0, help="Take only the first papers of the dump.")
    ] = None,
    retry_failed: Annotated[
        bool,
        Option(
            "--retry-failed",
            help="Ask again for the papers in the failures file, and for no others.",
        ),
    ] = False,
    reading: options.DumpOptions,
    task: options.TaskOptions,
    model: options.ModelOptions,
    calls: options.CallOptions,
    debug_log: options.DebugLog = None,
    quiet: options.Quiet = False,
) -> None:
    """Extract a record from every abstract of one or more dumps.

    Records go to OUT in the order of the dumps, by default one JSON object a line. OUT is
    replaced only when it is complete. Answers are kept: the same command continues a run that
    was stopped.

    Example: extractor run papers.txt -o records.jsonl
    """
    from extractor.cli._stdin import releasable_stdin
    from extractor.cli.engine import run_engine
    from extractor.cli.progress import watch
    from extractor.cli.summary import closing_lines, usage_lines
    from extractor.debug_log import logging_to
    from extractor.llm.own_files import own_files
    from extractor.llm.providers import provider_for
    from extractor.record import record_schema
    from extractor.run.batch import run_batch
    from extractor.run.prefetch import as_items
    from extractor.run.state import open_run_state
    from extractor.writers import PARTIAL, Output, choose_writer, open_outputs, paths_of

    extraction, settings = task.load(), model.settings(concurrency=calls.rates.concurrency)
    call_settings, writer = calls.settings(), choose_writer(format, out)
    if failures is None and out is not None and (out.is_file() or not out.exists()):
        failures = options.beside(out, ".failures.jsonl")
    schema = record_schema(extraction)
    outputs = [*(paths_of(writer, out, schema) if out else ()), *([failures] if failures else ())]
    outputs += [path.with_name(path.name + PARTIAL) for path in outputs]
    logs = [debug_log] if debug_log else []
    own = [*task.files, *model.files, *own_files(calls.cache.cache_dir)]
    ending: str | None = None  # a run without a result leaves what was there
    with (
        releasable_stdin() if "-" in dump else nullcontext(lambda: None) as release,
        reading.open(dump, skip=[*outputs, *logs, *own]) as source,
        logging_to(debug_log, others=[*(inputs := [*options.inputs(source), *own]), *outputs]),
        watch(source, quiet=quiet) as watcher,
    ):
        retry = _read_failures(failures) if retry_failed else None
        endpoint = provider_for(settings).endpoint
        # What makes it the same run when the same command is given again.
        identity = (
            (source.identity, reading.unique),
            str(out.resolve() if out else None),
            extraction.fingerprint,
            (endpoint.identity, endpoint.sampling(), settings.mode, settings.approach),
            limit,
            retry_failed,
        )
        with open_run_state(call_settings, *identity) as state:
            with open_outputs(
                Output(writer, out, schema),
                Output(
                    choose_writer("jsonl", None),
                    failures or Path(os.devnull),
                    {},
                    unless_empty=True,
                ),
                hint=resume_hint(),
                ending=lambda: ending,
                inputs=[*inputs, *logs],
            ) as (records, failed):
                summary, endpoint = run_engine(
                    lambda engine: run_batch(
                        engine,
                        as_items(source.first(limit)),
                        records=records,
                        failures=failed,
                        watcher=watcher,
                        retry=retry,
                        release=release,
                    ),
                    extraction,
                    settings,
                    call_settings,
                    state=state,
                    quiet=quiet,
                    wait_display=watcher.waiting,
                )
                if summary.complete or summary.papers:
                    ending = "" if summary.complete else PARTIAL
            if summary.complete:
                state.complete()
    if not quiet:
        notes = [*usage_lines(state.budget, endpoint, call_settings), *state.notes()]
        notes += [*source.notes(), *records.notes()]
        for line in closing_lines(summary, out, notes, left_out=retry.left_out if retry else 0):
            typer.echo(line, err=True)
    raise typer.Exit(_exit_code(summary))


def _read_failures(path: Path | None) -> Retry:
    """The papers that failed in an earlier run. Raises UsageError where nothing tells them."""
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


def _exit_code(summary: Summary) -> int:
    """The exit code. Raises what ended the run before its end."""
    if summary.interrupted:
        return EXIT_INTERRUPTED
    if isinstance(summary.stopped, CeilingReached):
        typer.echo(f"extractor: {summary.stopped}", err=True)
        return EXIT_SOME_FAILED
    if summary.stopped is not None:
        raise summary.stopped
    return exit_code(records=summary.records, failures=summary.failures)
