"""Gold for a schema of one's own: texts, numbers, lists, objects, and what is refused."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from helpers import write_jsonl
from pydantic import BaseModel, RootModel, computed_field

from extractor import NumberIn, Url, Verbatim
from extractor.errors import DumpError, ExtractorError, UsageError
from extractor.evaluation import evaluate, find_mistakes, mistake_lines, read_gold
from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from extractor.evaluation import Evaluation


class Phase(StrEnum):
    EARLY = "early"
    LATE = "late"


class Outcome(BaseModel):
    name: Annotated[str, Verbatim()]
    quote: Annotated[str, Verbatim()] = ""
    value: Annotated[float | None, NumberIn("quote")] = None
    unit: str | None = None
    arms: list[str] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share(self) -> float | None:
        return None if self.value is None else self.value / 100


class Sponsor(BaseModel):
    name: str
    country: str | None = None


class Site(RootModel[str]):
    pass


class Trial(BaseModel):
    drug: Annotated[str | None, Verbatim()] = None
    year: int | None = None
    randomised: bool = False
    phase: Phase | None = None
    sites: list[Annotated[str, Verbatim()]] = []
    rooted: list[Site] = []
    links: list[Annotated[str, Url()]] = []
    homepage: Annotated[str | None, Url()] = None
    outcomes: list[Outcome] | None = None
    sponsor: Sponsor | None = None
    notes: dict[str, str] = {}


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., Evaluation]:
    """Score one record of a Trial against gold, or several against as many."""

    def run(gold: dict[str, Any] | list[dict[str, Any]], *records: dict[str, Any]) -> Evaluation:
        lines = gold if isinstance(gold, list) else [gold]
        numbered = [{"id": str(number), **line} for number, line in enumerate(lines)]
        path = write_jsonl(tmp_path / "gold.jsonl", numbered)
        rows = [{"id": str(number), **record} for number, record in enumerate(records)]
        return evaluate(read_gold(path, Trial), rows, resamples=2)

    return run


Score = "Callable[..., Evaluation]"


def counted(evaluation: Evaluation, field: str) -> tuple[int, int, int]:
    counts = evaluation.fields[field].counts
    return counts.right, counts.wrong, counts.missing


RIGHT, WRONG, MISSED, INVENTED, NEITHER = (1, 0, 0), (0, 1, 1), (0, 0, 1), (0, 1, 0), (0, 0, 0)


@pytest.mark.parametrize(
    ("gold", "record", "expected"),
    [
        ({"drug": "Aspirin"}, {"drug": "aspirin"}, RIGHT),
        ({"drug": ["Aspirin", "acetylsalicylic acid"]}, {"drug": "Acetylsalicylic-Acid"}, RIGHT),
        ({"drug": ["Aspirin"]}, {"drug": "Ibuprofen"}, WRONG),
        ({"drug": ["Aspirin"]}, {"drug": None}, MISSED),
        ({"drug": None}, {"drug": "Aspirin"}, INVENTED),
        ({"drug": []}, {}, NEITHER),
        ({"drug_optional": True}, {"drug": "Aspirin"}, NEITHER),
        ({"drug": None, "drug_optional": ["Aspirin"]}, {"drug": "Aspirin"}, NEITHER),
        ({"drug": "悟空"}, {"drug": "悟能"}, WRONG),
        ({"drug": "悟空"}, {"drug": "「悟空」"}, RIGHT),
        ({"drug": "Å"}, {"drug": "A\u030a"}, RIGHT),
        ({"drug": "Å"}, {"drug": "A"}, WRONG),
        ({"drug": "C++"}, {"drug": "C"}, WRONG),
        ({"drug": "%"}, {"drug": "‰"}, WRONG),
        ({"year": 2024}, {"year": 2024}, RIGHT),
        ({"year": [2023, 2024]}, {"year": 2024.0}, RIGHT),
        ({"year": 2024}, {"year": 2025}, WRONG),
        ({"randomised": True}, {"randomised": False}, WRONG),
        ({"randomised": False}, {"randomised": False}, RIGHT),
        ({"phase": "early"}, {"phase": "early"}, RIGHT),
        ({"homepage": "https://a.org/x"}, {"homepage": "http://www.a.org/x/"}, RIGHT),
        ({"homepage": None}, {"homepage": ""}, NEITHER),
        ({"sites": ["Oslo", ["Köln", "Cologne"]]}, {"sites": ["cologne", "Rome"]}, (1, 1, 1)),
        ({"sites": [], "sites_optional": ["Rome"]}, {"sites": ["Rome", "Rome"]}, NEITHER),
        ({"sites": ["Oslo"]}, {"sites": None}, MISSED),
        ({"rooted": ["Oslo"]}, {"rooted": ["Oslo"]}, RIGHT),
        ({"links": ["https://a.org/x.git"]}, {"links": ["a.org/x"]}, RIGHT),
        ({"sponsor": {"name": "ACME"}}, {"sponsor": {"name": "Acme", "country": "NO"}}, RIGHT),
        ({"sponsor": None}, {"sponsor": {"name": "Acme"}}, INVENTED),
    ],
)
def test_what_is_right_in_each_kind_of_field(
    score: Score, gold: dict[str, Any], record: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    field = next(iter(gold)).removesuffix("_optional")
    assert counted(score(gold, record), field) == expected


def test_the_fields_of_gold_tell_objects_apart(score: Score) -> None:
    gold = {
        "outcomes": [
            {"name": ["death", "mortality"], "value": 12, "quote": "12 % of them died"},
            {"name": "relapse", "value": [3.5, 3.6]},
        ],
        "outcomes_optional": [{"name": "fever", "value": None}],
    }
    record = {
        "outcomes": [
            {"name": "Mortality", "value": 12.0, "unit": "%", "quote": "whatever"},
            {"name": "relapse", "value": 3.7},
            {"name": "fever", "value": None},
            {"name": "fever", "value": 1},
        ]
    }
    assert counted(score(gold, record), "outcomes") == (1, 2, 1)


def test_a_derived_field_may_tell_objects_apart(score: Score) -> None:
    gold = {"outcomes": [{"name": "death", "share": 0.5}]}
    record = {"outcomes": [{"name": "death", "share": 0.5}, {"name": "death", "share": None}]}
    assert counted(score(gold, record), "outcomes") == (1, 1, 0)


def test_a_record_of_objects_is_gold(score: Score) -> None:
    """All keys count but those that hold the words, follow from others, or are lists."""
    outcome = {"name": "death", "quote": "12 %", "value": 12, "unit": "%", "arms": ["a"]}
    answer = {**outcome, "quote": "of 12 %", "arms": [], "share": 0.12}
    for gold in ({**outcome, "share": 0.5}, outcome):
        assert counted(score({"outcomes": [gold]}, {"outcomes": [answer]}), "outcomes") == RIGHT
        wrong = {**answer, "unit": None}
        assert counted(score({"outcomes": [gold]}, {"outcomes": [wrong]}), "outcomes") == WRONG


def test_only_fields_that_gold_speaks_of_are_scored(score: Score) -> None:
    evaluation = score([{"drug": "A"}, {"drug": "B"}], {"drug": "A", "year": 1}, {"drug": "C"})
    assert list(evaluation.fields) == ["drug"]
    assert evaluation.macro_f1.value == 0.5
    assert evaluation.exact.value == 0.5


def test_a_title_may_stand_in_gold_to_help_its_readers(score: Score) -> None:
    assert counted(score({"title": "On aspirin", "drug": "A"}, {"drug": "A"}), "drug") == RIGHT


@pytest.mark.parametrize(
    ("gold", "error", "said"),
    [
        ({"drgu": "A"}, DumpError, "line 1: Trial has no field 'drgu'"),
        ([{"drug": "A"}, {"year": 1}], DumpError, "line 1: year is missing"),
        ({}, DumpError, "names no field of Trial"),
        ({"sites": "Oslo"}, DumpError, "line 1: the gold of sites"),
        ({"drug": {"name": "A"}}, DumpError, "line 1: the gold of drug"),
        ({"notes": {"a": "b"}}, UsageError, "notes is a mapping"),
        ({"outcomes": [{"name": "a"}, {"name": "b", "unit": "%"}]}, UsageError, "lacks unit"),
        ({"year": "2024"}, DumpError, 'line 1: the gold of year has "2024"'),
        ({"sites": ["Oslo", [1]]}, DumpError, "the gold of sites has 1, where .* a text"),
        ({"outcomes": [{"name": "a", "vlaue": 2}]}, UsageError, "no field 'vlaue'"),
        ({"outcomes": [{"name": "a", "arms": ["b"]}]}, UsageError, "outcomes.arms"),
        ({"outcomes": [{"quote": "a"}]}, UsageError, "no key that tells it"),
        ({"outcomes": ["death"]}, DumpError, "line 1: the gold of outcomes"),
    ],
)
def test_gold_that_does_not_fit_the_schema_is_refused(
    score: Score, gold: Any, error: type[ExtractorError], said: str
) -> None:
    with pytest.raises(error, match=said):
        score(gold)


def test_objects_in_mistakes(score: Score, tmp_path: Path) -> None:
    score({"outcomes": [{"name": ["death"], "value": 12, "quote": "12 % died"}]})
    gold = read_gold(tmp_path / "gold.jsonl", Trial)
    record = {"id": "0", "outcomes": [{"name": "relapse", "value": 3.5}]}
    paper = Paper("0", "Aspirin", "Of all, 12 % died. There was no relapse. The end.")
    text = "\n".join(
        mistake_lines(find_mistakes(evaluate(gold, [record], resamples=2), gold, {"0": paper}))
    )
    assert "name=death, value=12" in text
    assert '"Of all, 12 % died."' in text
    assert "name=relapse, value=3.5" in text
    assert '"There was no relapse."' in text


def test_a_schema_is_named_as_everywhere(tmp_path: Path) -> None:
    schema = tmp_path / "mine.py"
    schema.write_text(
        "from pydantic import BaseModel\nclass Mine(BaseModel):\n    species: str | None = None\n"
    )
    gold = tmp_path / "gold.jsonl"
    gold.write_text('\ufeff{"id": 7, "species": ["Parus major", "great tit"]}\n', encoding="utf-8")
    read = read_gold(gold, f"{schema}:Mine")
    assert evaluate(read, [{"id": "7", "species": "Great tit"}]).macro_f1.value == 1.0
    with pytest.raises(UsageError, match="no-schema"):
        read_gold(gold, "no-schema")


def test_the_built_in_results_are_told_by_what_gold_names(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    said = {"dataset": ["ImageNet-1K", "ImageNet"], "metric": ["top-1", "top-1 accuracy"]}
    line = {"id": "1", "results": [{**said, "value": 81.3, "quote": "81.3% top-1"}]}
    gold.write_text(json.dumps(line), encoding="utf-8")
    result = {"dataset": "ImageNet", "metric": "Top-1 accuracy", "value": 81.3, "task": "vision"}
    read = read_gold(gold, "results")
    for value, f1 in ((81.3, 1.0), (81.4, 0.0)):
        record = {"id": "1", "results": [{**result, "value": value}]}
        assert evaluate(read, [record], resamples=2).macro_f1.value == f1
