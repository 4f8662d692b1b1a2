"""The ``results`` schema: rows whose words, numbers and units are all in the abstract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from extractor.schemas.results import SCHEMA, Result, ResultFields, unit_of
from hypothesis import given
from hypothesis import strategies as st

from extractor import read_dump
from extractor.evaluation import evaluate, read_gold
from extractor.grounding import Grounded, find, ground
from extractor.paper import Paper
from extractor.task import load_task

EXAMPLES = Path(__file__).parent.parent / "examples"
GOLD = EXAMPLES / "results.gold.jsonl"
NAMES = ("task", "dataset", "metric", "baseline")
NUMBERS = ("value", "margin")

PAPERS = {paper.id: paper for paper in read_dump(EXAMPLES / "papers.txt")}
LINES = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
ITEMS = [
    pytest.param(PAPERS[line["id"]], item, id=f"{line['id']}-{item['quote'][:20]}")
    for line in LINES
    for item in line["results"] + line["results_optional"]
]


def forms(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def given_by(item: dict[str, Any]) -> dict[str, Any]:
    """An answer that says what gold says, by its first form."""
    first = {
        name: next((form for form in forms(item[name]) if form is not None), None)
        for name in (*NAMES, *NUMBERS)
    }
    if len(forms(item["value"])) > 1:  # the same number, which may be either
        first["margin"] = None
    return {"quote": item["quote"], **first}


def ground_rows(paper: Paper, *rows: dict[str, Any]) -> tuple[ResultFields, Grounded]:
    answer = ResultFields.model_validate_json(json.dumps({"results": rows}))
    kept = ground(SCHEMA, answer.model_dump(), title=paper.title, abstract=paper.abstract)
    return ResultFields.model_validate(kept.values), kept


def test_gold_knows_every_example() -> None:
    assert [line["id"] for line in LINES] == list(PAPERS)
    keys = {"quote", *NAMES, *NUMBERS}
    assert all(item.values[1].keys() == keys for item in ITEMS)


@pytest.mark.parametrize(("paper", "item"), ITEMS)
def test_every_form_of_gold_stands_in_the_text(paper: Paper, item: dict[str, Any]) -> None:
    words = [item["quote"], *(form for name in NAMES for form in forms(item[name]) if form)]
    for form in words:
        assert find(form, paper.title) or find(form, paper.abstract), form
    assert any(form is not None for name in NUMBERS for form in forms(item[name]))


@pytest.mark.parametrize(("paper", "item"), ITEMS)
def test_what_gold_says_is_grounded_whole(paper: Paper, item: dict[str, Any]) -> None:
    row = given_by(item)
    fields, kept = ground_rows(paper, row)
    assert kept.dropped == ()
    said = fields.results[0].model_dump()
    assert {name: said[name] for name in row} == row
    proved = {evidence.path for evidence in kept.evidence}
    assert proved == {f"results[0].{name}" for name, value in row.items() if value is not None}


def test_a_record_that_says_what_gold_says_is_right() -> None:
    gold = read_gold(GOLD, "results")
    records = [
        {"id": line["id"], "results": [given_by(item) for item in line["results"]]}
        for line in LINES
    ]
    assert evaluate(gold, records).exact.value == 1.0
    records[0]["results"][0]["margin"] = 3.5
    assert evaluate(gold, records).exact.value < 1.0


PAPER = Paper(
    "1",
    "FooNet",
    "FooNet reaches 84.2% accuracy on ImageNet, 2.1 points above BarNet, "
    "and is 2x to 3x faster at 45 FPS.",
)


def row(quote: str, **rest: Any) -> dict[str, Any]:
    return {"quote": quote, **rest}


def test_a_score_and_a_margin_of_one_sentence_are_one_row() -> None:
    fields, kept = ground_rows(
        PAPER,
        row(
            "84.2% accuracy on ImageNet, 2.1 points above BarNet",
            dataset="ImageNet",
            metric="accuracy",
            value=84.2,
            baseline="BarNet",
            margin=2.1,
        ),
    )
    assert kept.dropped == ()
    assert fields.model_dump()["results"] == [
        {
            "quote": "84.2% accuracy on ImageNet, 2.1 points above BarNet",
            "task": None,
            "dataset": "ImageNet",
            "metric": "accuracy",
            "value": 84.2,
            "baseline": "BarNet",
            "margin": 2.1,
            "unit": "%",
            "value_max": None,
            "margin_unit": "points",
            "margin_max": None,
        }
    ]


def test_a_range_gives_its_low_end_and_its_high_end_is_derived() -> None:
    fields, _ = ground_rows(PAPER, row("2x to 3x faster", margin=2), row("45 FPS", value=45))
    faster, rate = fields.results
    assert (faster.margin, faster.margin_max, faster.margin_unit) == (2, 3, "x")
    assert (rate.value, rate.value_max, rate.unit) == (45, None, "FPS")


def test_what_the_text_does_not_say_is_refused() -> None:
    fields, kept = ground_rows(
        PAPER,
        row("reaches 85.2% accuracy", value=85.2),
        row("84.2% accuracy", value=82.4, dataset="CIFAR-10", baseline="BazNet"),
        row("45 FPS", value=84.2),
    )
    assert [(result.quote, result.value) for result in fields.results] == [
        ("84.2% accuracy", None),
        ("45 FPS", None),
    ]
    assert {item.path for item in kept.dropped} == {
        "results[0].quote",
        "results[1].value",
        "results[1].dataset",
        "results[1].baseline",
        "results[2].value",
    }


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30))
def test_no_number_gets_past_its_quote(number: float, name: str) -> None:
    fields, _ = ground_rows(PAPER, row("84.2% accuracy", value=number, task=name))
    (result,) = fields.results
    assert result.value in (None, 84.2)
    assert result.task is None or result.task in PAPER.title + "\n" + PAPER.abstract


def test_models_write_nothing_in_many_ways() -> None:
    assert ResultFields.model_validate_json('{"results": null}').results == []
    fields, kept = ground_rows(PAPER, row("45 FPS", value=45, task="null", margin="", baseline=""))
    assert kept.dropped == ()
    assert fields.results[0].model_dump(exclude_defaults=True) == {
        "quote": "45 FPS",
        "value": 45,
        "unit": "FPS",
        "value_max": None,
        "margin_unit": None,
        "margin_max": None,
    }


@pytest.mark.parametrize(
    ("number", "quote", "unit"),
    [
        (81.3, "81.3% top-1 accuracy", "%"),
        (3.2, r"by $3.2\%$", "%"),
        (2.1, "by 2.1 points", "points"),
        (2.1, "2.1 BLEU points", "points"),
        (5, "5 percentage points", "points"),
        (1.5, "1.5% points", "points"),
        (5, "a 5-point gain", "points"),
        (2, "twice as fast", "x"),
        (100, "two orders of magnitude faster", "x"),
        (2.6, "1.8x to 2.6x", "x"),
        (0.9, "0.9 dB over it", "dB"),
        (0.6, "0.6~ms", "ms"),
        (8, "an 8-hour run", "h"),
        (112, "112 FPS on a phone", "FPS"),
        (17.3, "17.3 tokens per second", "tokens/s"),
        (9, "less than 9 W.", "W"),
        (20, "20 MB of memory", "MB"),
        (40, "40 GB/s", None),
        (28.4, "a BLEU of 28.4", None),
        (3, "3 models", None),
        (7, "0.6 ms", None),
        (None, "0.6 ms", None),
    ],
)
def test_the_unit_is_what_stands_behind_the_number(
    number: float | None, quote: str, unit: str | None
) -> None:
    assert unit_of(number, quote) == unit


@given(st.floats() | st.integers() | st.none(), st.text("0123456789.,%x -to msdBFPS") | st.text())
def test_a_unit_is_read_off_any_quote(number: float | None, quote: str) -> None:
    unit = unit_of(number, quote)
    assert unit is None or number is not None


def test_derived_fields_are_in_the_record_and_not_asked_for() -> None:
    derived = {"unit", "value_max", "margin_unit", "margin_max"}
    asked = Result.model_json_schema()["properties"]
    assert list(asked) == ["quote", "task", "dataset", "metric", "value", "baseline", "margin"]
    assert Result.model_json_schema(mode="serialization")["properties"].keys() - asked == derived


def test_the_prompts_fixed_part_comes_first_and_gives_nothing_to_copy() -> None:
    task = load_task("results")
    one, other = (task.prompt.messages(paper) for paper in (PAPERS["1"], PAPERS["2"]))
    assert one[0] == other[0]
    assert PAPERS["1"].abstract in one[1]["content"]
    assert not any(char.isdecimal() for char in task.prompt.system)
