"""What ends a run early at the user's wish."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.run.batch import Watcher

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stoppable(Protocol):
    """What is told to take no more papers, as an engine."""

    def stop(self) -> None: ...


class Stop:
    """Ctrl-C: the first stops taking papers, the second cancels those in flight."""

    def __init__(self) -> None:
        self.requested = False
        self.forced = False
        self._begun: tuple[Stoppable, Watcher, asyncio.Task[Any] | None] | None = None

    def begin(self, engine: Stoppable, watcher: Watcher) -> None:
        """Stop this engine, in the current task, when it is requested."""
        self._begun = engine, watcher, asyncio.current_task()

    def request(self) -> None:
        """Ask once, or again; from the event loop of the run."""
        if self._begun is None:
            return
        engine, watcher, task = self._begun
        if self.requested and task is not None:
            self.forced = True
            task.cancel()
            return
        self.requested = True
        engine.stop()
        watcher.stopping()

    @contextmanager
    def on_interrupt(self) -> Iterator[Self]:
        """Request it by SIGINT and SIGTERM in this event loop during the block."""
        loop = asyncio.get_running_loop()
        handled = {}
        # Unsupported on Windows and outside the main thread: there Ctrl-C stays an exception.
        with suppress(NotImplementedError, ValueError, RuntimeError):
            for number in _SIGNALS:
                before = signal.getsignal(number)
                loop.add_signal_handler(number, self.request)
                handled[number] = before
        try:
            yield self
        finally:
            for number, before in handled.items():
                loop.remove_signal_handler(number)
                signal.signal(number, before)  # which the loop does not put back
