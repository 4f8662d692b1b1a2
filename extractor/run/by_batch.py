"""A run's requests by the provider's batches, before the run itself.

The first request of each paper that the store has no answer for goes up in a batch, and the answers
come down into the store. Then the run finds them there, and asks for the rest one by one: answers
that do not fit, and requests that the batch refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from extractor.errors import BatchFailed, ExtractorError, PaperError, UsageError
from extractor.llm.answer import Answer
from extractor.llm.batches import AT_A_TIME, LINES, Intake, request_line
from extractor.llm.store import batches as rows
from extractor.llm.store.batches import Batch
from extractor.paper import Paper
from extractor.plurals import counted
from extractor.run.spool import RequestFile, Spool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator

    from extractor.llm.answer import Request
    from extractor.llm.batches import BatchApi, BatchStatus
    from extractor.llm.store import AnswerStore
    from extractor.record import Failure
    from extractor.run.batch import Watcher
    from extractor.run.engine import Engine
    from extractor.run.state import RunState

T = TypeVar("T")

_READ = 256
_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS, _LOOKS_GROW = 1.0, 60.0, 1.5
_MOST_ROUNDS = 3
"""How often a request is submitted that gets no answer, before it is asked for by itself."""


class ByBatch:
    """Asks for the answers of a run by batches; `ahead` of the run itself.

    Raises UsageError where batches cannot be used.
    """

    def __init__(self, state: RunState) -> None:
        if state.store is None or state.run is None:
            raise UsageError(
                "--batch needs the cache, where its answers are kept.",
                hint="Leave out --no-cache.",
            )
        self._store: AnswerStore = state.store
        self._run = state.run.key
        self._notes: list[str] = []

    @asynccontextmanager
    async def ahead(
        self, engine: Engine[Any], items: Iterable[Paper | Failure], watcher: Watcher
    ) -> AsyncGenerator[Iterator[Paper | Failure]]:
        """Yield the items once, to be read again, when the batches of their papers have ended.

        Raises Stopped when the run is asked to stop: the batches go on.
        """
        if not engine.instant:
            raise UsageError(
                "--batch asks about each paper once, and this approach asks several questions.",
                hint="Add --approach full-schema, or leave out --batch.",
            )
        with Spool(self._store.directory) as spool:
            await spool.fill(items, engine.rate_limiter.stop_signal.check)
            async with engine.client.open_batches() as api:
                work = _Work(engine, api, self._store, self._run, watcher)
                try:
                    await work.run(spool)
                finally:
                    self._notes = work.notes()
            yield iter(spool)

    def notes(self) -> list[str]:
        """What the user should know of the batches."""
        return self._notes


class _Work:
    """The batches of one run."""

    def __init__(
        self,
        engine: Engine[Any],
        api: BatchApi,
        store: AnswerStore,
        run: str,
        watcher: Watcher,
    ) -> None:
        self._engine = engine
        self._client, self._budget = engine.client, engine.client.budget
        self._signal = engine.rate_limiter.stop_signal
        self._patience = engine.rate_limiter.breaker.patience
        self._model = engine.endpoint.identity
        self._api, self._store, self._run, self._watcher = api, store, run, watcher
        self._began = time.monotonic()
        self._most_lines = LINES
        self._submitted: Counter[str] = Counter()
        self._refused: set[str] = set()
        self._open: dict[str, Batch] = {}
        self._said: dict[str, BatchStatus] = {}
        self._intake = Intake(store, self._budget)
        self._asked = False

    def notes(self) -> list[str]:
        """What came of the batches, and what is still under way."""
        notes = self._intake.notes("by batch")
        if self._open:
            ids = ", ".join(batch.batch_id or batch.id for batch in self._open.values())
            notes.append(
                f"{counted(len(self._open), 'batch', 'batches')} under way ({ids}): the same "
                "command takes up what came of them, 'extractor batches cancel' cancels them."
            )
        if self._refused:
            notes.append(
                f"{counted(len(self._refused), 'request')} refused in a batch, and asked for one "
                "by one"
            )
        return notes

    async def run(self, spool: Spool) -> None:
        """Submit and wait until no more requests can be answered by batch."""
        while await self._in_turn(spool):
            await self._wait()
        self._watcher.batches("", 0)

    async def _in_turn(self, spool: Spool) -> bool:
        """Submit while no other process does: what one submits, the next one waits for."""
        turn = rows.submitting(self._model)
        while not self._store.claims.take(turn):
            await self._sleep(_FIRST_LOOK_SECONDS)
        try:
            return await self._submit(spool)
        finally:
            self._store.claims.release(turn)

    async def _submit(self, spool: Spool) -> bool:
        """Submit what no batch has; returns whether there is anything to wait for."""
        known = [each for each in rows.under_way(self._store) if each.model == self._model]
        of_key = {key: batch for batch in known for key in batch.keys}
        self._open = {batch.row_key: batch for batch in known if batch.run == self._run}
        self._budget.batches = {key: batch.most for key, batch in self._open.items()}
        with RequestFile(self._store.directory) as file:
            async with aclosing(self._missing(spool)) as missing:
                async for key, request in missing:
                    if batch := of_key.get(key):
                        self._open[batch.row_key] = batch
                    elif not await self._add(file, key, request):
                        break
            if file.keys:
                await self._begin(file)
        return bool(self._open)

    async def _add(self, file: RequestFile, key: str, request: Request) -> bool:
        """Add a request to the file, or submit that first; False where a ceiling is in the way."""
        if not self._asked:
            await self._ask(request)
            if self._client.recall(request) is not None:
                return True
        content = self._client.sent(request)
        line, most = request_line(key, request.path, content), self._budget.most_by_batch(content)
        if file.keys and not file.has_room(line, self._most_lines):
            await self._begin(file)
        if not self._budget.has_room(file.most + most):
            return False
        file.add(key, line, most)
        return True

    async def _missing(self, spool: Spool) -> AsyncGenerator[tuple[str, Request]]:
        """Yield the requests without an answer that may still be submitted, each once."""
        seen: set[str] = set()
        for number, paper in enumerate(spool):
            if number % _READ == 0:
                await asyncio.sleep(0)
                self._signal.check()
            first = self._first(paper) if isinstance(paper, Paper) else None
            if first is None or (key := self._client.key(first)) in seen:
                continue
            seen.add(key)
            if key not in self._refused and self._submitted[key] < _MOST_ROUNDS:
                yield key, first

    def _first(self, paper: Paper) -> Request | None:
        """The first request about a paper, if it has no answer in the store."""
        missing: list[Request] = []
        answered: list[Answer] = []

        def ask(request: Request) -> Answer | None:
            answer = self._client.recall(request)
            if answer is not None:
                answered.append(answer)
            elif not answered:
                missing.append(request)
            return answer

        try:
            self._engine.attempt(paper, ask).begin()
        except PaperError:
            return None  # which the run itself tells
        return missing[0] if missing else None

    async def _ask(self, request: Request) -> None:
        """Ask for one answer by itself: what is wrong with key, model or address shows at once."""
        self._asked = True
        asked = self._client.ask(request)
        try:
            if not isinstance(asked, Answer):
                await asked
        except PaperError:
            return  # of this one paper, which the run itself tells

    async def _begin(self, file: RequestFile) -> None:
        """Submit the file as a batch, and begin the next one; each step is on disk before it."""
        batch = Batch(self._model, self._run, file.keys, file.most)
        self._store.claims.take(batch.row_key)
        self._budget.batches[batch.row_key] = batch.most
        await rows.keep(self._store, batch)
        try:
            batch.file_id = await self._patiently(lambda: self._api.upload(file.written()))
        except ExtractorError:
            self._end(batch)
            raise
        await rows.keep(self._store, batch)
        await self._create(batch)
        file.clear()

    async def _create(self, batch: Batch) -> None:
        """Have the provider make the batch; one whose reply was lost is found again."""
        sent = False

        async def create() -> BatchStatus:
            nonlocal sent
            found = await self._find(batch) if sent else None
            sent = True
            try:
                return found or await self._api.create(batch.file_id or "", batch.id)
            except ExtractorError as error:
                if not error.retryable:  # it was refused: there is no such batch
                    self._end(batch)
                raise

        await self._known(batch, await self._patiently(create))

    async def _find(self, batch: Batch) -> BatchStatus | None:
        return await self._api.find(batch.file_id or "", batch.id)

    async def _known(self, batch: Batch, status: BatchStatus) -> None:
        """Put the provider's name of a batch on disk."""
        batch.batch_id = status.id
        self._open[batch.row_key], self._said[batch.row_key] = batch, status
        await rows.keep(self._store, batch)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the provider, again where that may help, as long as the patience lasts."""
        began, seconds = time.monotonic(), _FIRST_LOOK_SECONDS
        while True:
            try:
                return await ask()
            except ExtractorError as error:
                if not error.retryable or time.monotonic() - began > self._patience:
                    raise _of_run(error) from error
            await self._sleep(seconds)
            seconds = min(seconds * _LOOKS_GROW, _LONGEST_LOOK_SECONDS)

    async def _wait(self) -> None:
        """Wait until all open batches have ended, and store their answers."""
        seconds = _FIRST_LOOK_SECONDS
        while self._open:
            for batch in list(self._open.values()):
                await self._look_at(batch)
            self._tell()
            if self._open:
                await self._sleep(seconds)
                seconds = min(seconds * _LOOKS_GROW, _LONGEST_LOOK_SECONDS)

    async def _look_at(self, batch: Batch) -> None:
        if not self._store.claims.take(batch.row_key):  # another process polls it
            if not self._store.texts(batch.row_key):
                del self._open[batch.row_key]
            return
        if batch.file_id is None:  # nothing was submitted when its process died
            self._end(batch)
            return
        if batch.batch_id is None:
            found = await self._patiently(lambda: self._find(batch))
            await (self._known(batch, found) if found else self._create(batch))
        batch_id = batch.batch_id or ""
        status = await self._patiently(lambda: self._api.status(batch_id))
        self._said[batch.row_key] = status
        if status.ended:
            await self._collect(batch, status)

    async def _collect(self, batch: Batch, status: BatchStatus) -> None:
        """Store what came of a batch that has ended, whatever its state, and forget it."""
        for file_id in status.files:
            await self._patiently(partial(self._store_results, batch, file_id))
        alone = len(self._open) == 1
        if status.waits and alone and len(batch.keys) > 1:
            self._most_lines = max(1, len(batch.keys) // 2)
        elif not status.waits:
            self._submitted.update(batch.keys)
        left = sum(self._store.text(key) is None for key in batch.keys)
        cancelled = any(Batch.from_json(text).cancelled for text in self._row(batch))
        self._end(batch)
        if status.state == "failed" and not status.waits:
            raise BatchFailed(
                f"{self._engine.endpoint.address} refused the batch {status.id}: "
                f"{(status.reason or 'no reason is given').rstrip('.')}."
            )
        if status.state == "cancelled" and cancelled:
            raise BatchFailed(
                f"The batch {status.id} was cancelled: {counted(left, 'request')} of "
                f"{len(batch.keys):,} without an answer.",
                hint="Answers already paid for are kept. Run the same command again for the rest.",
            )
        if status.waits:
            await self._sleep(_LONGEST_LOOK_SECONDS if alone else _FIRST_LOOK_SECONDS)

    def _row(self, batch: Batch) -> Iterable[str]:
        return self._store.texts(batch.row_key).values()

    async def _store_results(self, batch: Batch, file_id: str) -> None:
        wanted, lines = set(batch.keys), []
        async for line in self._api.lines(file_id):
            lines.append(line)
            if len(lines) == AT_A_TIME:
                await self._store_lines(wanted, lines)
                lines = []
        await self._store_lines(wanted, lines)

    async def _store_lines(self, wanted: set[str], lines: list[bytes]) -> None:
        results = self._intake.read(lines, wanted)
        for result in (each for each in results if each.answer is None):
            self._budget.settle_line(None)
            if not result.again:
                self._refused.add(result.key)
        await self._intake.store(results)

    def _end(self, batch: Batch) -> None:
        rows.end(self._store, batch)
        self._budget.batches.pop(batch.row_key, None)
        self._open.pop(batch.row_key, None)

    def _tell(self) -> None:
        states = Counter(
            self._said[key].state.replace("_", " ") if key in self._said else "of another process"
            for key in self._open
        )
        lines = sum(len(batch.keys) for batch in self._open.values())
        done = sum(self._said[key].done for key in self._open if key in self._said)
        told = ", ".join(f"{number} {state}" for state, number in states.items())
        batches = counted(len(self._open), "batch", "batches")
        self._watcher.batches(
            f"{batches} ({told}), {done:,} of {counted(lines, 'request')} done",
            time.monotonic() - self._began,
        )

    async def _sleep(self, seconds: float) -> None:
        await self._signal.sleep(seconds)


def _of_run(error: ExtractorError) -> ExtractorError:
    """An error that ends the run: no paper is at fault."""
    if isinstance(error, PaperError):
        return BatchFailed(error.message, hint=f"{BatchFailed.hint} Run the same command again.")
    return error
