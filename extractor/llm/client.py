"""Answer requests: from the store, or by one call, which is retried when a retry can help.

tenacity decides about retries. Neither a rate limit nor an outage uses up tries: all requests wait
them out together, as long as the patience lasts.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import tenacity
from pydantic_core import PydanticSerializationError, from_json, to_json

from extractor import errors
from extractor.llm.answer import Answer, Usage
from extractor.llm.complaint import read_complaint
from extractor.llm.dialect import STATUSES, Dialect
from extractor.llm.faults import SUCCESSES, Fault, no_reply, strange_reply, timed_out
from extractor.llm.limits import (
    BELIEVED_REFUSALS,
    LONGEST_PAUSE_SECONDS,
    TOLD_SECONDS,
    RateLimiter,
    Wait,
)
from extractor.llm.reply_json import read_damaged_json
from extractor.llm.stream import joined
from extractor.llm.transport import NoReply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from extractor.llm.answer import Request
    from extractor.llm.batches import BatchApi
    from extractor.llm.budget import Budget, Reservation
    from extractor.llm.limits import Sending
    from extractor.llm.providers import Provider
    from extractor.llm.store import AnswerStore
    from extractor.llm.transport import Reply, Transport

logger = logging.getLogger("extractor.llm")

Asked: TypeAlias = "Answer | Awaitable[Answer] | None"
"""The answer if it is available already, else an awaitable of it, or None if there is none."""

# Raise it when the input of the key's hash changes.
_KEY_VERSION = 3
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 8.0
# While others are answered, there is nothing to be waited for.
_LONGEST_WAIT_ALONE_SECONDS = 0.5
_LONGEST_TITLE = 100
_TRIES_BEFORE_FIRST_ANSWER = 3
# Rate limits that one request meets while others are answered; with the waits, about a minute.
_MOST_REFUSALS = 16
_MAY_NAME_A_FIELD = (errors.RequestRejected, errors.UnknownModel, errors.ServerFailed)
# Between looks at a request that another process has in flight.
_LOOK_SECONDS = 0.05
_ELSEWHERE = (
    "Another process with this cache has sent some of the same requests and has no answers yet: "
    "their papers wait for it, and other papers are begun. If it hangs, end it."
)


class _Prepared(NamedTuple):
    """A request as it is sent, and its key in the store; ``limit`` is None for the endpoint's."""

    path: str
    content: bytes
    key: str
    limit: int | None


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
        self._opened = time.time()
        self._in_flight: dict[str, asyncio.Future[Answer]] = {}
        self._told = False
        self._tails: dict[tuple[int | None, bool], bytes] = {}

    @property
    def budget(self) -> Budget:
        """What is spent."""
        return self._client.budget

    @property
    def store(self) -> AnswerStore | None:
        """Where answers are kept, if they are."""
        return self._store

    def open_batches(self) -> AbstractAsyncContextManager[BatchApi]:
        """Connect to the provider's batches. Raises UsageError where it has none."""
        return self._client.open_batches()

    def key(self, request: Request) -> str:
        """The key of a request in the store."""
        return self._prepared(request).key

    def sent(self, request: Request) -> bytes:
        """The body of a request, in the form that the endpoint was found to accept."""
        return self._client.written(self._prepared(request).content)

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

    def ask_anew(self, request: Request) -> Answer | Awaitable[Answer]:
        """An answer paid for since this client exists, also within a run that continues."""
        prepared = self._prepared(request)
        stored = self._stored(prepared)
        paid_now = stored is not None and stored.paid_at >= self._opened
        return stored if stored and paid_now else self._pay(prepared, again=True)

    async def close(self) -> None:
        """Cancel the calls in flight; answers that have arrived are still stored."""
        running = list(self._in_flight.values())
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _prepared(self, request: Request) -> _Prepared:
        try:
            content = to_json(request.body)
        except PydanticSerializationError as error:
            raise errors.RequestRejected(
                f"The paper's text cannot be sent: {errors.one_line(str(error))}.",
                hint="Halves of surrogate pairs are no text: decode it again, or replace them.",
            ) from error
        key = request_key(self._task, self._client.endpoint.identity, content)
        added = request.limit, request.token_logprobs
        tail = self._tails.get(added)
        if tail is None:
            tail = b"," + to_json(self._client.endpoint.fields_for(*added))[1:]
            self._tails[added] = tail
        return _Prepared(request.path, content[:-1] + tail, key, request.limit)

    def _stored(self, request: _Prepared, *, again: bool = False) -> Answer | None:
        """The answer in the store; with ``again``, only if this run paid for it."""
        answer = self._store.get(request.key) if self._store is not None else None
        most = self._client.endpoint.max_tokens
        spent = answer.usage.completion_tokens if answer else 0
        if answer and answer.cut and not request.limit and 0 < spent < most:
            return None  # the limit is higher than the one that cut it off: it may go further
        if answer is None or self._since is None or answer.paid_at < self._since:
            return None if again else answer
        return answer.paid_in_this_run(earlier=answer.paid_at < self._opened)

    def _pay(self, request: _Prepared, *, again: bool = False) -> Awaitable[Answer]:
        running = self._in_flight.get(request.key)
        if running is None:
            running = asyncio.ensure_future(self._call(request, again=again))
            self._in_flight[request.key] = running
            running.add_done_callback(lambda call: self._ended(request.key, call))
        # One waiter that is cancelled must not cancel the call for the others, nor lose its answer.
        return asyncio.shield(running)

    def _ended(self, key: str, call: asyncio.Future[Answer]) -> None:
        self._in_flight.pop(key, None)
        if not call.cancelled():
            call.exception()  # asyncio prints one that nobody has looked at

    async def _call(self, request: _Prepared, *, again: bool) -> Answer:
        store = self._store
        if store is None:
            return await self._client(request.path, request.content)
        waited = not store.claims.take(request.key)
        if waited:
            await self._claim_from_another(store, request)
        try:
            if not store.claims.alone and (stored := self._stored(request, again=again)):
                store.claims.release(request.key)
                return stored  # another process has stored it meanwhile
            if waited:
                await self._client.rate_limiter.room()
            answer = await self._client(request.path, request.content)
            await store.store(request.key, answer)  # which releases the claim
        except BaseException:
            store.claims.release(request.key)
            raise
        return answer

    async def _claim_from_another(self, store: AnswerStore, request: _Prepared) -> None:
        """Wait until another process has the answer or gives up, but not for ever.

        Meanwhile another paper is begun: the other process may have been stopped or hang.
        """
        logger.debug("another process has sent the same request")
        limiter, begun = self._client.rate_limiter, time.monotonic()
        with limiter.aside(Wait.CLAIMED):
            while not store.claims.take(request.key):
                waited = time.monotonic() - begun
                if waited >= limiter.breaker.patience:
                    return
                if waited >= TOLD_SECONDS and not self._told:
                    self._told = True
                    limiter.notify(_ELSEWHERE)
                await asyncio.sleep(_LOOK_SECONDS)
                limiter.stop_signal.check()


def request_key(task: str, model: str, content: bytes) -> str:
    """Hash of the task's fingerprint, the model's identity, and the body of a `Request`.

    The body holds the sampling settings and the paper's content, and no credentials. The limit of
    the answer is not in it, nor whether the probabilities of its tokens are asked for, nor what the
    endpoint was found to accept (`Dialect`).
    """
    digest = hashlib.sha256(to_json([_KEY_VERSION, task, model]))
    digest.update(content)
    return digest.hexdigest()


class RetryingClient:
    """Sends requests to one provider, which is opened at the first request.

    ``tries`` limits the requests for one answer, including the first and excluding those that
    met a rate limit or an outage; ``timeout`` limits one request, in seconds, up to the last byte
    of its reply, as the provider's `time_limit` counts them. ``tell`` is called with a line for the
    user when all later requests are changed.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        tries: int,
        timeout: float,
        rate_limiter: RateLimiter,
        budget: Budget,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.endpoint = provider.endpoint
        self.tries = tries
        self.timeout = timeout
        self.rate_limiter = rate_limiter
        self.budget = budget
        self._tell = tell
        self._dialect = Dialect()
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
        if not first.retryable:
            raise self._final(first, 1)
        return await self._again(path, content, first)

    def open_batches(self) -> AbstractAsyncContextManager[BatchApi]:
        """Connect to the provider's batches. Raises UsageError where it has none."""
        return self._provider.open_batches()

    def written(self, content: bytes) -> bytes:
        """A request in the form that the endpoint was found to accept."""
        return self._dialect.write(content) if self._dialect.rules else content

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
        policy = _RetryPolicy(self)
        attempts = tenacity.AsyncRetrying(
            retry=policy.retry,
            wait=policy.wait,
            stop=policy.stop,
            sleep=policy.sleep,
            reraise=True,
        )
        tried, other = 0, first.other
        try:
            async for attempt in attempts:
                with attempt:
                    tried += 1
                    if tried == 1:
                        raise first
                    try:
                        return await self._try(path, content, tried, other)
                    except Fault as fault:
                        other = fault.keep_form(other)
                        raise
        except Fault as fault:
            raise self._final(fault, tried) from fault
        finally:
            self.rate_limiter.breaker.forget(hash(content))
        raise AssertionError("tenacity ends by returning or raising")

    async def _try(
        self, path: str, content: bytes, tried: int, other: bytes | None = None
    ) -> Answer:
        """Send a request once, in the form that the endpoint accepts, or in an ``other``."""
        transport = self._transport or await self._open()
        request = hash(content)
        content = self.written(content) if other is None else other
        reservation, sending = await self._turn(content)
        sending.request = request
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
            if reply.status not in SUCCESSES:
                raise self._fault(reply, content)
            answer = self._read(reply, tried)
            usage = answer.usage
        except Fault as fault:
            usage, lost = fault.usage, fault.billed
            logger.info("try %d failed: %s", tried, fault.error.kind)
            self._weigh(fault, tried, sending)
            raise
        finally:
            self.budget.settle(reservation, usage, content=content, lost=lost)
            headers = reply.headers if reply else {}
            self.rate_limiter.returned(sending, headers, usage, clean=answer is not None)
        self._answered = True
        logger.debug("answer at try %d, %d tokens", tried, usage.tokens)
        return answer

    def _weigh(self, fault: Fault, tried: int, sending: Sending) -> None:
        """Tell a fault of one request from one that all requests share."""
        if fault.resend or not fault.error.retryable:
            self.rate_limiter.breaker.answered()
            return
        fault.shared = self.rate_limiter.failed(
            sending,
            fault.error.message,
            wait=fault.wait,
            refused=isinstance(fault.error, errors.RateLimited),
        )
        if isinstance(fault.error, errors.TimedOut) and tried == 1:
            self.rate_limiter.concurrency.limited(sending.at)

    def _fault(self, reply: Reply, content: bytes) -> Fault:
        """What an error status means; a field that it names changes all later requests."""
        fault = self._provider.fault(reply)
        if reply.status not in STATUSES or not isinstance(fault.error, _MAY_NAME_A_FIELD):
            return fault
        if self._dialect.changes(content):
            fault.resend = True  # it was sent before the dialect was known
            return fault
        rule = self._dialect.remedy(content, reply.content or b"")
        if rule is None:
            return fault
        if not self._answered and rule not in self._dialect.rules:
            self._dialect, fault.resend = Dialect((*self._dialect.rules, rule)), True
            logger.info("for this run, %s", rule.remedy)
            self._tell(f"For this run, {rule.remedy}: {fault.error.message}")
        elif not fault.error.retryable:  # it is about this one paper, or one of several backends
            fault.other, fault.reversible = rule.rewritten(content), rule.reversible
        return fault

    async def _reply(self, sent: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            async with self._provider.time_limit(self.timeout):
                return await sent
        except TimeoutError as error:
            raise timed_out(self.endpoint) from error
        except NoReply as error:
            raise no_reply(error, self.endpoint) from error

    def _read(self, reply: Reply, tried: int) -> Answer:
        if reply.content is None:
            raise strange_reply("too many bytes", self.endpoint)
        try:
            completion = _completion(reply.content)
        except (ValueError, KeyError, TypeError, AttributeError):
            completion = self._damaged(reply.content)
        try:
            return Answer.from_completion(completion, tries=tried, now=time.time())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            fault = self._provider.fault(reply)  # an error in place of an answer, if it is one
            fault.usage = _usage(completion)
            raise fault from error

    def _damaged(self, content: bytes) -> Any:
        try:
            return read_damaged_json(content)
        except ValueError as error:
            page = read_complaint(content).words[:_LONGEST_TITLE]
            what = f"a web page: {page}" if content.lstrip()[:1] == b"<" else "invalid JSON"
            raise strange_reply(what, self.endpoint) from error

    def tries_for(self, fault: Fault) -> int:
        """An endpoint that never answered gets fewer tries: it is probably not there."""
        unreached = isinstance(fault.error, errors.ConnectionLost) and not self._answered
        return min(self.tries, _TRIES_BEFORE_FIRST_ANSWER) if unreached else self.tries

    def _final(self, fault: Fault, tried: int) -> errors.ExtractorError:
        """The error with which the paper or the run fails."""
        error = fault.error
        if isinstance(error, errors.ConnectionLost) and not self._answered:
            error = errors.EndpointUnreachable(error.message)
        elif self._answered and fault.alone:
            error = fault.alone
        if isinstance(error, errors.PaperError):
            error.tries = tried
        return error


class _RetryPolicy:
    """Decides for one request whether to try again, and when."""

    def __init__(self, client: RetryingClient) -> None:
        self._client = client
        self._failed = 0
        self._refused = 0
        self._waited = 0.0
        self._rewritten = False
        self._why: Wait | None = None
        self._waits: Counter[bool] = Counter()

    def retry(self, state: tenacity.RetryCallState) -> bool:
        fault = _fault(state)
        return fault is not None and fault.retryable

    def stop(self, state: tenacity.RetryCallState) -> bool:
        """Whether the tries, or the patience, are used up."""
        fault, breaker = _fault(state), self._client.rate_limiter.breaker
        if fault is None or (fault.wait or 0.0) > breaker.patience:
            return True
        if fault.resend:
            return False
        if fault.other is not None and self._rewritten and not fault.reversible:
            return True
        self._rewritten |= fault.other is not None
        if fault.shared:
            return breaker.seconds_left < 0
        if fault.overloaded and self._waited + state.upcoming_sleep > breaker.patience:
            return True
        if isinstance(fault.error, errors.RateLimited):
            self._refused += 1
            return self._refused >= _MOST_REFUSALS
        self._failed += 1
        return self._failed >= self._client.tries_for(fault)

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds: what the server asks for, else exponential back-off with full jitter.

        Rate limits and other faults are counted apart: the first 503 after three resets is no
        sign of an overload that lasts. 0 in an outage, in which all requests pause together, and
        where waiting changes nothing.
        """
        fault = _fault(state)
        assert fault is not None
        if fault.shared:
            self._why = Wait.OUTAGE
            return 0.0
        believed = fault.overloaded and self._refused < BELIEVED_REFUSALS
        self._why = Wait.REFUSED if believed else Wait.FAILED
        if fault.resend or fault.other is not None:
            self._why = None
            return 0.0
        if fault.wait is not None and (fault.overloaded or fault.wait <= LONGEST_PAUSE_SECONDS):
            return fault.wait
        most = _FIRST_WAIT_SECONDS * 2 ** self._waits[fault.overloaded]
        self._waits[fault.overloaded] += 1
        alone = not fault.overloaded and self._client.rate_limiter.breaker.failing_alone
        longest = _LONGEST_WAIT_ALONE_SECONDS if alone else _LONGEST_WAIT_SECONDS
        return random.uniform(0, min(most, longest))  # noqa: S311

    async def sleep(self, seconds: float) -> None:
        """Wait for the next try, if there is a reason to; meanwhile another paper is begun."""
        self._waited += seconds
        if self._why is not None:
            await self._client.rate_limiter.back_off(seconds, self._why)


def _fault(state: tenacity.RetryCallState) -> Fault | None:
    fault = state.outcome.exception() if state.outcome else None
    return fault if isinstance(fault, Fault) else None


def _completion(content: bytes) -> Any:
    """The JSON of a reply, which may be streamed although that was not asked for."""
    try:
        return from_json(content)
    except ValueError:
        return joined(content)


def _usage(completion: Any) -> Usage | None:
    """The tokens reported by a reply that holds no answer; None if it reports none."""
    try:
        return Usage.from_completion(completion, tries=0) if completion["usage"] else None
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
