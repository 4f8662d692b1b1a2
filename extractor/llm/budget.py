"""What a run has spent, and the ceilings that it must not exceed.

Before a request is sent, the most that it can cost is reserved; when the actual cost is known, the
reservation is settled. So a ceiling holds whatever the answers are, and is used up to the last
request that is sure to fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import CeilingReached, resume_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from extractor.llm.answer import Usage
    from extractor.llm.limits import StopSignal
    from extractor.llm.prices import Prices

# Tokens that a chat template adds around the messages.
_TEMPLATE_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that a run may spend, over all its attempts: requests, tokens, US dollars."""

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def __bool__(self) -> bool:
        return (self.requests, self.tokens, self.cost) != (None, None, None)


class Spent(NamedTuple):
    """Requests, including those that ``failed``, and the tokens that were charged for.

    Tokens are ``lost`` if a request got no answer but may have been charged for (a time-out, a
    broken connection); the most that it can have used is counted.
    """

    requests: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    lost_prompt_tokens: int = 0
    lost_completion_tokens: int = 0

    @property
    def lost_tokens(self) -> int:
        return self.lost_prompt_tokens + self.lost_completion_tokens

    @property
    def tokens(self) -> int:
        """All tokens, including the lost ones."""
        return self.prompt_tokens + self.completion_tokens + self.lost_tokens

    def cost(self, prices: Prices) -> float:
        """US dollars, including the lost tokens."""
        return prices.cost(
            self.prompt_tokens + self.lost_prompt_tokens,
            self.cached_tokens,
            self.completion_tokens + self.lost_completion_tokens,
        )

    def __add__(self, other: Spent) -> Spent:  # type: ignore[override]  # of numbers, not of tuples
        return Spent(*map(add, self, other))


class Budget:
    """Counts what one attempt at a run spends, on top of ``earlier`` attempts, under ceilings.

    ``prices`` are needed if the cost has a ceiling; ``longest_answer`` is in tokens. ``keep``
    writes `total` to disk; with ceilings it is awaited before each request, so that they hold
    even if the process is killed.
    """

    def __init__(
        self,
        ceilings: Ceilings | None = None,
        prices: Prices | None = None,
        *,
        longest_answer: int = 0,
        earlier: Spent | None = None,
    ) -> None:
        self.spent = Spent()
        self.earlier = earlier or Spent()
        self.keep: Callable[[], Awaitable[None]] | None = None
        self._ceilings = ceilings or Ceilings()
        self._prices = prices
        self._longest_answer = longest_answer
        self._reserved: set[Reservation] = set()

    def total(self) -> Spent:
        """What the run has spent so far, with requests in flight at the most they can cost."""
        total = self.earlier + self.spent
        for reservation in tuple(self._reserved):  # also asked from the store's thread
            total += reservation.most
        return total

    async def reserve(self, content: bytes, stop_signal: StopSignal) -> Reservation | None:
        """Reserve the most that the request can cost; waits while others may be released.

        Raises CeilingReached if it does not fit, and the stop signal's reason once there is one.
        """
        if not self._ceilings:
            return None
        most = self._most(content)
        while over := self._exceeded(most):
            if not self._reserved:
                raise over
            await stop_signal.wait()
        reservation = Reservation(most)
        self._reserved.add(reservation)
        if self.keep is not None:
            await self.keep()
        return reservation

    def settle(
        self, reservation: Reservation | None, usage: Usage | None, *, content: bytes, lost: bool
    ) -> None:
        """Count one request that was sent.

        ``usage`` is what its reply reported, if anything; without it, the reserved tokens are
        counted as ``lost`` if the request may have been charged for.
        """
        self.release(reservation)
        if usage is not None:
            self.spent += Spent(
                1, 0, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens
            )
        elif lost:
            self.spent += self._most(content)
        else:
            self.spent += Spent(requests=1, failed=1)

    def release(self, reservation: Reservation | None) -> None:
        """Release the reservation."""
        if reservation is not None:
            self._reserved.discard(reservation)

    def _most(self, content: bytes) -> Spent:
        """The most tokens it can use: a prompt token is at least one byte of the request."""
        return Spent(
            requests=1,
            failed=1,
            lost_prompt_tokens=len(content) + _TEMPLATE_TOKENS,
            lost_completion_tokens=self._longest_answer,
        )

    def _exceeded(self, most: Spent) -> CeilingReached | None:
        limit, now = self._ceilings, self.total()
        then = now + most
        if limit.requests is not None and then.requests > limit.requests:
            return _reached(f"{limit.requests:,} requests", f"{now.requests:,}", "--max-requests")
        if limit.tokens is not None and then.tokens > limit.tokens:
            return _reached(f"{limit.tokens:,} tokens", f"{now.tokens:,}", "--max-tokens")
        if limit.cost is None or self._prices is None or then.cost(self._prices) <= limit.cost:
            return None
        return _reached(f"${limit.cost:,.2f}", f"${now.cost(self._prices):,.4f}", "--max-cost")


@dataclass(eq=False, slots=True)
class Reservation:
    """What is reserved for one request."""

    most: Spent


def _reached(ceiling: str, spent: str, option: str) -> CeilingReached:
    return CeilingReached(
        f"The ceiling of {ceiling} is reached: {spent} are spent, "
        "and one more request might exceed it.",
        hint=resume_hint(f"with a higher {option}"),
    )
