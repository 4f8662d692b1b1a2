"""The command's tree."""

from __future__ import annotations

from typing import Annotated

import typer

from extractor.cli import cache, convert, extract, inspect, models, report, run, schema
from extractor.cli import eval as eval_

app = typer.Typer(
    name="extractor",
    help="Turn paper abstracts into typed, checked, evidence-backed records.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("extract")(extract.extract)
app.command("eval")(eval_.evaluate)
app.command("inspect")(inspect.inspect)
app.command("convert")(convert.convert)
app.command("report")(report.report)
app.command("schema")(schema.schema)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def _version(wanted: bool) -> None:
    if wanted:
        from extractor import __version__

        typer.echo(f"extractor {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None: ...
