"""The command tree: commands are found by name, and only the one that is called is imported."""

from __future__ import annotations

import pkgutil
import sys
from collections import defaultdict
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from extractor.cli import commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer._click import Command, Context, HelpFormatter


class _Command(TyperCommand):
    """A command whose help lists its options under the headings that they name."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        sections: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for param in self.get_params(ctx):
            usual = "Arguments" if param.param_type_name == "argument" else "Options"
            if (row := param.get_help_record(ctx)) is not None:
                sections[getattr(param, "rich_help_panel", None) or usual].append(row)
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


class _Commands(TyperGroup):
    """The group of all commands, each imported when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002
        return _names()

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in self.commands and cmd_name in self.list_commands(ctx):
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            for name in self.list_commands(ctx):  # typer suggests a name among those it has
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _names() -> list[str]:
    """The commands, in the order of the help."""
    found = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return sorted(found, key=lambda name: (*commands.ORDER, name).index(name))


def _load(name: str) -> Command:
    module = import_module(f"{commands.__name__}.{name}")
    tree = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        tree.add_typer(module.app, name=name)
    else:
        tree.command(name, cls=_Command)(getattr(module, name))
    return typer.main.get_group(tree).commands[name]


_HELP = {"-h", "--help"}

app = typer.Typer(
    name="extractor",
    cls=_Commands,
    help="Turn paper abstracts into typed, checked, evidence-backed records.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes as long to import as everything else together
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        from extractor import __version__

        typer.echo(f"extractor {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    no_config: Annotated[
        bool,
        typer.Option(
            "--no-config",
            help="Read no options from extractor.toml or pyproject.toml, and no .env.",
        ),
    ] = False,
    version: Annotated[  # noqa: ARG001 -- its callback shows it
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    name = context.invoked_subcommand
    if name is None or no_config or context.resilient_parsing or _HELP & {*sys.argv}:
        return
    from extractor.cli import config

    files, table = config.read_files(Path.cwd())
    context.obj = files
    loaders = {each: partial(_functions, each) for each in _names()}
    context.default_map = {name: config.defaults(files, table, loaders, name)}


def _functions(name: str) -> dict[tuple[str, ...], Callable[..., Any]]:
    """The function of a command, or those of a group by their names."""
    module = import_module(f"{commands.__name__}.{name}")
    if not hasattr(module, "app"):
        return {(): getattr(module, name)}
    inner = [(each.name, each.callback) for each in module.app.registered_commands]
    return {(own or function.__name__,): function for own, function in inner if function}
