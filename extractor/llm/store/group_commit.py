"""Group commit: one thread writes the answers of many papers, one transaction at a time.

A writer's future is resolved only when its row is on disk. While one transaction is synced, rows
for the next one collect. The rows of one turn of an event loop are handed over together: row by
row, the first one of a burst would be a transaction of its own.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from extractor.errors import CacheError
from extractor.llm.store.bulk_insert import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Row: TypeAlias = tuple[str, str]
"""A key and its text."""


class _Waiting(NamedTuple):
    rows: tuple[Row, ...]
    stored: asyncio.Future[None]


class GroupCommit:
    """Writes rows with ``commit``, which stores all of them durably or raises CacheError.

    ``also`` returns rows, as of that moment, to add to every transaction.
    """

    def __init__(self, commit: Callable[[Sequence[Row]], None]) -> None:
        self._commit = commit
        self.also: Callable[[], Iterable[Row]] = tuple
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._turns: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        self._thread: threading.Thread | None = None

    def store(self, *rows: Row) -> asyncio.Future[None]:
        """A future that is done when the rows are on disk; its error is a CacheError."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="extractor-store", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        stored = loop.create_future()
        if loop not in self._turns:
            self._turns[loop] = []
            loop.call_soon(self._hand_over, loop)
        self._turns[loop].append(_Waiting(rows, stored))
        return stored

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        for waiting in self._turns.pop(loop, ()):
            self._queue.put(waiting)

    def close(self) -> None:
        """Write the waiting rows, and end."""
        if self._thread is not None:
            for loop in list(self._turns):
                self._hand_over(loop)
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, closing = self._gather(first)
            rows = [row for waiting in batch for row in waiting.rows]
            failed: CacheError | None = None
            try:
                self._commit([*rows, *self.also()])
            except CacheError as error:
                failed = error
            self._settle(batch, failed)
            if closing:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_ROWS // 2:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _settle(self, batch: list[_Waiting], error: CacheError | None) -> None:
        by_loop = defaultdict(list)
        for waiting in batch:
            by_loop[waiting.stored.get_loop()].append(waiting.stored)
        for loop, futures in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, futures, error)


def _resolve(futures: list[asyncio.Future[None]], error: CacheError | None) -> None:
    for future in futures:
        if future.done():  # the waiter was cancelled; the row is stored anyway
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
