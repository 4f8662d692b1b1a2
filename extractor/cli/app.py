"""The command tree: commands are found by name, and only the one that is called is imported."""

from __future__ import annotations

import pkgutil
from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from extractor.cli import commands

if TYPE_CHECKING:
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
        found = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
        return sorted(found, key=lambda name: (*commands.ORDER, name).index(name))

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


def _load(name: str) -> Command:
    module = import_module(f"{commands.__name__}.{name}")
    tree = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        tree.add_typer(module.app, name=name)
    else:
        tree.command(name, cls=_Command)(getattr(module, name))
    return typer.main.get_group(tree).commands[name]


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
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None: ...
