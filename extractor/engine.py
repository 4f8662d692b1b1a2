"""The engine: many papers through one approach, a bounded number at a time.

Results come in the order in which they are done; ``in_order`` puts them back into the order
of the dump.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic

from extractor.errors import PaperError
from extractor.record import Failure, Record, Result
from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator

    from extractor.approaches import Ask, Extraction
    from extractor.models import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task


class Engine(Generic[SchemaT]):
    """Extracts papers with one task at one endpoint."""

    def __init__(
        self, task: Task[SchemaT], endpoint: Endpoint, extraction: Extraction[SchemaT], ask: Ask
    ) -> None:
        self._task = task
        self._endpoint = endpoint
        self._extraction = extraction
        self._ask = ask

    async def extract(self, paper: Paper) -> Record[SchemaT]:
        """One paper's record. Raises PaperError, or EndpointError when no paper can be had."""
        draft = await self._extraction(paper, self._ask)
        return Record.of(paper, draft, model=self._endpoint.model, task=self._task.label)

    async def attempt(self, paper: Paper) -> Result[SchemaT]:
        """The border of one paper's work: what is wrong with it becomes its failure."""
        try:
            return await self.extract(paper)
        except PaperError as error:
            return Failure.of(paper, error)

    async def run(
        self, papers: Iterable[Paper | Failure]
    ) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        """Yield ``(position, result)`` as results are done; failures in ``papers`` pass through.

        Papers are taken from the iterator only when there is room for them. When the consumer
        stops or an EndpointError ends the run, what is in flight is cancelled.
        """
        source = enumerate(papers)
        running: dict[asyncio.Task[Result[SchemaT]], int] = {}
        try:
            while True:
                for position, passed in self._fill(running, source):
                    yield position, passed
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield running.pop(task), task.result()
        finally:
            await _cancel(running)

    def _fill(
        self,
        running: dict[asyncio.Task[Result[SchemaT]], int],
        source: Iterator[tuple[int, Paper | Failure]],
    ) -> Iterator[tuple[int, Failure]]:
        while len(running) < self._endpoint.concurrency:
            position, item = next(source, (None, None))
            if position is None or item is None:
                return
            if isinstance(item, Failure):
                yield position, item
            else:
                running[asyncio.ensure_future(self.attempt(item))] = position


async def _cancel(running: Iterable[asyncio.Task[Result[SchemaT]]]) -> None:
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def in_order(
    results: AsyncIterator[tuple[int, Result[SchemaT]]],
) -> AsyncIterator[Result[SchemaT]]:
    """Put results back into the order of their positions, holding those that are early."""
    waiting: dict[int, Result[SchemaT]] = {}
    following = 0
    async for position, result in results:
        waiting[position] = result
        while following in waiting:
            yield waiting.pop(following)
            following += 1
