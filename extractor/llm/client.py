"""Answer requests: from the store, or by one call, which is retried when a retry can help.

tenacity decides about retries. A rate limit does not use up tries: all requests wait it out
together, for up to 15 minutes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import tenacity
from pydantic_core import from_json, to_json

from extractor import errors
from extractor.llm.answer import Answer, Usage
from extractor.llm.faults import Fault, no_reply, strange_reply, timed_out
from extractor.llm.limits import LONGEST_PAUSE_SECONDS, RateLimiter
from extractor.llm.transport import NoReply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from extractor.llm.answer import Request
    from extractor.llm.budget import Budget, Reservation
    from extractor.llm.limits import Sending
    from extractor.llm.providers import Provider
    from extractor.llm.store import AnswerStore
    from extractor.llm.transport import Reply, Transport

logger = logging.getLogger("extractor.llm")

Asked: TypeAlias = "Answer | Awaitable[Answer] | None"
"""The answer if it is available already, else an awaitable of it, or None if there is none."""

PATIENCE_SECONDS = 900.0
"""Seconds for which one request waits out rate limits."""

# Raise it when the input of the key's hash changes.
_KEY_VERSION = 2
_FIRST_WAIT_SECONDS = 0.5
_TRIES_BEFORE_FIRST_ANSWER = 3
# Between looks at a request that another process has in flight.
_LOOK_SECONDS = 0.05


class _Prepared(NamedTuple):
    """A request as it is sent, and its key in the store."""

    path: str
    content: bytes
    key: str


class CachedClient:
    """Answers requests for one task; the same request is paid once, also while in flight in this
    process or in another one with the same store.

    ``since`` is the Unix time at which the run began. An answer paid for after that is not
    ``cached``, even if an earlier attempt at the run paid. Without ``since``, every answer from
    the store is ``cached``.
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
        """The stored answer, or None. Nothing is sent."""
        return self._stored(self._prepared(request))

    def ask(self, request: Request) -> Answer | Awaitable[Answer]:
        """The stored answer, else a call, started at once unless the same request is in flight.

        An awaited answer is on disk before it is returned.
        """
        prepared = self._prepared(request)
        return self._stored(prepared) or self._pay(prepared)

    def ask_again(self, request: Request) -> Answer | Awaitable[Answer]:
        """An answer paid for in this run; older answers in the store are ignored."""
        prepared = self._prepared(request)
        return self._stored(prepared, again=True) or self._pay(prepared, again=True)

    async def close(self) -> None:
        """Cancel the calls in flight; answers that have arrived are still stored."""
        running = list(self._in_flight.values())
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _prepared(self, request: Request) -> _Prepared:
        content = to_json(request.body)
        key = request_key(self._task, self._client.endpoint.identity, content)
        return _Prepared(request.path, content, key)

    def _stored(self, request: _Prepared, *, again: bool = False) -> Answer | None:
        """The answer in the store; with ``again``, only if this run paid for it."""
        answer = self._store.get(request.key) if self._store is not None else None
        if answer is None or self._since is None or answer.paid_at < self._since:
            return None if again else answer
        return answer.paid_in_this_run()

    def _pay(self, request: _Prepared, *, again: bool = False) -> Awaitable[Answer]:
        running = self._in_flight.get(request.key)
        if running is None:
            running = asyncio.ensure_future(self._call(request, again=again))
            self._in_flight[request.key] = running
            running.add_done_callback(lambda _: self._in_flight.pop(request.key, None))
        # One waiter that is cancelled must not cancel the call for the others, nor lose its answer.
        return asyncio.shield(running)

    async def _call(self, request: _Prepared, *, again: bool) -> Answer:
        store = self._store
        if store is None:
            return await self._client(request.path, request.content)
        if not store.claims.take(request.key):
            await self._claim_from_another(store, request)
        try:
            if not store.claims.alone and (stored := self._stored(request, again=again)):
                store.claims.release(request.key)
                return stored  # another process has stored it meanwhile
            answer = await self._client(request.path, request.content)
            await store.store(request.key, answer)  # which releases the claim
        except BaseException:
            store.claims.release(request.key)
            raise
        return answer

    async def _claim_from_another(self, store: AnswerStore, request: _Prepared) -> None:
        """Wait until another process has the answer or gives up, but not for ever."""
        logger.debug("another process has sent the same request")
        until = time.monotonic() + PATIENCE_SECONDS
        while not store.claims.take(request.key) and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            self._client.rate_limiter.stop_signal.check()


def request_key(task: str, model: str, content: bytes) -> str:
    """Hash of the task's fingerprint, the model's identity, and the request body as sent.

    The body holds the sampling settings and the paper's content, and no credentials.
    """
    digest = hashlib.sha256(to_json([_KEY_VERSION, task, model]))
    digest.update(content)
    return digest.hexdigest()


class RetryingClient:
    """Sends requests to one provider, which is opened at the first request.

    ``tries`` limits the requests for one answer, including the first and excluding those that
    met a rate limit; ``timeout`` limits one request, in seconds, up to the last byte of its reply.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        tries: int,
        timeout: float,
        rate_limiter: RateLimiter,
        budget: Budget,
    ) -> None:
        self.endpoint = provider.endpoint
        self.tries = tries
        self.timeout = timeout
        self.rate_limiter = rate_limiter
        self.budget = budget
        self._answered = False
        self._provider = provider
        self._transport: Transport | None = None
        self._opening: asyncio.Task[Transport] | None = None
        self._opened = AsyncExitStack()

    async def __call__(self, path: str, content: bytes) -> Answer:
        """Send a request (JSON) to a path of the API and return its answer.

        Raises PaperError if this request cannot be answered, EndpointError if no request can,
        CeilingReached if it might exceed a ceiling, Stopped if the run was asked to stop.
        """
        try:
            return await self._try(path, content, 1)
        except Fault as fault:
            first = fault
        if not first.error.retryable:
            raise self._final(first, 1)
        return await self._again(path, content, first)

    async def close(self) -> None:
        """Close the provider, even while it is opening."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self._opened.aclose()
        self._transport = self._opening = None

    async def _open(self) -> Transport:
        """The provider's transport, opened once; a run that stops cancels the opening."""
        opening = self._opening
        if opening is None:
            entering = self._opened.enter_async_context(self._provider.open())
            opening = self._opening = asyncio.ensure_future(entering)
        stopped = asyncio.ensure_future(self.rate_limiter.stop_signal.given())
        try:
            await asyncio.wait([opening, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():
                self.rate_limiter.stop_signal.check()
            self._transport = await asyncio.shield(opening)
        except errors.ExtractorError:
            if self._opening is opening:
                self._opening = None  # the next request may succeed
            raise
        finally:
            stopped.cancel()
        return self._transport

    async def _again(self, path: str, content: bytes, first: Fault) -> Answer:
        """Retry after a first fault, as tenacity decides."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, Fault) and error.error.retryable
            ),
            wait=_wait,
            stop=_Enough(self._limit),
            sleep=self.rate_limiter.stop_signal.sleep,
            reraise=True,
        )
        tried = 0
        try:
            async for attempt in attempts:
                with attempt:
                    tried += 1
                    if tried == 1:
                        raise first
                    return await self._try(path, content, tried)
        except Fault as fault:
            raise self._final(fault, tried) from fault
        raise AssertionError("tenacity ends by returning or raising")

    async def _try(self, path: str, content: bytes, tried: int) -> Answer:
        transport = self._transport or await self._open()
        reservation, sending = await self._turn(content)
        sent = transport.send(path, content)
        return await self._account(sent, content, tried, reservation, sending)

    async def _turn(self, content: bytes) -> tuple[Reservation | None, Sending]:
        """Wait until the ceilings and the rate limits allow a request."""
        stop_signal = self.rate_limiter.stop_signal
        while True:
            reservation = await self.budget.reserve(content, stop_signal)
            sending: Sending | None = None
            booked = False
            try:
                sending = await self.rate_limiter.clear()
                booked = reservation is None or (
                    await self.budget.book(reservation) and stop_signal.reason is None
                )
            finally:
                if not booked:
                    self.budget.release(reservation)
                    if sending is not None:
                        self.rate_limiter.returned(sending, {}, None, clean=False)
            if booked:
                return reservation, sending

    async def _account(
        self,
        sent: Coroutine[Any, Any, Reply],
        content: bytes,
        tried: int,
        reservation: Reservation | None,
        sending: Sending,
    ) -> Answer:
        """Await a reply, and count what was spent even if it fails."""
        reply: Reply | None = None
        answer: Answer | None = None
        usage: Usage | None = None
        lost = True  # until the reply says otherwise
        try:
            reply = await self._reply(sent)
            if reply.status != 200:
                raise self._provider.fault(reply)
            answer = self._read(reply, tried)
            usage = answer.usage
        except Fault as fault:
            usage, lost = fault.usage, fault.billed
            logger.debug("try %d failed: %s", tried, fault.error.kind)
            if fault.overloaded:
                self.rate_limiter.limited(sending, fault.wait)
            elif isinstance(fault.error, errors.TimedOut):
                self.rate_limiter.concurrency.limited(sending.at)
            raise
        finally:
            self.budget.settle(reservation, usage, content=content, lost=lost)
            headers = reply.headers if reply else {}
            self.rate_limiter.returned(sending, headers, usage, clean=answer is not None)
        self._answered = True
        logger.debug("answer at try %d, %d tokens", tried, usage.tokens)
        return answer

    async def _reply(self, sent: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            async with asyncio.timeout(self.timeout):
                return await sent
        except TimeoutError as error:
            raise timed_out(self.endpoint) from error
        except NoReply as error:
            raise no_reply(error, self.endpoint) from error

    def _read(self, reply: Reply, tried: int) -> Answer:
        if reply.content is None:
            raise strange_reply("too many bytes", self.endpoint)
        try:
            completion = from_json(reply.content)
        except ValueError as error:
            raise strange_reply("invalid JSON", self.endpoint) from error
        try:
            return Answer.from_completion(completion, tries=tried, now=time.time())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            usage = _usage(completion)
            raise strange_reply("no chat completion", self.endpoint, usage) from error

    def _limit(self, fault: Fault) -> int:
        """An endpoint that never answered gets fewer tries: it is probably not there."""
        unreached = isinstance(fault.error, errors.ConnectionLost) and not self._answered
        return min(self.tries, _TRIES_BEFORE_FIRST_ANSWER) if unreached else self.tries

    def _final(self, fault: Fault, tried: int) -> errors.ExtractorError:
        """The error with which the paper or the run fails."""
        error = fault.error
        if isinstance(error, errors.ConnectionLost) and not self._answered:
            error = errors.EndpointUnreachable(error.message)
        elif self._answered and fault.ambiguous:
            error = errors.RequestRejected(error.message, hint=error.hint)
        if isinstance(error, errors.PaperError):
            error.tries = tried
        return error


class _Enough:
    """Decides when to give up: after a number of tries (rate limits excluded), or after a time."""

    def __init__(self, limit: Callable[[Fault], int]) -> None:
        self._limit = limit
        self._counted = 0

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        fault = state.outcome.exception() if state.outcome else None
        if not isinstance(fault, Fault):
            return True
        if not isinstance(fault.error, errors.RateLimited):
            self._counted += 1
            return self._counted >= self._limit(fault)
        waited = state.seconds_since_start or 0.0
        return waited + (fault.wait or 0.0) > PATIENCE_SECONDS


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds to wait before a retry: 0 after a rate limit, which pauses all requests anyway; else
    what the server asks for, else exponential back-off with full jitter."""
    fault = state.outcome.exception() if state.outcome else None
    if isinstance(fault, Fault) and fault.overloaded:
        return 0.0
    if isinstance(fault, Fault) and fault.wait is not None:
        return min(fault.wait, LONGEST_PAUSE_SECONDS)
    backoff = tenacity.wait_random_exponential(_FIRST_WAIT_SECONDS, LONGEST_PAUSE_SECONDS)
    return float(backoff(state))


def _usage(completion: Any) -> Usage | None:
    """The tokens reported by a reply that holds no answer."""
    try:
        return Usage.from_completion(completion, tries=0)
    except (ValueError, TypeError, AttributeError):
        return None
