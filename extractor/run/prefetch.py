"""The engine's source of papers: an iterator, or a thread that reads ahead.

Reading standard input or a slow disk must not delay answers, so a thread reads ahead, within
bounds.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from extractor.errors import UnreadableEntry
from extractor.readers import Unreadable
from extractor.record import Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from extractor.paper import Paper

_ITEMS_AHEAD = 1024
_CHARACTERS_AHEAD = 2**23
_JOIN_SECONDS = 5.0


def as_items(entries: Iterable[Paper | Unreadable]) -> Iterator[Paper | Failure]:
    """The items of a dump, with each unreadable entry as a failure."""
    return map(as_item, entries)


def as_item(entry: Paper | Unreadable) -> Paper | Failure:
    if not isinstance(entry, Unreadable):
        return entry
    return Failure(
        entry.id,
        entry.title,
        UnreadableEntry.kind,
        entry.message,
        line=entry.line or None,
        file=entry.file,
        source=entry.source,
    )


class PaperSource(ABC):
    """Supplies papers and failures in the order of the dump."""

    @abstractmethod
    async def take(self, most: int) -> list[Paper | Failure]:
        """The next 1 to ``most`` items, or none at the end of the dump.

        Raises what reading them raised.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop reading, and supply no more items."""


class Direct(PaperSource):
    """Takes items from an iterator on demand."""

    def __init__(self, items: Iterable[Paper | Failure]) -> None:
        self._items = iter(items)

    async def take(self, most: int) -> list[Paper | Failure]:
        return list(itertools.islice(self._items, most))

    def stop(self) -> None:
        self._items = iter(())


class Arriving(PaperSource):
    """Takes items one by one as they arrive."""

    def __init__(self, items: AsyncIterator[Paper | Failure]) -> None:
        self._items: AsyncIterator[Paper | Failure] | None = items
        self._turn = asyncio.Lock()

    async def take(self, most: int) -> list[Paper | Failure]:  # noqa: ARG002
        async with self._turn:
            if self._items is None:
                return []
            try:
                return [await anext(self._items)]
            except StopAsyncIteration:
                return []

    def stop(self) -> None:
        self._items = None


class Prefetch(PaperSource):
    """Reads ahead in a thread: at most a thousand entries, or eight million characters.

    ``release`` is called when no more items are wanted, to end a pending read.
    """

    def __init__(
        self, items: Iterable[Paper | Failure], release: Callable[[], None] = lambda: None
    ) -> None:
        self._items = items
        self._release = release
        self._ready: deque[Paper | Failure] = deque()
        self._characters = 0
        self._error: Exception | None = None
        self._ended = False
        self._room = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        # A pending read that cannot be ended must not delay the end of the run.
        self._thread = threading.Thread(target=self._read, name="extractor-dump", daemon=True)

    async def take(self, most: int) -> list[Paper | Failure]:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._thread.start()
        while not self._ready and not self._ended:
            self._changed.clear()
            if not self._ready and not self._ended:
                await self._changed.wait()
        if not self._ready and self._error is not None:
            raise self._error
        with self._room:
            taken = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
            self._characters -= sum(map(_size, taken))
            if self._has_room():
                self._room.notify()
        return taken

    def stop(self) -> None:
        with self._room:
            self._ended, self._error = True, None
            self._ready.clear()
            self._room.notify()
        self._changed.set()
        self._release()

    def join(self) -> None:
        """Wait until the thread has released the dump, but not for a read that never returns."""
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except Exception as error:  # noqa: BLE001 -- it is raised when the items are taken
            self._error = None if self._ended else error
        self._ended = True
        self._wake()

    def _put(self, item: Paper | Failure) -> bool:
        """Supply an entry and wait for room for the next one. False if the run is over."""
        with self._room:
            if self._ended:
                return False
            self._ready.append(item)
            self._characters += _size(item)
            first = len(self._ready) == 1
        if first:
            self._wake()
        if len(self._ready) >= _ITEMS_AHEAD or self._characters >= _CHARACTERS_AHEAD:
            with self._room:
                self._room.wait_for(lambda: self._ended or self._has_room())
        return not self._ended

    def _has_room(self) -> bool:
        return len(self._ready) < _ITEMS_AHEAD // 2 and self._characters < _CHARACTERS_AHEAD

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed, so there is no waiter
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._changed.set)


def _size(item: Paper | Failure) -> int:
    return 0 if isinstance(item, Failure) else len(item.abstract)
