"""Running the engine from a command that is not asynchronous."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from extractor.cli import termination
from extractor.run.session import open_engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from extractor.cli.progress import Report
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.settings import ModelSettings, WaitDisplay
    from extractor.record import SchemaT
    from extractor.run.engine import Engine
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.task import Task

ResultT = TypeVar("ResultT")


def run_engine(
    work: Callable[[Engine[SchemaT]], Awaitable[ResultT]],
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    *,
    report: Report,
    state: RunState | None = None,
    wait_display: WaitDisplay | None = None,
) -> tuple[ResultT, Endpoint]:
    """Do ``work`` with an engine. Returns its result and the endpoint that was asked.

    ``wait_display`` is that of the run's display; without one, long waits are lines.
    """
    shown = replace(
        model,
        pull_display=report.pulling,
        tell=report.say,
        wait_display=wait_display or report.wait_display(),
    )

    async def run() -> tuple[ResultT, Endpoint]:
        async with open_engine(task, shown, calls, state) as engine:
            termination.check()
            gc.freeze()  # spares the collector from searching what was loaded so far
            return await work(engine), engine.endpoint

    return asyncio.run(run())
