"""The engine: many papers through one approach, as many at a time as the endpoint can serve.

Results come in the order in which they are done. A paper whose answers are in the store is done at
once; any other is in flight until its answers have arrived and are on disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

import anyio
import anyio.to_thread

from extractor.approaches import Work
from extractor.debug_log import PAPER
from extractor.errors import EndpointError, ExtractorError, InternalError, PaperError
from extractor.llm.answer import Answer, Usage
from extractor.llm.limits import Stopped
from extractor.record import Failure, Record, SchemaT
from extractor.run.prefetch import Direct, PaperSource

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterable, Iterator

    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from extractor.approaches import Approach
    from extractor.confidence import MinConfidence
    from extractor.llm.answer import Request
    from extractor.llm.client import Asked, CachedClient
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.limits import RateLimiter
    from extractor.paper import Paper
    from extractor.record import Result
    from extractor.task import Task

logger = logging.getLogger("extractor.run")

_TURN_SECONDS = 0.1
"""How long papers are worked on before the event loop takes a turn, so that Ctrl-C is heard."""

_THREADS = 1
"""How many papers are computed on at a time; the encoder alone uses all cores."""

_RESULTS_WAITING = 64
"""The number of waiting results at which no more papers are begun."""

# Consecutive failures of one kind after which the endpoint is at fault: a million papers would
# fail in the same way. Invalid answers may be due to the papers several times in a row.
_TOO_MANY = {
    "rejected": 5,
    "server_error": 5,
    "timeout": 5,
    "connection": 5,
    "rate_limited": 5,
    "invalid_response": 25,
    "internal": 25,
}


@dataclass
class Retry:
    """Asks again only for papers that failed: ids and titles from an earlier run's failures file.

    ``left_out`` counts the papers that neither failed nor have all their answers in the store.
    """

    failed: Container[tuple[str | None, str | None]]
    left_out: int = 0


class Attempt(Generic[SchemaT]):
    """Drives an approach's generator for one paper; ``ask`` supplies the answers.

    `begin` goes as far as the available answers allow; `finish` awaits the others, and what is
    computed in a thread. So a paper is scored once and the store is asked once for each request.

    Failures are not cached: where stored answers make one, the paper is begun anew with
    ``ask_anew``, if it is given. No other answer is asked for where ``min_confidence`` makes one.
    """

    def __init__(
        self,
        paper: Paper,
        approach: Approach[SchemaT],
        ask: Callable[[Request], Asked],
        *,
        ask_anew: Callable[[Request], Asked] | None = None,
        threads: anyio.CapacityLimiter | None = None,
        model: str,
        task: str,
        min_confidence: MinConfidence | None = None,
    ) -> None:
        self.paper = paper
        self._approach = approach
        self._ask_anew = ask_anew
        self._min_confidence = min_confidence
        self._threads = threads
        self._labels = {"model": model, "task": task}
        self._awaited: Awaitable[Any] | None = None
        self._waits = False
        self._start(ask)

    @property
    def waits(self) -> bool:
        """Whether something is, or was, awaited: an answer, or a computation."""
        return self._waits

    def _start(self, ask: Callable[[Request], Asked]) -> None:
        self._steps = self._approach.steps(self.paper)
        self._ask = ask
        self._answers = 0
        self._stored = 0
        self._earlier = 0
        self._recalled = False
        self._usage = Usage()

    def begin(self) -> Record[SchemaT] | None:
        """Go as far as the available answers allow.

        Returns the record, or None if something is awaited or an answer will never come. Raises
        PaperError, or an error that ends the run.
        """
        return self._advance(None)

    async def finish(self, turn: Callable[[], Awaitable[None]] | None = None) -> Record[SchemaT]:
        """Await what `begin` asked for, and go on to the end; raises as it does.

        ``turn`` is awaited between an answer and the work on it.
        """
        try:
            record: Record[SchemaT] | None = None
            while record is None:
                assert self._awaited is not None
                sent = await self._awaited
                if turn is not None:
                    await turn()
                record = self._advance(self._counted(sent) if isinstance(sent, Answer) else sent)
        except Exception as error:
            self._border(error)
            raise
        return record

    def _advance(self, sent: Any) -> Record[SchemaT] | None:
        """Send the approach an answer or what was computed (None at first), and continue while
        answers are available.

        A schema's own validators may raise anything, also what ends a program: nothing that does
        so on purpose is awaited here.
        """
        try:
            return self._steps_on(sent)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._border(error)
            raise

    def _steps_on(self, sent: Any) -> Record[SchemaT] | None:
        try:
            while True:
                step = self._steps.send(sent)
                if isinstance(step, Work) and self._threads is None:
                    sent = step.run()
                    continue
                asked = self._computed(step) if isinstance(step, Work) else self._ask(step)
                if not isinstance(asked, Answer):
                    self._awaited = asked
                    self._waits = self._waits or asked is not None
                    return None
                self._recalled = True
                sent = self._counted(asked)
        except StopIteration as done:
            logger.debug("done")
            cached = 0 < self._answers == self._stored
            earlier = not cached and 0 < self._answers == self._stored + self._earlier
            record: Record[SchemaT] = Record.of(
                self.paper,
                done.value,
                usage=self._usage,
                cached=cached,
                earlier=earlier,
                **self._labels,
            )
            return self._min_confidence.of_record(record) if self._min_confidence else record
        except PaperError:
            if not self._recalled or self._ask_anew is None:
                raise
            self._start(self._ask_anew)
            self._ask_anew = None
            return self._steps_on(None)

    def _computed(self, work: Work) -> Awaitable[Any]:
        """What is computed in a thread; nobody waits for it after a cancellation."""
        return anyio.to_thread.run_sync(work.run, limiter=self._threads, abandon_on_cancel=True)

    def _border(self, error: BaseException) -> None:
        """Whatever goes wrong with one paper is its failure: the others are done all the same."""
        if isinstance(error, PaperError):
            error.tries = error.tries or self._usage.tries
        elif not isinstance(error, (ExtractorError, Stopped)):
            logger.debug("unexpected", exc_info=error)
            raise InternalError.of(error, tries=self._usage.tries) from error

    def _counted(self, answer: Answer) -> Answer:
        self._answers += 1
        self._stored += answer.cached
        self._earlier += answer.earlier
        self._usage = self._usage + answer.usage
        return answer


class Engine(Generic[SchemaT]):
    """Extracts papers with one task at one endpoint."""

    def __init__(
        self,
        task: Task[SchemaT],
        endpoint: Endpoint,
        approach: Approach[SchemaT],
        client: CachedClient,
        rate_limiter: RateLimiter,
        min_confidence: MinConfidence | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.client = client
        self.rate_limiter = rate_limiter
        self.min_confidence = min_confidence
        self._task = task
        self._approach = approach
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._runs: set[_Run[SchemaT]] = set()
        self._stoppable = 0

    @property
    def instant(self) -> bool:
        """Whether the first request of a paper takes no work (`Approach.instant`)."""
        return self._approach.instant

    async def extract(self, paper: Paper) -> Record[SchemaT]:
        """One paper's record. Raises PaperError, or EndpointError if no paper can be extracted."""
        PAPER.set(paper.id)
        attempt = self.attempt(paper)
        return attempt.begin() or await attempt.finish()

    def attempt(
        self, paper: Paper, ask: Callable[[Request], Asked] | None = None
    ) -> Attempt[SchemaT]:
        """An attempt at a paper, not begun yet; without ``ask``, it may ask for every answer.

        With ``ask``, `begin` computes at once: whether an answer will come is known then.
        """
        return Attempt(
            paper,
            self._approach,
            ask or self.client.ask,
            ask_anew=None if ask or self.endpoint.repeats else self.client.ask_anew,
            threads=None if ask else self._threads,
            model=self.endpoint.model,
            task=self._task.label,
            min_confidence=self.min_confidence,
        )

    async def run(
        self, papers: Iterable[Paper | Failure] | PaperSource, *, retry: Retry | None = None
    ) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        """Yield ``(position, result)`` as results are done; failures in ``papers`` pass through.

        A paper is taken only when it can be begun. An error that ends the run is raised when those
        in flight are done; if the consumer stops, they are cancelled.
        """
        source = papers if isinstance(papers, PaperSource) else Direct(papers)
        send, receive = anyio.create_memory_object_stream[tuple[int, "Result[SchemaT]"]](
            _RESULTS_WAITING
        )
        run = _Run(self, source, send, retry)
        # A separate task, since the consumer may take each result in a different task.
        running = asyncio.ensure_future(run.work())
        self._runs.add(run)
        try:
            while (each := await _next(receive)) is not None:
                yield each
            await running
        finally:
            self._runs.discard(run)
            source.stop()
            receive.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self.rate_limiter.stop_signal.open()

    def stop(self) -> None:
        """Take no more papers and send no more requests; those in flight are finished."""
        for run in self._runs:
            run.stop(Stopped())
        if self._stoppable:
            self.rate_limiter.stop_signal.close(Stopped())

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Heed a stop for the length of the block, also while no run has begun."""
        self._stoppable += 1
        try:
            yield
        finally:
            self._stoppable -= 1
            self.rate_limiter.stop_signal.open()


async def _next(
    results: MemoryObjectReceiveStream[tuple[int, Result[SchemaT]]],
) -> tuple[int, Result[SchemaT]] | None:
    """The next result, without a turn of the event loop if one is ready."""
    try:
        return results.receive_nowait()
    except anyio.WouldBlock:
        pass
    except anyio.EndOfStream:
        return None
    try:
        return await results.receive()
    except anyio.EndOfStream:
        return None


class _Run(Generic[SchemaT]):
    """One run: workers take papers, as many at a time as concurrency allows."""

    def __init__(
        self,
        engine: Engine[SchemaT],
        source: PaperSource,
        results: MemoryObjectSendStream[tuple[int, Result[SchemaT]]],
        retry: Retry | None,
    ) -> None:
        self._engine = engine
        self._source = source
        self._results = results
        self._retry = retry
        self._rate_limiter = engine.rate_limiter
        self._room = anyio.CapacityLimiter(self._rate_limiter.places)
        self._workers = 0
        self._waiting = 0
        self._begun = 0
        self._begun_by_last_success = 0
        self._all_taken = anyio.Event()
        self._taken: deque[Paper | Failure] = deque()
        self._position = 0
        self._in_a_row: Counter[str] = Counter()
        self._reason: Exception | None = None
        self._turn = 0
        self._turn_ends = 0.0

    async def work(self) -> None:
        """Work on every paper. Raises the error that ended the run, unless the user stopped it."""
        async with self._results, anyio.create_task_group() as workers:
            adapt = partial(self._adapt, workers)
            self._rate_limiter.on_back_off.add(adapt)
            try:
                adapt()
                await self._all_taken.wait()
            finally:
                self._rate_limiter.on_back_off.discard(adapt)
        if self._reason is not None and not isinstance(self._reason, Stopped):
            raise self._reason

    def stop(self, reason: Exception) -> None:
        """Stop taking papers and sending requests. Only the first reason counts."""
        if self._reason is None:
            self._reason = reason
        if isinstance(reason, (ExtractorError, Stopped)):
            self._rate_limiter.stop_signal.close(reason)
        self._source.stop()
        self._taken.clear()

    def _adapt(self, workers: TaskGroup) -> None:
        """Let as many workers run as papers may be in flight now."""
        places = self._room.total_tokens = self._rate_limiter.places
        while self._workers < places:
            self._workers += 1
            workers.start_soon(self._work_on, workers)

    async def _work_on(self, workers: TaskGroup) -> None:
        """Take one paper after another, and pause while too many are in flight."""
        async with self._room:
            while await self._take():
                await self._let_others_run()
                if not self._taken:
                    continue
                await self._do(self._taken.popleft())
                if self._rate_limiter.places != self._room.total_tokens:
                    self._adapt(workers)
                if self._room.available_tokens < 0:
                    self._room.release()
                    await self._room.acquire()

    async def _let_others_run(self) -> None:
        """Wait for the event loop's next turn, once this one has lasted long enough.

        Papers are begun, and answers worked on, without waiting for anything, and many answers
        may come at once: of all workers only one goes on in a turn that is over.
        """
        while time.monotonic() > self._turn_ends:
            turn = self._turn
            await asyncio.sleep(0)
            if turn == self._turn:
                self._turn += 1
                self._turn_ends = time.monotonic() + _TURN_SECONDS
                return

    async def _take(self) -> bool:
        """Take as many papers as may be in flight now, if none is left; False if none ever is."""
        if not self._taken:
            room = max(1, self._rate_limiter.places - self._waiting)
            try:
                self._taken.extend(await self._source.take(room))
            except Exception as error:  # noqa: BLE001 -- it is raised when the others are done
                self._reason = self._reason or error
                self._source.stop()
        if not self._taken:
            self._all_taken.set()
            return False
        return True

    async def _do(self, item: Paper | Failure) -> None:
        """Work on one paper, and turn its error into a failure."""
        position, self._position = self._position, self._position + 1
        if isinstance(item, Failure):
            await self._send(position, item)
            return
        PAPER.set(item.id)
        attempt = self._engine.attempt(item, self._ask(item))
        begun, self._begun = self._begun, self._begun + 1
        result: Result[SchemaT]
        try:
            found = attempt.begin()
            if found is None and not attempt.waits:
                assert self._retry is not None
                self._retry.left_out += 1
                self._position = position
                return
            result = found or await self._finished(attempt)
        except PaperError as error:
            logger.debug("failed: %s after %d tries", error.kind, error.tries)
            result = Failure.of(item, error)
        except Exception as error:  # noqa: BLE001 -- it ends the run when the other papers are done
            self.stop(error)
            return
        if attempt.waits:
            self._watch(result, begun)
        await self._send(position, result)
        if attempt.waits:
            # Papers that end together begin their next requests together: a quarter more papers a
            # second than one by one, since requests and stored answers then go out in batches.
            await asyncio.sleep(0)

    async def _finished(self, attempt: Attempt[SchemaT]) -> Record[SchemaT]:
        self._waiting += 1
        try:
            return await attempt.finish(self._let_others_run)
        finally:
            self._waiting -= 1

    def _ask(self, paper: Paper) -> Callable[[Request], Asked] | None:
        """Where a paper's answers come from, if only those that failed are asked again."""
        if self._retry is None:
            return None
        client = self._engine.client
        failed = (paper.id, paper.title) in self._retry.failed
        return client.ask_again if failed else client.recall

    async def _send(self, position: int, result: Result[SchemaT]) -> None:
        try:
            self._results.send_nowait((position, result))
        except anyio.WouldBlock:
            await self._results.send((position, result))

    def _watch(self, result: Result[SchemaT], begun: int) -> None:
        """End the run if every paper that was begun after the last success meets the same fault.

        Those begun before it say nothing: papers that fail take longest, so they end in a row. At
        the end of the dump nothing is left to be saved.
        """
        if not isinstance(result, Failure):
            self._in_a_row.clear()
            self._begun_by_last_success = self._begun
            return
        if begun < self._begun_by_last_success or self._all_taken.is_set():
            return
        self._in_a_row[result.error] += 1
        times = self._in_a_row[result.error]
        if times >= _TOO_MANY.get(result.error, times + 1) and self._reason is None:
            self.stop(
                EndpointError(
                    f"{times} papers in a row failed, the last one because: {result.message}",
                    hint="Finished papers are kept: run the same command again to continue.",
                )
            )
