"""``extractor eval``: how accurate records are, measured against gold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SOME_FAILED, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.evaluation import Evaluation, Gold, PaperMistakes, Price
    from extractor.evaluation.running import Ran
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.readers import Dump
    from extractor.run.batch import Watcher
    from extractor.run.settings import CallSettings
    from extractor.task import Task

_KEPT = "Everything paid for is kept: the same command goes on from here."


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
    """Measure how accurate records are: precision, recall and F1 of every field.

    Either runs over the papers of DUMP that GOLD knows, or scores the records of a file. Each
    share comes with the interval that 95 % of a thousand resamplings of the papers fall in.

    Example: extractor eval papers.txt --gold papers.gold.jsonl
    """
    from extractor.debug_log import logging_to
    from extractor.evaluation import read_gold
    from extractor.task import load_task

    task = load_task(schema, prompt)
    wanted = read_gold(gold, task.schema).first(limit)
    limits, ceilings = (rpm, tpm), (max_requests, max_tokens, max_cost)
    calls = options.call_settings(
        cache_dir,
        no_cache,
        tries,
        timeout,
        limits=limits,
        ceilings=ceilings,
        prices=(price_in, price_out),
    )
    columns = options.dump_columns(title_column, abstract_column, id_column)
    source = _Source(dump, dump_format, columns) if dump is not None else None
    if records is not None:
        asked = (prompt, model, base_url, mode, approach, concurrency, *limits, *ceilings)
        _refuse_run_options(*asked)
        scored = _score_file(wanted, records, source, calls)
    elif source is not None:
        settings = options.model_settings(model, base_url, mode, approach, concurrency, quiet=quiet)
        with logging_to(debug_log):
            scored = _Job(wanted, task, settings, calls).score(source, quiet=quiet)
    else:
        raise _nothing_to_score()
    _show(scored, errors=errors, as_json=as_json, quiet=quiet)
    raise typer.Exit(_exit_code(scored, min_f1))


@dataclass(frozen=True)
class _Source:
    """The dump as the options describe it."""

    path: str
    format: str | None
    columns: Mapping[str, str | None]

    def open(self) -> Dump:
        from extractor.readers import open_dump

        return open_dump(self.path, format=self.format, options=self.columns)


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


def _score_file(gold: Gold, records: Path, source: _Source | None, calls: CallSettings) -> _Scored:
    from extractor.evaluation import evaluate
    from extractor.evaluation.running import read_known
    from extractor.llm.prices import given
    from extractor.writers import read_records

    price = _price(given(calls.price_in, calls.price_out))
    evaluation = evaluate(gold, read_records(records), price=price)
    _check_fit(gold, evaluation, records)
    if source is None:
        return _Scored(gold, evaluation)
    with source.open() as dump:
        return _Scored(gold, evaluation, read_known(dump, gold.papers))


def _price(prices: Prices | None) -> Price | None:
    """What a record's tokens cost; records do not say which of them the server had kept."""
    if prices is None:
        return None
    return lambda _, prompt, completion: prices.cost(prompt, 0, completion)


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


@dataclass(frozen=True)
class _Job:
    """A run over the papers that gold knows."""

    gold: Gold
    task: Task[Any]
    model: ModelSettings
    calls: CallSettings

    def score(self, source: _Source, *, quiet: bool) -> _Scored:
        from extractor.evaluation import evaluate

        ran, prices = self._run(source, quiet=quiet)
        summary = ran.summary
        if summary.stopped is not None:
            raise summary.stopped
        if summary.interrupted:
            typer.echo(f"Interrupted: nothing is scored. {_KEPT}", err=True)
            raise typer.Exit(EXIT_INTERRUPTED)
        evaluation = evaluate(self.gold, ran.records, seconds=summary.seconds, price=_price(prices))
        return _Scored(self.gold, evaluation, ran.papers, summary.kinds)

    def _run(self, source: _Source, *, quiet: bool) -> tuple[Ran, Prices | None]:
        import asyncio

        from extractor.cli.progress import watch

        with source.open() as dump, watch(dump, quiet=quiet) as watcher:
            return asyncio.run(self._extract(dump, watcher))

    async def _extract(self, dump: Dump, watcher: Watcher) -> tuple[Ran, Prices | None]:
        from extractor.evaluation.running import run_known
        from extractor.run.session import open_engine, prices_of

        async with open_engine(self.task, self.model, self.calls) as engine:
            ran = await run_known(engine, dump, self.gold.papers, watcher)
            return ran, prices_of(engine.endpoint, self.calls)


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
