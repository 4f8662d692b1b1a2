"""The one place that all workers of a run ask: what they may spend, and whether to stop.

It is an actor beside the driver, and dies with it. It holds counts, never papers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.llm.budget import Spent
    from extractor.llm.lease import Leased, Ledger
    from extractor.run.batch import Summary
    from extractor.run.extent import Total


class Coordinator:
    """Leases from a ledger, and passes on what workers and the reader tell of how far they are."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopped = False
        self._total: Total | None = None
        self._under_way: dict[int, Summary] = {}
        self._told: dict[str, None] = {}

    def stop(self) -> None:
        """Have no more parts begun, and those that are under way end soon."""
        self._stopped = True

    def stopped(self) -> bool:
        return self._stopped

    def read(self, total: Total | None) -> bool:
        """The reader is so far; returns whether it is to stop."""
        self._total = total
        return self._stopped

    def open(self, part: int, epoch: int, spent: Spent) -> bool:
        """A part is begun; False if another worker has it by now."""
        return self._ledger.open(part, epoch, spent)

    def lease(self, part: int, epoch: int, settled: Spent, reserved: Spent, most: Spent) -> Leased:
        return self._ledger.lease(part, epoch, settled, reserved, most)

    def close(self, part: int, epoch: int, spent: Spent) -> None:
        """A part is done, or as far as it gets."""
        self._ledger.close(part, epoch, spent)

    def report(self, part: int, summary: Summary) -> bool:
        """A part is so far; returns whether it is to stop."""
        self._under_way[part] = summary
        return self._stopped

    def tell(self, text: str) -> None:
        """A line for the user, which many workers may have at once."""
        self._told.setdefault(text)

    def status(self) -> tuple[Total | None, dict[int, Summary], list[str]]:
        """What was told since it was last asked."""
        found = self._total, self._under_way, list(self._told)
        self._under_way, self._told = {}, {}
        return found
