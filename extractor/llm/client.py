"""One request to an endpoint, tried again where that can help.

tenacity decides about trying again. A rate limit does not use up tries: it is waited out, for a
quarter of an hour at most, by everybody at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import tenacity
from pydantic_core import from_json

from extractor import errors
from extractor.llm.answer import Answer, Usage
from extractor.llm.budget import Budget
from extractor.llm.concurrency import AdaptiveConcurrency
from extractor.llm.faults import Fault, no_reply, strange_reply, timed_out
from extractor.llm.limits import LONGEST_PAUSE_SECONDS, RateLimiter
from extractor.llm.transport import NoReply

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from extractor.llm.budget import Reservation
    from extractor.llm.limits import Sending
    from extractor.llm.providers import Provider
    from extractor.llm.transport import Reply, Transport

logger = logging.getLogger("extractor.llm")

PATIENCE_SECONDS = 900.0
"""How long a rate limit is waited out for one answer."""

_FIRST_WAIT_SECONDS = 0.5
_TRIES_BEFORE_FIRST_ANSWER = 3


class RetryingClient:
    """Asks one provider, which is opened when the first question is put to it.

    ``tries`` bounds the requests for one answer, the first included and rate limits apart;
    ``timeout`` bounds one request in seconds, however slowly it drips in.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        tries: int = 6,
        timeout: float = 120.0,
        patience: float = PATIENCE_SECONDS,
        rate_limiter: RateLimiter | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.endpoint = endpoint = provider.endpoint
        self.tries = tries
        self.timeout = timeout
        self.rate_limiter = rate_limiter or RateLimiter(AdaptiveConcurrency(endpoint.concurrency))
        self.budget = budget or Budget()
        self._patience = patience
        self._answered = False
        self._provider = provider
        self._transport: Transport | None = None
        self._opening: asyncio.Task[Transport] | None = None
        self._opened = AsyncExitStack()

    async def __call__(self, path: str, content: bytes) -> Answer:
        """Send a request (JSON) to a path of the API and return its answer.

        Raises a PaperError when this request cannot be answered, an EndpointError when none
        can, CeilingReached when it may cost too much, Stopped when nothing is sent any more.
        """
        try:
            return await self._try(path, content, 1)
        except Fault as fault:
            first = fault
        if not first.error.retryable:
            raise self._final(first, 1)
        return await self._again(path, content, first)

    async def close(self) -> None:
        """Close the provider, also one that is still opening."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self._opened.aclose()
        self._transport = self._opening = None

    async def _open(self) -> Transport:
        """The provider's transport, opened once; given up as soon as the run is to stop."""
        if self._opening is None:
            opening = self._opened.enter_async_context(self._provider.open())
            self._opening = asyncio.ensure_future(opening)
        stopped = asyncio.ensure_future(self.rate_limiter.stop_signal.given())
        try:
            await asyncio.wait([self._opening, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not self._opening.done():
                self.rate_limiter.stop_signal.check()
            self._transport = await asyncio.shield(self._opening)
        except errors.ExtractorError:
            self._opening = None  # the next question may find it mended
            raise
        finally:
            stopped.cancel()
        return self._transport

    async def _again(self, path: str, content: bytes, first: Fault) -> Answer:
        """Go on after a first fault, as tenacity says."""
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_worth_retrying),
            wait=_wait,
            stop=_Enough(self._limit, self._patience),
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
        reservation = await self.budget.reserve(content, self.rate_limiter.stop_signal)
        try:
            sending = await self.rate_limiter.clear()
        except BaseException:
            self.budget.release(reservation)
            raise
        sent = transport.send(path, content)
        return await self._account(sent, content, tried, reservation, sending)

    async def _account(
        self,
        sent: Coroutine[Any, Any, Reply],
        content: bytes,
        tried: int,
        reservation: Reservation | None,
        sending: Sending,
    ) -> Answer:
        """Await a reply, and count what was spent whatever comes of it."""
        reply: Reply | None = None
        usage: Usage | None = None
        lost = True  # unless it turns out otherwise
        try:
            reply = await self._reply(sent)
            if reply.status != 200:
                raise self._provider.fault(reply)
            answer = self._read(reply, tried)
            usage = answer.usage
        except Fault as fault:
            usage, lost = fault.usage, fault.billed
            self._note(fault, tried, sending)
            raise
        finally:
            self.budget.settle(reservation, usage, content=content, lost=lost)
            headers = reply.headers if reply else {}
            self.rate_limiter.returned(sending, headers, usage.tokens if usage else None)
        self._answered = True
        self.rate_limiter.answered()
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
            raise strange_reply("far too much", self.endpoint)
        try:
            completion = from_json(reply.content)
        except ValueError as error:
            raise strange_reply("something else than JSON", self.endpoint) from error
        try:
            return Answer.from_completion(completion, tries=tried, now=time.time())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            usage = _usage(completion)
            raise strange_reply("no chat completion", self.endpoint, usage) from error

    def _note(self, fault: Fault, tried: int, sending: Sending) -> None:
        logger.debug("try %d failed: %s", tried, fault.error.kind)
        if fault.overloaded:
            self.rate_limiter.limited(sending, fault.wait)
        elif isinstance(fault.error, errors.TimedOut):
            self.rate_limiter.concurrency.limited(sending.at)

    def _limit(self, fault: Fault) -> int:
        """An endpoint that never answered is given up sooner: it is probably not there."""
        unreached = isinstance(fault.error, errors.ConnectionLost) and not self._answered
        return min(self.tries, _TRIES_BEFORE_FIRST_ANSWER) if unreached else self.tries

    def _final(self, fault: Fault, tried: int) -> errors.ExtractorError:
        """What the paper, or the run, fails with."""
        error = fault.error
        if isinstance(error, errors.ConnectionLost) and not self._answered:
            error = errors.EndpointUnreachable(error.message)
        elif self._answered and fault.ambiguous:
            error = errors.RequestRejected(error.message, hint=error.hint)
        if isinstance(error, errors.PaperError):
            error.tries = tried
        return error


class _Enough:
    """Says when to give up: after so many tries that no rate limit caused, or so long."""

    def __init__(self, limit: Any, patience: float) -> None:
        self._limit = limit
        self._patience = patience
        self._counted = 0

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        fault = state.outcome.exception() if state.outcome else None
        if not isinstance(fault, Fault):
            return True
        if not isinstance(fault.error, errors.RateLimited):
            self._counted += 1
            return self._counted >= int(self._limit(fault))
        waited = state.seconds_since_start or 0.0
        return waited + (fault.wait or 0.0) > self._patience


def _is_worth_retrying(error: BaseException) -> bool:
    return isinstance(error, Fault) and error.error.retryable


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds to wait: none of its own after a rate limit, which has everybody pause; else what
    the server asks for, else exponential back-off with full jitter."""
    fault = state.outcome.exception() if state.outcome else None
    if isinstance(fault, Fault) and fault.overloaded:
        return 0.0
    if isinstance(fault, Fault) and fault.wait is not None:
        return min(fault.wait, LONGEST_PAUSE_SECONDS)
    backoff = tenacity.wait_random_exponential(_FIRST_WAIT_SECONDS, LONGEST_PAUSE_SECONDS)
    return float(backoff(state))


def _usage(completion: Any) -> Usage | None:
    """The tokens that a reply without an answer tells all the same."""
    try:
        return Usage.from_completion(completion, tries=0)
    except (ValueError, TypeError, AttributeError):
        return None
