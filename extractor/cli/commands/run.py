"""``extractor run``: a whole dump into records."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from extractor.cli import EXIT_INTERRUPTED, EXIT_SOME_FAILED, exit_code, options
from extractor.cli.expand import expanded
from extractor.errors import CeilingReached

if TYPE_CHECKING:
    from extractor.run.batch import Summary


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
    from extractor.run.resumable import Destination, open_run

    extraction, settings = task.load(), model.settings(concurrency=calls.rates.concurrency)
    call_settings = calls.settings()
    destination = Destination.of(extraction, out, format, failures)
    outputs, logs = destination.files, [debug_log] if debug_log else []
    own = [*task.files, *model.files, *own_files(calls.cache.cache_dir)]
    with (
        releasable_stdin() if "-" in dump else nullcontext(lambda: None) as release,
        reading.open(dump, skip=[*outputs, *logs, *own]) as source,
        logging_to(debug_log, others=[*(inputs := [*options.inputs(source), *own]), *outputs]),
        watch(source, quiet=quiet) as watcher,
        open_run(
            source,
            destination,
            extraction,
            settings,
            call_settings,
            limit=limit,
            retry_failed=retry_failed,
            inputs=[*inputs, *logs],
        ) as opened,
    ):
        summary, endpoint = run_engine(
            partial(opened.work, watcher=watcher, release=release),
            extraction,
            settings,
            call_settings,
            state=opened.state,
            quiet=quiet,
            wait_display=watcher.waiting,
        )
    if not quiet:
        notes = [*usage_lines(opened.state.budget, endpoint, call_settings), *opened.notes()]
        for line in closing_lines(summary, out, notes, left_out=opened.left_out):
            typer.echo(line, err=True)
    raise typer.Exit(_exit_code(summary))


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
