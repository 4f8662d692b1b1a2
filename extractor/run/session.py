"""A session: provider, answer store, client and approach opened together as one engine."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from extractor.errors import UsageError
from extractor.llm.budget import Budget
from extractor.llm.limits import AdaptiveConcurrency, RateLimiter
from extractor.llm.providers import provider_for
from extractor.run.engine import Engine
from extractor.run.state import open_run_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.llm.settings import ModelSettings
    from extractor.record import SchemaT
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState
    from extractor.task import Task


@asynccontextmanager
async def open_engine(
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    run_state: RunState | None = None,
) -> AsyncIterator[Engine[SchemaT]]:
    """Open everything that extraction needs and close it again, whatever happens.

    Without ``run_state`` it opens its own, which belongs to no run. The model itself is opened at
    the first request.
    """
    if run_state is None:
        with open_run_state(calls) as own:
            async with open_engine(task, model, calls, own) as engine:
                yield engine
        return
    from extractor.approaches import choose_approach
    from extractor.confidence import MinConfidence
    from extractor.llm.client import CachedClient, RetryingClient

    least = None if calls.min_confidence is None else MinConfidence(calls.min_confidence)
    provider = provider_for(model)
    endpoint = provider.endpoint
    approach = choose_approach(model.approach, task, endpoint)(task, endpoint)
    provider.opening = approach.opening()
    concurrency = AdaptiveConcurrency(endpoint.concurrency)
    rate_limiter = RateLimiter(concurrency, calls.limits, patience=calls.patience)
    rate_limiter.notify = model.tell
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
    prices = None
    if calls.ceilings.cost is not None:
        prices = prices_of(endpoint, calls)
        if prices is None:
            raise UsageError(
                "--max-cost needs a price, and that of "
                f"{endpoint.model} at {endpoint.address} is unknown.",
                hint="Give --price-in and --price-out.",
            )
    budget = Budget(
        calls.ceilings,
        prices,
        longest_answer=endpoint.max_tokens,
        earlier=run_state.run.spent if run_state.run else None,
        elsewhere=run_state.run.elsewhere if run_state.run else None,
    )
    if run_state.store is not None and run_state.run is not None:
        from extractor.llm.store.runs import keep

        keep(run_state.store, run_state.run, budget)
    return budget


def prices_of(endpoint: Endpoint, calls: CallSettings) -> Prices | None:
    """The prices of an endpoint: those given, else those of the price data; None if unknown."""
    from extractor.llm.prices import given, known

    return given(calls.price_in, calls.price_out) or known(endpoint)
