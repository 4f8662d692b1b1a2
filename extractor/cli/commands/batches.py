"""``extractor batches``: the batches under way at providers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument

from extractor.cli import options
from extractor.errors import UsageError
from extractor.plurals import counted

if TYPE_CHECKING:
    from extractor.llm.settings import ModelSettings
    from extractor.llm.store import AnswerStore
    from extractor.llm.store.batches import Batch

app = typer.Typer(help="Batches under way at a provider (run --batch).")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, cache_dir: options.CacheDir = None) -> None:
    """List the batches whose answers are not in the cache yet."""
    if context.invoked_subcommand:
        return
    from extractor.llm.store.batches import under_way
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    found = under_way(store)
    for batch in found:
        typer.echo(_line(batch))
    if not found:
        typer.echo("No batch is under way.")
    store.close()


@app.command()
def cancel(
    ids: Annotated[
        list[str] | None, Argument(metavar="ID", help="Which ones. Default: all.")
    ] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Cancel batches. What they have answered is paid for, and is taken up by the same run.

    The key comes from OPENAI_API_KEY.
    """
    import asyncio

    from extractor.llm.store.batches import under_way
    from extractor.run.state import open_store

    store = open_store(cache_dir)
    found = {batch.batch_id or batch.id: batch for batch in under_way(store)}
    for name in (unknown for unknown in ids or () if unknown not in found):
        raise UsageError(
            f"There is no batch {name!r} under way.", hint="'extractor batches' lists them."
        )
    for name in ids or found:
        asyncio.run(_cancel(store, found[name]))
        typer.echo(f"{name} is being cancelled.")
    store.close()


async def _cancel(store: AnswerStore, batch: Batch) -> None:
    from extractor.llm.providers import provider_for
    from extractor.llm.store.batches import end, keep

    if batch.batch_id is None and batch.file_id is None:
        end(store, batch)  # nothing was submitted
        return
    batch.cancelled = True
    await keep(store, batch)
    async with provider_for(_settings(batch)).open_batches() as api:
        told = None if batch.batch_id else await api.find(batch.file_id or "", batch.id)
        if batch_id := batch.batch_id or (told.id if told else None):
            await api.cancel(batch_id)


def _settings(batch: Batch) -> ModelSettings:
    from extractor.llm.settings import ModelSettings

    model, _, base_url = batch.model.partition("@")
    return ModelSettings(model=model, base_url=base_url)


def _line(batch: Batch) -> str:
    hours = (time.time() - batch.created_at) / 3600
    state = "cancelled" if batch.cancelled else "submitted" if batch.batch_id else "being submitted"
    requests = counted(len(batch.keys), "request")
    return f"{batch.batch_id or batch.id}  {batch.model}  {requests}  {state}  {hours:,.1f} h"
