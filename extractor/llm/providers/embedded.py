"""The embedded model: llama.cpp's server inside this process, on a loopback port of its own.

It starts at the first request. It runs in a thread of this process, so it ends with the process,
however that ends. A random key keeps other users of the machine out.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from extractor.errors import UsageError, WeightsError
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.providers.base import Provider
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import xllamacpp  # type: ignore[import-untyped]

    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Transport
    from extractor.llm.weights.catalog import Weights

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 700
_ALTERNATIVES = 100
# Prompt and answer tokens per second on two cores (AMD EPYC, AVX2), one paper at a time.
_SPEED = {"qwen2.5-coder-1.5b": (38.0, 16.0), "qwen2.5-coder-0.5b": (92.0, 26.0)}


class Embedded(Provider):
    """A model of the catalogue; the default when no model is named, so that a run costs nothing
    unless a hosted model is asked for. ``concurrency`` is the number of its slots, by default 1.
    """

    def __init__(self, weights: Weights, settings: ModelSettings) -> None:
        self._weights = weights
        self._slots = settings.concurrency or 1
        self._pull_display = settings.pull_display
        self.endpoint = Endpoint(
            model=weights.name,
            identity=f"{weights.name}@sha256:{weights.sha256}",
            address="the embedded model",
            mode=settings.mode or Mode.JSON_SCHEMA,
            max_tokens=ANSWER_TOKENS,
            concurrency=self._slots,
            reasks=0,
            alternatives=_ALTERNATIVES,
            reads_schema=False,
            prefers_questions=True,
            repeats=True,
            free=True,
            speed=_SPEED.get(weights.name),
        )

    @classmethod
    def create(cls, settings: ModelSettings) -> Embedded | None:
        name = settings.model or DEFAULT_MODEL
        if not isinstance(name, str) or name not in CATALOG:
            return None
        if settings.base_url:
            raise UsageError(
                f"{name} is an embedded model, which needs no --base-url.",
                hint="Name the model as the endpoint calls it.",
            )
        return cls(CATALOG[name], settings)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transport]:
        from extractor.llm.http_transport import open_http

        path = await self._weights_on_disk()
        key = secrets.token_urlsafe(24)
        server = await asyncio.to_thread(_start, path, key, self._slots)
        async with open_http(f"{server.listening_address}/v1", key, proxy=False) as transport:
            yield transport
        del server

    async def _weights_on_disk(self) -> Path:
        """The weights' file, downloaded if missing; cancelling ends the download."""
        from extractor.llm.weights import files

        if files.is_pulled(self._weights):
            return files.path_of(self._weights)
        given_up = threading.Event()
        display = self._pull_display or (lambda _: nullcontext(lambda _: None))
        with display(self._weights) as show:

            def progress(done: int) -> None:
                if given_up.is_set():
                    raise WeightsError("The download was interrupted.")
                show(done)

            try:
                return await asyncio.to_thread(files.pull, self._weights, progress)
            finally:
                given_up.set()


def _start(path: Path, key: str, slots: int) -> xllamacpp.Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = CONTEXT_TOKENS * slots
    params.n_parallel = slots
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
