"""A session: endpoint, ledger, caller and approach opened together as one engine."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from extractor.engine import Engine
from extractor.models import open_endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from extractor.calls.ledger import Ledger
    from extractor.models.settings import ModelSettings
    from extractor.task import SchemaT, Task


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """How calls are made and kept. ``cache_dir`` None keeps nothing; ``tries`` bounds the
    requests for one answer; ``timeout`` bounds one request, in seconds."""

    cache_dir: Path | None
    tries: int = 6
    timeout: float = 120.0


def default_cache_dir() -> Path:
    """Where answers are kept: EXTRACTOR_CACHE_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "answers"


@asynccontextmanager
async def open_engine(
    task: Task[SchemaT], model: ModelSettings, calls: CallSettings
) -> AsyncIterator[Engine[SchemaT]]:
    """Open everything that extraction needs and close it again, whatever happens."""
    from extractor.approaches import prepare
    from extractor.calls import Asker, Caller

    ledger = open_ledger(calls.cache_dir) if calls.cache_dir else None
    try:
        async with open_endpoint(model) as endpoint:
            caller = Caller(endpoint, tries=calls.tries, timeout=calls.timeout)
            try:
                asker = Asker(task.fingerprint, caller, ledger)
                yield Engine(task, endpoint, prepare(task, endpoint), asker)
            finally:
                await caller.close()
    finally:
        if ledger is not None:
            ledger.close()


def open_ledger(directory: Path | None = None) -> Ledger:
    """The ledger in a directory, by default the user's. Raises CacheError."""
    from extractor.calls.ledger import Ledger

    return Ledger(directory or default_cache_dir())
