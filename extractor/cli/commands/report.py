"""``extractor report``: a run as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from extractor.cli import EXIT_SOME_FAILED, options
from extractor.errors import DumpError
from extractor.paths import beside
from extractor.plurals import counted

if TYPE_CHECKING:
    from extractor.report.write import Written


def report(
    records: Annotated[
        Path, Argument(help="A file that 'extractor run' or 'extractor convert' wrote.")
    ],
    out: Annotated[
        Path | None,
        Option(
            "-o", "--out", metavar="OUT", help="The page. Default: RECORDS with the ending .html."
        ),
    ] = None,
    dump: options.DumpOfPage = None,
    failures: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="The failures. Default: RECORDS with the ending .failures.jsonl, if it exists.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make one HTML file that shows a run in a browser, without a network.

    It shows a summary, charts, a table of all papers, and what needs review.

    Example: extractor report records.jsonl --dump papers.txt -o report.html
    """
    from extractor.report import write_report

    options.check_page(out)
    page, usual = _beside(records)
    target = out or page
    if failures is None and usual.exists():
        failures = usual
    written = write_report(records, target, dump=dump, failures=failures)
    for each in written.unreadable:
        typer.echo(f"Left out: {each}", err=True)
    if not quiet:
        _tell(target, written)
    if written.unreadable:
        raise typer.Exit(EXIT_SOME_FAILED)


def _beside(records: Path) -> tuple[Path, Path]:
    """The page and the failures that go with records, also with those of an unfinished run.

    Raises :class:`DumpError` where there is only what an unfinished run left.
    """
    from extractor.writers import PARTIAL

    partial = records.with_name(records.name + PARTIAL)
    if partial.exists() and not records.exists():
        raise DumpError(
            f"{records} is not there yet: its run is unfinished.",
            hint=f"What is done so far is in {partial}.",
        )
    ending = PARTIAL if records.name.endswith(PARTIAL) else ""
    run = records.with_name(records.name.removesuffix(ending))
    return beside(run, ".html"), beside(run, f".failures.jsonl{ending}")


def _tell(target: Path, written: Written) -> None:
    failed = f", {written.failures:,} failed" if written.failures else ""
    rejected = f", {counted(written.refused, 'value')} rejected" if written.refused else ""
    papers = f"{counted(written.papers, 'paper')}{failed}{rejected}"
    typer.echo(f"{target}: {papers}, {written.size / 1e6:,.1f} MB", err=True)
    if written.without_abstract:
        typer.echo(
            f"{counted(written.without_abstract, 'paper')} without abstract: the dump has no entry "
            "with the same id and title. Is it the dump that was run over?",
            err=True,
        )
