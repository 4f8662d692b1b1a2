"""When requests are sent: the level that finds itself, limits that are held, pauses that count."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import pytest
from engine_runs import papers, run
from fault_server import PATIENCE_SECONDS, Asked, FaultServer, Reply, answer, refuse
from hypothesis import given
from hypothesis import strategies as st

from extractor.llm.answer import Usage
from extractor.llm.faults import parse_retry_after
from extractor.llm.limits import (
    START,
    WINDOW_SECONDS,
    AdaptiveConcurrency,
    Limits,
    RateLimiter,
    SlidingWindow,
    Stopped,
    StopSignal,
    Wait,
    parse_duration,
)
from extractor.llm.settings import ModelSettings
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _answers(level: AdaptiveConcurrency, clock: Clock, seconds: float, rate: Any) -> None:
    """Answers come for so long, at ``rate(level)`` a second."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now += 1 / rate(level.limit)
        level.answered()


def test_it_grows_to_the_cap_while_that_brings_more() -> None:
    clock = Clock()
    level = AdaptiveConcurrency(200, clock)
    assert level.limit == START
    _answers(level, clock, 3, lambda limit: limit / 0.2)
    assert level.limit == 200


def test_it_stays_low_where_more_in_flight_only_makes_a_queue() -> None:
    """An engine with four slots and a second an answer."""
    clock = Clock()
    level = AdaptiveConcurrency(256, clock)
    _answers(level, clock, 600, lambda limit: min(limit, 4.0))
    assert level.limit <= 32


def test_it_finds_a_higher_level_when_the_server_grows() -> None:
    clock = Clock()
    level = AdaptiveConcurrency(256, clock)
    slots = 8
    _answers(level, clock, 60, lambda limit: min(limit, slots) / 0.1)
    assert level.limit <= 32
    slots = 128
    _answers(level, clock, 60, lambda limit: min(limit, slots) / 0.1)
    assert level.limit >= 100


def test_it_is_cut_once_for_all_that_was_sent_before() -> None:
    clock = Clock()
    level = AdaptiveConcurrency(100, clock)
    _answers(level, clock, 3, lambda limit: limit / 0.2)
    sent = clock.now
    clock.now += 1
    assert level.limited(sent)
    assert not level.limited(sent)
    assert level.limit == 80
    clock.now += 1
    assert level.limited(clock.now)
    assert level.limit == 64


def test_a_round_without_answers_changes_nothing() -> None:
    clock = Clock()
    level = AdaptiveConcurrency(64, clock)
    for _ in range(100):
        clock.now += 0.01
        level.failed()
    assert level.limit == START
    _answers(level, clock, 20, lambda limit: 10 * limit)
    assert level.limit == 64


def test_faults_and_few_refusals_seldom_keep_it_low() -> None:
    """A third of the requests fails, a few of them with a rate limit, as chance will have it."""

    def reached(seed: int) -> int:
        clock, chance = Clock(), random.Random(seed)
        level = AdaptiveConcurrency(256, clock)
        while clock.now < 1020:
            clock.now += 1 / level.limit
            chance.choices([level.answered, level.failed, level.refused], [14, 5, 1])[0]()
        return level.limit

    assert sorted(map(reached, range(11)))[4] == 256


def test_it_comes_back_slowly_after_a_cut_and_never_falls_below_one() -> None:
    clock = Clock()
    level = AdaptiveConcurrency(100, clock)
    for _ in range(50):
        clock.now += 1
        level.limited(clock.now)
    assert level.limit == 1
    _answers(level, clock, 10, lambda limit: limit / 0.2)
    assert 5 < level.limit < 100


@given(st.lists(st.sampled_from(["answer", "limit", "wait"]), max_size=300), st.integers(1, 64))
def test_it_stays_between_one_and_the_cap(events: list[str], cap: int) -> None:
    clock = Clock()
    level = AdaptiveConcurrency(cap, clock)
    for event in events:
        clock.now += 0.1
        if event == "answer":
            level.answered()
        elif event == "limit":
            level.limited(clock.now)
        assert 1 <= level.limit <= cap


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), max_size=80))
def test_no_minute_holds_more_than_its_limit(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    window = SlidingWindow(100, clock)
    sent: list[tuple[float, int]] = []
    for wait, amount in steps:
        clock.now += wait
        while (delay := window.delay(amount)) > 0:
            clock.now += delay
        window.take(amount)
        sent.append((clock.now, amount))
    for at, _ in sent:
        inside = sum(n for when, n in sent if at - WINDOW_SECONDS + 1e-6 < when <= at)
        assert inside <= 100


def test_a_window_does_not_wait_longer_than_it_must() -> None:
    clock = Clock()
    window = SlidingWindow(3, clock)
    for _ in range(3):
        assert window.delay() == 0
        window.take()
        clock.now += 10
    assert window.delay() == pytest.approx(WINDOW_SECONDS - 30)
    assert SlidingWindow(3, clock).delay(5) == 0, "what is larger than the limit goes alone"


def test_tokens_are_corrected_when_they_are_known() -> None:
    clock = Clock()
    window = SlidingWindow(1000, clock)
    entry = window.take(900)
    assert window.delay(500) > 0
    window.correct(entry, 200)
    assert window.delay(500) == 0


async def _clear(rate_limiter: RateLimiter, clock: Clock) -> float:
    """Seconds that a request waits, on the test's clock."""
    started = clock.now
    while (delay := rate_limiter._delay()) > 0:
        clock.now += delay
    await rate_limiter.clear()
    return clock.now - started


def _limiter(**limits: int) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(AdaptiveConcurrency(100, clock), Limits(**limits), clock), clock


async def test_requests_a_minute_are_held() -> None:
    rate_limiter, clock = _limiter(requests_per_minute=5)
    waits = [await _clear(rate_limiter, clock) for _ in range(12)]
    assert waits[:5] == [0] * 5
    assert clock.now - 1000 == pytest.approx(120)


async def test_without_a_limit_nothing_is_recorded_of_a_request() -> None:
    rate_limiter, _ = _limiter()
    assert (await rate_limiter.clear()).entry is None
    limited, _ = _limiter(tokens_per_minute=10_000)
    assert (await limited.clear()).entry is not None


async def test_tokens_a_minute_are_held_by_what_answers_take() -> None:
    rate_limiter, clock = _limiter(tokens_per_minute=10_000)
    minutes: dict[int, int] = {}
    for _ in range(200):
        while (delay := rate_limiter._delay()) > 0:
            clock.now += delay
        minutes[int((clock.now - 1000) // 60)] = minutes.get(int((clock.now - 1000) // 60), 0) + 500
        rate_limiter.returned(await rate_limiter.clear(), {}, Usage(500), clean=False)
    assert max(minutes.values()) <= 10_000
    assert min(list(minutes.values())[1:-1]) >= 9_000, "what was thought too much is used"


async def test_what_the_server_says_is_left_is_honoured() -> None:
    rate_limiter, clock = _limiter()
    told = {"x-ratelimit-remaining-requests": "2", "x-ratelimit-reset-requests": "7s"}
    rate_limiter.returned(await rate_limiter.clear(), told, Usage(100), clean=False)
    waits = [await _clear(rate_limiter, clock) for _ in range(3)]
    assert waits == [0, 0, pytest.approx(7)]


async def test_what_is_left_is_not_run_into_when_limits_change() -> None:
    """The server takes 40 requests in each fifth of a second, later 10, and says what is left."""
    rate_limiter, clock = _limiter()
    window, refused = [clock.now, 0.0], 0
    for number in range(200):
        while (delay := rate_limiter._delay()) > 0:
            clock.now += delay
        sending = await rate_limiter.clear()
        if clock.now - window[0] >= 0.2 - 1e-4:
            window[:] = [clock.now, 0]
        window[1] += 1
        left = (40 if number < 150 else 10) - window[1]
        refused += left < 0
        reset = window[0] + 0.2 - clock.now
        told = {
            "x-ratelimit-remaining-requests": str(max(0, int(left))),
            "x-ratelimit-reset-requests": f"{reset:.6f}s",
        }
        rate_limiter.returned(sending, told, Usage(100), clean=left >= 0)
        clock.now += 0.001
    assert refused <= 1, "once, where the limit fell in the middle of a window"


async def test_tokens_that_are_left_are_honoured() -> None:
    rate_limiter, clock = _limiter()
    told = {"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "1m2s"}
    await rate_limiter.clear()
    rate_limiter.returned(await rate_limiter.clear(), told, Usage(1500), clean=False)
    assert await _clear(rate_limiter, clock) == pytest.approx(60), "no server is waited for longer"


async def _refused(rate_limiter: RateLimiter, *requests: str, wait: float | None = None) -> bool:
    """Whether all requests pause, after these were sent together and refused."""
    sent = [await rate_limiter.clear() for _ in requests]
    for sending, request in zip(sent, requests, strict=True):
        sending.request = request
        shared = rate_limiter.failed(sending, "It is busy.", wait=wait, refused=True)
    return shared


async def test_everybody_pauses_for_as_long_as_the_server_asks() -> None:
    rate_limiter, clock = _limiter()
    assert await _refused(rate_limiter, *"abcdefgh", wait=3.0)
    assert 3 <= await _clear(rate_limiter, clock) <= 3 * 1.3


async def test_a_rate_limit_that_one_request_meets_is_its_own() -> None:
    rate_limiter, clock = _limiter()
    for _ in range(20):
        assert not await _refused(rate_limiter, "a", "b", wait=3.0)
        rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    assert await _clear(rate_limiter, clock) == 0
    # They have been refused while others were answered, so they are no witnesses any more.
    assert not await _refused(rate_limiter, *"ababababab")
    assert not await _refused(rate_limiter, *"cdefghi")
    assert await _refused(rate_limiter, "j")


async def test_only_bad_papers_are_left_at_the_end_of_a_dump() -> None:
    """They were refused before while others were answered: that is waited out for a minute."""
    clock = Clock()
    rate_limiter = RateLimiter(AdaptiveConcurrency(2, clock), clock=clock, patience=900)
    breaker = rate_limiter.breaker
    assert not await _refused(rate_limiter, *"ab")
    rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    assert not await _refused(rate_limiter, *"ab")
    while await _refused(rate_limiter, *"abcd") and breaker.seconds_left >= 0:
        clock.now += await _clear(rate_limiter, clock) + 0.001
    assert breaker.seconds_left < 0
    assert 60 < breaker.seconds_open < 130
    assert await _clear(rate_limiter, clock) == 0, "then all of them fail at once"
    assert await _refused(rate_limiter, "e")
    assert breaker.seconds_left > 700, "the third that is refused for the first time"


async def test_bad_papers_take_no_place_and_are_sent_behind_others() -> None:
    clock = Clock()
    rate_limiter = RateLimiter(AdaptiveConcurrency(1, clock), clock=clock)
    rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    rate_limiter.backing_off[Wait.FAILED] = 5
    assert rate_limiter.places == 6, "as many as there are, also if one is sent at a time"
    assert await _refused(rate_limiter, *"abc", wait=10.0)
    assert rate_limiter._delay() == 10
    assert rate_limiter._delay(behind=True) > 10.2


async def test_what_fails_in_an_outage_has_not_failed_alone() -> None:
    rate_limiter, clock = _limiter()
    for _ in range(4):
        assert await _refused(rate_limiter, *"abcdefgh")
        clock.now += 100
        rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    assert await _refused(rate_limiter, *"abcdefgh")
    assert rate_limiter.breaker.seconds_left == math.inf


async def test_an_answer_ends_what_looked_like_an_outage() -> None:
    rate_limiter, _ = _limiter()
    told: list[str] = []
    rate_limiter.notify = told.append
    assert await _refused(rate_limiter, *"abcdefgh", wait=30.0)
    rate_limiter._paused_until = 0
    rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    assert [line.split(".")[0] for line in told] == ["It is busy", "It answers again"]
    assert not await _refused(rate_limiter, "i", wait=30.0)


async def test_pauses_double_until_an_answer_comes() -> None:
    rate_limiter, clock = _limiter()
    waits = []
    for i in range(10):
        clock.now += 0.001
        assert await _refused(rate_limiter, *("a" if i else "abcdefgh"))
        waits.append(await _clear(rate_limiter, clock))
    assert all(0.5 * 2**i <= wait <= 0.7 * 2**i for i, wait in enumerate(waits[:6]))
    assert max(waits) <= 60 * 1.3
    rate_limiter.returned(await rate_limiter.clear(), {}, Usage(1), clean=True)
    clock.now += 0.001
    assert await _refused(rate_limiter, *"stu"), "one at a time is sent by now"
    assert await _clear(rate_limiter, clock) < 1


async def test_a_stop_signal_that_is_given_wakes_those_who_wait() -> None:
    stop_signal = StopSignal()
    waiting = [asyncio.ensure_future(stop_signal.sleep(60)) for _ in range(3)]
    await asyncio.sleep(0)
    stop_signal.close(Stopped())
    stop_signal.close(ValueError("a later reason"))  # type: ignore[arg-type]
    for _ in range(10):
        await asyncio.sleep(0)
    assert all(each.done() for each in waiting), "at once, and not when their time is up"
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in ended] == [Stopped] * 3
    with pytest.raises(Stopped):
        stop_signal.check()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("12", 12), ("0.5", 0.5),
        ("1d", 86400), ("", 0), (None, 0), ("soon", 0), ("5x", 0), ("-3", 0), ("1s extra", 0),
    ],
)  # fmt: skip
def test_durations(text: str | None, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 10.0),
        ({"retry-after": "Wed, 31 Dec 1969 23:59:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert parse_retry_after(headers, now=0.0) == seconds


@given(st.text(max_size=40))
def test_nonsense_in_headers_is_no_error(text: str) -> None:
    assert parse_duration(text) >= 0
    found = parse_retry_after({"retry-after": text}, now=0.0)
    assert found is None or found >= 0


# Against a server


def test_concurrency_is_a_cap() -> None:
    with FaultServer(lambda asked: answer(asked, after=0.01)) as server:
        run(server.url, papers(200), concurrency=5)
        assert server.most_in_flight == 5


@pytest.mark.parametrize("status", [429, 500])
async def test_whoever_waits_for_the_next_try_waits_for_the_stop_signal_too(status: int) -> None:
    later = refuse(status, "later", headers={"Retry-After": "50"})
    with FaultServer(lambda _: later) as server:
        settings = ModelSettings(model="m", base_url=server.url, concurrency=4)
        calls = CallSettings(cache_dir=None)
        async with open_engine(load_task("paper"), settings, calls) as engine:
            stop_signal = engine.rate_limiter.stop_signal

            async def results() -> list[object]:
                return [result async for _, result in engine.run(papers(4))]

            running = asyncio.ensure_future(results())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(stop_signal._waiting) < 4 or server.in_flight:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            engine.stop()
            assert await running == []
        assert all(asked.time == 1 for asked in server.asked)


def test_rate_limits_and_other_faults_of_one_request_double_their_own_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statuses, asked_for = [500, 500, 503, 500, 503, 500], []

    def script(asked: Asked) -> Reply:
        if not asked.title.startswith("Net7:") or not asked.time <= len(statuses):
            return answer(asked)
        return refuse(statuses[asked.time - 1])

    async def sleep(_: RateLimiter, seconds: float, __: Wait) -> None:
        asked_for.append(seconds)

    monkeypatch.setattr("random.uniform", lambda _, most: most)
    monkeypatch.setattr(RateLimiter, "back_off", sleep)
    with FaultServer(script) as server:
        ran = run(server.url, papers(8), tries=7, concurrency=1)
    assert len(ran.records) == 8
    assert asked_for == [0.5, 0.5, 0.5, 0.5, 1.0, 0.5]


def test_nobody_has_to_tune_it() -> None:
    """A server that takes 24 at once and refuses more: no paper fails, and few tries do."""
    chance = random.Random(1)

    def script(asked: Asked) -> Reply:
        if server.in_flight > 24:
            return refuse(429, "too many at once")
        return answer(asked, after=chance.uniform(0.01, 0.04))

    failed: list[int] = []
    # The moments of the replies decide how many are refused, and on a busy machine more are.
    while len(failed) < 3 or (min(failed) >= 120 and len(failed) < 8):
        with FaultServer(script) as server:
            ran = run(server.url, papers(1200))
            assert server.most_in_flight >= 24
        assert (len(ran.records), ran.failures) == (1200, [])
        failed.append(ran.spent.failed)
    assert min(failed) < 120
    assert max(failed) < 240
