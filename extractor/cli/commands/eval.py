"""``extractor eval``: how accurate records are, measured against gold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer import Argument, Option

from extractor.cli import EXIT_CHECK_FAILED, EXIT_INTERRUPTED, exit_code, options
from extractor.cli.config import origin
from extractor.cli.expand import OptionGroup, expanded
from extractor.errors import DumpError, UsageError, resume_hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extractor.cli.progress import Report
    from extractor.evaluation import (
        Against,
        Earlier,
        Evaluation,
        Gold,
        PaperMistakes,
        Price,
        Threshold,
    )
    from extractor.evaluation.running import Ran
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.readers import Dump
    from extractor.run.settings import CallSettings
    from extractor.task import Task


@dataclass(frozen=True, kw_only=True)
class CheckOptions(OptionGroup):
    """What the figures must reach: else the exit code says that quality is too low."""

    heading: ClassVar = "Checks"
    min_f1: Annotated[
        float | None, Option(min=0, max=1, help="Exit with code 4 when macro F1 is below this.")
    ] = None
    min: Annotated[
        list[str] | None,
        Option(
            "--min",
            metavar="FIELD=X",
            help="Exit with code 4 when F1 of this field is below X, or with FIELD.precision=X "
            "or FIELD.recall=X that figure; may be repeated.",
        ),
    ] = None
    max_invented: Annotated[
        float | None,
        Option(min=0, max=1, help="Exit with code 4 when the invention rate is above this."),
    ] = None
    against: Annotated[
        Path | None,
        Option(
            metavar="EARLIER.json",
            help="What --json printed earlier: tell what is better and worse, and exit with code "
            "4 when a figure is worse.",
        ),
    ] = None
    tolerance: Annotated[
        float,
        Option(min=0, max=1, help="How much worse than --against a figure may be."),
    ] = 0.0

    def prepare(self, gold: Gold) -> Checks:
        """Read what is needed before anything is paid for. Raises UsageError, DumpError."""
        from extractor.evaluation import Threshold, check_fields, read_earlier

        if self.tolerance and self.against is None:
            raise UsageError("--tolerance needs --against.")
        thresholds = [Threshold.of(text) for text in self.min or ()]
        check_fields(thresholds, (scorer.field for scorer in gold.scorers))
        earlier = None if self.against is None else read_earlier(self.against)
        return Checks(self, thresholds, earlier)


@dataclass(frozen=True)
class Checks:
    """The options of a check, read."""

    options: CheckOptions
    thresholds: list[Threshold]
    earlier: Earlier | None

    def against(self, evaluation: Evaluation) -> Against | None:
        """The evaluation beside the earlier one, if there is one."""
        from extractor.evaluation import compare

        return self.earlier and compare(evaluation, self.earlier, self.options.tolerance)

    def failed(self, evaluation: Evaluation, against: Against | None) -> Iterator[str]:
        """Say in a line each what does not hold."""
        from extractor.evaluation import shortfalls

        yield from shortfalls(
            evaluation,
            thresholds=self.thresholds,
            min_f1=self.options.min_f1,
            max_invented=self.options.max_invented,
        )
        for each in against.worse if against else ():
            yield f"{each.label} got worse: {each.before:.6g} before, {each.now:.6g} now"


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
    checks: CheckOptions,
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
    from extractor.cli.verbose import telling
    from extractor.evaluation import find_mistakes, read_gold

    extraction, call_settings = task.load(), calls.settings()
    wanted = read_gold(gold, extraction.schema).first(limit)
    prepared = checks.prepare(wanted)
    papers: Mapping[str, Paper] = {}
    failures: Mapping[str, int] = {}
    if records is not None:
        _refuse_model_options(context)
        evaluation = _score_file(wanted, records, call_settings)
        if dump:
            papers = _papers_of(reading, dump, wanted)
    elif dump:
        settings = model.settings(concurrency=calls.rates.concurrency)
        report = report_for(progress, quiet=quiet)
        with telling(report, context, extraction, settings, call_settings, verbose=verbose):
            ran, evaluation = _run(
                wanted,
                reading,
                dump,
                extraction,
                settings,
                call_settings,
                report,
                used=[gold, *task.files, *model.files],
                debug_log=debug_log,
                quiet=quiet,
            )
        papers, failures = ran.papers, ran.summary.kinds
    else:
        raise UsageError(
            "There is nothing to score.",
            hint="Give a DUMP to run over, or records with --records.",
        )
    mistakes = list(find_mistakes(evaluation, wanted, papers)) if errors else None
    against = prepared.against(evaluation)
    _show(evaluation, against, mistakes, failures, as_json=as_json)
    if failed := [*prepared.failed(evaluation, against)]:
        for line in failed:
            typer.echo(f"extractor: {line}.", err=True)
        raise typer.Exit(EXIT_CHECK_FAILED)
    found = sum(paper.record is not None for paper in evaluation.papers)
    raise typer.Exit(exit_code(records=found, failures=sum(failures.values())))


def _show(
    evaluation: Evaluation,
    against: Against | None,
    mistakes: Sequence[PaperMistakes] | None,
    failures: Mapping[str, int],
    *,
    as_json: bool,
) -> None:
    from extractor.evaluation import against_lines, mistake_lines, table
    from extractor.plain_text import printed_json

    if not as_json:
        compared = against_lines(against) if against else ()
        lines = (*table(evaluation), *compared, *mistake_lines(mistakes or ()))
        typer.echo("\n".join(lines))
        return
    row = {**evaluation.to_dict(), "failures": dict(failures)}
    if against:
        row["against"] = against.to_dict()
    if mistakes is not None:
        row["errors"] = [paper.to_dict() for paper in mistakes]
    typer.echo(printed_json(row))


def _papers_of(
    reading: options.DumpOptions, dump: Iterable[str], gold: Gold
) -> Mapping[str, Paper]:
    from extractor.evaluation.running import read_known

    with reading.open(dump) as source:
        return read_known(source, gold.papers)


def _run(
    gold: Gold,
    reading: options.DumpOptions,
    dump: Iterable[str],
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    report: Report,
    *,
    used: Iterable[Path],
    debug_log: Path | None,
    quiet: bool,
) -> tuple[Ran, Evaluation]:
    """Run over the dump, with a debug log that none of the files ``used`` may be."""
    from extractor.cli.summary import failure_lines
    from extractor.debug_log import logging_to
    from extractor.llm.own_files import own_files

    with reading.open(dump) as source:
        others = [*options.inputs(source), *used, *own_files(calls.cache_dir)]
        with logging_to(debug_log, others=others):
            ran, evaluation = _score_dump(gold, source, task, model, calls, report)
    if ran.summary.kinds and not quiet:
        lines = failure_lines(ran.summary.kinds, ran.summary.reasons)
        typer.echo("\n".join(lines), err=True)
    return ran, evaluation


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
    if not found and not evaluation.without_gold:
        raise DumpError(f"There are no records in {records}: nothing was measured.")
    if not found:
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
