"""Ceilings that parts share: one ledger leases to each part what it may spend.

A part's allowance is the most that it may have spent, all attempts included. The sum of all
allowances never exceeds a ceiling, so neither does what is spent, whatever dies: a part that is
taken over begins with what its store says was spent or in flight.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from operator import sub
from typing import TYPE_CHECKING, TypeAlias

from extractor.errors import CacheError, ExtractorError
from extractor.llm.budget import Budget, Ceilings, Reservation, Spent, exceeded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from extractor.llm.limits import StopSignal
    from extractor.llm.prices import Prices

_REQUESTS = 16
"""Requests of one lease, while there is plenty."""

_WAIT_SECONDS = 0.1

Leased: TypeAlias = "Spent | ExtractorError | None"
"""The new allowance, or why there is none, or None where others may give some back."""

Lease: TypeAlias = "Callable[[Spent, Spent, Spent], Awaitable[Leased]]"
"""Asks the ledger, with what is settled, what is reserved, and the most that a request takes."""


@dataclass
class _Part:
    epoch: int = 0
    allowance: Spent = field(default_factory=Spent)
    waits: bool = True
    """Whether it cannot spend more: it is closed, or waits for a lease with nothing in flight."""


class Ledger:
    """Leases what is left under ``ceilings``; ``spent`` is what each part has spent before."""

    def __init__(
        self,
        ceilings: Ceilings,
        prices: Prices | None,
        spent: Mapping[int, Spent],
        workers: int,
    ) -> None:
        self._ceilings = ceilings
        self._prices = prices
        self._plenty = _REQUESTS * workers
        self._parts = {number: _Part(allowance=each) for number, each in spent.items()}
        self.total = sum(spent.values(), Spent())

    def open(self, number: int, epoch: int, spent: Spent) -> bool:
        """Begin a part that has ``spent`` so much; False if a later epoch of it was begun."""
        part = self._parts.setdefault(number, _Part())
        if epoch < part.epoch:
            return False
        part.epoch, part.waits = epoch, False
        self._allow(part, spent)
        return True

    def lease(
        self, number: int, epoch: int, settled: Spent, reserved: Spent, most: Spent
    ) -> Leased:
        """Take back what a part does not need, and lease it one request or some."""
        part = self._parts[number]
        if epoch < part.epoch:
            return CacheError(f"Part {number} was taken over by another worker.")
        self._allow(part, settled + reserved)
        over = exceeded(self._ceilings, self._prices, self.total, most)
        if over is None:
            plenty = exceeded(self._ceilings, self._prices, self.total, _times(most, self._plenty))
            part.waits = False
            leased = most if plenty else _times(most, _REQUESTS)
            self._allow(part, part.allowance + leased)
            return part.allowance
        part.waits = not reserved.requests
        return over if all(each.waits for each in self._parts.values()) else None

    def close(self, number: int, epoch: int, spent: Spent) -> None:
        """End a part: what it has not spent is for others."""
        part = self._parts.setdefault(number, _Part())
        if epoch >= part.epoch:
            part.waits = True
            self._allow(part, spent)

    def _allow(self, part: _Part, allowance: Spent) -> None:
        self.total = Spent(*map(sub, self.total + allowance, part.allowance))
        part.allowance = allowance


class LeasedBudget(Budget):
    """A budget whose ceilings are a lease, which grows as long as the ledger leases more."""

    def __init__(
        self,
        ceilings: Ceilings,
        prices: Prices | None,
        *,
        lease: Lease,
        longest_answer: int,
        earlier: Spent,
    ) -> None:
        super().__init__(ceilings, prices, longest_answer=longest_answer, earlier=earlier)
        self._shared = ceilings
        self._lease = lease
        self._turn = asyncio.Lock()
        self._allow(earlier)

    async def reserve(self, content: bytes, stop_signal: StopSignal) -> Reservation | None:
        if not self._shared:
            return None
        most = self._most(content)
        while self._exceeded(most):
            async with self._turn:
                if self._exceeded(most):
                    await self._ask(most, stop_signal)
        reservation = Reservation(most)
        self._reserved.add(reservation)
        return reservation

    async def _ask(self, most: Spent, stop_signal: StopSignal) -> None:
        reserved = sum((each.most for each in self._reserved), Spent())
        settled = self.earlier + self.spent
        self._allow(settled + reserved)  # what is told to be given back is not used meanwhile
        leased = await self._lease(settled, reserved, most)
        if isinstance(leased, ExtractorError):
            raise leased
        if leased is None:
            await stop_signal.wait(_WAIT_SECONDS)
        else:
            self._allow(leased)

    def _allow(self, most: Spent) -> None:
        shared = self._shared
        cost = most.cost(self._prices) if shared.cost is not None and self._prices else None
        self._ceilings = Ceilings(
            requests=None if shared.requests is None else most.requests,
            tokens=None if shared.tokens is None else most.tokens,
            cost=cost,
        )


def _times(most: Spent, requests: int) -> Spent:
    return Spent(*(requests * each for each in most))
