"""``extractor eval``: how accurate records are, measured against gold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SOME_FAILED, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.evaluation import Evaluation, Gold, PaperMistakes
    from extractor.evaluation.running import Ran
    from extractor.models.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.session import CallSettings
    from extractor.task import Task


def evaluate(
    gold: Annotated[
        Path,
        typer.Option(metavar="GOLD.jsonl", help="What the records should say, a paper a line."),
    ],
    dump: Annotated[
        str | None,
        typer.Argument(
            help="The dump to run over, or - for standard input; with --records only for the "
            "sentences of --errors."
        ),
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(metavar="RECORDS", help="Score the records of this file; run nothing."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take only the first papers of GOLD.")
    ] = None,
    errors: Annotated[
        bool,
        typer.Option(
            "--errors", help="Show each wrong paper: gold, answer, and the sentence in question."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    min_f1: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="End with exit code 1 when macro F1 is below this."),
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
    """Measure how accurate records are: precision, recall and F1 of every field.

    Either runs over the papers of DUMP that GOLD knows, or scores the records of a file. Each
    share comes with the interval that 95 % of a thousand resamplings of the papers fall in.

    Example: extractor eval papers.txt --gold papers.gold.jsonl
    """
    from extractor.evaluation import read_gold
    from extractor.task import load_task

    task = load_task(schema, prompt)
    wanted = read_gold(gold, task.schema).first(limit)
    if records is not None:
        _refuse_run_options(prompt, model, base_url, mode, approach, concurrency)
        scored = _score_file(wanted, records, dump)
    elif dump is not None:
        settings = options.model_settings(model, base_url, mode, approach, concurrency)
        calls = options.call_settings(cache_dir, no_cache, tries, timeout)
        scored = _score_run(wanted, task, settings, calls, dump, quiet=quiet)
    else:
        raise _nothing_to_score()
    _show(scored, errors=errors, as_json=as_json, quiet=quiet)
    raise typer.Exit(_exit_code(scored, min_f1))


@dataclass(frozen=True)
class _Scored:
    """An evaluation, and what else is known of its papers."""

    gold: Gold
    evaluation: Evaluation
    papers: Mapping[str, Paper] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)

    def mistakes(self) -> Iterable[PaperMistakes]:
        from extractor.evaluation import find_mistakes

        return find_mistakes(self.evaluation, self.gold, self.papers)


def _refuse_run_options(*given: object) -> None:
    from extractor.errors import UsageError

    if any(value is not None for value in given):
        raise UsageError(
            "--records scores what is there: no prompt is sent and no model is asked.",
            hint="Leave --records out to run, or the options of the model.",
        )


def _nothing_to_score() -> Exception:
    from extractor.errors import UsageError

    return UsageError(
        "There is nothing to score.", hint="Give a DUMP to run over, or records with --records."
    )


def _score_file(gold: Gold, records: Path, dump: str | None) -> _Scored:
    from extractor.evaluation import evaluate
    from extractor.evaluation.running import read_known
    from extractor.readers import open_dump
    from extractor.writers import read_records

    evaluation = evaluate(gold, read_records(records))
    _check_fit(gold, evaluation, records)
    if dump is None:
        return _Scored(gold, evaluation)
    with open_dump(dump) as source:
        return _Scored(gold, evaluation, read_known(source, gold.papers))


def _check_fit(gold: Gold, evaluation: Evaluation, records: Path) -> None:
    """Refuse records of other papers or of another schema: they would all count as empty."""
    from extractor.errors import UsageError

    found = [paper.record for paper in evaluation.papers if paper.record is not None]
    if not found and evaluation.without_gold:
        raise UsageError(f"Gold knows no record of {records}: no id is in both.")
    fields = {scorer.field for scorer in gold.scorers}
    if found and not any(fields & record.keys() for record in found):
        raise UsageError(
            f"The records of {records} have no field that gold speaks of.",
            hint="Name their schema with --schema.",
        )


def _score_run(
    gold: Gold,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    dump: str,
    *,
    quiet: bool,
) -> _Scored:
    from extractor.evaluation import evaluate

    ran = _run(gold, task, model, calls, dump, quiet=quiet)
    if ran.summary.interrupted:
        typer.echo(
            "Interrupted: nothing is scored. Everything paid for is kept: the same command goes "
            "on from here.",
            err=True,
        )
        raise typer.Exit(EXIT_INTERRUPTED)
    evaluation = evaluate(gold, ran.records, seconds=ran.summary.seconds)
    return _Scored(gold, evaluation, ran.papers, ran.summary.kinds)


def _run(
    gold: Gold,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    dump: str,
    *,
    quiet: bool,
) -> Ran:
    import asyncio

    from extractor.cli.progress import watch
    from extractor.evaluation.running import run_known
    from extractor.readers import open_dump
    from extractor.session import open_engine

    async def run() -> Ran:
        async with open_engine(task, model, calls) as engine:
            return await run_known(engine, source, gold.papers, watcher)

    with open_dump(dump) as source:
        options.pull_weights(model, quiet=quiet)
        with watch(source, quiet=quiet) as watcher:
            return asyncio.run(run())


def _show(scored: _Scored, *, errors: bool, as_json: bool, quiet: bool) -> None:
    from extractor.evaluation import mistake_lines, table

    if scored.failures and not quiet:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(scored.failures.items()))
        typer.echo(f"failed: {kinds}", err=True)
    if as_json:
        typer.echo(_json(scored, errors=errors))
        return
    for line in table(scored.evaluation):
        typer.echo(line)
    if errors:
        for line in mistake_lines(scored.mistakes()):
            typer.echo(line)


def _json(scored: _Scored, *, errors: bool) -> str:
    import json

    row = {**scored.evaluation.to_dict(), "failures": dict(scored.failures)}
    if errors:
        row["errors"] = [paper.to_dict() for paper in scored.mistakes()]
    return json.dumps(row, indent=2, ensure_ascii=False)


def _exit_code(scored: _Scored, min_f1: float | None) -> int:
    macro = scored.evaluation.macro_f1.value
    if min_f1 is not None and macro < min_f1:
        typer.echo(f"extractor: macro F1 {macro:.6g} is below {min_f1:g}.", err=True)
        return EXIT_FAILED
    if scored.failures:
        some = any(paper.record is not None for paper in scored.evaluation.papers)
        return EXIT_SOME_FAILED if some else EXIT_FAILED
    return 0
