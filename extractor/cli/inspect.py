"""``extractor inspect``: what a dump holds, and what a run over it would take."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.errors import DumpError
    from extractor.inspection.forecast import Forecast, Range
    from extractor.inspection.survey import Lengths, Repeats, Survey
    from extractor.readers import Dump, Unreadable

_WIDTH = 72
_KEYS = 8


def inspect(
    dump: Annotated[str, typer.Argument(help="The dump file, or - for standard input.")],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take only the first papers of the dump.")
    ] = None,
    sample: Annotated[
        int, typer.Option(min=1, help="Papers that the forecast is made from.")
    ] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
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
    price_in: options.PriceIn = None,
    price_out: options.PriceOut = None,
) -> None:
    """Say what a dump holds, and forecast what a run over it takes. No model is called.

    It tells the format, how many papers there are, which have no abstract, what they look
    like and what is there twice; then the tokens, time and cost of 'extractor run' with the
    same options, each with a range.

    Example: extractor inspect papers.bib --model gpt-5-mini
    """
    from extractor.inspection.forecast import forecast
    from extractor.inspection.survey import Survey
    from extractor.readers import open_dump
    from extractor.task import load_task

    task = load_task(schema, prompt)
    settings = options.model_settings(model, base_url, mode, approach, concurrency)
    calls = options.call_settings(
        None, True, 1, 1.0, limits=(rpm, tpm), prices=(price_in, price_out)
    )
    columns = options.dump_columns(title_column, abstract_column, id_column)
    found = Survey(sample_size=sample)
    with open_dump(dump, format=dump_format, options=columns) as source:
        broken = _read(source, limit, found)
    run = forecast(task, settings, calls, found.sample, found.distinct) if found.papers else None
    if as_json:
        typer.echo(json.dumps(_as_dict(source, found, run), indent=2))
    else:
        for line in itertools.chain(_dump_lines(source, found), _forecast_lines(run)):
            typer.echo(line)
    if broken is not None:
        raise broken


def _read(source: Dump, limit: int | None, survey: Survey) -> DumpError | None:
    """Survey the dump as far as it can be read; what ended that before its end."""
    from extractor.errors import DumpError

    try:
        for item in itertools.islice(source, limit):
            survey.take(item)
    except DumpError as error:
        return error
    return None


def _as_dict(source: Dump, survey: Survey, run: Forecast | None) -> dict[str, Any]:
    return {
        "dump": source.name,
        "format": source.format,
        "bytes": source.size,
        **survey.to_dict(),
        "forecast": run.to_dict() if run else None,
    }


def _dump_lines(source: Dump, survey: Survey) -> Iterator[str]:
    from extractor.readers import readers

    size = f", {source.size:,} bytes" if source.size is not None else ""
    yield f"{_shown(source.name)}: {readers()[source.format].title} ({source.format}){size}"
    yield ""
    yield _row("papers", f"{survey.papers:,}")
    yield from _unreadable_lines(survey)
    if survey.papers:
        yield from _paper_lines(survey)


def _unreadable_lines(survey: Survey) -> Iterator[str]:
    yield _row("no abstract", f"{survey.without_abstract:,}")
    others = survey.unreadable.total() - survey.without_abstract
    if others:
        yield _row("unreadable", f"{others:,}")
    for item in survey.first_unreadable:
        yield _row("", f"line {item.line:,}: {_about(item)}")
    unseen = survey.unreadable.total() - len(survey.first_unreadable)
    if unseen > 0:
        yield _row("", f"and {unseen:,} more")


def _about(item: Unreadable) -> str:
    named = item.title or item.id
    what = _shown(item.message)
    return f"{what} {_shown(named)}" if named else what


def _paper_lines(survey: Survey) -> Iterator[str]:
    yield _row("repeated", _repeats(survey.texts, "the same title and abstract"))
    yield _row("ids", _ids(survey))
    yield _row("title", _lengths(survey.titles))
    tokens = survey.abstract_tokens.median
    yield _row("abstract", f"{_lengths(survey.abstracts)}; about {tokens:,} tokens")
    if survey.metadata:
        kept = (f"{_shown(key, 24)} {n:,}" for key, n in survey.metadata.most_common(_KEYS))
        rest = len(survey.metadata) - _KEYS
        yield _row("metadata", ", ".join(kept) + (f" and {rest} more" if rest > 0 else ""))
    yield ""
    for paper in survey.first:
        yield f"  {_shown(paper.id, 20)}: {_shown(paper.title)}"
    unseen = survey.papers - len(survey.first)
    if unseen > 0:
        yield f"  and {unseen:,} more"


def _ids(survey: Survey) -> str:
    if not survey.has_ids:
        return "running numbers"
    return f"the dump's own; repeated: {_repeats(survey.ids, 'used by another paper')}"


def _repeats(repeats: Repeats, what: str) -> str:
    counted = " among those that were looked at" if repeats.overflowed else ""
    if not repeats.count:
        return f"none{counted}"
    such_as = ", ".join(_shown(each, 40) for each in repeats.examples)
    return f"{repeats.count:,}{counted} ({what}): {such_as}"


def _lengths(lengths: Lengths) -> str:
    return f"{lengths.median:,} characters (median), {lengths.smallest:,} to {lengths.largest:,}"


def _forecast_lines(run: Forecast | None) -> Iterable[str]:
    if run is None:
        return
    yield ""
    yield f"Forecast for {_shown(run.model)}, {run.task}, {run.approach}, {run.papers:,} papers:"
    yield ""
    fixed = f"; {run.fixed_tokens:,} of each paper's are the same for all" * bool(run.fixed_tokens)
    yield _row("prompt", f"{_range(run.prompt_tokens)} tokens{fixed}")
    yield _row("answers", f"{_range(run.answer_tokens)} tokens")
    yield _row("time", _duration(run.seconds) if run.seconds else "not known")
    yield _row("cost", _dollars(run.cost) if run.cost else "not known")
    yield ""
    yield from (f"  {sentence}" for sentence in run.basis)


def _row(name: str, text: str) -> str:
    return f"  {name:12} {text}".rstrip()


def _range(tokens: Range) -> str:
    low, expected, high = map(_rounded, (tokens.low, tokens.expected, tokens.high))
    return f"{expected:,} ({low:,} to {high:,})"


def _rounded(number: float) -> int:
    """A forecast has three digits at most."""
    return int(float(f"{number:.3g}"))


def _duration(seconds: Range) -> str:
    unit, length = next(
        (name, size)
        for name, size in (("days", 86400), ("h", 3600), ("min", 60), ("s", 1))
        if seconds.expected >= 2 * size or size == 1
    )
    low, expected, high = (
        f"{each / length:,.2g}" if each < 100 * length else f"{each / length:,.0f}"
        for each in (seconds.low, seconds.expected, seconds.high)
    )
    return f"{expected} {unit} ({low} to {high})"


def _dollars(cost: Range) -> str:
    if not cost.high:
        return "nothing"
    low, expected, high = map(_money, (cost.low, cost.expected, cost.high))
    return f"${expected} ({low} to {high})"


def _money(dollars: float) -> str:
    """Cents, and below a dollar two digits that say something."""
    places = next((places for places in range(2, 8) if dollars * 10**places >= 10), 2)
    return f"{dollars:,.{places}f}"


def _shown(text: str, width: int = _WIDTH) -> str:
    """Words of the dump on one line, without anything that a terminal would act on."""
    clean = "".join(char if char.isprintable() else " " for char in text[: 4 * width])
    line = " ".join(clean.split())
    return line if len(line) <= width else f"{line[: width - 3].rstrip()}..."
