"""One request to an endpoint, tried again where that can help.

tenacity decides about trying again. A rate limit does not use up tries: it is waited out, for a
quarter of an hour at most, by everybody at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import tenacity
from pydantic_core import from_json

from extractor import errors
from extractor.llm.answer import Answer, Usage
from extractor.llm.budget import Budget
from extractor.llm.concurrency import AdaptiveConcurrency
from extractor.llm.faults import Fault, failed_reply, no_reply, strange_reply
from extractor.llm.limits import LONGEST_PAUSE_SECONDS, RateLimiter
from extractor.llm.transport import HttpTransport

if TYPE_CHECKING:
    from extractor.llm.budget import Reservation
    from extractor.llm.limits import Sending
    from extractor.llm.providers import Endpoint
    from extractor.llm.transport import Reply

logger = logging.getLogger("extractor.llm")

PATIENCE_SECONDS = 900.0
"""How long a rate limit is waited out for one answer."""

_FIRST_WAIT_SECONDS = 0.5
_TRIES_BEFORE_FIRST_ANSWER = 3


class RetryingClient:
    """Asks one endpoint. ``tries`` bounds the requests for one answer, the first included and
    rate limits apart; ``timeout`` bounds one request in seconds, however slowly it drips in."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        tries: int = 6,
        timeout: float = 120.0,
        patience: float = PATIENCE_SECONDS,
        rate_limiter: RateLimiter | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.tries = tries
        self.timeout = timeout
        self.rate_limiter = rate_limiter or RateLimiter(AdaptiveConcurrency(endpoint.concurrency))
        self.budget = budget or Budget()
        self._patience = patience
        self._answered = False
        self._lane = HttpTransport(endpoint)

    async def __call__(self, content: bytes) -> Answer:
        """Send a chat completion request (JSON) and return its answer.

        Raises a PaperError when this request cannot be answered, an EndpointError when none
        can, CeilingReached when it may cost too much, Stopped when nothing is sent any more.
        """
        try:
            return await self._try(content, 1)
        except Fault as fault:
            first = fault
        if not first.error.retryable:
            raise self._final(first, 1)
        return await self._again(content, first)

    async def close(self) -> None:
        await self._lane.close()

    async def _again(self, content: bytes, first: Fault) -> Answer:
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
                    return await self._try(content, tried)
        except Fault as fault:
            raise self._final(fault, tried) from fault
        raise AssertionError("tenacity ends by returning or raising")

    async def _try(self, content: bytes, tried: int) -> Answer:
        hold = await self.budget.reserve(content, self.rate_limiter.stop_signal)
        try:
            sending = await self.rate_limiter.clear()
        except BaseException:
            self.budget.release(hold)
            raise
        return await self._send(content, tried, hold, sending)

    async def _send(
        self, content: bytes, tried: int, hold: Reservation | None, sending: Sending
    ) -> Answer:
        """Send once, and keep the accounts whatever comes of it."""
        reply: Reply | None = None
        usage: Usage | None = None
        lost = True  # unless it turns out otherwise
        try:
            reply = await self._reply(content)
            if reply.status != 200:
                raise failed_reply(reply, self.endpoint)
            answer = self._read(reply, tried)
            usage = answer.usage
        except Fault as fault:
            usage, lost = fault.usage, fault.billed
            self._note(fault, tried, sending)
            raise
        finally:
            self.budget.settle(hold, usage, content=content, lost=lost)
            headers = reply.headers if reply else {}
            self.rate_limiter.returned(sending, headers, usage.tokens if usage else None)
        self._answered = True
        self.rate_limiter.answered()
        logger.debug("answer at try %d, %d tokens", tried, usage.tokens)
        return answer

    async def _reply(self, content: bytes) -> Reply:
        try:
            async with asyncio.timeout(self.timeout):
                return await self._lane.send(content)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
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
            self.rate_limiter.level.limited(sending.at)

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
