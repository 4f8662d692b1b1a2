"""``extractor diff``: two runs, field by field and paper by paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from extractor.cli import EXIT_CHECK_FAILED, EXIT_SOME_FAILED, options
from extractor.plurals import counted

if TYPE_CHECKING:
    from extractor.comparison import Comparison


def diff(
    before: Annotated[
        Path, Argument(help="The earlier records: a file that 'extractor run' wrote, or similar.")
    ],
    after: Annotated[Path, Argument(help="The later records.")],
    show: Annotated[
        int, Option(min=0, metavar="N", help="Show what changed in the first N papers.")
    ] = 10,
    as_json: options.AsJson = False,
    html: Annotated[
        Path | None,
        Option(metavar="OUT.html", help="Write a page too, with every change, to look through."),
    ] = None,
    dump: options.DumpOfPage = None,
    price: Annotated[
        list[str] | None,
        Option(
            metavar="MODEL=IN,OUT",
            help="What a million prompt and answer tokens of a model cost; may be repeated. "
            "Default: prices of OpenAI's models are known, others are not.",
        ),
    ] = None,
    differing: Annotated[
        bool, Option("--exit-code", help="Exit with code 4 when the runs differ.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Show what changed between two runs: values added, lost and changed, papers, failures, cost.

    Papers are joined by id and title. The order of lists does not matter, and an object, such as
    a claim, is compared with the one that it has most in common with.

    Example: extractor diff before.jsonl after.jsonl --html diff.html --dump papers.txt
    """
    from extractor.comparison import compare_runs, prices
    from extractor.errors import UsageError

    if dump and not html:
        raise UsageError("--dump gives the page its abstracts.", hint="Name the page with --html.")
    options.check_page(html)
    found = compare_runs(before, after, price_of=prices(price or ()))
    if html:
        _write_page(found, html, dump, quiet=quiet)
    _show(found, show, as_json=as_json)
    if differing and not found.same:
        raise typer.Exit(EXIT_CHECK_FAILED)
    if found.before.unreadable or found.after.unreadable:
        raise typer.Exit(EXIT_SOME_FAILED)


def _write_page(found: Comparison, out: Path, dump: list[str] | None, *, quiet: bool) -> None:
    from extractor.comparison import write_page

    missing = write_page(found, out, dump=dump)
    if not quiet:
        size = out.stat().st_size / 1e6
        differ = counted(len(found.papers), "paper")
        typer.echo(f"{out}: {differ} in which they differ, {size:,.1f} MB", err=True)
    if missing and not quiet:
        typer.echo(
            f"{missing:,} of them without abstract: the dump has no entry with the same id and "
            "title. Is it the dump that was run over?",
            err=True,
        )


def _show(found: Comparison, show: int, *, as_json: bool) -> None:
    from extractor.comparison import difference_lines
    from extractor.plain_text import printed_json

    for run in (found.before, found.after):
        for each in run.unreadable:
            typer.echo(f"Left out: {each}", err=True)
    if as_json:
        typer.echo(printed_json(found.to_dict()))
    else:
        typer.echo("\n".join(difference_lines(found, show=show)))
