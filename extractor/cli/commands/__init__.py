"""The subcommands: one module each, found by its name.

A module ``NAME`` holds either a function ``NAME``, whose signature typer reads, or, for a command
with subcommands, an ``app``. Modules import typer and what is cheap; what a command needs is
imported when it runs, so that help answers at once.
"""

ORDER = (
    *("run", "extract", "eval", "inspect", "convert", "report", "diff", "review"),
    *("gold", "formats", "schema", "models", "cache"),
)
"""How help lists them; any other command comes after these."""
