"""A session: endpoint, ledger, caller and approach opened together as one engine."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from extractor.calls.level import Level
from extractor.calls.spending import Ceilings, Purse
from extractor.calls.traffic import Limits, Traffic
from extractor.engine import Engine
from extractor.errors import UsageError
from extractor.models import open_endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from extractor.calls.journal import Run
    from extractor.calls.ledger import Ledger
    from extractor.calls.prices import Prices
    from extractor.models import Endpoint
    from extractor.models.settings import ModelSettings
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
class Books:
    """What is kept of paid work: the ledger, the run's entry in the journal, what it spent."""

    ledger: Ledger | None = None
    run: Run | None = None
    purse: Purse = field(default_factory=Purse)

    def complete(self) -> None:
        """The run is complete and its output in place: the next one is another run."""
        if self.ledger is not None and self.run is not None:
            self.ledger.remove(self.run.key)

    def notes(self) -> list[str]:
        """What a person should know of the ledger."""
        if self.ledger is None:
            return []
        notes = list(self.ledger.notes)
        if self.ledger.damaged:
            notes.append(
                f"{len(self.ledger.damaged):,} damaged rows of the cache counted as absent: "
                "what they held was asked again."
            )
        return notes


def default_cache_dir() -> Path:
    """Where answers are kept: EXTRACTOR_CACHE_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "answers"


@contextmanager
def open_books(calls: CallSettings, *identity: object) -> Iterator[Books]:
    """Open the ledger and take up the run of this identity, if one is given.

    An identity is what makes it the same run when the same command is given again. Raises
    CacheError.
    """
    if calls.cache_dir is None:
        yield Books()
        return
    from extractor.calls.journal import run_key, take_up

    ledger = open_ledger(calls.cache_dir)
    try:
        yield Books(ledger, take_up(ledger, run_key(*identity)) if identity else None)
    finally:
        ledger.close()


@asynccontextmanager
async def open_engine(
    task: Task[SchemaT],
    model: ModelSettings,
    calls: CallSettings,
    books: Books | None = None,
) -> AsyncIterator[Engine[SchemaT]]:
    """Open everything that extraction needs and close it again, whatever happens.

    Without ``books`` it keeps its own, and knows nothing of runs.
    """
    if books is None:
        with open_books(calls) as own:
            async with open_engine(task, model, calls, own) as engine:
                yield engine
        return
    from extractor.approaches import settled

    async with open_endpoint(settled(model, task)) as endpoint:
        traffic = Traffic(Level(endpoint.concurrency), calls.limits)
        async with _open_calls(task, endpoint, calls, books, traffic) as engine:
            yield engine


@asynccontextmanager
async def _open_calls(
    task: Task[SchemaT], endpoint: Endpoint, calls: CallSettings, books: Books, traffic: Traffic
) -> AsyncIterator[Engine[SchemaT]]:
    from extractor.approaches import prepare
    from extractor.calls.asker import Asker
    from extractor.calls.caller import Caller

    _open_purse(endpoint, calls, books)
    caller = Caller(
        endpoint, tries=calls.tries, timeout=calls.timeout, traffic=traffic, purse=books.purse
    )
    since = books.run.started_at if books.run else None
    asker = Asker(task.fingerprint, caller, books.ledger, since=since)
    try:
        yield Engine(
            task,
            endpoint,
            prepare(task, endpoint),
            asker,
            recall=asker.recall if books.ledger else None,
            afresh=asker.afresh,
            traffic=traffic,
        )
    finally:
        await asker.close()
        await caller.close()


def _open_purse(endpoint: Endpoint, calls: CallSettings, books: Books) -> None:
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
    books.purse = Purse(
        calls.ceilings,
        prices,
        longest_answer=endpoint.max_tokens,
        earlier=books.run.spent if books.run else None,
    )
    if books.ledger is not None and books.run is not None:
        from extractor.calls.journal import keep

        keep(books.ledger, books.run, books.purse)


def prices_of(endpoint: Endpoint, calls: CallSettings) -> Prices | None:
    """The prices of an endpoint: given, or from the price data; None where neither knows."""
    from extractor.calls.prices import given, known

    return given(calls.price_in, calls.price_out) or known(endpoint)


def open_ledger(directory: Path | None = None) -> Ledger:
    """The ledger in a directory, by default the user's. Raises CacheError."""
    from extractor.calls.ledger import Ledger

    return Ledger(directory or default_cache_dir())
