"""``extractor schema``: the JSON Schema of a record."""

from __future__ import annotations

import typer

from extractor.cli import options


def schema(schema: options.Schema = "paper") -> None:
    """Print the JSON Schema of one output record.

    Example: extractor schema > record.schema.json
    """
    import json

    from extractor.record import record_schema
    from extractor.task import load_task

    typer.echo(json.dumps(record_schema(load_task(schema)), indent=2, ensure_ascii=False))
