"""A forecast: what a run will take in tokens, time and money, without asking any model.

Every paper of a sample is put into the very requests that a run would send; their tokens are
counted by a rule, and how much the papers differ tells how sure the sum over all of them is.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from extractor.errors import PaperError
from extractor.inspection.tokens import (
    TOKEN_ERROR,
    answer_schema,
    answer_tokens,
    count_tokens,
    request_texts,
    request_tokens,
)
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from extractor.approaches import Draft
    from extractor.llm.answer import Answer, Request
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.run.settings import CallSettings
    from extractor.task import Task

_MEASURED_CORES, _SPEED_ERROR = 2, 0.25

_RESAMPLES, _SEED = 1000, 0
_DRAW_SECONDS, _FEWEST = 3.0, 8


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
    price is not known; ``batch_cost`` is that of the provider's batches, None where they are not
    known to cost less; ``least_seconds`` is what the given rate limits take at the least.
    ``basis`` says what the figures rest on, a sentence each.
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
    least_seconds: float | None
    cost: Range | None
    batch_cost: Range | None
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
    watch: Callable[[Sequence[Paper]], Iterable[Paper]] = iter,
) -> Forecast:
    """Forecast a run over ``papers`` papers of which ``sample`` is a fair draw, not empty.

    Where no model answers, the run is as long as the work on each paper: a few seconds of it are
    measured, on fewer papers. ``watch`` passes the papers on, and may show how many there were.
    Raises UsageError where the settings contradict each other.
    """
    from extractor.approaches import choose_approach
    from extractor.llm.providers import provider_for

    endpoint = provider_for(settings).endpoint
    chosen = choose_approach(settings.approach, task, endpoint)
    approach = chosen(task, endpoint)
    asked: list[_Asked] = []
    before = ""
    timer = _Timer()
    for paper in watch(sample if endpoint.answers else _shuffled(sample)):
        requests = _requests(approach.requests(paper))
        asked.append(_reckon(task, endpoint, requests, before))
        before = _text(requests[-1].body) if requests else before
        timer.done()
        if not endpoint.answers and timer.enough:
            break
    whole = len(asked) >= papers
    own = _mean([each.own for each in asked], whole=whole).times(papers, TOKEN_ERROR)
    fixed = fmean(each.fixed for each in asked)
    prompt = own.plus(Range(fixed, fixed, fixed).times(papers, TOKEN_ERROR))
    # An answer lies somewhere between an empty form and a full one.
    empty, full = fmean(each.empty for each in asked), fmean(each.full for each in asked)
    answer = Range(empty, (empty + full) / 2, full).times(papers, TOKEN_ERROR)
    number = round(fmean(each.requests for each in asked) * papers)
    fresh = _mean([each.fresh for each in asked], whole=whole).times(papers, TOKEN_ERROR)
    seconds, speed = _time(endpoint, fresh, answer) if endpoint.answers else timer.forecast(papers)
    tokens, limits = prompt.plus(answer).expected, calls.limits
    rates = (number, limits.requests_per_minute), (tokens, limits.tokens_per_minute)
    least = max((60 * amount / limit for amount, limit in rates if limit), default=None)
    cost, batch_cost, price = _cost(endpoint, calls, prompt, answer)
    return Forecast(
        model=endpoint.model,
        task=task.label,
        approach=chosen.name,
        papers=papers,
        sample=len(asked),
        requests=number,
        fixed_tokens=round(fixed),
        prompt_tokens=prompt,
        answer_tokens=answer,
        seconds=seconds,
        least_seconds=least,
        cost=cost,
        batch_cost=batch_cost,
        basis=(*_token_basis(asked, whole=whole), speed, price),
    )


class _Timer:
    """How long the work on a paper takes, without the first one, for which models are loaded."""

    def __init__(self) -> None:
        self._papers = 0
        self._begun = self._since = self._last = time.monotonic()

    def done(self) -> None:
        self._papers, self._last = self._papers + 1, time.monotonic()
        if self._papers == 1:
            self._since = self._last

    @property
    def enough(self) -> bool:
        return self._papers >= _FEWEST and self._last - self._since >= _DRAW_SECONDS

    def forecast(self, papers: int) -> tuple[Range, str]:
        """Seconds for so many papers, and what that rests on."""
        number = self._papers - 1
        each = (self._last - self._since) / number if number else self._last - self._begun
        return Range(each, each, each).times(papers, _SPEED_ERROR), (
            f"time: {each:.2g} seconds a paper, measured here on {counted(number or 1, 'paper')}"
        )


def _shuffled(sample: Sequence[Paper]) -> Sequence[Paper]:
    """A draw of which the first papers are a fair draw too."""
    return random.Random(_SEED).sample(sample, len(sample))  # noqa: S311


def _requests(steps: Generator[Request, Answer, Draft[Any]]) -> list[Request]:
    """What a model that never finds anything is asked, without second questions."""
    from extractor.llm.answer import Answer, Usage

    message = {"role": "assistant", "content": "{}"}
    nothing = Answer(message=message, finish_reason="stop", usage=Usage(), paid_at=0.0)
    requests: list[Request] = []
    with suppress(StopIteration, PaperError):
        request = next(steps)
        while True:
            said = requests[-1].body.get("messages") if requests else None
            if said and request.body.get("messages", [])[: len(said)] == said:
                break  # it continues the conversation: a second question
            requests.append(request)
            request = steps.send(nothing)
    return requests


def _reckon(
    task: Task[Any], endpoint: Endpoint, requests: Sequence[Request], before: str
) -> _Asked:
    prompts = [
        request_tokens(request.body, schema_is_read=endpoint.reads_schema) for request in requests
    ]
    texts = [before, *(_text(request.body) for request in requests)]
    whole = task.schema.model_json_schema()
    answers = [
        answer_tokens(answer_schema(request.body) or whole, request.limit or endpoint.max_tokens)
        for request in requests
    ]
    return _Asked(
        len(requests),
        sum(fixed for fixed, _ in prompts),
        sum(own for _, own in prompts),
        sum(
            count_tokens(text[len(os.path.commonprefix([earlier, text])) :])  # noqa: RUF071
            for earlier, text in itertools.pairwise(texts)
        ),
        sum(empty for empty, _ in answers),
        sum(full for _, full in answers),
    )


def _text(body: Mapping[str, Any]) -> str:
    return "\n".join(request_texts(body))


def _mean(values: Sequence[int], *, whole: bool) -> Range:
    """The mean with its 95 % interval (bootstrap); that of all papers is what it is."""
    mean = fmean(values)
    if whole:
        return Range(mean, mean, mean)
    draw = random.Random(_SEED)  # noqa: S311
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return Range(means[_RESAMPLES // 40], mean, means[-_RESAMPLES // 40])


def _token_basis(asked: Sequence[_Asked], *, whole: bool) -> tuple[str, ...]:
    if not any(each.requests for each in asked):
        return ("no question is left for the model: what was trained decides",)
    drawn = (
        "every paper"
        if whole
        else f"a draw of {counted(len(asked), 'paper')}, drawn anew 1,000 times"
    )
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


def _time(endpoint: Endpoint, fresh: Range, answer: Range) -> tuple[Range | None, str]:
    """Seconds where the model's speed was measured; that of others is not guessed."""
    if endpoint.speed is not None:
        reading, writing = endpoint.speed
        read = fresh.times(1 / reading, _SPEED_ERROR)
        return read.plus(answer.times(1 / writing, _SPEED_ERROR)), (
            f"time: {reading:g} prompt and {writing:g} answer tokens a second, measured on "
            f"{_MEASURED_CORES} cores; there are {os.cpu_count() or 1} here"
        )
    return None, f"time: the speed of {endpoint.model} was not measured"


def _cost(
    endpoint: Endpoint, calls: CallSettings, prompt: Range, answer: Range
) -> tuple[Range | None, Range | None, str]:
    """What one by one, and what by batch, and what both rest on."""
    from extractor.run.session import prices_of

    prices = prices_of(endpoint, calls)
    if endpoint.free:
        return Range(0.0, 0.0, 0.0), None, "cost: nothing, the model runs on this machine"
    if prices is None:
        return (
            None,
            None,
            (
                f"cost: the price of {endpoint.model} at {endpoint.address} is not known: "
                "give --price-in and --price-out"
            ),
        )

    def at(price: Prices) -> Range:
        return prompt.times(price.prompt / 1e6).plus(answer.times(price.completion / 1e6))

    return (
        at(prices),
        at(prices.batch) if prices.batch else None,
        (
            f"cost: ${prices.prompt:g} and ${prices.completion:g} for a million prompt and answer "
            "tokens, without discounts, failed tries and second questions"
        ),
    )
