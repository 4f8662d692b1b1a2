"""What is open in an event loop, and closed with it if not before."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

T = TypeVar("T")

_keepers: set[asyncio.Task[None]] = set()
"""A loop alone does not keep its tasks from the garbage collector."""


class Opened:
    """An exit stack that one task closes, when it is told to or is cancelled at the loop's end.

    Without that task, the end of the loop would close every generator at once, those that others
    stand on too. ``iterated`` are generators of results that have not come to their ends.
    """

    def __init__(self) -> None:
        self.iterated: set[AsyncGenerator[Any]] = set()
        self._stack = AsyncExitStack()
        self._keeper: asyncio.Task[None] | None = None

    async def enter(self, manager: AbstractAsyncContextManager[T]) -> T:
        """Enter a context until all is closed."""
        entered = await self._stack.enter_async_context(manager)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())
            _keepers.add(self._keeper)
            self._keeper.add_done_callback(_keepers.discard)
        return entered

    async def close(self) -> None:
        """Close everything; more may be entered afterwards."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _keep(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for results in tuple(self.iterated):
                with suppress(RuntimeError):  # another task awaits the next one, and is cancelled
                    await results.aclose()
            await self._stack.aclose()
