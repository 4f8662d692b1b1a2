"""``extractor inspect``: what a dump holds, and what a run over it would take."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from extractor.cli import options
from extractor.cli.expand import expanded
from extractor.cli.figures import duration, money
from extractor.errors import DumpError, one_line
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.cli.progress import Report
    from extractor.inspection.cached import Cached
    from extractor.inspection.forecast import Forecast, Range
    from extractor.inspection.output import Target
    from extractor.inspection.survey import Lengths, Repeats, Survey
    from extractor.llm.settings import ModelSettings
    from extractor.readers import Dump, DumpFile, Item
    from extractor.run.resumable import Before
    from extractor.run.selection import Selection
    from extractor.run.settings import CallSettings
    from extractor.task import Task

_WIDTH = 72
_KEYS = 8
_FILES = 20


@expanded
def inspect(
    context: typer.Context,
    *,
    dump: options.Dumps,
    forecast_from: Annotated[
        int, Option(min=1, help="The number of papers that the forecast is made from.")
    ] = 200,
    as_json: options.AsJson = False,
    output: options.OutputOptions,
    min_confidence: options.MinConfidence = None,
    reading: options.DumpOptions,
    selection: options.SelectionOptions,
    task: options.TaskOptions,
    model: options.ModelOptions,
    calls: options.CallOptions,
    batches: options.BatchOptions,  # noqa: ARG001 -- the cost of both ways is shown
    engine: options.EngineOptions,  # noqa: ARG001 -- the forecast is that of one process
    debug_log: options.DebugLog = None,
    progress: options.Progress = options.ProgressKind.AUTO,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Show what a dump holds, and forecast what a run over it takes. No model is called.

    It takes the options of 'extractor run', and writes nothing. It shows the format, how many
    papers there are, how many have no abstract, how long they are and which are repeated; then
    how many have their answers in the cache, and the tokens, time and cost of that run for the
    others, each with a range.

    Example: extractor inspect papers.bib --model gpt-5-mini
    """
    from extractor.cli.progress import report_for
    from extractor.cli.verbose import telling
    from extractor.debug_log import logging_to
    from extractor.inspection.output import target_of
    from extractor.inspection.survey import Survey
    from extractor.llm.own_files import own_files
    from extractor.run.resumable import Before

    report = report_for(progress, quiet=quiet)
    with report.errors():
        extraction, settings = task.load(), model.settings(concurrency=calls.rates.concurrency)
        call_settings, destination = calls.settings(min_confidence), output.destination(extraction)
        own = [*task.files, *model.files, *own_files(calls.cache.cache_dir)]
        skip = [*destination.files, *own, *([debug_log] if debug_log else ())]
        with (
            reading.open(dump, skip=skip) as source,
            telling(report, context, extraction, settings, call_settings, verbose=True)
            if verbose
            else nullcontext(),
            logging_to(
                debug_log,
                others=[*(inputs := [*options.inputs(source), *own]), *destination.files],
            ),
        ):
            found = _found(
                report,
                selection.of(source),
                selection.limit,
                Before.of(
                    destination,
                    extraction,
                    append=output.append,
                    retry_failed=output.retry_failed,
                ),
                Survey(sample_size=forecast_from),
                extraction,
                settings,
                call_settings,
            )
        target = target_of(destination, inputs)
        if as_json:
            typer.echo(json.dumps(_as_json(source, found, target), indent=2))
        else:
            for line in _lines(source, found, target, append=output.append):
                typer.echo(line)
        for error in found.broken:
            raise error


@dataclass(frozen=True)
class _Found:
    """What was found in a dump; ``left_out`` counts papers that a run does not ask about, and
    ``broken`` is the error that ended the dump."""

    survey: Survey
    cached: Cached | None
    run: Forecast | None
    left_out: int
    notes: list[str]
    broken: list[DumpError]


def _found(
    report: Report,
    papers: Selection,
    limit: int | None,
    before: Before,
    survey: Survey,
    task: Task[Any],
    settings: ModelSettings,
    calls: CallSettings,
) -> _Found:
    import asyncio

    from extractor.inspection.cached import look_up
    from extractor.inspection.forecast import forecast
    from extractor.llm.providers import provider_for
    from extractor.run.extent import Total

    broken, left_out = list[DumpError](), list[None]()
    items = _until_broken(papers.first(limit), broken)
    items = before.asks(items, partial(left_out.append, None))
    with report.watch(lambda: papers.extent.total) as watcher:
        items = watcher.passing(items)
        cached = asyncio.run(look_up(items, survey, task, settings, calls))
    run = None
    if cached.sample:
        drawn = Total(len(cached.sample), exact=True)
        with report.watch(lambda: drawn) as watcher:
            run = forecast(task, settings, calls, cached.sample, cached.remaining, watcher.passing)
    answers = provider_for(settings).endpoint.answers
    told = cached if survey.papers and answers else None
    return _Found(survey, told, run, len(left_out), papers.notes(), broken)


def _as_json(source: Dump, found: _Found, target: Target | None) -> dict[str, Any]:
    cached = found.cached
    return {
        "dump": source.name,
        "format": _format(source),
        "bytes": source.size,
        "files": list(map(asdict, source.files)),
        **found.survey.to_dict(),
        "cached": cached and {"papers": cached.papers, "exact": cached.exact},
        "left_out": found.left_out,
        "out": target.to_dict() if target else None,
        "forecast": found.run.to_dict() if found.run else None,
    }


def _lines(source: Dump, found: _Found, target: Target | None, *, append: bool) -> Iterator[str]:
    yield from _dump_lines(source, found.survey)
    if found.cached:
        yield from _cached_lines(found.cached, found.survey.papers)
    if found.run:
        yield from _forecast_lines(found.run)
    if found.left_out:
        why = "have a record" if append else "did not fail"
        yield f"  {counted(found.left_out, 'paper')} left out, which {why} before"
    if target:
        yield f"  {_target_line(target, append=append)}"
    yield from (f"  {note}" for note in found.notes)


def _target_line(target: Target, *, append: bool) -> str:
    """What becomes of the output."""
    if target.problem:
        return f"The records cannot be written: {one_line(target.problem)}."
    how = "would be added to" if append else "exists, and would be replaced"
    return (
        f"{one_line(target.path)} ({target.format}) {how if target.exists else 'would be written'}"
    )


def _until_broken(items: Iterator[Item], broken: list[DumpError]) -> Iterator[Item]:
    """Yield what comes before an error, which is raised once that is shown."""
    try:
        yield from items
    except DumpError as error:
        broken.append(error)


def _cached_lines(cached: Cached, papers: int) -> Iterator[str]:
    """How many papers cost nothing any more."""
    yield ""
    about = "" if cached.exact else "about "
    left = "" if cached.sample else ": a run asks for nothing"
    others = "; the forecast is of the others" if cached.papers and cached.sample else ""
    yield _row("cached", f"{about}{cached.papers:,} of {counted(papers, 'paper')}{left}{others}")


def _dump_lines(source: Dump, survey: Survey) -> Iterator[str]:
    size = f", {counted(source.size, 'byte')}" if source.size is not None else ""
    yield f"{_shown(source.name)}: {_titled(_format(source))}{size}"
    yield ""
    if len(source.files) > 1:
        yield from (f"  {_file_line(file)}" for file in source.files[:_FILES])
        if len(source.files) > _FILES:
            yield f"  and {len(source.files) - _FILES:,} more"
        yield ""
    yield _row("papers", f"{survey.papers:,}")
    yield _row("no abstract", f"{survey.without_abstract:,}")
    unreadable = survey.unreadable.total()
    if unreadable > survey.without_abstract:
        yield _row("unreadable", f"{unreadable - survey.without_abstract:,}")
    for item in survey.first_unreadable:
        about = _shown(item.title or item.id or "")
        file = f"{_shown(item.file)}, " if item.file else ""
        where = f"{file}line {item.line:,}: " if item.line else ""
        yield _row("", f"{where}{_shown(item.message)} {about}")
    if unreadable > len(survey.first_unreadable):
        yield _row("", f"and {unreadable - len(survey.first_unreadable):,} more")
    if survey.papers:
        yield from _paper_lines(survey)


def _format(source: Dump) -> str | None:
    """Return the format's name, if all files have the same."""
    found = {file.format for file in source.files}
    return found.pop() if len(found) == 1 else None


def _titled(name: str | None) -> str:
    from extractor.readers import readers

    return f"{readers()[name].title} ({name})" if name else "several formats"


def _file_line(file: DumpFile) -> str:
    others = f", {file.unreadable:,} unreadable" if file.unreadable else ""
    return (
        f"{_shown(file.name)}: {file.format or 'not read'}, {counted(file.papers, 'paper')}{others}"
    )


def _paper_lines(survey: Survey) -> Iterator[str]:
    ids = f"the dump's own; repeated: {_repeats(survey.ids, 'used by another paper')}"
    tokens = survey.abstract_tokens.median
    yield _row("repeated", _repeats(survey.texts, "the same title and abstract"))
    yield _row("ids", ids if survey.has_ids else "running numbers")
    yield _row("title", _lengths(survey.titles))
    yield _row("abstract", f"{_lengths(survey.abstracts)}; about {counted(tokens, 'token')}")
    if survey.metadata:
        keys = (f"{_shown(key, 24)} {n:,}" for key, n in survey.metadata.most_common(_KEYS))
        others = len(survey.metadata) - _KEYS
        yield _row("metadata", ", ".join(keys) + (f" and {others} more" if others > 0 else ""))
    yield ""
    for paper in survey.first:
        yield f"  {_shown(paper.id, 20)}: {_shown(paper.title)}"
    if survey.papers > len(survey.first):
        yield f"  and {survey.papers - len(survey.first):,} more"


def _forecast_lines(run: Forecast) -> Iterator[str]:
    yield ""
    papers = counted(run.papers, "paper")
    yield f"Forecast for {_shown(run.model)}, {run.task}, {run.approach}, {papers}:"
    yield ""
    fixed = f"; {run.fixed_tokens:,} per paper are the same for all papers"
    yield _row("prompt", f"{_range(run.prompt_tokens)} tokens{fixed if run.fixed_tokens else ''}")
    yield _row("answers", f"{_range(run.answer_tokens)} tokens")
    if run.seconds:
        time = duration(run.seconds.expected, run.seconds.low, run.seconds.high)
    elif run.least_seconds:
        time = f"unknown; at least {duration(run.least_seconds)} within the rate limits"
    else:
        time = "unknown"
    yield _row("time", time)
    cost = run.cost
    if cost is None:
        yield _row("cost", "unknown")
    elif cost.high:
        yield _row("cost", f"${money(cost.expected)} ({money(cost.low)} to {money(cost.high)})")
    else:
        yield _row("cost", "nothing")
    if batch := run.batch_cost:
        spread = f"{money(batch.low)} to {money(batch.high)}"
        yield _row("by batch", f"${money(batch.expected)} ({spread})")
    yield ""
    yield from (f"  {sentence}" for sentence in run.basis)


def _row(name: str, text: str) -> str:
    return f"  {name:12} {text}".rstrip()


def _repeats(repeats: Repeats, what: str) -> str:
    counted = " among those that were compared" if repeats.overflowed else ""
    if not repeats.count:
        return f"none{counted}"
    examples = ", ".join(_shown(each, 40) for each in repeats.examples)
    return f"{repeats.count:,}{counted} ({what}): {examples}"


def _lengths(lengths: Lengths) -> str:
    shown = "{median:,} characters (median), {min:,} to {max:,}"
    return shown.format(**lengths.to_dict())


def _range(tokens: Range) -> str:
    """Whole tokens with three significant digits."""
    low, expected, high = (
        f"{int(float(f'{each:.3g}')):,}" for each in (tokens.low, tokens.expected, tokens.high)
    )
    return f"{expected} ({low} to {high})"


def _shown(text: str, width: int = _WIDTH) -> str:
    """As much of a text of the dump as is shown."""
    line = one_line(text[: 4 * width])
    return line if len(line) <= width else f"{line[: width - 3].rstrip()}..."
