"""The engine: many papers through one approach, as many at a time as the endpoint takes.

Results come in the order in which they are done. What the store has is answered at once; the
rest is in flight until its call is answered and paid work is safe.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from extractor.debug_log import PAPER
from extractor.errors import EndpointError, ExtractorError, PaperError
from extractor.llm.answer import NotKept
from extractor.llm.concurrency import AdaptiveConcurrency
from extractor.llm.limits import RateLimiter, Stopped
from extractor.record import Failure, Record
from extractor.run.prefetch import Direct, PaperSource
from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Iterable, Iterator

    from extractor.approaches import Ask, Extraction
    from extractor.llm.providers import Endpoint
    from extractor.paper import Paper
    from extractor.record import Result
    from extractor.task import Task

logger = logging.getLogger("extractor.run.engine")

_STEPS_AT_ONCE = 64
_LOOK_EVERY = 8

# Failures of one kind, with no paper done between, after which the fault is the endpoint's: a
# million papers would fail in the same way. An answer that does not fit may well be the paper's
# fault several times in a row.
_TOO_MANY = {
    "rejected": 5,
    "server_error": 5,
    "timeout": 5,
    "connection": 5,
    "rate_limited": 5,
    "invalid_response": 25,
}


@dataclass
class Retry:
    """Asks again only for papers that failed: ids and titles of an earlier run's failures.

    ``left_out`` counts the papers that neither failed nor have their answers in the store.
    """

    failed: Container[tuple[str | None, str | None]]
    left_out: int = 0


class Engine(Generic[SchemaT]):
    """Extracts papers with one task at one endpoint.

    ``ask`` answers requests; ``recall`` only from the store, raising NotKept, and ``afresh``
    only with what this run pays for. ``rate_limiter`` says how many may be in flight.
    """

    def __init__(
        self,
        task: Task[SchemaT],
        endpoint: Endpoint,
        extraction: Extraction[SchemaT],
        ask: Ask,
        *,
        recall: Ask | None = None,
        afresh: Ask | None = None,
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._task = task
        self._extraction = extraction
        self.ask = ask
        self._recall = recall
        self._afresh = afresh or ask
        self.rate_limiter = rate_limiter or RateLimiter(AdaptiveConcurrency(endpoint.concurrency))
        self._flights: set[_Flight[SchemaT]] = set()

    async def extract(self, paper: Paper, *, afresh: bool = False) -> Record[SchemaT]:
        """One paper's record. Raises PaperError, or EndpointError when no paper can be had."""
        draft = await self._extraction(paper, self._afresh if afresh else self.ask)
        return Record.of(paper, draft, model=self.endpoint.model, task=self._task.label)

    async def attempt(self, paper: Paper, *, afresh: bool = False) -> Result[SchemaT]:
        """The border of one paper's work: what is wrong with it becomes its failure."""
        PAPER.set(paper.id)
        try:
            record = await self.extract(paper, afresh=afresh)
        except PaperError as error:
            logger.debug("failed: %s after %d tries", error.kind, error.tries)
            return Failure.of(paper, error)
        logger.debug("done")
        return record

    def recalled(self, paper: Paper) -> Result[SchemaT] | None:
        """What the ledger's answers make of a paper, None where it has not all of them."""
        if self._recall is None:
            return None
        working = self._extraction(paper, self._recall)
        try:
            working.send(None)
        except StopIteration as done:
            return Record.of(paper, done.value, model=self.endpoint.model, task=self._task.label)
        except NotKept:
            return None
        except PaperError as error:
            return Failure.of(paper, error)
        working.close()  # it waits for something else than an answer
        return None

    async def run(
        self, papers: Iterable[Paper | Failure] | PaperSource, *, retry: Retry | None = None
    ) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        """Yield ``(position, result)`` as results are done; failures in ``papers`` pass through.

        Papers are taken only when there is room for them. An error that ends the run is raised
        when those in flight are done; when the consumer stops, they are cancelled.
        """
        feed = papers if isinstance(papers, PaperSource) else Direct(papers)
        flight = _Flight(self, feed, retry)
        self._flights.add(flight)
        try:
            feed.start(flight.wake)
            async for each in flight.results():
                yield each
        finally:
            self._flights.discard(flight)
            await flight.end()

    def stop(self) -> None:
        """Take no more papers and send nothing more; what is in flight is finished."""
        for flight in self._flights:
            flight.stop(Stopped())


class _Flight(Generic[SchemaT]):
    """One run: what was taken, what is in flight, and what is done."""

    def __init__(self, engine: Engine[SchemaT], feed: PaperSource, retry: Retry | None) -> None:
        self._engine = engine
        self._feed = feed
        self._retry = retry
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._taken: deque[Paper | Failure] = deque()
        self._running: dict[asyncio.Task[Result[SchemaT]], int] = {}
        self._done: deque[tuple[int, Result[SchemaT]]] = deque()
        self._position = 0
        self._looks = -1
        self._in_a_row: Counter[str] = Counter()
        self._reason: Exception | None = None

    def wake(self) -> None:
        """Something is new; may be called from any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    def stop(self, reason: Exception) -> None:
        """Take and send nothing more. Only the first reason counts."""
        if self._reason is None:
            self._reason = reason
        if isinstance(reason, (ExtractorError, Stopped)):
            self._engine.rate_limiter.stop_signal.close(reason)
        self._feed.stop()
        self._taken.clear()
        self._changed.set()

    async def results(self) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        while True:
            self._changed.clear()
            for each in self._advance():
                yield each
            if not self._running and not self._done and not self._taken and self._feed.ended:
                break
            await asyncio.sleep(0)
            await self._changed.wait()
        if self._reason is not None and not isinstance(self._reason, Stopped):
            raise self._reason

    async def end(self) -> None:
        """Give up what is in flight, and leave the stop signal as it was."""
        self._feed.stop()
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._engine.rate_limiter.stop_signal.open()

    def _advance(self) -> Iterator[tuple[int, Result[SchemaT]]]:
        """What is done, and what can be done without waiting, some steps of it."""
        while self._done:
            yield self._done.popleft()
        for _ in range(_STEPS_AT_ONCE):
            room = self._engine.rate_limiter.level.limit - len(self._running)
            if room <= 0:
                return
            if not self._taken and not self._take(room):
                return
            result = self._begin(self._taken.popleft())
            if result is not None:
                yield self._next_position(), result
        self._changed.set()

    def _take(self, most: int) -> bool:
        try:
            self._taken.extend(self._feed.take(most))
        except ExtractorError as error:  # the dump breaks off; what came before is done
            self._reason = self._reason or error
            self._feed.stop()
        return bool(self._taken)

    def _begin(self, item: Paper | Failure) -> Result[SchemaT] | None:
        """The result, where it is there already; else the paper's work begins, if it is to."""
        if isinstance(item, Failure):
            return item
        if self._retry is not None:
            return self._begin_again(item, self._retry)
        found = self._look(item)
        if found is None:
            self._start(item)
        return found

    def _begin_again(self, paper: Paper, retry: Retry) -> Result[SchemaT] | None:
        if (paper.id, paper.title) in retry.failed:
            self._start(paper, afresh=True)
            return None
        found = self._engine.recalled(paper)
        retry.left_out += found is None
        return found

    def _look(self, paper: Paper) -> Result[SchemaT] | None:
        """Look into the ledger; only now and then while it has nothing, since asking does too."""
        self._looks += 1
        if self._looks % _LOOK_EVERY:
            return None
        found = self._engine.recalled(paper)
        if found is not None:
            self._looks -= 1  # look again at the next one
        return found

    def _start(self, paper: Paper, *, afresh: bool = False) -> None:
        task = asyncio.ensure_future(self._engine.attempt(paper, afresh=afresh))
        self._running[task] = self._next_position()
        task.add_done_callback(self._finished)

    def _next_position(self) -> int:
        self._position += 1
        return self._position - 1

    def _finished(self, task: asyncio.Task[Result[SchemaT]]) -> None:
        position = self._running.pop(task)
        self._changed.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            result = task.result()
            self._done.append((position, result))
            self._watch(result)
        elif isinstance(error, Exception):
            self.stop(error)

    def _watch(self, result: Result[SchemaT]) -> None:
        """End the run when one fault meets every paper."""
        if not isinstance(result, Failure):
            self._in_a_row.clear()
            return
        self._in_a_row[result.error] += 1
        times = self._in_a_row[result.error]
        if times >= _TOO_MANY.get(result.error, times + 1) and self._reason is None:
            self.stop(
                EndpointError(
                    f"{times} papers in a row failed, the last one because: {result.message}",
                    hint="What is done is kept: the same command goes on from there.",
                )
            )
