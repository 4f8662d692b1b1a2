"""The ``results`` schema: rows whose words, numbers and units are all in the abstract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import read_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor import read_dump
from extractor.evaluation import evaluate, read_gold
from extractor.grounding import Grounded, find, ground
from extractor.paper import Paper
from extractor.schemas.results import SCHEMA, Result, ResultFields, unit_of
from extractor.task import load_task

EXAMPLES = Path(__file__).parent.parent / "examples"
GOLD = EXAMPLES / "results.gold.jsonl"
NAMES = ("metric", "dataset", "task", "baseline")

PAPERS = {paper.id: paper for paper in read_dump(EXAMPLES / "papers.txt")}
LINES = read_jsonl(GOLD)
ITEMS = [
    pytest.param(PAPERS[line["id"]], item, id=f"{line['id']}-{item['quote'][:20]}")
    for line in LINES
    for item in line["results"] + line["results_optional"]
]


def forms(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def given_by(item: dict[str, Any]) -> dict[str, Any]:
    """An answer that says what gold says, by its first form."""
    names = {
        name: next((form for form in forms(item[name]) if form is not None), None) for name in NAMES
    }
    value, relative = forms(item["value"])[0], forms(item["relative"])[0]
    return {"quote": item["quote"], "value": value, "relative": relative, **names}


def ground_rows(paper: Paper, *rows: dict[str, Any]) -> tuple[ResultFields, Grounded]:
    answer = ResultFields.model_validate_json(json.dumps({"results": rows}))
    kept = ground(SCHEMA, answer.model_dump(), title=paper.title, abstract=paper.abstract)
    return ResultFields.model_validate(kept.values), kept


def test_gold_knows_every_example() -> None:
    assert [line["id"] for line in LINES] == list(PAPERS)
    keys = {"quote", "value", "relative", *NAMES}
    assert all(item.values[1].keys() == keys for item in ITEMS)


@pytest.mark.parametrize(("paper", "item"), ITEMS)
def test_every_form_of_gold_stands_in_the_text(paper: Paper, item: dict[str, Any]) -> None:
    words = [item["quote"], *(form for name in NAMES for form in forms(item[name]) if form)]
    for form in words:
        assert find(form, paper.title) or find(form, paper.abstract), form


@pytest.mark.parametrize(("paper", "item"), ITEMS)
def test_what_gold_says_is_grounded_whole(paper: Paper, item: dict[str, Any]) -> None:
    row = given_by(item)
    fields, kept = ground_rows(paper, row)
    assert kept.dropped == ()
    said = fields.results[0].model_dump()
    assert {name: said[name] for name in row} == row
    proved = {evidence.path for evidence in kept.evidence}
    grounded = row.keys() - {"relative"}
    assert proved == {f"results[0].{name}" for name in grounded if row[name] is not None}


def test_a_record_that_says_what_gold_says_is_right() -> None:
    gold = read_gold(GOLD, "results")
    records = [
        {"id": line["id"], "results": [given_by(item) for item in line["results"]]}
        for line in LINES
    ]
    assert evaluate(gold, records).exact.value == 1.0
    records[0]["results"][0]["value"] = 3.5
    assert evaluate(gold, records).exact.value < 1.0


PAPER = Paper(
    "1",
    "FooNet",
    "FooNet reaches 84.2% accuracy on ImageNet, 2.1 points above BarNet, "
    "and is 2x to 3x faster at 45 FPS.",
)


def row(quote: str, value: float, **rest: Any) -> dict[str, Any]:
    return {"quote": quote, "value": value, **rest}


def test_a_score_and_a_gain_are_a_row_each() -> None:
    fields, kept = ground_rows(
        PAPER,
        row("84.2% accuracy on ImageNet", 84.2, metric="accuracy", dataset="ImageNet"),
        row("2.1 points above BarNet", 2.1, relative=True, baseline="BarNet"),
    )
    assert kept.dropped == ()
    assert fields.model_dump()["results"] == [
        {
            "quote": "84.2% accuracy on ImageNet",
            "value": 84.2,
            "relative": False,
            "metric": "accuracy",
            "dataset": "ImageNet",
            "task": None,
            "baseline": None,
            "unit": "%",
            "value_max": None,
            "margin": None,
        },
        {
            "quote": "2.1 points above BarNet",
            "value": 2.1,
            "relative": True,
            "metric": None,
            "dataset": None,
            "task": None,
            "baseline": "BarNet",
            "unit": "points",
            "value_max": None,
            "margin": 2.1,
        },
    ]


def test_a_multiple_is_always_a_margin_and_a_range_keeps_both_ends() -> None:
    fields, _ = ground_rows(PAPER, row("2x to 3x faster", 2), row("45 FPS", 45))
    faster, rate = fields.results
    assert (faster.value, faster.value_max, faster.unit, faster.margin) == (2, 3, "x", 2)
    assert (rate.value, rate.value_max, rate.unit, rate.margin) == (45, None, "FPS", None)


def test_a_row_whose_quote_or_number_is_invented_goes() -> None:
    fields, kept = ground_rows(
        PAPER,
        row("reaches 85.2% accuracy", 85.2),
        row("84.2% accuracy", 82.4),
        row("45 FPS", 84.2),
        row("84.2% accuracy", 84.2, dataset="CIFAR-10", baseline="BazNet"),
    )
    assert [(result.value, result.dataset) for result in fields.results] == [(84.2, None)]
    assert [item.path for item in kept.evidence] == ["results[0].quote", "results[0].value"]
    assert {item.path for item in kept.dropped} == {
        "results[0].quote",
        "results[1].value",
        "results[2].value",
        "results[3].dataset",
        "results[3].baseline",
    }


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30))
def test_no_number_gets_past_its_quote(number: float, name: str) -> None:
    fields, _ = ground_rows(PAPER, row("84.2% accuracy", number, task=name))
    assert [result.value for result in fields.results] == ([84.2] if number == 84.2 else [])
    for result in fields.results:
        assert result.task is None or result.task in PAPER.title + "\n" + PAPER.abstract


def test_models_write_nothing_in_many_ways() -> None:
    assert ResultFields.model_validate_json('{"results": null}').results == []
    fields, kept = ground_rows(PAPER, row("45 FPS", 45, task="null", metric="", baseline="none"))
    assert kept.dropped == ()
    (result,) = fields.results
    assert (result.task, result.metric, result.baseline) == (None, None, None)


def test_a_quote_that_ends_where_its_room_ended_loses_the_word_that_was_cut() -> None:
    asked = ResultFields.model_json_schema()["$defs"]["Result"]["properties"]
    room = asked["quote"]["maxLength"]
    text = f"reaches 3 s {'and more ' * 20}"
    fields, kept = ground_rows(Paper("1", "T", text), row(text[: room - 1] + "a", 3))
    assert kept.dropped == ()
    assert fields.results[0].quote == text[:room].rpartition(" ")[0]
    longer = text[: text.index(" ", room + 5)]
    assert len(longer) > room
    assert ground_rows(Paper("1", "T", text), row(longer, 3))[0].results[0].quote == longer


def test_every_field_is_asked_for_and_none_but_the_number_and_quote_is_needed() -> None:
    asked = Result.model_json_schema()
    assert asked["required"] == list(asked["properties"])
    assert Result.model_validate({"value": 3, "quote": "3 s"}).metric is None


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
    ],
)
def test_the_unit_is_what_stands_behind_the_number(
    number: float, quote: str, unit: str | None
) -> None:
    assert unit_of(number, quote) == unit


@settings(deadline=None)
@given(st.floats() | st.integers(), st.text("0123456789.,%x -to msdBFPS") | st.text())
def test_a_unit_is_read_off_any_quote(number: float, quote: str) -> None:
    unit = unit_of(number, quote)
    assert unit is None or unit.strip()


def test_derived_fields_are_in_the_record_and_not_asked_for() -> None:
    derived = {"unit", "value_max", "margin"}
    asked = Result.model_json_schema()["properties"]
    assert list(asked) == ["value", "quote", "relative", "metric", "dataset", "task", "baseline"]
    assert Result.model_json_schema(mode="serialization")["properties"].keys() - asked == derived


def test_the_prompts_fixed_part_comes_first_and_gives_nothing_to_copy() -> None:
    task = load_task("results")
    one, other = (task.prompt.messages(paper) for paper in (PAPERS["1"], PAPERS["2"]))
    assert one[0] == other[0]
    assert PAPERS["1"].abstract in one[1]["content"]
    assert not any(char.isdecimal() for char in task.prompt.system)
