"""From a question to an answer: the store first, then one call, however many ask at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from pydantic_core import to_json

from extractor.llm.store import request_key

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from extractor.llm.answer import Answer, Request
    from extractor.llm.client import RetryingClient
    from extractor.llm.store import AnswerStore

Asked: TypeAlias = "Answer | Awaitable[Answer] | None"
"""The answer where it is there already, else what brings it, or None where nothing will."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request as it is sent, and its key in the store."""

    path: str
    content: bytes
    key: str


class CachedClient:
    """Answers requests for one task; the same request is paid once, also while in flight.

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
        self._client = client
        self._store = store
        self._since = since
        self._in_flight: dict[str, asyncio.Future[Answer]] = {}

    def recall(self, request: Request) -> Answer | None:
        """The store's answer; None where it has none. Nothing is paid."""
        return self._stored(self._prepared(request))

    def ask(self, request: Request) -> Answer | Awaitable[Answer]:
        """The store's answer, else a call, which begins at once unless the same is in flight.

        What is awaited is durable in the store before it is there.
        """
        prepared = self._prepared(request)
        return self._stored(prepared) or self._pay(prepared)

    def ask_again(self, request: Request) -> Answer | Awaitable[Answer]:
        """An answer that was paid for in this run, whatever the store has from before."""
        prepared = self._prepared(request)
        stored = self._stored(prepared)
        return stored if stored and not stored.cached else self._pay(prepared)

    async def close(self) -> None:
        """Give up what is in flight; what is answered already is stored all the same."""
        running = list(self._in_flight.values())
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _prepared(self, request: Request) -> _Prepared:
        content = to_json(request.body)
        key = request_key(self._task, self._client.endpoint.identity, content)
        return _Prepared(request.path, content, key)

    def _stored(self, request: _Prepared) -> Answer | None:
        answer = self._store.get(request.key) if self._store is not None else None
        if answer is None or self._since is None or answer.paid_at < self._since:
            return answer
        return replace(answer, cached=False)

    def _pay(self, request: _Prepared) -> Awaitable[Answer]:
        running = self._in_flight.get(request.key)
        if running is None:
            running = asyncio.ensure_future(self._call(request))
            self._in_flight[request.key] = running
            running.add_done_callback(lambda _: self._in_flight.pop(request.key, None))
        # Whoever gives up waiting does not take the call from the others, or its answer from us.
        return asyncio.shield(running)

    async def _call(self, request: _Prepared) -> Answer:
        answer = await self._client(request.path, request.content)
        if self._store is not None:
            await self._store.store(request.key, answer)
        return answer
