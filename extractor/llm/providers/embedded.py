"""The embedded model: llama.cpp's server inside this process, on a loopback port of its own.

It starts at the first request, and first of all reads what all requests of the task begin with, or
restores the state that it had after that (:mod:`extractor.llm.weights.prefixes`). It runs in a
thread of this process, so it ends with the process, however that ends. A random key keeps other
users of the machine out. On a loaded machine an answer takes as long as it takes: only an engine
that makes no token is given up.
"""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
import threading
import time
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import to_json

from extractor.errors import EndpointError, WeightsError
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.providers.base import Provider
from extractor.llm.settings import model_file
from extractor.llm.transport import NoReply
from extractor.llm.weights import prefixes
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    import aiohttp
    import xllamacpp  # type: ignore[import-untyped]

    from extractor.llm.answer import Request
    from extractor.llm.settings import ModelSettings, WaitDisplay
    from extractor.llm.transport import Transport
    from extractor.llm.weights.catalog import Weights

CONTEXT_TOKENS = 4096
ANSWER_TOKENS = 700
_ALTERNATIVES = 100
# The engine tells how far it is after each batch. Even at one token a second, a fortieth of the
# usual speed, a batch is read within the time for which no news is waited for by default.
_BATCH_TOKENS = 96
_LOOK_SECONDS, _REPLY_SECONDS = 1.0, 10.0
# Without a token, while the beginning of all requests is read.
_OPENING_SECONDS = 120.0
_STATISTICS, _LEAST_SECONDS = Path("/proc/stat"), 0.2
# Prompt and answer tokens per second on two cores (AMD EPYC, AVX2), one paper at a time.
_SPEED = {"qwen2.5-coder-1.5b": (38.0, 16.0), "qwen2.5-coder-0.5b": (92.0, 26.0)}


class Embedded(Provider):
    """A model of the catalogue, or a ``.gguf`` file; the default when no model is named, so that a
    run costs nothing unless a hosted model is asked for. ``concurrency`` is the number of its
    slots, by default 1.
    """

    def __init__(self, weights: Weights, settings: ModelSettings) -> None:
        self._weights = weights
        self._slots = settings.concurrency or 1
        self._pull_display = settings.pull_display
        self._load = _Load()
        self._progress = _Progress(settings.wait_display or (lambda _, __: None))
        self.endpoint = Endpoint(
            model=weights.name,
            identity=f"sha256:{weights.sha256}",
            address="the embedded model",
            mode=settings.mode or Mode.JSON_SCHEMA,
            temperature=0.0 if settings.temperature is None else settings.temperature,
            max_tokens=settings.answer_tokens or ANSWER_TOKENS,
            extra=settings.body_fields,
            concurrency=self._slots,
            reasks=0,
            token_logprobs="logprobs" not in settings.body_fields,
            alternatives=_ALTERNATIVES,
            reads_schema=False,
            enforces_grammars=True,
            prefers_questions=True,
            repeats=True,
            free=True,
            speed=_SPEED.get(weights.name),
        )

    @classmethod
    def create(cls, settings: ModelSettings) -> Embedded | None:
        name = settings.model or DEFAULT_MODEL
        if not isinstance(name, str) or not (name in CATALOG or model_file(name)):
            return None
        settings.refuse_address(name)
        if name in CATALOG:
            return cls(CATALOG[name], settings)
        from extractor.llm.weights.own import own_weights

        return cls(own_weights(name), settings)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transport]:
        path = await self._weights_on_disk()
        key = secrets.token_urlsafe(24)
        with prefixes.scratch() as folder:
            threads = self._load.free_cores()
            start = partial(_start, path, key, self._slots, self._context, folder, threads)
            starting = asyncio.get_running_loop().run_in_executor(None, start)
            await asyncio.sleep(0)
            from extractor.llm.http_transport import open_own  # while the weights are loaded

            server = await self._progress.loaded(starting)
            address = str(server.listening_address)
            async with open_own(f"{address}/v1", key) as transport:
                slots = _Slots(transport.session, f"{address}/slots", self._slots, folder)
                watching = asyncio.ensure_future(self._progress.watch(slots))
                try:
                    await self._read_opening(transport, slots)
                    yield transport
                finally:
                    watching.cancel()
            del server

    @property
    def _context(self) -> int:
        """Tokens of one slot."""
        return CONTEXT_TOKENS - ANSWER_TOKENS + max(ANSWER_TOKENS, self.endpoint.max_tokens)

    async def _read_opening(self, transport: Transport, slots: _Slots) -> None:
        """Bring every slot to the state in which the requests' common beginning has been read.

        Also where it is not kept yet, it is read alone: how tokens are spread over batches changes
        the last digits of a probability, and they shall not depend on what is on disk.
        """
        if self.opening is None or await slots.look() is None:
            return
        kept = prefixes.KeptPrefix(self._weights.sha256, self._conditions(self.opening))
        if await asyncio.to_thread(kept.restore, slots.file) and await slots.restore():
            return
        body = {**self.opening.body, **self.endpoint.fields_for(1), "id_slot": 0}
        # Too slow or broken: the first request tells, under the time limit of the user.
        with suppress(NoReply, EndpointError):
            async with self.time_limit(_OPENING_SECONDS):
                await transport.send(self.opening.path, to_json(body))
            if await slots.save():
                await asyncio.to_thread(kept.keep, slots.file)
                await slots.restore()

    def _conditions(self, opening: Request) -> dict[str, object]:
        """All that a state depends on, besides the weights."""
        import xllamacpp

        return {
            "engine": xllamacpp.__version__,
            "machine": [platform.machine(), xllamacpp.get_system_info()],
            "context": [self._context, self._slots, _BATCH_TOKENS],
            "opening": [opening.path, opening.body],
        }

    @asynccontextmanager
    async def time_limit(self, seconds: float) -> AsyncIterator[None]:
        """So many seconds without a token for any request, since one may wait for another."""
        try:
            async with asyncio.timeout(seconds) as limit, self._progress.awaited(limit, seconds):
                yield
        except TimeoutError as error:
            raise EndpointError(
                f"{self.endpoint.address} has made no token for {seconds:,.0f} s.",
                hint="Run the same command again, or raise --timeout: finished papers are kept.",
            ) from error

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


class _Progress:
    """Knows whether the engine makes tokens, and shows for how long it has been waited for."""

    def __init__(self, show: WaitDisplay) -> None:
        self._show = show
        self._limits: dict[asyncio.Timeout, float] = {}
        self._since = 0.0

    async def loaded(self, starting: Awaitable[xllamacpp.Server]) -> xllamacpp.Server:
        """Await the start of the engine."""
        task, began = asyncio.ensure_future(starting), time.monotonic()
        while not (await asyncio.wait([task], timeout=_LOOK_SECONDS))[0]:
            self._show("the embedded model is loading", time.monotonic() - began)
        return task.result()

    @asynccontextmanager
    async def awaited(self, limit: asyncio.Timeout, seconds: float) -> AsyncIterator[None]:
        """A reply is awaited for so many ``seconds`` after each sign of progress."""
        if not self._limits:
            self._since = time.monotonic()
        self._limits[limit] = seconds
        try:
            yield
        finally:
            del self._limits[limit]
            self._since = time.monotonic()

    async def watch(self, slots: _Slots) -> None:
        """Look at the engine's slots, whose state changes with every token."""
        before = b""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._limits:
                continue
            self._show("the embedded model is answering", time.monotonic() - self._since)
            now = await slots.look()
            if now is not None and now != before:
                before = now
                self._extend()

    def _extend(self) -> None:
        now = asyncio.get_running_loop().time()
        for limit, seconds in self._limits.items():
            if not limit.expired():
                limit.reschedule(now + seconds)


class _Slots:
    """The engine's slots at ``address``; they save and restore their state in the file ``file``."""

    def __init__(
        self, session: aiohttp.ClientSession, address: str, count: int, folder: Path
    ) -> None:
        self.file = folder / "prefix"
        self._session = session
        self._address = address
        self._count = count

    async def look(self) -> bytes | None:
        """What the slots show; None if that is not to be had now."""
        return await self._asked("GET", "")

    async def save(self) -> bool:
        """Save the first slot."""
        return await self._do(0, "save")

    async def restore(self) -> bool:
        """Restore every slot."""
        return all([await self._do(number, "restore") for number in range(self._count)])

    async def _do(self, number: int, action: str) -> bool:
        named = {"filename": self.file.name}
        return await self._asked("POST", f"/{number}?action={action}", named) is not None

    async def _asked(self, method: str, path: str, body: object = None) -> bytes | None:
        from aiohttp import ClientError

        with suppress(ClientError, OSError):
            async with (
                asyncio.timeout(_REPLY_SECONDS),
                self._session.request(method, self._address + path, json=body) as reply,
            ):
                content = await reply.read()
                return content if reply.ok else None
        return None


class _Load:
    """What others do with the processors, from its creation on, where the system tells (Linux).

    A thread of the engine that has to wait for a core makes all its threads wait, several times
    in every layer of the model.
    """

    def __init__(self) -> None:
        self._began, self._own, self._all = time.monotonic(), time.process_time(), _busy_seconds()

    def free_cores(self) -> int:
        """The cores that others leave to this process; at least one."""
        cores = _cores()
        elapsed, now = time.monotonic() - self._began, _busy_seconds()
        if self._all is None or now is None or elapsed < _LEAST_SECONDS or cores != os.cpu_count():
            return cores
        others = now - self._all - (time.process_time() - self._own)
        return max(1, min(cores, round(cores - others / elapsed)))


def _cores() -> int:
    """The cores on which this process may run."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return usable or 1


def _busy_seconds() -> float | None:
    """Seconds that all cores together have worked since the system started; None if unknown."""
    try:
        line = _STATISTICS.read_text(encoding="ascii").partition("\n")[0]
        user, nice, system, _idle, _wait, *rest = map(int, line.split()[1:])
        return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None


def _start(
    path: Path, key: str, slots: int, context: int, folder: Path, threads: int
) -> xllamacpp.Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = context * slots
    params.n_parallel = slots
    params.cache_ram_mib = 0
    params.verbosity = -1
    params.warmup = False
    params.endpoint_props = False
    params.endpoint_slots = True
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.slot_save_path = f"{folder}{os.sep}"
    params.ui = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise WeightsError(
            f"The embedded engine cannot load {path}: {error}.",
            hint="If it was pulled, remove it with 'extractor models rm' and pull it again.",
        ) from error
