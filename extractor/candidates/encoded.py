"""What the encoder says of a paper's candidates, and how it is weighed with the linear models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.candidates.blend import log_odds, probability

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extractor.candidates.document import Document
    from extractor.encoder import Encoder, ScoredSpan

# The names under which the encoder was trained to find the fields of the ``paper`` schema.
PAPER_FIELDS = {
    "method_name": "method name",
    "benchmarks": "benchmarks",
    "hardware": "hardware",
    "claimed_speedups": "speedups",
}
_NAMES = range(3)
_CLAIMS = 3
_LEAST = 0.02
_NOTHING = (0.0,) * len(PAPER_FIELDS)


class Encoded:
    """The likely spans of one paper, each with its probability for ``PAPER_FIELDS``."""

    def __init__(self, spans: Iterable[ScoredSpan], length: int) -> None:
        self._exact = {(each.start, each.end): each.probabilities for each in spans}
        self._around = [[0.0] * length for _ in PAPER_FIELDS]
        for (start, end), chances in self._exact.items():
            for field, chance in zip(self._around, chances, strict=True):
                if chance >= _LEAST:
                    field[start:end] = [max(chance, known) for known in field[start:end]]

    @classmethod
    def of(cls, document: Document, encoder: Encoder) -> Encoded:
        """Run the encoder on a paper."""
        fields = tuple(PAPER_FIELDS.values())
        spans = encoder.score(document.title, document.abstract, fields)
        return cls(spans, len(document.text))

    def name_logs(self, places: Sequence[tuple[int, int]]) -> list[float]:
        """Log odds that a name is each of the three fields, and that it is within such a name."""
        exact = [self._exact.get(place, _NOTHING) for place in places]
        best = [max(chances[field] for chances in exact) for field in _NAMES]
        around = [max(max(self._around[field][s:e]) for s, e in places) for field in _NAMES]
        return [_bounded_log(chance) for chance in (*best, *around)]

    def claim_logs(self, start: int, end: int) -> list[float]:
        """Log odds that a number is a claimed speed-up."""
        return [_bounded_log(max(self._around[_CLAIMS][start:end], default=0.0))]


@dataclass(frozen=True, slots=True)
class Stack:
    """For each field a constant, the weights of the linear models' log odds, and the encoder's.

    Fitted on papers that neither had seen.
    """

    fields: Mapping[str, Sequence[float]]

    def combine(self, field: str, chances: Iterable[float], logs: Iterable[float]) -> float:
        """The probability from the linear models' ``chances`` and the encoder's ``logs``."""
        constant, *weights = self.fields[field]
        facts = [*map(log_odds, chances), *logs]
        return probability(
            constant + sum(weight * fact for weight, fact in zip(weights, facts, strict=True))
        )


def _bounded_log(chance: float) -> float:
    return log_odds(min(max(chance, _LEAST / 4), 1 - _LEAST / 4))
