"""From a question to an answer: the store first, then one call, however many ask at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from extractor.llm.answer import NotKept
from extractor.llm.store import request_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.llm.answer import Answer
    from extractor.llm.client import RetryingClient
    from extractor.llm.store import AnswerStore


class CachedClient:
    """Answers request bodies for one task; the same body is paid once, also while in flight.

    ``since`` is the Unix time at which the run began: an answer that was paid for after it is
    not ``cached``, though an earlier attempt at the run may have paid. Without it, whatever
    comes from the store is.
    """

    def __init__(
        self,
        task: str,
        client: RetryingClient,
        store: AnswerStore | None,
        *,
        since: float | None = None,
    ) -> None:
        self._task = task
        self._caller = client
        self._store = store
        self._since = since
        self._in_flight: dict[str, asyncio.Future[Answer]] = {}

    async def __call__(self, body: Mapping[str, Any]) -> Answer:
        """The answer to ``body``, durable in the store before it is returned."""
        content = to_json(body)
        key = self._key(content)
        return self._kept(key) or await self._pay_once(key, content)

    async def recall(self, body: Mapping[str, Any]) -> Answer:
        """The answer that the store has, never a paid one. Raises NotKept where it has none."""
        answer = self._kept(self._key(to_json(body)))
        if answer is None:
            raise NotKept
        return answer

    async def afresh(self, body: Mapping[str, Any]) -> Answer:
        """An answer that was paid for in this run, whatever the store has from before."""
        content = to_json(body)
        key = self._key(content)
        kept = self._kept(key)
        return kept if kept and not kept.cached else await self._pay_once(key, content)

    async def close(self) -> None:
        """Give up what is in flight; what is answered already is stored all the same."""
        running = list(self._in_flight.values())
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _key(self, content: bytes) -> str:
        return request_key(self._task, self._caller.endpoint.identity, content)

    def _kept(self, key: str) -> Answer | None:
        if self._store is None:
            return None
        answer = self._store.get(key)
        if answer is None or self._since is None or answer.paid_at < self._since:
            return answer
        return replace(answer, cached=False)

    async def _pay_once(self, key: str, content: bytes) -> Answer:
        running = self._in_flight.get(key)
        if running is None:
            running = asyncio.ensure_future(self._pay(key, content))
            self._in_flight[key] = running
            running.add_done_callback(lambda _: self._in_flight.pop(key, None))
        # Whoever gives up waiting does not take the call from the others, or its answer from us.
        return await asyncio.shield(running)

    async def _pay(self, key: str, content: bytes) -> Answer:
        answer = await self._caller(content)
        if self._store is not None:
            await self._store.store(key, answer)
        return answer
