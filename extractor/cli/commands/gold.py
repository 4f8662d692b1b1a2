"""``extractor gold``: what records should say, made from what they say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from extractor.cli import EXIT_SOME_FAILED, options
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

app = typer.Typer(help="Gold: what the records of some papers should say.", no_args_is_help=True)


@app.callback()
def _gold() -> None: ...


@app.command()
def draft(
    records: Annotated[
        Path, Argument(help="A file that 'extractor run' or 'extractor convert' wrote.")
    ],
    out: Annotated[
        str | None,
        Option(
            "-o",
            "--out",
            metavar="GOLD.jsonl",
            help="The file to write, or - for standard output. Default: RECORDS with the ending "
            ".gold.jsonl.",
        ),
    ] = None,
    sample: Annotated[
        int | None, Option(min=1, metavar="N", help="Take only N papers, drawn at random.")
    ] = None,
    seed: Annotated[int, Option(help="Another seed draws another sample.")] = 0,
    no_review: options.NoReview = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a gold file to correct: each paper's values as its record has them, one paper a line.

    Check each value against the paper, correct, add and delete, and give the file to 'extractor
    eval --gold'. A file that is there already is not replaced, as it may hold corrections. What was
    decided about the records in 'extractor review' is applied.

    Example: extractor gold draft records.jsonl --sample 50 -o gold.jsonl
    """
    from extractor.decisions import ReviewedRecords
    from extractor.errors import UsageError
    from extractor.evaluation import draft_gold
    from extractor.paths import beside
    from extractor.writers import choose_writer, open_output, open_records

    target = None if out == "-" else Path(out) if out else beside(records, ".gold.jsonl")
    if target and target.exists():
        raise UsageError(
            f"{target} exists, and may hold corrections.", hint="Name another file with -o."
        )
    source = open_records(records)
    review = ReviewedRecords.of(source, records, apply=not no_review)
    rows: Iterable[Mapping[str, Any]] = _once(review)
    if sample is not None:
        rows = _drawn(rows, sample, seed)
    with open_output(choose_writer("jsonl", target), target, {}, inputs=[records]) as sink:
        for row in rows:
            sink.write(draft_gold(row))
    for each in source.unreadable:
        typer.echo(f"Left out: {each}", err=True)
    for note in () if quiet else review.notes():
        typer.echo(note, err=True)
    if target and not quiet:
        typer.echo(f"{target}: {counted(sink.rows, 'paper')} to correct", err=True)
    if source.unreadable:
        raise typer.Exit(EXIT_SOME_FAILED)


def _once(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows; of several with one id the first, as gold has an id once."""
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            typer.echo(f"Left out: a further record of the id {row['id']!r}.", err=True)
        else:
            seen.add(row["id"])
            yield row


def _drawn(
    rows: Iterable[Mapping[str, Any]], number: int, seed: int
) -> Iterable[Mapping[str, Any]]:
    """So many of the rows, in their order."""
    every = list(rows)
    places = random.Random(seed).sample(range(len(every)), min(number, len(every)))  # noqa: S311
    return [every[place] for place in sorted(places)]
