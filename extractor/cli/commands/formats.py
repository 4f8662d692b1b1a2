"""``extractor formats``: the formats of dumps that can be read."""

from __future__ import annotations

import typer


def formats() -> None:
    """List the formats of dumps, by the names that --dump-format takes.

    Example: extractor formats
    """
    from extractor.readers import readers

    for name, reader in readers().items():
        typer.echo(f"{name:19} {reader.title}")
