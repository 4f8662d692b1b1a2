"""Chooses the phrases of each field among the spans that the encoder scored."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from extractor.encoder.model import ScoredSpan

# Fitted on papers that the encoder was not trained on (benchmarks/training/README.md).
THRESHOLD = 0.3
_CALIBRATION = (-0.470, 0.518)


def choose(
    spans: Iterable[ScoredSpan], fields: Sequence[int], threshold: float = THRESHOLD
) -> dict[int, list[ScoredSpan]]:
    """The spans of each of the fields, by its number, in the order of the text.

    The likeliest spans, none within another; each belongs to the field that it is most likely of.
    """
    chosen: dict[int, list[ScoredSpan]] = {field: [] for field in fields}
    taken: list[tuple[int, int]] = []
    best = ((max((span.probabilities[at], -at) for at in fields), span) for span in spans if fields)
    likely = ((chance, -field, span) for (chance, field), span in best if chance >= threshold)
    for _, field, span in sorted(likely, key=lambda each: (-each[0], each[2].start, each[2].end)):
        at = bisect_left(taken, (span.start, span.end))
        before_is_apart = at == 0 or taken[at - 1][1] <= span.start
        if before_is_apart and (at == len(taken) or span.end <= taken[at][0]):
            taken.insert(at, (span.start, span.end))
            chosen[field].append(span)
    return {field: sorted(each, key=lambda span: span.start) for field, each in chosen.items()}


def likeliest(spans: Iterable[ScoredSpan], field: int) -> ScoredSpan | None:
    """The one span that is most likely of a field; None where none is likely enough."""
    likely = (span for span in spans if span.probabilities[field] >= THRESHOLD)
    return max(likely, key=lambda span: (span.probabilities[field], -span.start), default=None)


def confidence(chance: float) -> float:
    """How likely a chosen phrase is right, from the encoder's probability."""
    return calibrated(chance, *_CALIBRATION)


def calibrated(chance: float, constant: float, weight: float) -> float:
    """A probability whose log odds are multiplied and moved; never certain, in hundredths."""
    bounded = min(max(chance, 1e-6), 1 - 1e-6)
    odds = constant + weight * math.log(bounded / (1 - bounded))
    return min(0.99, round(1 / (1 + math.exp(-odds)), 2))
