"""When a request may be sent: pauses, rate limits, outages, and the signal that ends a run.

Limits come from the user (`Limits`), from the server's ``x-ratelimit-*`` headers, and from its
rate-limit errors.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from extractor.errors import ExtractorError
from extractor.llm.circuit_breaker import MOST_WITNESSES, CircuitBreaker

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from extractor.llm.answer import Usage


WINDOW_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.5
_SPREAD = 0.25
_BLINK_SECONDS = 0.001
_GUESSED_TOKENS = 1500
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
START = 16
"""Papers in flight at first, unless the cap is lower."""

_CUT = 0.8
_FEW_REFUSED = 0.05
_CUTS_IN_VAIN = 3
_STEP = 0.05
# The share of a raise that must show up as throughput; with less, requests only queue.
_WORTH = 0.3
_RAISED = 1.2
_ROUNDS_OF_REST = 20
_BELIEVED_REFUSALS = 3
"""Refusals after which a request is refused for its own sake: under a rate limit that all share,
some requests are refused twice while others are answered."""

_TOLD_SECONDS = 4.0

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Stopped(Exception):
    """The run is asked to stop: nothing more is sent."""


@dataclass(frozen=True)
class Limits:
    """Requests and tokens per minute that must not be exceeded; None means no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


class StopSignal:
    """Open until the first reason to stop sending; from then on every waiter raises that reason."""

    def __init__(self) -> None:
        self.reason: ExtractorError | Stopped | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def close(self, reason: ExtractorError | Stopped) -> None:
        """Close it and wake all waiters. Only the first reason counts."""
        self.reason = self.reason or reason
        self.wake()

    def open(self) -> None:
        """Open it again for the next run."""
        self.reason = None

    def check(self) -> None:
        """Raise the reason to stop, if there is one."""
        if self.reason is not None:
            raise self.reason

    def wake(self) -> None:
        """Wake all waiters so that they check again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait this many seconds, or until woken. Raises the reason as soon as there is one."""
        self.check()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await waiting
        finally:
            self._waiting.discard(waiting)
        self.check()

    async def given(self) -> None:
        """Wait until there is a reason to stop; returns instead of raising it."""
        while self.reason is None:
            with suppress(ExtractorError, Stopped):
                await self.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait the full time, even when others are woken; raises as `wait` does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await self.wait(left)
        self.check()


class SlidingWindow:
    """A limit on an amount per minute."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._taken: deque[list[float]] = deque()
        self._sum = 0.0

    def delay(self, amount: float = 1) -> float:
        """Seconds until there may be room for ``amount``; 0 if there is room now."""
        now = self._clock()
        while self._taken and self._taken[0][0] <= now - WINDOW_SECONDS:
            self._sum -= self._taken.popleft()[1]
        # An amount that exceeds the limit by itself is sent alone.
        if self._sum + amount <= self._limit or not self._taken:
            return 0.0
        return max(_BLINK_SECONDS, self._taken[0][0] + WINDOW_SECONDS - now)

    def take(self, amount: float = 1) -> list[float]:
        """Take ``amount``; the return value can be passed to `correct` later."""
        entry = [self._clock(), amount]
        self._taken.append(entry)
        self._sum += amount
        return entry

    def correct(self, entry: list[float], amount: float) -> None:
        """Replace the estimate with the actual amount."""
        if self._taken and entry[0] >= self._taken[0][0]:
            self._sum += amount - entry[1]
            entry[1] = amount


class _ServerLimit:
    """What the server last reported as left of its limit, and when the limit resets."""

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self._remaining = f"x-ratelimit-remaining-{what}"
        self._reset = f"x-ratelimit-reset-{what}"
        self._clock = clock
        self._left: float | None = None
        self._whole_at = 0.0

    def read(self, headers: Mapping[str, str]) -> None:
        remaining, reset = headers.get(self._remaining), headers.get(self._reset)
        if remaining is None or not remaining.strip().isdigit():
            return
        self._left = float(remaining)
        self._whole_at = self._clock() + min(parse_duration(reset), LONGEST_PAUSE_SECONDS)

    def delay(self, out: float) -> float:
        """Seconds until one more may be sent, with ``out`` in flight and uncounted."""
        if self._left is None or self._left > out:
            return 0.0
        left = self._whole_at - self._clock()
        if left <= 0:
            self._left = None
        return max(0.0, left)


@dataclass
class AdaptiveConcurrency:
    """Grows while requests succeed and throughput rises; is cut when the server asks for fewer.

    A *round* is as many answers as papers were in flight when it began. At first the level
    doubles with each round; after the first cut it grows by 5 % a round. A cut takes a fifth,
    once for all the requests that were sent before it. A round with more than one refusal for
    twenty answers also cuts it, but not below the first level, and for twenty rounds no more after
    three such cuts in a row: single requests may be refused at any level. Where a higher level
    brings no more answers a second, the lower one is taken again and kept for twenty rounds.
    """

    cap: int
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _doubling: bool = field(default=True, init=False)
    _cut_at: float = field(default=-1.0, init=False)
    _rest: int = field(default=0, init=False)
    _answers: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _rounds_refused: int = field(default=0, init=False)
    _rounds_unjudged: int = field(default=0, init=False)
    _levels: float = field(default=0.0, init=False)
    _round: tuple[float, int] = field(init=False)
    _before: tuple[float, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._level = float(min(START, self.cap))
        self._begin_round()

    @property
    def limit(self) -> int:
        """The number of papers that may be in flight now, from 1 to ``cap``."""
        return int(self._level)

    def answered(self) -> None:
        """Count a clean answer."""
        self._answers += 1
        self._levels += self._level
        if self._doubling and not self._rest:
            self._level = min(self._level + 1, self.cap)
        if self._answers >= self._round[1]:
            self._end_round()

    def refused(self) -> None:
        """Count a request that the server refused because it has too many: growth slows down."""
        self._refused += 1
        self._doubling = False

    def limited(self, sent_at: float) -> bool:
        """Cut the level for a request sent at ``sent_at``; returns whether an episode began."""
        if sent_at < self._cut_at:
            return False
        self._cut(1.0)
        self._cut_at = self.clock()
        self._begin_round()
        return True

    def _cut(self, least: float) -> None:
        self._level = max(least, self._level * _CUT)
        self._doubling, self._rest, self._before = False, 0, None

    def _begin_round(self) -> None:
        self._round = (self.clock(), self.limit)
        self._answers, self._refused, self._levels = 0, 0, 0.0

    def _end_round(self) -> None:
        seconds = self.clock() - self._round[0]
        rate = self._answers / seconds if seconds > 0 else float("inf")
        mean = self._levels / self._answers
        if self._refused_at_this_level():
            self._cut(min(START, self._level))
        elif self._rest:
            self._rest, self._before = self._rest - 1, (mean, rate)
        elif self._doubling:
            self._judge(mean, rate)
        else:
            self._level = min(self._level + max(1.0, _STEP * self._level), self.cap)
        self._begin_round()

    def _refused_at_this_level(self) -> bool:
        """Whether requests were refused in this round because there are too many."""
        if self._rounds_unjudged:
            self._rounds_unjudged -= 1
            return False
        few = self._refused <= _FEW_REFUSED * self._answers
        self._rounds_refused = 0 if few else self._rounds_refused + 1
        if self._rounds_refused > _CUTS_IN_VAIN:
            self._rounds_refused, self._rounds_unjudged = 0, _ROUNDS_OF_REST
            return False
        return not few

    def _judge(self, level: float, rate: float) -> None:
        """Go back if a raise brought little throughput at the mean level of a round."""
        if self._before is None:
            self._before = (level, rate)
            return
        raised, brought = level / self._before[0], rate / self._before[1]
        if raised < _RAISED:
            return
        if brought < 1 + _WORTH * (raised - 1):
            self._level = max(1.0, float(int(self._before[0])))
            self._rest = _ROUNDS_OF_REST
        else:
            self._before = (level, rate)


class Wait(Enum):
    """Why a request waits for its next try."""

    FAILED = auto()
    REFUSED = auto()
    OUTAGE = auto()


class RateLimiter:
    """Releases requests one by one, as fast as all known limits allow."""

    def __init__(
        self,
        concurrency: AdaptiveConcurrency,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = limits or Limits()
        self.concurrency = concurrency
        self.stop_signal = StopSignal()
        self.breaker = CircuitBreaker(clock)
        self.notify: Callable[[str], None] = lambda _: None
        self.backing_off: Counter[Wait] = Counter()
        self.on_back_off: set[Callable[[], None]] = set()
        self._clock = clock
        self._out = 0
        self._tokens_each: float = _GUESSED_TOKENS
        self._paused_until = 0.0
        self._told = False
        self._pause = _FIRST_PAUSE_SECONDS
        self._requests = _window(limits.requests_per_minute, clock)
        self._tokens = _window(limits.tokens_per_minute, clock)
        self._server_requests = _ServerLimit("requests", clock)
        self._server_tokens = _ServerLimit("tokens", clock)

    @property
    def places(self) -> int:
        """The number of papers that may be begun and not done.

        Those that wait for their next try leave their place to others: all of them after a failure
        of their own, few where the server asks for fewer requests, and in an outage as many as are
        needed to see whether other requests are answered.
        """
        limit, waiting = self.concurrency.limit, self.backing_off
        if not waiting or not self.breaker.answers:
            return limit
        return (
            limit
            + min(waiting[Wait.FAILED], self.concurrency.cap)
            + min(waiting[Wait.REFUSED], max(1, limit // 16))
            + min(waiting[Wait.OUTAGE], MOST_WITNESSES)
        )

    async def back_off(self, seconds: float, why: Wait) -> None:
        """Wait for the next try, which takes its turn behind other requests."""
        self.backing_off[why] += 1
        for each in self.on_back_off:
            each()
        try:
            await self.stop_signal.sleep(seconds)
            await self._wait_for_turn()
        finally:
            self.backing_off[why] -= 1
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

    async def _wait_for_turn(self) -> None:
        while (delay := self._delay()) > 0:
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
        believed = _BELIEVED_REFUSALS if refused else 1
        in_flight = self.concurrency.limit
        is_open = self.breaker.failed(sending.request, in_flight=in_flight, believed=believed)
        if is_open and (refused or self.breaker.answers):
            self._limited(sending, why, wait)
            return True
        if refused:
            self.concurrency.refused()
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
        pause = min(pause, LONGEST_PAUSE_SECONDS)
        self._paused_until = max(self._paused_until, self._clock() + pause)
        if pause >= _TOLD_SECONDS and not self._told:
            self._told = True
            self.notify(f"{why} No request is answered: all papers wait until one is.")

    def _delay(self) -> float:
        now = self._clock()
        if now < self._paused_until:
            # Spread out, so that waiting requests are not all sent at once.
            return (self._paused_until - now) * (1 + _SPREAD * random.random())  # noqa: S311
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


def parse_duration(text: str | None) -> float:
    """Seconds of "1s", "6m0s", "120ms" or "12"; 0 if it is not a duration."""
    text = (text or "").strip()
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return float(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts))
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0
