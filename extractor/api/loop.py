"""An event loop in a thread of its own, for methods that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from extractor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

_UNWIND_SECONDS = 10.0


class LoopThread:
    """Runs coroutines for other threads.

    It works in notebooks, which have a loop of their own. A thread of which nothing waits at the
    end of the program, unlike the one of a portal: an Extractor need not be closed.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="extractor", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        return self._loop.is_closed()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine; the future may be cancelled. Raises UsageError in its own thread."""
        if threading.current_thread() is self._thread:
            work.close()
            raise UsageError(
                "The Extractor was called by the papers that it is reading.",
                hint="Make a list of them first.",
            )
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; Ctrl-C ends it, and it has ended when this raises."""
        ended = threading.Event()
        try:
            future = self.start(_told(work, ended))
        except UsageError:
            work.close()
            raise
        try:
            return future.result()
        except BaseException:
            if future.cancel():
                ended.wait(_UNWIND_SECONDS)
            raise

    def call_soon(self, function: Any) -> None:
        """Call a function in the loop's thread."""
        self._loop.call_soon_threadsafe(function)

    def close(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a last coroutine, and end the thread."""
        if threading.current_thread() is self._thread:  # the garbage collector's choice
            asyncio.ensure_future(work, loop=self._loop).add_done_callback(
                lambda _: self._loop.stop()
            )
            return
        try:
            self.wait(work)
        finally:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_UNWIND_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _told(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()
