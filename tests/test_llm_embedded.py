"""The embedded engine on a slow machine, played by a server of the test's own."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from fault_server import completion

from extractor import Paper
from extractor.errors import EndpointError
from extractor.llm.providers import embedded
from extractor.llm.settings import ModelSettings
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

LOOKS, PATIENCE_SECONDS, SECONDS_A_LOOK = 10, 15.0, 8.0
FIELDS = (
    '{"method_name": "FooNet", "claimed_speedups": [], "benchmarks": [], "hardware": [],'
    ' "code_url": null}'
)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractor.llm.providers.embedded._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("extractor.llm.providers.embedded._OPENING_SECONDS", PATIENCE_SECONDS)


@asynccontextmanager
async def engine(
    monkeypatch: pytest.MonkeyPatch,
    state: Callable[[int], str],
    ready: Callable[[], object] = lambda: None,
) -> AsyncIterator[None]:
    """An engine that answers after so many looks at its slots, each of which takes 8 s.

    ``state`` is what the slots show at a look, from 1; ``ready`` is awaited by its start.
    """
    loop, answered, looks = asyncio.get_running_loop(), asyncio.Event(), 0
    real, passed = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + passed)

    async def slots(_: web.Request) -> web.Response:
        nonlocal looks, passed
        looks, passed = looks + 1, passed + SECONDS_A_LOOK
        if looks >= LOOKS:
            answered.set()
        return web.Response(text=state(looks))

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await answered.wait()
        reply = completion({"role": "assistant", "content": FIELDS})
        return web.Response(body=reply.body, content_type="application/json")

    app = web.Application()
    app.add_routes([web.get("/slots", slots), web.post("/v1/{path:.*}", answer)])
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    def start(*_: object) -> SimpleNamespace:
        ready()
        return SimpleNamespace(listening_address=f"http://127.0.0.1:{port}")

    monkeypatch.setattr("extractor.llm.providers.embedded._start", start)
    monkeypatch.setattr("extractor.llm.weights.files.is_pulled", lambda _: True)
    try:
        yield
    finally:
        answered.set()
        await runner.cleanup()


async def extract(shown: Callable[[str, float], None] = lambda _, __: None) -> str | None:
    settings = ModelSettings(approach="full-schema", wait_display=shown)
    calls = CallSettings(cache_dir=None, tries=1, timeout=PATIENCE_SECONDS)
    async with open_engine(load_task("paper"), settings, calls) as opened:
        record = await opened.extract(Paper("1", "FooNet: a study", "We present FooNet."))
    name: str | None = record.fields.method_name
    return name


async def test_an_engine_that_makes_tokens_is_not_timed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with engine(monkeypatch, lambda looks: f"[{looks} tokens]"):
        assert await extract() == "FooNet"


async def test_an_engine_that_makes_no_token_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine(monkeypatch, lambda _: "[7 tokens]"):
        with pytest.raises(EndpointError, match="has made no token for 15 s"):
            await extract()


async def test_what_is_waited_for_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    loading = threading.Event()

    def show(what: str, seconds: float) -> None:
        assert seconds >= 0
        shown.append(what)
        loading.set()

    async with engine(monkeypatch, str, ready=lambda: loading.wait(60)):
        await extract(show)
    assert list(dict.fromkeys(shown)) == [
        "the embedded model is loading",
        "the embedded model is answering",
    ]


@pytest.mark.parametrize(
    ("busy_cores", "threads"), [(0.0, 4), (0.3, 4), (1.1, 3), (3.0, 1), (9.0, 1), (None, 4)]
)
def test_the_engine_takes_the_cores_that_others_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy_cores: float | None, threads: int
) -> None:
    statistics, clock = tmp_path / "stat", [100.0]
    monkeypatch.setattr(embedded, "_STATISTICS", statistics)
    monkeypatch.setattr(embedded, "_cores", lambda: 4)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.process_time", lambda: clock[0])

    def work(seconds: float) -> None:
        ticks = round(seconds * os.sysconf("SC_CLK_TCK"))
        statistics.write_text(f"cpu  {ticks} 0 0 12345 67 0 0 0 0 0\ncpu0 1 1 1\n")

    if busy_cores is not None:
        work(1000)
    load = embedded._Load()
    clock[0] += 2.0
    if busy_cores is not None:
        work(1000 + 2.0 + 2.0 * busy_cores)  # the process itself kept one core busy
    assert load.free_cores() == threads
