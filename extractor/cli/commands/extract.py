"""``extractor extract``: one title and abstract into one record."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from extractor.cli import options
from extractor.cli.expand import expanded
from extractor.paper import Paper


@expanded
def extract(
    context: typer.Context,
    *,
    abstract: Annotated[
        str | None, Argument(help="The abstract. Without it, or with -, standard input is read.")
    ] = None,
    title: Annotated[str, Option(help="The paper's title.")] = "",
    file: Annotated[
        Path | None,
        Option("--file", "-f", metavar="FILE", help="A file with one paper, of any known format."),
    ] = None,
    min_confidence: options.MinConfidence = None,
    task: options.TaskOptions,
    model: options.ModelOptions,
    retries: options.RetryOptions,
    cache: options.CacheOptions,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Extract one record and print it.

    Example: extractor extract --title "FooNet" "We present FooNet, which is 3x faster."
    """
    from extractor.cli.engine import run_engine
    from extractor.cli.progress import report_for
    from extractor.cli.verbose import telling
    from extractor.plain_text import printed_json

    paper = _paper(title, abstract, file)
    extraction, settings, report = task.load(), model.settings(), report_for(quiet=quiet)
    calls = options.CallOptions(retries=retries, cache=cache).settings(min_confidence)
    with telling(report, context, extraction, settings, calls, verbose=verbose):
        record, _ = run_engine(
            lambda engine: engine.extract(paper), extraction, settings, calls, report=report
        )
    typer.echo(printed_json(record.to_dict()))


def _paper(title: str, abstract: str | None, file: Path | None) -> Paper:
    """The paper that the arguments describe, from a file, an argument or standard input."""
    from extractor.errors import DumpError, UsageError
    from extractor.readers import read_dump

    if file is not None:
        if abstract is not None or title:
            raise UsageError("Both a paper and --file are given.", hint="Give one of them.")
        papers = list(islice(read_dump(str(file)), 2))
        if len(papers) != 1:
            raise DumpError(
                f"{file} holds {'more than one' if papers else 'no'} paper.",
                hint="Use 'extractor run' for a dump.",
            )
        return papers[0]
    if abstract in (None, "-"):
        abstract = sys.stdin.read()
    if not abstract or not abstract.strip():
        raise UsageError("There is no abstract.", hint="Give it as an argument or with --file.")
    return Paper("1", title.strip(), abstract.strip())
