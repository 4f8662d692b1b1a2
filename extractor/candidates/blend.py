"""How a language model's answers are weighed together with the classifier's probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS = ("ours", "dataset", "baseline", "device", "topic")
_LOWEST_LOG = -6.0


@dataclass(frozen=True, slots=True)
class Blend:
    """How far a model's answers are to be trusted, for each field: fitted on annotated papers.

    ``fields`` holds for a field the constant, the weight of the classifier's log odds, and the
    weight of each answer's log probability in the order of ``ANSWERS``. A name is worth a question
    where the classifier's probability for one of these fields lies within ``open_between``.
    """

    fields: Mapping[str, tuple[float, ...]]
    open_between: tuple[float, float]
    most_questions: int

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Blend:
        """Read what ``dataclasses.asdict`` gave, from JSON."""
        fields = {field: tuple(weights) for field, weights in packed["fields"].items()}
        low, high = packed["open_between"]
        return cls(fields, (low, high), packed["most_questions"])

    def leaves_open(self, field: str, chance: float) -> bool:
        """Whether the classifier's ``chance`` for ``field`` is so uncertain that asking pays."""
        low, high = self.open_between
        return field in self.fields and low < chance < high

    def combine(self, field: str, chance: float, answers: Mapping[str, float]) -> float:
        """The probability from the classifier's ``chance`` and the model's answers together."""
        constant, trust, *weights = self.fields[field]
        said = sum(weight * log for weight, log in zip(weights, answer_logs(answers), strict=True))
        return probability(constant + trust * log_odds(chance) + said)


def answer_logs(answers: Mapping[str, float]) -> list[float]:
    """The log probability of each answer; what the model does not tell counts as unlikely."""
    floor = math.exp(_LOWEST_LOG)
    return [math.log(max(floor, answers.get(answer, 0.0))) for answer in ANSWERS]


def probability(score: float) -> float:
    """The logistic function."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


def log_odds(chance: float) -> float:
    """Its inverse."""
    bounded = max(1e-9, min(1 - 1e-9, chance))
    return math.log(bounded / (1 - bounded))
