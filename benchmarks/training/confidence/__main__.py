"""Prints the calibration of ``extractor/confidence/calibration.py``, and how reliable it is.

    python -m benchmarks.training.confidence

From ``values.jsonl.gz``: values of answers of the embedded model that grounding kept, with their
features and whether the annotation of the paper has them. Reliability is by cross-validation over
papers.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from extractor.confidence import Features
from extractor.evaluation.reliability import Judged, bands

_VALUES = Path(__file__).with_name("values.jsonl.gz")
_FOLDS = 10


def main() -> None:
    """The command."""
    with gzip.open(_VALUES, "rt", encoding="utf-8") as lines:
        values = [json.loads(line) for line in lines]
    print(f"{len(values):,} values of {len({value['paper'] for value in values})} papers")
    known = [[value[name] for name in Features._fields] for value in values]
    right = [value["right"] for value in values]
    model = LogisticRegression().fit(known, right)
    weights = Features(*map(float, model.coef_[0]))
    print(f"constant {float(model.intercept_[0]):.2f}")
    print("  ".join(f"{name} {weight:.2f}" for name, weight in weights._asdict().items()))
    chances = cross_val_predict(
        LogisticRegression(),
        known,
        right,
        groups=[value["paper"] for value in values],
        cv=GroupKFold(_FOLDS),
        method="predict_proba",
    )[:, 1]
    _print_bands(values, chances)


def _print_bands(values: list[dict[str, Any]], chances: Any) -> None:
    print("confidence    values  mean  right")
    judged = (
        Judged(float(chance), bool(value["right"]))
        for value, chance in zip(values, chances, strict=True)
    )
    for low, high, count, mean, share in bands(judged):
        print(f"{low:.2f} to {high:.2f}  {count:6}  {mean:.2f}  {share:.2f}")


if __name__ == "__main__":
    main()
