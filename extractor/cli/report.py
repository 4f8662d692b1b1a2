"""``extractor report``: a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.cli import options

if TYPE_CHECKING:
    from extractor.report import Written


def report(
    records: Annotated[
        Path, typer.Argument(help="A file that 'extractor run' or 'extractor convert' wrote.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="The page. Default: RECORDS with the ending .html.",
        ),
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option(
            metavar="DUMP", help="The dump that was run over: the page then shows its abstracts."
        ),
    ] = None,
    failures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The failures. Default: RECORDS with the ending .failures.jsonl, if it is there.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make one HTML file of a run, to look at in a browser without a network.

    It shows failures and refused values first, then a summary, charts and a table of all papers.

    Example: extractor report records.jsonl --dump papers.txt -o report.html
    """
    from extractor.report import write_report

    target = out or _beside(records, ".html")
    found = failures or _usual_failures(records)
    written = write_report(records, target, dump=dump, failures=found)
    if not quiet:
        for line in _closing_lines(written, target):
            typer.echo(line, err=True)


def _beside(records: Path, ending: str) -> Path:
    return records.with_name(f"{records.stem}{ending}")


def _usual_failures(records: Path) -> Path | None:
    """The file that 'extractor run' puts beside its records, where there is one."""
    path = _beside(records, ".failures.jsonl")
    return path if path.exists() else None


def _closing_lines(written: Written, out: Path) -> list[str]:
    failed = f", {written.failures:,} failed" if written.failures else ""
    refused = f", {_count(written.refused, 'value')} refused" if written.refused else ""
    papers = f"{_count(written.papers, 'paper')}{failed}{refused}"
    lines = [f"{out}: {papers}, {written.size / 1e6:,.1f} MB"]
    if written.without_abstract:
        lines.append(
            f"Without abstract: {_count(written.without_abstract, 'paper')}, as the dump does not "
            "hold the id and title. Is it the dump that was run over?"
        )
    return lines


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
