"""``extractor cache``: the answers that were paid for."""

from __future__ import annotations

from typing import Annotated

import typer

from extractor.cli import options

app = typer.Typer(help="The answers that are kept.", no_args_is_help=True)


@app.command()
def info(cache_dir: options.CacheDir = None) -> None:
    """Say where the cache is, how many answers it holds, and how large it is."""
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    typer.echo(f"directory  {store.directory}")
    typer.echo(f"answers    {len(store):,}")
    typer.echo(f"size       {store.size() / 1e6:,.1f} MB")
    for note in store.notes:
        typer.echo(note, err=True)
    store.close()


@app.command()
def clear(
    cache_dir: options.CacheDir = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget every answer. They have to be paid for again."""
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    if not yes:
        typer.confirm(f"Forget {len(store):,} answers in {store.directory}?", abort=True)
    typer.echo(f"Forgot {store.clear():,} answers.", err=True)
    store.close()
