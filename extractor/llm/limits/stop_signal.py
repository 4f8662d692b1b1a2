"""The signal that ends a run, for which everything that waits also waits."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from extractor.errors import ExtractorError


class Stopped(Exception):
    """The run is asked to stop: nothing more is sent."""


class StopSignal:
    """Open until the first reason to stop sending; from then on every waiter raises that reason."""

    def __init__(self) -> None:
        self.reason: ExtractorError | Stopped | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def close(self, reason: ExtractorError | Stopped) -> None:
        """Close it and wake all waiters. Only the first reason counts."""
        self.reason = self.reason or reason
        self.wake()

    def open(self) -> None:
        """Open it again for the next run."""
        self.reason = None

    def check(self) -> None:
        """Raise the reason to stop, if there is one."""
        if self.reason is not None:
            raise self.reason

    def wake(self) -> None:
        """Wake all waiters so that they check again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait this many seconds, or until woken. Raises the reason as soon as there is one."""
        self.check()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiting
        finally:
            self._waiting.discard(waiting)
        self.check()

    async def given(self) -> None:
        """Wait until there is a reason to stop; returns instead of raising it."""
        while self.reason is None:
            with suppress(ExtractorError, Stopped):
                await self.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait the full time, even when others are woken; raises as `wait` does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await self.wait(left)
        self.check()
