"""When a request may be sent, and how long it waits for its next try.

Limits come from the user (`Limits`), from the server's ``x-ratelimit-*`` headers, and from its
rate-limit errors.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from extractor.llm.limits.circuit_breaker import MOST_WITNESSES, CircuitBreaker
from extractor.llm.limits.stop_signal import StopSignal
from extractor.llm.limits.windows import LONGEST_PAUSE_SECONDS, ServerLimit, SlidingWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from extractor.llm.answer import Usage
    from extractor.llm.limits.concurrency import AdaptiveConcurrency

_FIRST_PAUSE_SECONDS = 0.5
_SPREAD = 0.25
_GUESSED_TOKENS = 1500
BELIEVED_REFUSALS = 3
"""Refusals after which a request is refused for its own sake: under a rate limit that all share,
some requests are refused twice while others are answered."""

_MOST_ASIDE = 256
TOLD_SECONDS = 4.0
"""The user is told of a wait that is longer."""


@dataclass(frozen=True)
class Limits:
    """Requests and tokens per minute that must not be exceeded; None means no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


class Wait(Enum):
    """Why a request waits: for its next try, or for another process that has sent it as well."""

    FAILED = auto()
    REFUSED = auto()
    OUTAGE = auto()
    CLAIMED = auto()


class RateLimiter:
    """Releases requests one by one, as fast as all known limits allow.

    ``patience`` is how many seconds a rate limit or an outage is waited out for.
    """

    def __init__(
        self,
        concurrency: AdaptiveConcurrency,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        patience: float = math.inf,
    ) -> None:
        limits = limits or Limits()
        self.concurrency = concurrency
        self.stop_signal = StopSignal()
        self.breaker = CircuitBreaker(clock, patience)
        self.notify: Callable[[str], None] = lambda _: None
        self.backing_off: Counter[Wait] = Counter()
        self.on_back_off: set[Callable[[], None]] = set()
        self._clock = clock
        self._out = 0
        self._tokens_each: float = _GUESSED_TOKENS
        self._paused_until = 0.0
        self._told = False
        self._by_refusal = False
        self._refused_until: list[float] = []
        self._pause = _FIRST_PAUSE_SECONDS
        self._requests = _window(limits.requests_per_minute, clock)
        self._tokens = _window(limits.tokens_per_minute, clock)
        self._server_requests = ServerLimit("requests", clock)
        self._server_tokens = ServerLimit("tokens", clock)

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no reply yet."""
        return self._out

    @property
    def waits_for_others(self) -> bool:
        """Whether answers are awaited that another process has asked for."""
        return self.backing_off[Wait.CLAIMED] > 0

    def seconds_limited(self) -> float | None:
        """Seconds for which a rate limit holds requests back, all or some of them, and 0 while it
        is tried whether it still does; None where none does."""
        if self.breaker.seconds_open > 0:
            return self._delay() if self._by_refusal else None
        refused = min(self._refused_until, default=0.0) - self._clock()
        longest = max(self._delay(), refused)
        return longest if longest > 0 else None

    @property
    def places(self) -> int:
        """The number of papers that may be begun and not done.

        Those that wait for their next try leave their place to others: all of them after a failure
        of their own, or after `BELIEVED_REFUSALS`, few where the server asks for fewer requests,
        and in an outage as many as are needed to see whether other requests are answered.
        """
        waiting = self.backing_off
        # As many as other processes have in flight, so that there is an end to them.
        limit = self.concurrency.limit + waiting[Wait.CLAIMED]
        if not waiting or not self.breaker.answers:
            return limit
        return (
            limit
            + min(waiting[Wait.FAILED], _MOST_ASIDE)
            + min(waiting[Wait.REFUSED], max(2, limit // 16))
            + min(waiting[Wait.OUTAGE], MOST_WITNESSES)
        )

    async def back_off(self, seconds: float, why: Wait) -> None:
        """Wait for the next try, which takes its turn behind other requests."""
        with self.aside(why):
            with self._held_back(seconds if why is Wait.REFUSED else 0.0):
                await self.stop_signal.sleep(seconds)
            await self._wait_for_turn(behind=True)
        await self.room()

    @contextmanager
    def _held_back(self, seconds: float) -> Iterator[None]:
        """A rate limit holds one request back for so long."""
        until = self._clock() + seconds
        self._refused_until.append(until)
        try:
            yield
        finally:
            self._refused_until.remove(until)

    @contextmanager
    def aside(self, why: Wait) -> Iterator[None]:
        """Leave one's place to another paper for the time of a wait."""
        self.backing_off[why] += 1
        for each in self.on_back_off:
            each()
        try:
            yield
        finally:
            self.backing_off[why] -= 1

    async def room(self) -> None:
        """Wait until fewer requests are in flight than may be, after a wait `aside`."""
        while self._out >= self.concurrency.limit:
            await self.stop_signal.wait()

    async def clear(self) -> Sending:
        """Wait until a request may be sent. Raises the stop signal's reason once it is given."""
        self.stop_signal.check()
        await self._wait_for_turn()
        self._out += 1
        if self._requests:
            self._requests.take()
        entry = self._tokens.take(self._tokens_each) if self._tokens else None
        return Sending(self._clock(), entry)

    async def _wait_for_turn(self, *, behind: bool = False) -> None:
        while (delay := self._delay(behind=behind)) > 0:
            await self.stop_signal.wait(delay)

    def returned(
        self, sending: Sending, headers: Mapping[str, str], usage: Usage | None, *, clean: bool
    ) -> None:
        """Record a reply, or its absence (no headers); ``usage`` if it reported its tokens.

        A ``clean`` reply is an answer: pauses become short again, and concurrency may grow.
        """
        self._out -= 1
        self._server_requests.read(headers)
        self._server_tokens.read(headers)
        self.stop_signal.wake()
        if clean:
            self._pause = _FIRST_PAUSE_SECONDS
            self.concurrency.answered()
            self.breaker.answered()
            if self._told:
                self._told = False
                self.notify("It answers again.")
        tokens = usage.prompt_tokens + usage.completion_tokens if usage else 0
        if tokens > 0:
            self._tokens_each += (tokens - self._tokens_each) / 16
            if self._tokens and sending.entry:
                self._tokens.correct(sending.entry, tokens)

    def failed(self, sending: Sending, why: str, *, wait: float | None, refused: bool) -> bool:
        """A try failed in a way that may pass; returns whether that is an outage.

        ``refused`` says that it met a rate limit, ``wait`` how many seconds the server asks to wait
        for, ``why`` is for the user.
        """
        believed = BELIEVED_REFUSALS if refused else 1
        is_open = self.breaker.failed(
            sending.request,
            in_flight=self.concurrency.limit,
            begun=self._out + self.backing_off.total(),
            believed=believed,
        )
        if is_open and (refused or self.breaker.answers):
            self._by_refusal = refused
            self._limited(sending, why, wait)
            return True
        if refused:
            self.concurrency.refused()
        else:
            self.concurrency.failed()
        return False

    def _limited(self, sending: Sending, why: str, wait: float | None) -> None:
        """All requests pause, and concurrency is cut.

        Each pause is twice as long as the last, until an answer comes, if there is no ``wait``.
        """
        if self.concurrency.limited(sending.at):
            pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        else:
            pause = 0.0
        if wait is not None:
            pause = wait
        long = max(pause, self.breaker.seconds_open) >= TOLD_SECONDS
        # With the patience, the pauses end as well: papers that fail then do so at once.
        pause = min(pause, LONGEST_PAUSE_SECONDS, max(0.0, self.breaker.seconds_left))
        self._paused_until = max(self._paused_until, self._clock() + pause)
        if long and not self._told:
            self._told = True
            self.notify(f"{why} No request is answered: all papers wait until one is.")

    def _delay(self, *, behind: bool = False) -> float:
        """Seconds until a request may be sent, after a pause ``behind`` those that never failed: an
        answer to one of them ends what bad papers made look like an outage."""
        now = self._clock()
        if now < self._paused_until:
            # Spread out, so that waiting requests are not all sent at once.
            spread = _SPREAD * random.uniform(0.2, 1) if behind else 0.0  # noqa: S311
            return (self._paused_until - now) * (1 + spread)
        return max(
            self._requests.delay() if self._requests else 0.0,
            self._tokens.delay(self._tokens_each) if self._tokens else 0.0,
            self._server_requests.delay(self._out),
            self._server_tokens.delay(self._out * self._tokens_each),
        )


@dataclass(slots=True)
class Sending:
    """One request in flight: when it was sent, how many of the minute's tokens it takes, and which
    request it is, however often it is sent."""

    at: float
    entry: list[float] | None
    request: Hashable = None


def _window(limit: int | None, clock: Callable[[], float]) -> SlidingWindow | None:
    """A window where there is a limit: without one, nothing is recorded."""
    return None if limit is None else SlidingWindow(limit, clock)
