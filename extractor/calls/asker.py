"""From a question to an answer: the ledger first, then one call, however many ask at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from extractor.calls.ledger import answer_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.calls.answer import Answer
    from extractor.calls.caller import Caller
    from extractor.calls.ledger import Ledger


class Asker:
    """Answers request bodies for one task; the same body is paid once, also while in flight."""

    def __init__(self, task: str, caller: Caller, ledger: Ledger | None) -> None:
        self._task = task
        self._caller = caller
        self._ledger = ledger
        self._in_flight: dict[str, asyncio.Future[Answer]] = {}

    async def __call__(self, body: Mapping[str, Any]) -> Answer:
        """The answer to ``body``, durable in the ledger before it is returned."""
        key = answer_key(self._task, self._caller.endpoint.identity, body)
        if self._ledger is not None:
            stored = self._ledger.get(key)
            if stored is not None:
                return stored
        return await self._pay_once(key, body)

    async def _pay_once(self, key: str, body: Mapping[str, Any]) -> Answer:
        running = self._in_flight.get(key)
        if running is None:
            running = asyncio.ensure_future(self._pay(key, body))
            self._in_flight[key] = running
            running.add_done_callback(lambda _: self._in_flight.pop(key, None))
        return await asyncio.shield(running)

    async def _pay(self, key: str, body: Mapping[str, Any]) -> Answer:
        answer = await self._caller(body)
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.put, key, answer)
        return answer
