"""Where papers come from while the engine works: straight from an iterator, or read ahead.

Reading standard input or a slow disk must not keep answers waiting, so a thread reads ahead,
within bounds.
"""

from __future__ import annotations

import itertools
import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from extractor.record import Failure

_ITEMS_AHEAD = 1024
_CHARACTERS_AHEAD = 2**23
_JOIN_SECONDS = 5.0


class PaperSource(ABC):
    """Gives papers, and entries that are none, in the order of the dump."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether nothing more will come."""

    @abstractmethod
    def start(self, wake: Callable[[], None]) -> None:
        """Begin; ``wake`` is called, from any thread, when there is something new."""

    @abstractmethod
    def take(self, most: int) -> list[Paper | Failure]:
        """What is there, without waiting. Raises what reading it raised."""

    @abstractmethod
    def stop(self) -> None:
        """Read no more, and give out nothing any more."""


class Direct(PaperSource):
    """Takes from an iterator what is asked for, when it is asked for."""

    def __init__(self, items: Iterable[Paper | Failure]) -> None:
        self._items: Iterator[Paper | Failure] = iter(items)
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def start(self, wake: Callable[[], None]) -> None:
        """Nothing has to run for it."""

    def take(self, most: int) -> list[Paper | Failure]:
        if self._ended:
            return []
        taken = list(itertools.islice(self._items, most))
        self._ended = len(taken) < most
        return taken

    def stop(self) -> None:
        self._ended = True


class Prefetch(PaperSource):
    """Reads ahead in a thread: at most a thousand entries, or eight million characters.

    ``release`` is called when no more is wanted, to end a read that waits.
    """

    def __init__(
        self, items: Iterable[Paper | Failure], release: Callable[[], None] | None = None
    ) -> None:
        self._release = release or _nothing
        self._items = items
        self._ready: deque[Paper | Failure] = deque()
        self._characters = 0
        self._error: Exception | None = None
        self._done = False
        self._stopped = False
        self._room = threading.Condition()
        self._wake: Callable[[], None] = _nothing
        # A read that waits and cannot be ended must not hold up the end.
        self._thread = threading.Thread(target=self._read, name="extractor-dump", daemon=True)

    @property
    def ended(self) -> bool:
        return self._stopped or (self._done and not self._ready and self._error is None)

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._thread.start()

    def take(self, most: int) -> list[Paper | Failure]:
        if self._stopped:
            return []
        with self._room:
            taken = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
            self._characters -= sum(map(_size, taken))
            if not self._ready and self._error is not None:
                if not taken:
                    raise self._error
            elif self._has_room():
                self._room.notify()
        return taken

    def stop(self) -> None:
        with self._room:
            self._stopped = True
            self._room.notify()
        self._release()

    def join(self) -> None:
        """Wait until the thread has let go of the dump, but not for a dump that says nothing."""
        if self._thread.ident is not None:
            self._thread.join(_JOIN_SECONDS)

    def _has_room(self) -> bool:
        return len(self._ready) < _ITEMS_AHEAD // 2 and self._characters < _CHARACTERS_AHEAD

    def _read(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except Exception as error:  # noqa: BLE001 -- it is raised where the papers are taken
            self._error = error
        self._done = True
        self._wake()

    def _put(self, item: Paper | Failure) -> bool:
        """Hand out an entry; wait for room for the next one. False when the run is over."""
        with self._room:
            self._ready.append(item)
            self._characters += _size(item)
            first = len(self._ready) == 1
        if first:
            self._wake()
        if len(self._ready) >= _ITEMS_AHEAD or self._characters >= _CHARACTERS_AHEAD:
            with self._room:
                self._room.wait_for(lambda: self._stopped or self._has_room())
        return not self._stopped


def _size(item: Paper | Failure) -> int:
    return len(item.abstract) if isinstance(item, Paper) else 0


def _nothing() -> None:
    """Nobody waits yet, or nothing has to be let go of."""
