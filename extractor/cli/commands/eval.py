"""``extractor eval``: how accurate records are, measured against gold."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from extractor.cli import EXIT_FAILED, EXIT_INTERRUPTED, exit_code, options
from extractor.cli.config import origin
from extractor.cli.expand import expanded
from extractor.errors import UsageError, resume_hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.cli.progress import Report
    from extractor.evaluation import Evaluation, Gold, Price
    from extractor.evaluation.running import Ran
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.readers import Dump
    from extractor.run.settings import CallSettings
    from extractor.task import Task


@expanded
def eval(  # noqa: A001 -- the command's name
    context: typer.Context,
    *,
    dump: Annotated[
        list[str] | None,
        Argument(
            help="The dumps to run over, or - for standard input. With --records they only supply "
            "the sentences of --errors."
        ),
    ] = None,
    gold: Annotated[
        Path, Option(metavar="GOLD.jsonl", help="What the records should say, one paper a line.")
    ],
    records: Annotated[
        Path | None, Option(metavar="RECORDS", help="Score the records of this file; run nothing.")
    ] = None,
    limit: Annotated[int | None, Option(min=1, help="Take only the first papers of GOLD.")] = None,
    errors: Annotated[
        bool,
        Option(
            "--errors", help="Show each wrong paper: gold, answer, and the sentence in question."
        ),
    ] = False,
    as_json: options.AsJson = False,
    min_f1: Annotated[
        float | None, Option(min=0, max=1, help="Exit with code 1 when macro F1 is below this.")
    ] = None,
    reading: options.DumpOptions,
    task: options.TaskOptions,
    model: options.ModelOptions,
    calls: options.CallOptions,
    debug_log: options.DebugLog = None,
    progress: options.Progress = options.ProgressKind.AUTO,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure how accurate records are: precision, recall and F1 of every field.

    It either runs over the papers of DUMP that are in GOLD, or scores the records of a file.
    Each figure has a 95 % interval from a thousand resamplings of the papers.

    Example: extractor eval papers.txt --gold papers.gold.jsonl
    """
    from extractor.cli.progress import report_for
    from extractor.cli.summary import failure_lines
    from extractor.cli.verbose import telling
    from extractor.debug_log import logging_to
    from extractor.evaluation import find_mistakes, mistake_lines, read_gold, table
    from extractor.evaluation.running import read_known
    from extractor.llm.own_files import own_files

    extraction, call_settings = task.load(), calls.settings()
    wanted = read_gold(gold, extraction.schema).first(limit)
    papers: Mapping[str, Paper] = {}
    failures: Mapping[str, int] = {}
    reasons: Mapping[str, str] = {}
    if records is not None:
        _refuse_model_options(context)
        evaluation = _score_file(wanted, records, call_settings)
        if dump:
            with reading.open(dump) as source:
                papers = read_known(source, wanted.papers)
    elif dump:
        settings = model.settings(concurrency=calls.rates.concurrency)
        used = [gold, *task.files, *model.files, *own_files(calls.cache.cache_dir)]
        with (
            reading.open(dump) as source,
            telling(
                report := report_for(progress, quiet=quiet),
                context,
                extraction,
                settings,
                call_settings,
                verbose=verbose,
            ),
            logging_to(debug_log, others=[*options.inputs(source), *used]),
        ):
            ran, evaluation = _score_dump(
                wanted,
                source,
                extraction,
                settings,
                call_settings,
                report,
            )
        papers, failures, reasons = ran.papers, ran.summary.kinds, ran.summary.reasons
    else:
        raise UsageError(
            "There is nothing to score.",
            hint="Give a DUMP to run over, or records with --records.",
        )
    if failures and not quiet:
        typer.echo("\n".join(failure_lines(failures, reasons)), err=True)
    mistakes = list(find_mistakes(evaluation, wanted, papers)) if errors else []
    if as_json:
        row = {**evaluation.to_dict(), "failures": dict(failures)}
        shown = {"errors": [paper.to_dict() for paper in mistakes]} if errors else {}
        typer.echo(json.dumps({**row, **shown}, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join((*table(evaluation), *mistake_lines(mistakes))))
    if min_f1 is not None and (macro := evaluation.macro_f1.value) < min_f1:
        typer.echo(f"extractor: macro F1 {macro:.6g} is below {min_f1:g}.", err=True)
        raise typer.Exit(EXIT_FAILED)
    found = sum(paper.record is not None for paper in evaluation.papers)
    raise typer.Exit(exit_code(records=found, failures=sum(failures.values())))


def _refuse_model_options(context: typer.Context) -> None:
    """Raise UsageError for options of the model; those in a file of settings do no harm."""
    groups = options.ModelOptions, options.RateOptions, options.BudgetOptions
    names = ["prompt", *(each.name for group in groups for each in fields(group))]
    if any(origin(context, name) == "command line" for name in names):
        raise UsageError(
            "With --records no model is asked.",
            hint="Leave out --records, or else --prompt and the options of the model.",
        )


def _score_file(gold: Gold, records: Path, calls: CallSettings) -> Evaluation:
    """Score records; refuse those of other papers or fields, which would all count as empty."""
    from extractor.evaluation import evaluate
    from extractor.llm.prices import given
    from extractor.writers import read_records

    price = _price(given(calls.price_in, calls.price_out))
    evaluation = evaluate(gold, read_records(records), price=price)
    found = [paper.record for paper in evaluation.papers if paper.record is not None]
    if not found and evaluation.without_gold:
        raise UsageError(f"Gold has none of the papers in {records}: no id is in both.")
    fields = {scorer.field for scorer in gold.scorers}
    if found and not any(fields & record.keys() for record in found):
        raise UsageError(
            f"The records in {records} have none of the fields in gold.",
            hint="Name their schema with --schema.",
        )
    return evaluation


def _score_dump(
    gold: Gold,
    dump: Dump,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    report: Report,
) -> tuple[Ran, Evaluation]:
    """Run over the papers that gold has, and score the records."""
    from extractor.cli.engine import run_engine
    from extractor.evaluation import evaluate
    from extractor.evaluation.running import run_known
    from extractor.run.extent import Total
    from extractor.run.session import prices_of

    known = Total(len(gold.papers), exact=True)
    with report.watch(lambda: known, partial(prices_of, calls=calls)) as watcher:
        ran, endpoint = run_engine(
            lambda engine: run_known(engine, dump, gold.papers, watcher),
            task,
            model,
            calls,
            report=report,
            wait_display=watcher.waiting,
        )
    if ran.summary.interrupted:
        typer.echo(f"Interrupted: nothing is scored. {resume_hint()}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    price = _price(prices_of(endpoint, calls))
    return ran, evaluate(gold, ran.records, seconds=ran.summary.seconds, price=price)


def _price(prices: Prices | None) -> Price | None:
    """What a record's tokens cost; records do not tell which of them the server had cached."""
    if prices is None:
        return None
    return lambda _, prompt, completion: prices.cost(prompt, 0, completion)
