"""The reliability of confidence: of the values given 0.9, how many are right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.evaluation import Band, evaluate, read_gold, table
from extractor.evaluation.reliability import Judged, bands

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

    from extractor.evaluation import Gold

EMPTY: dict[str, Any] = {"other_names": [], "speedups_optional": [], "hardware": []}
GOLD = {
    **EMPTY,
    "hardware_optional": [],
    "id": "1",
    "method_name": ["FooNet"],
    "benchmarks": [["COCO"]],
    "benchmarks_optional": [["SVHN"]],
    "speedups": [{"value": 3, "value_max": None, "unit": "x"}],
    "code_url": None,
}
CLAIM = {"quote": "3 times faster", "value": 3.0, "value_max": None, "unit": "x"}
RECORD = {
    "id": "1",
    "method_name": "FooNet",
    "claimed_speedups": [CLAIM],
    "benchmarks": ["COCO", "SVHN", "CIFAR-10", "GLUE"],
    "hardware": [],
    "code_url": None,
    "evidence": [
        {"path": path, "source": "title", "start": 0, "end": 1, "confidence": chance}
        for path, chance in {
            "method_name": 0.96,
            "claimed_speedups[0].quote": 0.92,
            "claimed_speedups[0].value": 0.72,
            "benchmarks[0]": 0.9,
            "benchmarks[1]": 0.9,
            "benchmarks[2]": 0.94,
        }.items()
    ]
    + [{"path": "benchmarks[3]", "source": "title", "start": 0, "end": 1}],
}


@pytest.fixture
def gold(tmp_path: Path) -> Gold:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(GOLD) + "\n")
    return read_gold(path)


def test_values_are_judged_as_the_figures_judge_them(gold: Gold) -> None:
    reliability = evaluate(gold, [RECORD]).reliability
    assert reliability.fields == {
        "method_name": (Band(0.95, 1.0, 1, 0.96, 1.0),),
        "claimed_speedups": (Band(0.7, 0.8, 1, 0.72, 1.0),),  # the least likely part of the claim
        "benchmarks": (Band(0.9, 0.95, 2, pytest.approx(0.92), 0.5),),  # the optional one aside
    }
    assert sum(band.values for band in reliability.all) == 4


def test_the_table_and_the_json_have_them(gold: Gold, invoke: Invoke, tmp_path: Path) -> None:
    lines = list(table(evaluate(gold, [RECORD])))
    heading = next(at for at, line in enumerate(lines) if "confidence" in line)
    assert lines[heading + 1].split() == ["method_name", "0.95-1", "1", "0.96", "1.00"]
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(RECORD) + "\n")
    told = json.loads(
        invoke("eval", "--records", records, "--gold", tmp_path / "gold.jsonl", "--json").out
    )
    assert told["reliability"]["fields"]["benchmarks"][0]["right"] == 0.5
    assert told["reliability"]["all"][-1]["values"] == 1


def test_records_without_a_confidence_have_no_such_table(gold: Gold) -> None:
    bare = {**RECORD, "evidence": []}
    assert evaluate(gold, [bare]).reliability.all == ()
    assert not any("confidence" in line for line in table(evaluate(gold, [bare])))


def test_what_is_too_unlikely_does_not_count_as_rejected(gold: Gold) -> None:
    reasons = ["not in the text", "confidence below 0.8: 0.50"]
    dropped = [{"path": "code_url", "value": "x", "reason": reason} for reason in reasons]
    assert evaluate(gold, [{**RECORD, "meta": {"dropped": dropped}}]).refused == 1


@given(st.lists(st.builds(Judged, st.floats(0, 1), st.booleans())))
def test_every_value_is_in_one_band(values: list[Judged]) -> None:
    made = bands(values)
    assert sum(band.values for band in made) == len(values)
    assert sum(band.right * band.values for band in made) == pytest.approx(
        sum(each.right for each in values)
    )
    assert all(band.low <= band.mean + 1e-9 and band.mean <= band.high + 1e-9 for band in made)
