"""A session: provider, answer store, client and approach opened together as one engine."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Self

from extractor.errors import UsageError
from extractor.llm.budget import Budget, Spent
from extractor.llm.limits import AdaptiveConcurrency, RateLimiter
from extractor.llm.providers import Provider, provider_for
from extractor.run.engine import Engine
from extractor.run.state import open_run_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.faults import Fault
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Reply, Transport
    from extractor.record import SchemaT
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.task import Task


class Link:
    """The way to a model: its provider, which stays open from the first request until the link is
    closed, and what limits its requests. Engines may use it one after another."""

    def __init__(self, model: ModelSettings, calls: CallSettings) -> None:
        self.provider: Provider = provider_for(model)
        concurrency = AdaptiveConcurrency(self.provider.endpoint.concurrency)
        self.rate_limiter = RateLimiter(concurrency, calls.limits, patience=calls.patience)
        self.rate_limiter.notify = model.tell
        self._opened: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        self._opened = AsyncExitStack()
        self.provider = _KeptOpen(self.provider, self._opened)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None:
            await self._opened.aclose()


class _KeptOpen(Provider):
    """A provider that is opened once, and closed with a stack of contexts."""

    def __init__(self, provider: Provider, opened: AsyncExitStack) -> None:
        self.endpoint = provider.endpoint
        self.time_limit = provider.time_limit
        self._provider = provider
        self._opened = opened
        self._transport: Transport | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transport]:
        if self._transport is None:
            self._provider.opening = self.opening
            self._transport = await self._opened.enter_async_context(self._provider.open())
        yield self._transport

    def fault(self, reply: Reply) -> Fault:
        return self._provider.fault(reply)


@asynccontextmanager
async def open_engine(
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    run_state: RunState | None = None,
    link: Link | None = None,
) -> AsyncIterator[Engine[SchemaT]]:
    """Open everything that extraction needs and close it again, whatever happens.

    Without ``run_state`` it opens its own, which belongs to no run. The model itself is opened at
    the first request; that of a ``link`` stays open.
    """
    if run_state is None:
        with open_run_state(calls) as own:
            async with open_engine(task, model, calls, own, link) as engine:
                yield engine
        return
    from extractor.approaches import choose_approach
    from extractor.confidence import MinConfidence
    from extractor.llm.client import CachedClient, RetryingClient

    least = None if calls.min_confidence is None else MinConfidence(calls.min_confidence)
    link = link or Link(model, calls)
    provider, rate_limiter = link.provider, link.rate_limiter
    endpoint = provider.endpoint
    approach = choose_approach(model.approach, task, endpoint)(task, endpoint)
    provider.opening = approach.opening()
    run_state.budget = _budget(endpoint, calls, run_state)
    client = RetryingClient(
        provider,
        tries=calls.tries,
        timeout=calls.timeout,
        rate_limiter=rate_limiter,
        budget=run_state.budget,
        tell=model.tell,
    )
    since = run_state.run.started_at if run_state.run else None
    cached = CachedClient(task.fingerprint, client, run_state.store, since=since)
    try:
        yield Engine(task, endpoint, approach, cached, rate_limiter, least)
    finally:
        await cached.close()
        await client.close()


def _budget(endpoint: Endpoint, calls: CallSettings, run_state: RunState) -> Budget:
    """What the run may still spend; recorded in the store if there is one."""
    prices = needed_prices(endpoint, calls)
    run = run_state.run
    if run_state.lease is not None:
        from extractor.llm.lease import LeasedBudget

        budget: Budget = LeasedBudget(
            calls.ceilings,
            prices,
            lease=run_state.lease,
            longest_answer=endpoint.max_tokens,
            earlier=run.spent if run else Spent(),
        )
    else:
        budget = Budget(
            calls.ceilings,
            prices,
            longest_answer=endpoint.max_tokens,
            earlier=run.spent if run else None,
            elsewhere=run.elsewhere if run else None,
        )
    if run_state.store is not None and run_state.run is not None:
        from extractor.llm.store.runs import keep

        keep(run_state.store, run_state.run, budget)
    return budget


def needed_prices(endpoint: Endpoint, calls: CallSettings) -> Prices | None:
    """The prices that a ceiling of the cost needs; None without one. Raises UsageError."""
    if calls.ceilings.cost is None:
        return None
    if (prices := prices_of(endpoint, calls)) is None:
        raise UsageError(
            "--max-cost needs a price, and that of "
            f"{endpoint.model} at {endpoint.address} is unknown.",
            hint="Give --price-in and --price-out.",
        )
    return prices


def prices_of(endpoint: Endpoint, calls: CallSettings) -> Prices | None:
    """The prices of an endpoint: those given, else those of the price data; None if unknown."""
    from extractor.llm.prices import given, known

    return given(calls.price_in, calls.price_out) or known(endpoint)
