"""``extractor models``: the weights of the embedded models."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Argument

from extractor.errors import UsageError, WeightsError
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL, Weights
from extractor.plurals import counted

app = typer.Typer(help="The embedded models and their weights.", no_args_is_help=True)

_Name = Annotated[str, Argument(help="A name from 'extractor models list'.")]


@app.command("list")
def list_models() -> None:
    """List the embedded models, their size, and whether their weights are downloaded; and how many
    prefixes of prompts are kept."""
    from extractor.llm.weights import files, prefixes

    for weights in CATALOG.values():
        state = "pulled" if files.is_pulled(weights) else "-"
        note = "  (default)" if weights.name == DEFAULT_MODEL else ""
        size = f"{weights.size / 1e6:,.0f} MB"
        typer.echo(f"{weights.name:20} {size:>9}  {state:6}  {weights.title}{note}")
    count, kept = prefixes.size()
    if count:
        typer.echo(
            f"{counted(count, 'prefix', 'prefixes')} of prompts, "
            f"{kept / 1e6:,.0f} MB ('extractor models clear')"
        )


@app.command()
def pull(name: _Name) -> None:
    """Download a model's weights and check them. An interrupted download is continued."""
    from extractor.cli.progress import report_for
    from extractor.llm.weights import files

    weights = _find(name)
    if files.is_pulled(weights):
        typer.echo(f"{files.path_of(weights)} is already there.", err=True)
        return
    with report_for().pulling(weights) as progress:
        files.pull(weights, progress)


@app.command()
def path(name: _Name) -> None:
    """Print where a model's weights are. Exits with code 1 when they are missing."""
    from extractor.llm.weights import files

    weights = _find(name)
    if not files.is_pulled(weights):
        raise WeightsError(
            f"The weights of {name} are not downloaded.",
            hint=f"Run 'extractor models pull {name}'.",
        )
    typer.echo(str(files.path_of(weights)))


@app.command()
def rm(name: _Name) -> None:
    """Delete a model's weights, and the prefixes that it has read."""
    from extractor.llm.weights import files, prefixes

    weights = _find(name)
    path = files.path_of(weights)
    removed = files.remove(weights)
    prefixes.remove(weights.sha256)
    typer.echo(f"Removed {path}." if removed else f"{path} does not exist.", err=True)


@app.command()
def clear() -> None:
    """Delete the prefixes of prompts that models have read. They are read again when needed."""
    from extractor.llm.weights import prefixes

    count = prefixes.remove()
    typer.echo(f"Removed {counted(count, 'prefix', 'prefixes')}.", err=True)


def _find(name: str) -> Weights:
    if name not in CATALOG:
        raise UsageError(
            f"There is no embedded model {name!r}.", hint=f"Known: {', '.join(CATALOG)}."
        )
    return CATALOG[name]
