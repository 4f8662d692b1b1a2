"""The bill of a run: what it asked for, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.run.session import prices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractor.llm.budget import Spent
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.run.settings import CallSettings
    from extractor.run.state import RunState


@dataclass(frozen=True)
class Bill:
    """What this attempt ``spent``, what ``earlier`` attempts at the same run did, at what
    ``prices`` (None: not known) of ``whose``; ``notes`` on the store, and papers left out."""

    spent: Spent
    earlier: Spent
    prices: Prices | None
    whose: str
    free: bool
    notes: Sequence[str] = ()
    left_out: int = 0

    @classmethod
    def of(
        cls, endpoint: Endpoint, calls: CallSettings, run_state: RunState, left_out: int = 0
    ) -> Bill:
        """The bill of what the run state holds."""
        budget = run_state.budget
        asked = bool(budget.spent.requests or budget.earlier.requests)
        return cls(
            budget.spent,
            budget.earlier,
            prices_of(endpoint, calls) if asked else None,
            f"{endpoint.model} at {endpoint.address}",
            endpoint.free,
            run_state.notes(),
            left_out,
        )

    def lines(self) -> Iterator[str]:
        """What a person reads of it."""
        if self.spent.requests:
            yield f"asked {self._what(self.spent)}{self._price()}"
        if self.earlier.requests:
            yield f"with earlier attempts at this run: {self._what(self.earlier + self.spent)}"
        if self.left_out:
            yield (
                f"{self.left_out:,} papers left out: they neither failed before nor are done. "
                "Without --retry-failed they are asked too."
            )
        yield from self.notes

    def _what(self, spent: Spent) -> str:
        failed = f" ({spent.failed:,} failed)" if spent.failed else ""
        kept = f" ({spent.cached_tokens:,} cached)" if spent.cached_tokens else ""
        lost = f", at most {spent.lost_tokens:,} lost" if spent.lost_tokens else ""
        return (
            f"{spent.requests:,} times{failed}: {spent.prompt_tokens:,} prompt tokens{kept}, "
            f"{spent.completion_tokens:,} answer tokens{lost}{self._cost(spent)}"
        )

    def _cost(self, spent: Spent) -> str:
        if self.free or self.prices is None:
            return ""
        return f", ${spent.cost(self.prices):,.4f}"

    def _price(self) -> str:
        if self.free or self.prices is not None:
            return ""
        return f"; the price of {self.whose} is not known: give --price-in and --price-out"
