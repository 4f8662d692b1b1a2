"""Durable rows a second: the store's bulk insert beside diskcache's public way.

    python benchmarks/store.py

A batch is one transaction that is on disk when it returns, as when so many papers wait for their
answers to be stored. Both ways take turns, round after round.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import diskcache  # type: ignore[import-untyped]

from extractor.llm.store.bulk_insert import BulkInsert

if TYPE_CHECKING:
    from collections.abc import Callable

BATCHES = {1: 300, 16: 3000, 64: 8000, 200: 16_000}
"""Rows in a transaction, and rows in all."""

_TEXT = '{"message": {"role": "assistant", "content": "' + "x" * 700 + '"}}'
_PAGES = 2**14


@dataclass(frozen=True)
class Stored:
    """Rows a second in batches of one size, medians of the rounds."""

    batch: int
    bulk: float
    public: float


def measure(rounds: int) -> list[Stored]:
    """Both ways, for every size of batch."""
    found = []
    for batch, rows in BATCHES.items():
        rates: dict[Callable[[Path, int, int], float], list[float]] = {_bulk: [], _public: []}
        for turn in range(rounds):
            for way in list(rates)[:: 1 if turn % 2 else -1]:
                with tempfile.TemporaryDirectory() as folder:
                    rates[way].append(way(Path(folder), rows, batch))
        found.append(
            Stored(batch, statistics.median(rates[_bulk]), statistics.median(rates[_public]))
        )
    return found


def _open(folder: Path) -> diskcache.Cache:
    return diskcache.Cache(
        str(folder),
        eviction_policy="none",
        size_limit=2**62,
        cull_limit=0,
        statistics=0,
        disk_min_file_size=2**62,
        sqlite_synchronous=2,
        sqlite_wal_autocheckpoint=_PAGES,
    )


def _bulk(folder: Path, rows: int, batch: int) -> float:
    _open(folder).close()
    insert = BulkInsert(folder / "cache.db", lock_seconds=60, wal_pages=_PAGES)
    started = time.perf_counter()
    for first in range(0, rows, batch):
        insert.write([(f"{first + i:064x}", _TEXT) for i in range(batch)])
    seconds = time.perf_counter() - started
    insert.close()
    return rows / seconds


def _public(folder: Path, rows: int, batch: int) -> float:
    cache = _open(folder)
    started = time.perf_counter()
    for first in range(0, rows, batch):
        with cache.transact():
            for i in range(batch):
                cache.set(f"{first + i:064x}", _TEXT)
    seconds = time.perf_counter() - started
    cache.close()
    return rows / seconds


if __name__ == "__main__":
    for each in measure(5):
        print(f"{each.batch}: {each.bulk:,.0f} rows/s; public {each.public / each.bulk:.2f} of it")
