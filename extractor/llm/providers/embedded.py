"""The embedded model: llama.cpp's server inside this process, on a loopback port of its own.

It lives in a thread of this process, so it is gone when the process is gone, however that
ends. A key made up for the occasion keeps other users of the machine out.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from extractor.errors import WeightsError
from extractor.llm.endpoint import Approach, Endpoint, Mode
from extractor.llm.weights import files
from extractor.llm.weights.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import xllamacpp  # type: ignore[import-untyped]

    from extractor.llm.settings import ModelSettings

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 700
_SLOTS = 1


@asynccontextmanager
async def serve(settings: ModelSettings) -> AsyncIterator[Endpoint]:
    """Start the server and yield its endpoint; the weights are downloaded when missing."""
    weights = CATALOG[settings.name]
    path = files.ensure(weights)
    key = secrets.token_urlsafe(24)
    server = await asyncio.to_thread(_start, path, key)
    try:
        yield Endpoint(
            model=weights.name,
            identity=f"{weights.name}@sha256:{weights.sha256}",
            base_url=f"{server.listening_address}/v1",
            address="the embedded model",
            api_key=key,
            mode=settings.mode or Mode.JSON_SCHEMA,
            approach=settings.approach or Approach.FULL_SCHEMA,
            max_tokens=ANSWER_TOKENS,
            concurrency=min(settings.concurrency or _SLOTS, _SLOTS),
            reasks=0,
            embedded=True,
        )
    finally:
        del server


def _start(path: Path, key: str) -> xllamacpp.Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = CONTEXT_TOKENS * _SLOTS
    params.n_parallel = _SLOTS
    params.cache_ram_mib = 0
    params.verbosity = -1
    params.warmup = False
    params.endpoint_props = False
    params.endpoint_slots = False
    params.ui = False
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or 1
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise WeightsError(
            f"The embedded engine cannot load {path}: {error}.",
            hint="Remove the file with 'extractor models rm' and pull it again.",
        ) from error
