"""Prints the threshold and the calibration of ``extractor/encoder/phrases.py``.

    python -m benchmarks.training.encoder.calibrate own_scores*.jsonl

From what networks say of papers that they were not trained on (``--fold``). A value is a span that
is chosen for a field; it is right if the annotation has it there.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.linear_model import LogisticRegression

from benchmarks.training.encoder.examples import lines
from extractor.encoder import ScoredSpan, choose
from extractor.encoder.phrases import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.training.encoder.examples import Json

_STEPS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
_BANDS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.01)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("scores", nargs="+", type=Path)
    papers = [row for path in parser.parse_args(arguments).scores for row in lines(path)]
    print("threshold  F1")
    for step in _STEPS:
        values = list(_values(papers, step))
        right = sum(is_right for _, is_right in values)
        wanted = sum(len(places) for paper in papers for places in paper["gold"])
        print(f"{step:9.2f}  {2 * right / (len(values) + wanted):.3f}")
    values = list(_values(papers, THRESHOLD))
    odds = [[math.log(chance / (1 - chance))] for chance, _ in values]
    model = LogisticRegression().fit(odds, [is_right for _, is_right in values])
    constant, weight = float(model.intercept_[0]), float(model.coef_[0][0])
    print(f"calibration at {THRESHOLD}: {constant:.3f}, {weight:.3f}")
    confident = [
        (1 / (1 + math.exp(-constant - weight * odd)), is_right)
        for (odd,), (_, is_right) in zip(odds, values, strict=True)
    ]
    print("confidence     values  mean  right")
    for low, high in itertools.pairwise(_BANDS):
        band = [(chance, is_right) for chance, is_right in confident if low <= chance < high]
        if band:
            mean, share = (sum(column) / len(band) for column in zip(*band, strict=True))
            print(f"{low:.2f} to {min(high, 1):.2f}  {len(band):6}  {mean:.2f}  {share:.2f}")


def _values(papers: Sequence[Json], threshold: float) -> Iterator[tuple[float, bool]]:
    """The probability of every chosen value, and whether it is right."""
    for paper in papers:
        spans = [ScoredSpan(start, end, tuple(rest)) for start, end, *rest in paper["spans"]]
        chosen = choose(spans, range(len(paper["fields"])), threshold)
        for field, gold in enumerate(paper["gold"]):
            places = {tuple(place) for place in gold}
            for span in chosen[field]:
                chance = min(max(span.probabilities[field], 1e-4), 1 - 1e-4)
                yield chance, (span.start, span.end) in places


if __name__ == "__main__":
    main()
