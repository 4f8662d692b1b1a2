"""What the records of an evaluation took: tokens, money and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Price(Protocol):
    """What tokens of a model cost, in US dollars; None where that is not known."""

    def __call__(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Spending:
    """What the records took.

    Tokens, and ``cost`` in US dollars, are those of every answer, whether it was paid for in
    this run or before; they are None where the records, or the prices, do not tell. ``seconds``
    of wall clock belong to the run that gave the records; None where they came from a file.
    ``right`` values were found in all, ``right_now`` of them by answers given in this run.
    """

    prompt_tokens: int | None
    completion_tokens: int | None
    cost: float | None
    seconds: float | None
    right: int
    right_now: int

    @property
    def cost_per_right_value(self) -> float | None:
        """US dollars for one right value."""
        return self.cost / self.right if self.cost is not None and self.right else None

    @property
    def seconds_per_right_value(self) -> float | None:
        """Seconds for one right value, without those that came from the cache."""
        known = self.seconds is not None and self.right_now
        return self.seconds / self.right_now if self.seconds is not None and known else None

    def to_dict(self) -> dict[str, float | int | None]:
        """The spending as JSON values."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "cost_per_right_value": self.cost_per_right_value,
            "seconds": self.seconds,
            "seconds_per_right_value": self.seconds_per_right_value,
        }


def spending(
    judged: Iterable[tuple[Mapping[str, Any] | None, int]],
    *,
    seconds: float | None,
    price: Price | None,
) -> Spending:
    """What the records took; each comes with the number of values it has right."""
    pairs = [(meta_of(record), right) for record, right in judged if record is not None]
    tokens = [_tokens(meta) for meta, _ in pairs]
    known = [pair for pair in tokens if pair is not None]
    counted = len(known) == len(tokens) > 0
    return Spending(
        prompt_tokens=sum(prompt for prompt, _ in known) if counted else None,
        completion_tokens=sum(completion for _, completion in known) if counted else None,
        cost=_cost([meta for meta, _ in pairs], price) if counted and price else None,
        seconds=seconds,
        right=sum(right for _, right in pairs),
        right_now=sum(right for meta, right in pairs if not meta.get("cached")),
    )


def meta_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ``meta`` of a record; empty where it has none."""
    meta = record.get("meta")
    return meta if isinstance(meta, dict) else {}


def _tokens(meta: Mapping[str, Any]) -> tuple[int, int] | None:
    prompt, completion = meta.get("prompt_tokens"), meta.get("completion_tokens")
    return (prompt, completion) if isinstance(prompt, int) and isinstance(completion, int) else None


def _cost(metas: Iterable[Mapping[str, Any]], price: Price) -> float | None:
    costs = [
        price(str(meta.get("model")), meta["prompt_tokens"], meta["completion_tokens"])
        for meta in metas
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
