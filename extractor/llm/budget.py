"""What a run has spent, and the ceilings that it must not exceed.

Before a request is sent, the most that it can cost is reserved; when the actual cost is known, the
reservation is settled. So a ceiling holds whatever the answers are, and is used up to the last
request that is sure to fit. Several processes that work on the same run book their reservations in
the store, and share its ceilings.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import CeilingReached, resume_hint
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from extractor.llm.answer import Usage
    from extractor.llm.limits import StopSignal
    from extractor.llm.prices import Prices

# Tokens that a chat template adds around the messages.
_TEMPLATE_TOKENS = 64
_LOOK_SECONDS = 0.05


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
    broken connection); the most that it can have used is counted. Those of ``batch`` fields are
    among the others, and were charged for at the price of a provider's batch.
    """

    requests: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    lost_prompt_tokens: int = 0
    lost_completion_tokens: int = 0
    batch_prompt_tokens: int = 0
    batch_cached_tokens: int = 0
    batch_completion_tokens: int = 0
    batch_lost_prompt_tokens: int = 0
    batch_lost_completion_tokens: int = 0

    @property
    def lost_tokens(self) -> int:
        return self.lost_prompt_tokens + self.lost_completion_tokens

    @property
    def tokens(self) -> int:
        """All tokens, including the lost ones."""
        return self.prompt_tokens + self.completion_tokens + self.lost_tokens

    def cost(self, prices: Prices) -> float:
        """US dollars, including the lost tokens."""
        prompt = self.batch_prompt_tokens + self.batch_lost_prompt_tokens
        cached = self.batch_cached_tokens
        completion = self.batch_completion_tokens + self.batch_lost_completion_tokens
        return prices.cost(
            self.prompt_tokens + self.lost_prompt_tokens - prompt,
            self.cached_tokens - cached,
            self.completion_tokens + self.lost_completion_tokens - completion,
        ) + (prices.batch or prices).cost(prompt, cached, completion)

    def by_batch(self) -> Spent:
        """The same, all of it charged for at the price of a batch."""
        return self._replace(
            batch_prompt_tokens=self.prompt_tokens,
            batch_cached_tokens=self.cached_tokens,
            batch_completion_tokens=self.completion_tokens,
            batch_lost_prompt_tokens=self.lost_prompt_tokens,
            batch_lost_completion_tokens=self.lost_completion_tokens,
        )

    def __add__(self, other: Spent) -> Spent:  # type: ignore[override]  # of numbers, not of tuples
        return Spent(*map(add, self, other))


class Elsewhere(NamedTuple):
    """What the other processes of a run have spent, and what they have in flight at the most."""

    spent: Spent = Spent()
    in_flight: Spent = Spent()


class Budget:
    """Counts what one attempt at a run spends, on top of ``earlier`` attempts, under ceilings.

    ``prices`` are needed if the cost has a ceiling; ``longest_answer`` is in tokens. ``keep``
    writes what is spent and in flight to disk, and ``look`` reads what other processes have
    written. With ceilings both are done before each request, so that they hold over all processes
    and even if one is killed.
    """

    def __init__(
        self,
        ceilings: Ceilings | None = None,
        prices: Prices | None = None,
        *,
        longest_answer: int = 0,
        earlier: Spent | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.spent = Spent()
        self.elsewhere = elsewhere or Elsewhere()
        self.keep: Callable[[], Awaitable[None]] | None = None
        self.look: Callable[[], Elsewhere] | None = None
        self._before = earlier or Spent()
        self._ceilings = ceilings or Ceilings()
        self._prices = prices
        self._longest_answer = longest_answer
        self._reserved: set[Reservation] = set()
        self.batches: dict[str, Spent] = {}
        """The most that each batch can cost that is under way, by its key."""

    @property
    def earlier(self) -> Spent:
        """What earlier attempts and other processes have spent."""
        return self._before + self.elsewhere.spent

    def total(self) -> Spent:
        """What the run has spent so far, with reserved requests at the most they can cost."""
        total = self.earlier + self.elsewhere.in_flight + self.spent
        reserved = (each.most for each in self._reserved)
        return sum((*reserved, *self.batches.values()), total)

    def in_flight(self) -> Spent:
        """The most that the requests can cost that are sent and not settled."""
        booked = (each.most for each in tuple(self._reserved) if each.booked)
        return sum(booked, Spent())  # also asked from the store's thread

    async def reserve(self, content: bytes, stop_signal: StopSignal) -> Reservation | None:
        """Reserve the most that the request can cost; waits while others may be released.

        Raises CeilingReached if it does not fit, and the stop signal's reason once there is one.
        """
        if not self._ceilings:
            return None
        most = self._most(content)
        while over := self._exceeded(most):
            if not self._reserved and not self.elsewhere.in_flight.requests:
                raise over
            await stop_signal.wait(_LOOK_SECONDS if self.elsewhere.in_flight.requests else None)
            self._look()
        reservation = Reservation(most)
        self._reserved.add(reservation)
        return reservation

    async def book(self, reservation: Reservation) -> bool:
        """Put a reservation on disk, as the last thing before its request is sent.

        Returns whether it holds: other processes may have used the rest of a ceiling. Each writes
        before it looks, so that of two that need the same rest at most one gets it.
        """
        if self.keep is None:
            return True
        reservation.booked = True
        await self.keep()
        self._look()
        if self._exceeded(Spent()) is None:
            return True
        self.release(reservation)
        await self.keep()
        return False

    def _look(self) -> None:
        if self.look is not None:
            self.elsewhere = self.look()

    def settle(
        self, reservation: Reservation | None, usage: Usage | None, *, content: bytes, lost: bool
    ) -> None:
        """Count one request that was sent.

        ``usage`` is what its reply reported, if anything; without it, the reserved tokens are
        counted as ``lost`` if the request may have been charged for. So is a count of tokens that
        is not positive, since every request and every answer has some.
        """
        most = self._most(content)
        if usage is not None:
            used = _used(usage)
            self.spent += used._replace(
                lost_prompt_tokens=0 if used.prompt_tokens else most.lost_prompt_tokens,
                lost_completion_tokens=0 if used.completion_tokens else most.lost_completion_tokens,
            )
        elif lost:
            self.spent += most
        else:
            self.spent += Spent(requests=1, failed=1)
        self.release(reservation)  # last: the store's thread may count it twice, but never miss it

    def most_by_batch(self, content: bytes) -> Spent:
        """The most that a request can cost as a line of a batch."""
        return self._most(content).by_batch()

    def has_room(self, most: Spent) -> bool:
        """Whether so much more is sure to stay under the ceilings."""
        return self._exceeded(most) is None

    def settle_line(self, usage: Usage | None) -> None:
        """Count one line of a batch, and its tokens if it was answered."""
        self.spent += (_used(usage) if usage else Spent(requests=1, failed=1)).by_batch()

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
        return exceeded(self._ceilings, self._prices, self.total(), most)


@dataclass(eq=False, slots=True)
class Reservation:
    """What is reserved for one request; ``booked`` when it is on disk and may be sent."""

    most: Spent
    booked: bool = False


def _used(usage: Usage) -> Spent:
    """What one answered request has used, as its reply reports it."""
    prompt = max(usage.prompt_tokens, 0)
    return Spent(
        requests=1,
        prompt_tokens=prompt,
        cached_tokens=min(max(usage.cached_tokens, 0), prompt),
        completion_tokens=max(usage.completion_tokens, 0),
    )


def exceeded(
    limit: Ceilings, prices: Prices | None, now: Spent, most: Spent
) -> CeilingReached | None:
    """The ceiling that is reached where ``now`` is spent and ``most`` is to be, if there is one."""
    then = now + most
    if limit.requests is not None and then.requests > limit.requests:
        return _reached(counted(limit.requests, "request"), f"{now.requests:,}", "--max-requests")
    if limit.tokens is not None and then.tokens > limit.tokens:
        return _reached(counted(limit.tokens, "token"), f"{now.tokens:,}", "--max-tokens")
    if limit.cost is None or prices is None or then.cost(prices) <= limit.cost:
        return None
    exact = f"{limit.cost:,.2f}" if round(limit.cost, 2) == limit.cost else f"{limit.cost:g}"
    return _reached(f"${exact}", f"${now.cost(prices):,.4f}", "--max-cost")


def _reached(ceiling: str, spent: str, option: str) -> CeilingReached:
    return CeilingReached(
        f"The ceiling of {ceiling} is reached: {spent} {'is' if spent == '1' else 'are'} spent, "
        "and one more request might exceed it.",
        hint=resume_hint(f"with a higher {option}"),
    )
