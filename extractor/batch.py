"""A batch: one dump through the engine into an output, with failures set apart and counted."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from extractor.engine import in_order
from extractor.readers import Unreadable
from extractor.record import Failure, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from extractor.engine import Engine
    from extractor.paper import Paper
    from extractor.record import Result
    from extractor.task import SchemaT
    from extractor.writers import Sink


@dataclass
class Summary:
    """What a batch came to. Tokens are those paid for in this run; ``seconds`` of wall clock."""

    records: int = 0
    failures: int = 0
    cached: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    interrupted: bool = False
    seconds: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def papers(self) -> int:
        return self.records + self.failures

    def count(self, result: Result[SchemaT]) -> None:
        if isinstance(result, Failure):
            self.failures += 1
            self.kinds[result.error] = self.kinds.get(result.error, 0) + 1
            return
        self.records += 1
        self.refused += len(result.meta.dropped)
        if result.meta.cached:
            self.cached += 1
        else:
            self.prompt_tokens += result.meta.prompt_tokens
            self.completion_tokens += result.meta.completion_tokens


class Watcher(Protocol):
    """Is told of every result as it is done, for a progress display."""

    def done(self, result: Result[SchemaT], summary: Summary) -> None: ...

    def stopping(self) -> None: ...


class Stop:
    """Set by the first Ctrl-C: no more papers are taken. The second one cancels the run."""

    def __init__(self, watcher: Watcher) -> None:
        self.requested = False
        self._watcher = watcher

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Handle SIGINT in this event loop for the length of the block."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def handle() -> None:
            if self.requested and task is not None:
                task.cancel()
            self.requested = True
            self._watcher.stopping()

        try:
            loop.add_signal_handler(signal.SIGINT, handle)
        except NotImplementedError:  # Windows: Ctrl-C stays an exception
            yield
            return
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def until(self, items: Iterable[Paper | Failure]) -> Iterator[Paper | Failure]:
        return itertools.takewhile(lambda _: not self.requested, items)


def as_items(entries: Iterable[Paper | Unreadable]) -> Iterator[Paper | Failure]:
    """What a dump yields, with each unreadable entry as the failure that it becomes."""
    for entry in entries:
        if isinstance(entry, Unreadable):
            yield Failure(entry.id, entry.title, "unreadable", entry.message, line=entry.line)
        else:
            yield entry


async def run_batch(
    engine: Engine[SchemaT],
    items: Iterable[Paper | Failure],
    *,
    records: Sink,
    failures: Sink,
    watcher: Watcher,
) -> Summary:
    """Extract every item and write its record or failure, in the order of the dump.

    On the first SIGINT no more papers are taken and those in flight are finished; the summary
    says ``interrupted``. Raises EndpointError when no paper can be extracted.
    """
    summary, started = Summary(), time.monotonic()
    stop = Stop(watcher)
    with stop.on_interrupt():
        async with aclosing(engine.run(stop.until(items))) as done:
            async for result in in_order(_watched(done, watcher, summary)):
                sink = records if isinstance(result, Record) else failures
                sink.write(result.to_dict())
    summary.interrupted = stop.requested
    summary.seconds = time.monotonic() - started
    return summary


async def _watched(
    done: AsyncIterator[tuple[int, Result[SchemaT]]], watcher: Watcher, summary: Summary
) -> AsyncIterator[tuple[int, Result[SchemaT]]]:
    async for position, result in done:
        summary.count(result)
        watcher.done(result, summary)
        yield position, result
