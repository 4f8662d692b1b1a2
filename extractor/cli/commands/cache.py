"""``extractor cache``: the answers that are kept."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from extractor.cli import options
from extractor.plurals import counted

app = typer.Typer(help="The cache of answers.", no_args_is_help=True)


@app.command()
def info(cache_dir: options.CacheDir = None) -> None:
    """Show where the cache is, how many answers it holds, how large it is, and what is damaged."""
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    damaged = store.check()
    typer.echo(f"directory  {store.directory}")
    typer.echo(f"answers    {len(store):,}")
    typer.echo(f"size       {store.size() / 1e6:,.1f} MB")
    if damaged:
        typer.echo(f"damaged    {counted(damaged, 'row')}: the requests will be sent again")
    for note in store.notes:
        typer.echo(note, err=True)
    store.close()


@app.command()
def clear(
    cache_dir: options.CacheDir = None,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete all answers, also in damaged copies. Getting them again costs as much as before."""
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    damaged = len(store.damaged_copies())
    copies = f" and {counted(damaged, 'damaged copy', 'damaged copies')}" if damaged else ""
    if not yes:
        answers = counted(len(store), "answer")
        typer.confirm(f"Delete {answers}{copies} in {store.directory}?", abort=True)
    typer.echo(f"Deleted {counted(store.clear(), 'answer')}{copies}.", err=True)
    store.close()
