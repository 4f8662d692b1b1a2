"""``extractor run``: a whole dump into records."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import typer

from extractor.cli import EXIT_INTERRUPTED, EXIT_SOME_FAILED, exit_code, options
from extractor.cli.expand import expanded
from extractor.errors import CeilingReached

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from extractor.cli.progress import Report
    from extractor.run.batch import Summary
    from extractor.run.progress import Status


@expanded
def run(
    context: typer.Context,
    *,
    dump: options.Dumps,
    output: options.OutputOptions,
    min_confidence: options.MinConfidence = None,
    reading: options.DumpOptions,
    selection: options.SelectionOptions,
    task: options.TaskOptions,
    model: options.ModelOptions,
    calls: options.CallOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    debug_log: options.DebugLog = None,
    progress: options.Progress = options.ProgressKind.AUTO,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Extract a record from every abstract of one or more dumps.

    Records go to OUT in the order of the dumps, by default one JSON object a line. OUT is
    replaced only when it is complete. Answers are kept: the same command continues a run that
    was stopped. With --engine ray, OUT is a folder of parts, each there only when it is complete.

    Example: extractor run papers.txt -o records.jsonl
    """
    from extractor.cli._stdin import releasable_stdin
    from extractor.cli.engine import run_engine
    from extractor.cli.progress import report_for
    from extractor.cli.summary import closing_lines, usage_lines
    from extractor.cli.verbose import telling
    from extractor.debug_log import logging_to
    from extractor.llm.own_files import own_files
    from extractor.run.resumable import open_run
    from extractor.run.session import prices_of

    report = report_for(progress, quiet=quiet)
    with report.errors():
        extraction, settings = task.load(), model.settings(concurrency=calls.rates.concurrency)
        call_settings = calls.settings(min_confidence)
        if engine.on_ray:
            from extractor.cli.cluster import run_on_cluster

            refused = {
                "--debug-log": debug_log,
                "--cache-dir": calls.cache.cache_dir,
                "--no-cache": calls.cache.no_cache,
                "--batch": batches.batch,
                "--batch-files": batches.batch_files,
            }
            with telling(report, context, extraction, settings, call_settings, verbose=verbose):
                summary, status = run_on_cluster(
                    engine,
                    dump,
                    reading,
                    selection,
                    output,
                    extraction,
                    settings,
                    call_settings,
                    report=report,
                    refused=refused,
                )
            _end(summary, status, output.out, report)
        destination = output.destination(extraction)
        outputs, logs = destination.files, [debug_log] if debug_log else []
        own = [*task.files, *model.files, *own_files(calls.cache.cache_dir)]
        with (
            releasable_stdin() if "-" in dump else nullcontext(lambda: None) as release,
            reading.open(dump, skip=[*outputs, *logs, *own]) as source,
            telling(report, context, extraction, settings, call_settings, verbose=verbose),
            logging_to(debug_log, others=[*(inputs := [*options.inputs(source), *own]), *outputs]),
            report.watch(
                lambda: papers.extent.total, partial(prices_of, calls=call_settings)
            ) as watcher,
            open_run(
                papers := selection.of(source),
                destination,
                extraction,
                settings,
                call_settings,
                limit=selection.limit,
                retry_failed=output.retry_failed,
                append=output.append,
                batch=batches.batch,
                batch_files=batches.batch_files,
                inputs=[*inputs, *logs],
            ) as opened,
        ):
            summary, endpoint = run_engine(
                partial(opened.work, watcher=watcher, release=release),
                extraction,
                settings,
                call_settings,
                report=report,
                state=opened.state,
                wait_display=watcher.waiting,
            )
        notes = [*usage_lines(opened.state.budget, endpoint, call_settings), *opened.notes()]
        for line in closing_lines(summary, output.out, notes, left_out=opened.left_out):
            report.say(line)
        _end(summary, watcher.status(), output.out, report)


def _end(summary: Summary, status: Status, out: Path | None, report: Report) -> NoReturn:
    """End the command. Raises what ended the run before its end."""
    from extractor.cli.summary import end_event

    code = _exit_code(summary, report)
    report.event("end", **end_event(summary, status, out), exit_code=code)
    raise typer.Exit(code)


def _exit_code(summary: Summary, report: Report) -> int:
    """The exit code. Raises what ended the run before its end."""
    if summary.interrupted:
        return EXIT_INTERRUPTED
    if isinstance(summary.stopped, CeilingReached):
        report.error(summary.stopped, EXIT_SOME_FAILED)
        return EXIT_SOME_FAILED
    if summary.stopped is not None:
        raise summary.stopped
    return exit_code(records=summary.records, failures=summary.failures)
