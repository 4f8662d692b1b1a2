"""A forecast: what a run will take in tokens, time and money, without asking any model.

Every paper of a sample is put into the very requests that a run would send; their tokens are
counted by a rule, and how much the papers differ tells how sure the sum over all of them is.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from extractor.errors import PaperError
from extractor.inspection.tokens import (
    TOKEN_ERROR,
    answer_schema,
    answer_tokens,
    count_tokens,
    request_texts,
    request_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractor.llm.answer import Answer
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.limits import Limits
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.run.session import CallSettings
    from extractor.task import Task

# Prompt and answer tokens a second on two cores (AMD EPYC, AVX2), one paper at a time.
_EMBEDDED_SPEED = {"qwen2.5-coder-1.5b": (38.0, 16.0), "qwen2.5-coder-0.5b": (92.0, 26.0)}
_EMBEDDED_CORES, _SPEED_ERROR = 2, 0.25
# Nothing is known of an endpoint beforehand: seconds until it answers, answer tokens a second.
_FAST, _USUAL, _SLOW = (0.4, 150.0), (0.8, 60.0), (2.0, 25.0)
_IN_FLIGHT = 32

_RESAMPLES, _SEED = 1000, 0


@dataclass(frozen=True, slots=True)
class Range:
    """What is expected, and the ends between which it should lie."""

    low: float
    expected: float
    high: float

    def times(self, factor: float, error: float = 0.0) -> Range:
        """All three multiplied, and the ends moved apart by a share ``error``."""
        low, high = factor * (1 - error), factor * (1 + error)
        return Range(self.low * low, self.expected * factor, self.high * high)

    def plus(self, other: Range) -> Range:
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run over ``papers`` papers will take, judged by ``sample`` of them.

    Tokens are those of the whole run; ``fixed_tokens`` of a paper's prompt tokens are the same
    for every paper. ``seconds`` and ``cost`` (US dollars) are None where the model's speed or
    price is not known. ``basis`` says what the figures rest on, a sentence each.
    """

    model: str
    task: str
    approach: str
    papers: int
    sample: int
    requests: int
    fixed_tokens: int
    prompt_tokens: Range
    answer_tokens: Range
    seconds: Range | None
    cost: Range | None
    basis: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The forecast as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one paper is asked: requests, tokens of their fixed and own parts, and of answers.

    ``fresh`` are the tokens that a server has to read which keeps the last prompt.
    """

    requests: int
    fixed: int
    own: int
    fresh: int
    empty: int
    full: int


def forecast(
    task: Task[Any],
    settings: ModelSettings,
    calls: CallSettings,
    sample: Sequence[Paper],
    papers: int,
) -> Forecast:
    """Forecast a run over ``papers`` papers of which ``sample`` is a fair draw, not empty.

    Not to be called where an event loop runs. Raises UsageError where the settings contradict
    each other.
    """
    from extractor.approaches import settled

    endpoint = describe(settled(settings, task))
    asked = asyncio.run(_dry_run(task, endpoint, sample))
    whole = len(sample) >= papers
    own = _mean([each.own for each in asked], whole=whole).times(papers, TOKEN_ERROR)
    fixed = fmean(each.fixed for each in asked)
    prompt = own.plus(Range(fixed, fixed, fixed).times(papers, TOKEN_ERROR))
    answer = _answers(asked).times(papers, TOKEN_ERROR)
    requests = round(fmean(each.requests for each in asked) * papers)
    in_flight = min(settings.concurrency or _IN_FLIGHT, max(requests, 1))
    if endpoint.embedded:
        fresh = _mean([each.fresh for each in asked], whole=whole).times(papers, TOKEN_ERROR)
        seconds, speed = _embedded_time(endpoint.model, fresh, answer)
    else:
        seconds, speed = _hosted_time(calls.limits, in_flight, requests, prompt, answer)
    cost, price = _cost(endpoint, calls, prompt, answer)
    return Forecast(
        model=endpoint.model,
        task=task.label,
        approach=endpoint.approach,
        papers=papers,
        sample=len(sample),
        requests=requests,
        fixed_tokens=round(fixed),
        prompt_tokens=prompt,
        answer_tokens=answer,
        seconds=seconds,
        cost=cost,
        basis=(*_token_basis(asked, whole=whole), speed, price),
    )


def describe(settings: ModelSettings) -> Endpoint:
    """The endpoint of the settings, to see what it would be asked: no key, no server, no weights.

    Raises UsageError where the settings contradict each other.
    """
    if not settings.embedded:
        from extractor.llm.providers import hosted

        return hosted.describe(replace(settings, api_key=settings.key or "none"))
    from extractor.llm.endpoint import Approach, Endpoint, Mode
    from extractor.llm.providers.embedded import ANSWER_TOKENS

    return Endpoint(
        model=settings.name,
        identity=settings.name,
        base_url="",
        address="the embedded model",
        mode=settings.mode or Mode.JSON_SCHEMA,
        approach=settings.approach or Approach.FULL_SCHEMA,
        max_tokens=ANSWER_TOKENS,
        concurrency=1,
        reasks=0,
        embedded=True,
    )


class _Enough(PaperError):
    """A second question about the first answer: there was no first answer."""


class _Listener:
    """Stands where a model would answer, notes what it is asked, and never finds anything."""

    def __init__(self) -> None:
        self.bodies: list[Mapping[str, Any]] = []

    async def __call__(self, body: Mapping[str, Any]) -> Answer:
        from extractor.llm.answer import Answer, Usage

        if self.bodies and _goes_on(body, self.bodies[-1]):
            raise _Enough("The model would be asked again.")
        self.bodies.append(body)
        message = {"role": "assistant", "content": "{}"}
        return Answer(message=message, finish_reason="stop", usage=Usage(), paid_at=0.0)


def _goes_on(body: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a request continues the conversation of another."""
    said = before.get("messages")
    return bool(said and body.get("messages", [])[: len(said)] == said)


async def _dry_run(task: Task[Any], endpoint: Endpoint, sample: Sequence[Paper]) -> list[_Asked]:
    from extractor.approaches import prepare

    extraction = prepare(task, endpoint)
    asked: list[_Asked] = []
    before = ""
    for paper in sample:
        listener = _Listener()
        with suppress(PaperError):
            await extraction(paper, listener)
        asked.append(_reckon(task, endpoint, listener.bodies, before))
        before = _text(listener.bodies[-1]) if listener.bodies else before
    return asked


def _reckon(
    task: Task[Any], endpoint: Endpoint, bodies: Sequence[Mapping[str, Any]], before: str
) -> _Asked:
    is_read = _reads_schema(endpoint)
    prompts = [request_tokens(body, schema_is_read=is_read) for body in bodies]
    texts = [before, *map(_text, bodies)]
    whole = task.schema.model_json_schema()
    answers = [
        answer_tokens(answer_schema(body) or whole, body.get(endpoint.limit_field))
        for body in bodies
    ]
    return _Asked(
        len(bodies),
        sum(fixed for fixed, _ in prompts),
        sum(own for _, own in prompts),
        sum(itertools.starmap(_fresh_tokens, itertools.pairwise(texts))),
        sum(empty for empty, _ in answers),
        sum(full for _, full in answers),
    )


def _text(body: Mapping[str, Any]) -> str:
    return "\n".join(request_texts(body))


def _fresh_tokens(before: str, text: str) -> int:
    pairs = enumerate(zip(before, text, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(text)))
    return count_tokens(text[same:])


def _reads_schema(endpoint: Endpoint) -> bool:
    """Whether the schema is part of the prompt: servers of one's own only decode by it."""
    is_local = urlsplit(endpoint.base_url).hostname in ("localhost", "127.0.0.1", "::1")
    return not (endpoint.embedded or (is_local and endpoint.mode == "json_schema"))


def _mean(values: Sequence[int], *, whole: bool) -> Range:
    """The mean with its 95 % interval (bootstrap); that of all papers is what it is."""
    mean = fmean(values)
    if whole:
        return Range(mean, mean, mean)
    draw = random.Random(_SEED)  # noqa: S311
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return Range(means[_RESAMPLES // 40], mean, means[-_RESAMPLES // 40])


def _answers(asked: Sequence[_Asked]) -> Range:
    """An answer lies somewhere between an empty form and a full one."""
    empty, full = fmean(each.empty for each in asked), fmean(each.full for each in asked)
    return Range(empty, (empty + full) / 2, full)


def _token_basis(asked: Sequence[_Asked], *, whole: bool) -> tuple[str, ...]:
    if not any(each.requests for each in asked):
        return ("no question is left for the model: what was trained decides, in milliseconds",)
    drawn = "every paper" if whole else f"a draw of {len(asked):,} papers, drawn anew 1,000 times"
    said = (
        "as many as the questions allow"
        if all(each.empty == each.full for each in asked)
        else "half way between an empty form and a full one with three items a list, without "
        "what a model thinks before it answers"
    )
    return (
        f"prompt tokens: {drawn}, counted by a rule that is right within "
        f"{TOKEN_ERROR:.0%} over many English papers",
        f"answer tokens: {said}",
    )


def _hosted_time(
    limits: Limits, in_flight: int, requests: int, prompt: Range, answer: Range
) -> tuple[Range, str]:
    least = _least_seconds(limits, requests, prompt.plus(answer).expected)
    seconds = Range(*(
        max((requests * wait + tokens / speed) / in_flight, least)
        for (wait, speed), tokens in (
            (_FAST, answer.low), (_USUAL, answer.expected), (_SLOW, answer.high)
        )
    ))  # fmt: skip
    return seconds, (
        f"time: {_USUAL[0]:g} s for a request and {_USUAL[1]:g} answer tokens a second "
        f"({_FAST[0]:g} and {_FAST[1]:g} to {_SLOW[0]:g} and {_SLOW[1]:g}), {in_flight} papers in "
        f"flight, {'within the limits given' if least else 'no rate limit'}"
    )


def _embedded_time(model: str, fresh: Range, answer: Range) -> tuple[Range | None, str]:
    if model not in _EMBEDDED_SPEED:
        return None, f"time: the speed of {model} was not measured"
    reading, writing = _EMBEDDED_SPEED[model]
    seconds = fresh.times(1 / reading, _SPEED_ERROR).plus(answer.times(1 / writing, _SPEED_ERROR))
    return seconds, (
        f"time: {reading:g} prompt and {writing:g} answer tokens a second, measured on "
        f"{_EMBEDDED_CORES} cores; there are {os.cpu_count() or 1} here"
    )


def _least_seconds(limits: Limits, requests: int, tokens: float) -> float:
    """What it takes at the least where so much a minute is allowed."""
    per_minute = (
        (requests, limits.requests_per_minute),
        (tokens, limits.tokens_per_minute),
    )
    return max((60 * amount / limit for amount, limit in per_minute if limit), default=0.0)


def _cost(
    endpoint: Endpoint, calls: CallSettings, prompt: Range, answer: Range
) -> tuple[Range | None, str]:
    from extractor.run.session import prices_of

    prices = prices_of(endpoint, calls)
    if endpoint.embedded:
        return Range(0.0, 0.0, 0.0), "cost: nothing, the model runs on this machine"
    if prices is None:
        return None, (
            f"cost: the price of {endpoint.model} at {endpoint.address} is not known: "
            "give --price-in and --price-out"
        )
    asked = prompt.times(prices.prompt / 1e6)
    return asked.plus(answer.times(prices.completion / 1e6)), (
        f"cost: ${prices.prompt:g} and ${prices.completion:g} for a million prompt and answer "
        "tokens, without discounts, failed tries and second questions"
    )
