"""How far a run is: counted by papers, with the time left, the cost and what it waits for."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import median_low
from typing import TYPE_CHECKING, Any

from extractor.record import Record
from extractor.run.batch import Summary, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.record import Result, SchemaT
    from extractor.run.engine import Engine, Retry
    from extractor.run.extent import Total

LONG_WAIT_SECONDS = 10.0
"""A wait that is shorter is not told."""

_SAMPLES, _SAMPLE_SECONDS = 120, 1.0
_GAPS = 21
_FEWEST, _LEAST_SECONDS = 2, 2.0


@dataclass(frozen=True)
class Waiting:
    """What a run waits for: ``reason`` is ``rate_limit``, ``outage``, ``answer``, ``engine``,
    ``other_process`` or ``batch``, ``text`` the same for people, ``seconds`` how long it has been,
    or of a rate limit how long it will be."""

    reason: str
    text: str
    seconds: float


@dataclass(frozen=True)
class Status:
    """How far a run is.

    ``done`` papers are ``records`` and ``failures``, and those that are left out;
    ``total`` is None where nothing tells, and an estimate unless it ``total_is_exact``. Of the
    records, ``cached`` cost nothing in this run, ``earlier`` were paid for by an earlier attempt at
    it, and ``new`` are the others; ``tokens`` are theirs. ``per_minute`` counts the papers that
    were not answered at once from the cache, ``seconds_left`` is judged by them. ``cost`` is what
    this attempt has spent in US dollars, None if no price is known.
    """

    done: int
    total: int | None
    total_is_exact: bool
    records: int
    failures: int
    cached: int
    earlier: int
    new: int
    tokens: int
    seconds: float
    per_minute: float | None
    seconds_left: float | None
    cost: float | None
    waiting: Waiting | None

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


class Pace:
    """How long papers take that take any time; those of the cache go by in an instant.

    Where the two alternate, the usual number of cached papers between two others tells how many
    of those to come are cached. It is a median, so that a stretch of cached papers, as at the
    beginning of a run that continues, does not count.
    """

    def __init__(self) -> None:
        self._worked = 0
        self._cached = 0
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._gaps: deque[int] = deque(maxlen=_GAPS)

    def done(self, now: float, *, worked: bool) -> None:
        """One paper is done at the time ``now``; ``worked`` if it was not of the cache."""
        if not worked:
            self._cached += 1
            return
        if self._worked:
            self._gaps.append(self._cached)
        self._worked, self._cached = self._worked + 1, 0
        if not self._samples or now - self._samples[-1][0] >= _SAMPLE_SECONDS:
            self._samples.append((now, self._worked))

    def per_second(self, now: float) -> float | None:
        """Papers a second; None before there are a few."""
        if not self._samples:
            return None
        since, before = self._samples[0]
        papers, seconds = self._worked - before, now - since
        return papers / seconds if papers >= _FEWEST and seconds >= _LEAST_SECONDS else None

    def seconds_for(self, papers: int, now: float) -> float | None:
        """Seconds that so many papers will take."""
        speed = self.per_second(now)
        return papers / (1 + median_low(self._gaps or [0])) / speed if speed else None


class Progress(Watcher):
    """Watches a run, and tells its `status` at any time.

    ``total`` tells how many papers there are, ``prices`` what the tokens of an endpoint cost.
    """

    def __init__(
        self,
        total: Callable[[], Total | None],
        *,
        prices: Callable[[Endpoint], Prices | None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._prices_of = prices
        self._clock = clock
        self._started = self._last = clock()
        self._summary = Summary()
        self._pace = Pace()
        self._engine: Engine[Any] | None = None
        self._retry: Retry | None = None
        self._own_wait: Waiting | None = None
        self._left_out = 0

    def begin(self, engine: Engine[Any], retry: Retry | None) -> None:
        self._engine, self._retry = engine, retry

    def done(self, result: Result[SchemaT], summary: Summary) -> None:
        self._summary, self._last = summary, self._clock()
        if isinstance(result, Record):
            worked = not (result.meta.cached or result.earlier)
        else:
            worked = bool(result.tries)
        self._pace.done(self._last, worked=worked)

    def so_far(self, summary: Summary, total: Total | None) -> None:
        self._last, before, self._summary = self._clock(), self._summary, summary
        self._total = lambda: total
        worked = max(0, summary.new + summary.failures - before.new - before.failures)
        passed = max(0, summary.papers - before.papers - worked)
        for number in range(passed + worked):
            self._pace.done(self._last, worked=number >= passed)

    def left_out(self) -> None:
        self._left_out += 1

    def waiting(self, what: str, seconds: float) -> None:
        """The engine is waited for; called every second or so, with less than before when it has
        gone on."""
        long = seconds >= LONG_WAIT_SECONDS
        self._own_wait = Waiting("engine", what, seconds) if long else None

    def batches(self, text: str, seconds: float) -> None:
        self._own_wait = Waiting("batch", text, seconds) if text else None

    def status(self) -> Status:
        """How far the run is now."""
        now, summary, total = self._clock(), self._summary, self._total()
        done = summary.papers + self._left_out + (self._retry.left_out if self._retry else 0)
        number = max(total.number, done) if total else None
        speed = self._pace.per_second(now)
        left = self._pace.seconds_for(number - done, now) if number is not None else None
        return Status(
            done=done,
            total=number,
            total_is_exact=bool(total and total.exact),
            records=summary.records,
            failures=summary.failures,
            cached=summary.cached,
            earlier=summary.earlier,
            new=summary.new,
            tokens=summary.prompt_tokens + summary.completion_tokens,
            seconds=now - self._started,
            per_minute=speed and 60 * speed,
            seconds_left=left,
            cost=self._cost(),
            waiting=self._waiting(now),
        )

    def _cost(self) -> float | None:
        """What was spent; the price data are loaded once something was."""
        if self._engine is None or self._engine.endpoint.free:
            return None
        spent = self._engine.client.budget.spent
        if not spent.requests:
            return 0.0
        return spent.cost(self._prices) if self._prices else None

    @cached_property
    def _prices(self) -> Prices | None:
        return self._prices_of(self._engine.endpoint) if self._engine else None

    def _waiting(self, now: float) -> Waiting | None:
        if self._engine is None or self._own_wait is not None:
            return self._own_wait
        limiter = self._engine.rate_limiter
        pause, outage = limiter.seconds_limited(), limiter.breaker.seconds_open
        if pause is not None and (outage or pause >= 1):
            return Waiting("rate_limit", "the rate limit", pause)
        if outage:
            return Waiting("outage", "no request is answered", outage)
        if limiter.waits_for_others:
            return Waiting("other_process", "another process has sent the same requests", 0.0)
        silence = now - self._last
        if silence >= LONG_WAIT_SECONDS and limiter.in_flight:
            return Waiting("answer", "an answer", silence)
        return None
