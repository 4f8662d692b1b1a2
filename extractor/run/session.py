"""A session: endpoint, store, client and approach opened together as one engine."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from extractor.errors import UsageError
from extractor.llm.budget import Budget, Ceilings
from extractor.llm.concurrency import AdaptiveConcurrency
from extractor.llm.limits import Limits, RateLimiter
from extractor.llm.providers import open_endpoint
from extractor.run.engine import Engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from extractor.llm.prices import Prices
    from extractor.llm.providers import Endpoint
    from extractor.llm.runs import Run
    from extractor.llm.settings import ModelSettings
    from extractor.llm.store import AnswerStore
    from extractor.task import SchemaT, Task


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """How calls are made, paid and kept.

    ``cache_dir`` None keeps nothing; ``tries`` bounds the requests for one answer; ``timeout``
    bounds one request, in seconds. ``price_in`` and ``price_out`` are US dollars for a million
    tokens, by default those of the price data.
    """

    cache_dir: Path | None
    tries: int = 6
    timeout: float = 120.0
    limits: Limits = field(default_factory=Limits)
    ceilings: Ceilings = field(default_factory=Ceilings)
    price_in: float | None = None
    price_out: float | None = None

    def __post_init__(self) -> None:
        if (self.price_in is None) != (self.price_out is None):
            raise UsageError("A price is only half given.", hint="Give --price-in and --price-out.")


@dataclass
class RunState:
    """What is kept of paid work: the store, the run's entry in the journal, what it spent."""

    store: AnswerStore | None = None
    run: Run | None = None
    budget: Budget = field(default_factory=Budget)

    def complete(self) -> None:
        """The run is complete and its output in place: the next one is another run."""
        if self.store is not None and self.run is not None:
            self.store.remove(self.run.key)

    def notes(self) -> list[str]:
        """What a person should know of the store."""
        if self.store is None:
            return []
        notes = list(self.store.notes)
        if self.store.damaged:
            notes.append(
                f"{len(self.store.damaged):,} damaged rows of the cache counted as absent: "
                "what they held was asked again."
            )
        return notes


def default_cache_dir() -> Path:
    """Where answers are kept: EXTRACTOR_CACHE_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "answers"


@contextmanager
def open_run_state(calls: CallSettings, *identity: object) -> Iterator[RunState]:
    """Open the store and take up the run of this identity, if one is given.

    An identity is what makes it the same run when the same command is given again. Raises
    CacheError.
    """
    if calls.cache_dir is None:
        yield RunState()
        return
    from extractor.llm.runs import run_key, take_up

    store = open_store(calls.cache_dir)
    try:
        yield RunState(store, take_up(store, run_key(*identity)) if identity else None)
    finally:
        store.close()


@asynccontextmanager
async def open_engine(
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    run_state: RunState | None = None,
) -> AsyncIterator[Engine[SchemaT]]:
    """Open everything that extraction needs and close it again, whatever happens.

    Without ``run_state`` it keeps its own, and knows nothing of runs.
    """
    if run_state is None:
        with open_run_state(calls) as own:
            async with open_engine(task, model, calls, own) as engine:
                yield engine
        return
    from extractor.approaches import settled

    async with open_endpoint(settled(model, task)) as endpoint:
        rate_limiter = RateLimiter(AdaptiveConcurrency(endpoint.concurrency), calls.limits)
        async with _open_client(task, endpoint, calls, run_state, rate_limiter) as engine:
            yield engine


@asynccontextmanager
async def _open_client(
    task: Task[SchemaT],
    endpoint: Endpoint,
    calls: CallSettings,
    run_state: RunState,
    rate_limiter: RateLimiter,
) -> AsyncIterator[Engine[SchemaT]]:
    from extractor.approaches import prepare
    from extractor.llm.cached_client import CachedClient
    from extractor.llm.client import RetryingClient

    _open_budget(endpoint, calls, run_state)
    client = RetryingClient(
        endpoint,
        tries=calls.tries,
        timeout=calls.timeout,
        rate_limiter=rate_limiter,
        budget=run_state.budget,
    )
    since = run_state.run.started_at if run_state.run else None
    cached = CachedClient(task.fingerprint, client, run_state.store, since=since)
    try:
        yield Engine(
            task,
            endpoint,
            prepare(task, endpoint),
            cached,
            recall=cached.recall if run_state.store else None,
            afresh=cached.afresh,
            rate_limiter=rate_limiter,
        )
    finally:
        await cached.close()
        await client.close()


def _open_budget(endpoint: Endpoint, calls: CallSettings, run_state: RunState) -> None:
    """Put the run's spending under its ceilings, and into the journal."""
    prices = None
    if calls.ceilings.cost is not None:
        prices = prices_of(endpoint, calls)
        if prices is None:
            raise UsageError(
                f"--max-cost needs a price, and that of {endpoint.model} at {endpoint.address} "
                "is not known.",
                hint="Give --price-in and --price-out.",
            )
    run_state.budget = Budget(
        calls.ceilings,
        prices,
        longest_answer=endpoint.max_tokens,
        earlier=run_state.run.spent if run_state.run else None,
    )
    if run_state.store is not None and run_state.run is not None:
        from extractor.llm.runs import keep

        keep(run_state.store, run_state.run, run_state.budget)


def prices_of(endpoint: Endpoint, calls: CallSettings) -> Prices | None:
    """The prices of an endpoint: given, or from the price data; None where neither knows."""
    from extractor.llm.prices import given, known

    return given(calls.price_in, calls.price_out) or known(endpoint)


def open_store(directory: Path | None = None) -> AnswerStore:
    """The store in a directory, by default the user's. Raises CacheError."""
    from extractor.llm.store import AnswerStore

    return AnswerStore(directory or default_cache_dir())
