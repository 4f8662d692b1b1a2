"""``extractor extract``: one title and abstract into one record."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.cli import options
from extractor.paper import Paper

if TYPE_CHECKING:
    from extractor.record import Record
    from extractor.schemas.paper import PaperFields


def extract(
    abstract: Annotated[
        str | None,
        typer.Argument(help="The abstract; - or nothing reads it from --file or standard input."),
    ] = None,
    title: Annotated[str, typer.Option(help="The paper's title.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="A file with one paper, of any known format."
        ),
    ] = None,
    schema: options.Schema = "paper",
    prompt: options.Prompt = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    mode: options.Mode = None,
    approach: options.Approach = None,
    tries: options.Tries = 6,
    timeout: options.Timeout = 120.0,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
) -> None:
    """Extract one record and print it.

    Example: extractor extract --title "FooNet" "We present FooNet, which is 3x faster."
    """
    import asyncio
    import json

    from extractor.run.session import open_engine
    from extractor.task import load_task

    paper = _paper(title, abstract, file)
    task = load_task(schema, prompt)
    settings = options.model_settings(model, base_url, mode, approach, None, quiet=quiet)
    calls = options.call_settings(cache_dir, no_cache, tries, timeout)

    async def one() -> Record[PaperFields]:
        async with open_engine(task, settings, calls) as engine:
            return await engine.extract(paper)

    row = asyncio.run(one()).to_dict()
    typer.echo(json.dumps(row, indent=2, ensure_ascii=False))


def _paper(title: str, abstract: str | None, file: Path | None) -> Paper:
    """The paper that the arguments describe, from a file, an argument or standard input."""
    from extractor.errors import UsageError

    if file is not None:
        if abstract is not None:
            raise UsageError("Both an abstract and --file are given.", hint="Give one of them.")
        return _only_paper(str(file))
    if abstract in (None, "-"):
        abstract = sys.stdin.read()
    if not abstract or not abstract.strip():
        raise UsageError("There is no abstract.", hint="Give it as an argument or with --file.")
    return Paper("1", title.strip(), abstract.strip())


def _only_paper(path: str) -> Paper:
    from extractor.errors import DumpError
    from extractor.readers import read_dump

    papers = list(itertools.islice(read_dump(path), 2))
    if len(papers) != 1:
        raise DumpError(
            f"{path} holds more than one paper." if papers else f"{path} holds no paper.",
            hint="Use 'extractor run' for a dump.",
        )
    return papers[0]
