"""Accuracy against gold: every figure by hand, on cases small enough to count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import create_model

from extractor.errors import DumpError
from extractor.evaluation import (
    Gold,
    Scorer,
    draft_gold,
    evaluate,
    find_mistakes,
    mistake_lines,
    read_gold,
    table,
)
from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractor.evaluation import Evaluation

EXAMPLE_GOLD = Path(__file__).parent.parent / "examples" / "papers.gold.jsonl"
NOTHING = {
    "method_name": [],
    "method_optional": False,
    "other_names": [],
    "speedups": [],
    "speedups_optional": [],
    "benchmarks": [],
    "benchmarks_optional": [],
    "hardware": [],
    "hardware_optional": [],
    "code_url": None,
    "other_urls": [],
}


def claim(value: float, unit: str = "x", high: float | None = None) -> dict[str, Any]:
    return {"value": value, "value_max": high, "unit": unit, "quote": f"{value} {unit} faster"}


@pytest.fixture
def gold_of(tmp_path: Path) -> Callable[..., Gold]:
    """Gold of papers "1", "2", ... that say what the arguments say, and nothing else."""

    def make(*papers: dict[str, Any]) -> Gold:
        lines = [
            json.dumps({"id": str(number), **NOTHING, **said})
            for number, said in enumerate(papers, start=1)
        ]
        path = tmp_path / "gold.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_gold(path)

    return make


GoldOf = "Callable[..., Gold]"


def one(gold: Gold, **record: Any) -> Evaluation:
    return evaluate(gold, [{"id": "1", **record}])


def counted(evaluation: Evaluation, field: str) -> tuple[int, int, int]:
    counts = evaluation.fields[field].counts
    return counts.right, counts.wrong, counts.missing


def test_precision_recall_and_f1_are_counted_over_all_papers(gold_of: GoldOf) -> None:
    gold = gold_of(
        {"benchmarks": [["ImageNet-1K", "ImageNet"], ["COCO"]]},
        {"benchmarks": [["GLUE"]]},
    )
    evaluation = evaluate(
        gold,
        [
            {"id": "1", "benchmarks": ["ImageNet", "CIFAR-10", "SVHN"]},
            {"id": "2", "benchmarks": ["glue"]},
        ],
    )
    benchmarks = evaluation.fields["benchmarks"]
    assert counted(evaluation, "benchmarks") == (2, 2, 1)
    assert benchmarks.precision.value == 2 / 4
    assert benchmarks.recall.value == 2 / 3
    assert benchmarks.f1.value == 4 / 7
    assert evaluation.macro_f1.value == (1 + 1 + 4 / 7 + 1 + 1) / 5
    assert evaluation.exact.value == 1 / 2


def test_where_nothing_is_to_be_found_an_empty_record_is_right(gold_of: GoldOf) -> None:
    evaluation = one(gold_of({}), method_name=None, claimed_speedups=[], code_url="")
    assert evaluation.macro_f1.value == evaluation.exact.value == 1.0
    assert evaluation.fields["hardware"].precision.value == 1.0
    assert evaluation.fields["hardware"].recall.value == 1.0
    assert evaluation.invention_rate.value == 0.0


@pytest.mark.parametrize(
    ("said", "name", "expected"),
    [
        ({"method_name": ["FooNet", "Foo Network"]}, "foo-network", (1, 0, 0)),
        ({"method_name": ["FooNet"]}, "BarNet", (0, 1, 1)),
        ({"method_name": ["FooNet"]}, None, (0, 0, 1)),
        ({"method_name": ["FooNet"]}, "", (0, 1, 1)),
        ({"method_name": ["FooNet"], "other_names": ["FooNet-S"]}, "FooNet-S", (0, 0, 1)),
        ({"other_names": ["FooNet-S"]}, "FooNet-S", (0, 0, 0)),
        ({}, "BarNet", (0, 1, 0)),
        ({"method_name": ["FooNet"], "method_optional": True}, "BarNet", (0, 0, 0)),
        ({"method_name": ["FooNet"], "method_optional": True}, None, (0, 0, 0)),
    ],
)
def test_a_method_is_right_in_any_of_its_forms(
    gold_of: GoldOf, said: dict[str, Any], name: str | None, expected: tuple[int, int, int]
) -> None:
    assert counted(one(gold_of(said), method_name=name), "method_name") == expected


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        (claim(3), claim(3.0), (1, 0, 0)),
        (claim(3), claim(3, "%"), (0, 1, 1)),
        (claim(3), claim(3, "x", 5), (0, 1, 1)),
        (claim(3), claim(3, "x", 3), (1, 0, 0)),
        (claim(2, "x", 5), claim(2, "x", 5), (1, 0, 0)),
        (claim(2, "x", 5), claim(5), (0, 1, 1)),
    ],
)
def test_a_speedup_is_its_numbers_and_its_unit(
    gold_of: GoldOf, wanted: Any, given: Any, expected: tuple[int, int, int]
) -> None:
    evaluation = one(gold_of({"speedups": [wanted]}), claimed_speedups=[given])
    assert counted(evaluation, "claimed_speedups") == expected


def test_a_value_is_found_once_and_its_duplicate_is_wrong(gold_of: GoldOf) -> None:
    gold = gold_of({"hardware": [["A100", "NVIDIA A100"]], "speedups": [claim(2), claim(2)]})
    evaluation = one(
        gold,
        hardware=["A100", {"name": "NVIDIA A100"}],
        claimed_speedups=[claim(2), claim(2), claim(2)],
    )
    assert counted(evaluation, "hardware") == (1, 1, 0)
    assert counted(evaluation, "claimed_speedups") == (2, 1, 0)


def test_optional_values_count_neither_for_nor_against(gold_of: GoldOf) -> None:
    gold = gold_of({"hardware_optional": [["A100"]], "speedups_optional": [claim(2)]})
    for record in ({}, {"hardware": ["a100", "A100"], "claimed_speedups": [claim(2)]}):
        evaluation = one(gold, **record)
        assert counted(evaluation, "hardware") == (0, 0, 0)
        assert counted(evaluation, "claimed_speedups") == (0, 0, 0)
        assert evaluation.exact.value == 1.0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://www.Example.org/lab/code.git", (1, 0, 0)),
        ("example.org/lab/code/).", (1, 0, 0)),
        ("https://example.org/lab/code2", (0, 1, 1)),
        ("", (0, 0, 1)),
        (None, (0, 0, 1)),
    ],
)
def test_a_url_is_compared_without_what_does_not_matter(
    gold_of: GoldOf, url: str | None, expected: tuple[int, int, int]
) -> None:
    gold = gold_of({"code_url": "https://example.org/lab/code"})
    assert counted(one(gold, code_url=url), "code_url") == expected


def test_a_paper_without_record_counts_as_empty_and_is_named(gold_of: GoldOf) -> None:
    gold = gold_of({"method_name": ["FooNet"]}, {"method_name": ["BarNet"]}, {})
    evaluation = evaluate(gold, [{"id": "2", "method_name": "BarNet"}, {"id": "9"}])
    assert evaluation.fields["method_name"].recall.value == 1 / 2
    assert evaluation.exact.value == 2 / 3
    assert evaluation.without_record == ["1", "3"]
    assert evaluation.without_gold == 1


def test_inventions_are_values_where_gold_has_none(gold_of: GoldOf) -> None:
    gold = gold_of(
        {},
        {"benchmarks": [["COCO"]], "hardware_optional": [["A100"]]},
        {"method_optional": True},
    )
    evaluation = evaluate(
        gold,
        [
            {"id": "1", "benchmarks": ["GLUE", "SQuAD"]},
            {"id": "2", "benchmarks": ["GLUE"], "hardware": ["H100"]},
            {"id": "3", "method_name": "FooNet"},
        ],
    )
    benchmarks = evaluation.fields["benchmarks"]
    assert (benchmarks.counts.absent, benchmarks.counts.filled) == (2, 1)
    assert benchmarks.counts.invented == 2
    assert benchmarks.invention_rate.value == 1 / 2
    # Wrong, but gold has something there: another error than inventing.
    assert evaluation.fields["hardware"].counts.invented == 0
    assert evaluation.fields["method_name"].counts.absent == 2
    assert evaluation.counts.absent == 2 + 3 + 2 + 2 + 3
    assert evaluation.invention_rate.value == 1 / 12


def test_refused_values_are_counted_by_field(gold_of: GoldOf) -> None:
    dropped = [
        {"path": "claimed_speedups[0].quote", "value": "9x", "reason": "not in the text"},
        {"path": "claimed_speedups[1].value", "value": 9, "reason": "its quote is empty"},
        {"path": "code_url", "value": "https://a.b", "reason": "not in the text"},
    ]
    evaluation = one(gold_of({}), meta={"dropped": dropped})
    assert evaluation.refused == 3
    assert evaluation.fields["claimed_speedups"].refused == 2
    assert evaluation.fields["code_url"].refused == 1
    assert evaluation.fields["hardware"].refused == 0


def test_what_a_right_value_took(gold_of: GoldOf) -> None:
    gold = gold_of({"benchmarks": [["A"], ["B"], ["C"]]}, {"method_name": ["Foo"]}, {})
    meta = {"model": "m", "cached": False, "prompt_tokens": 100, "completion_tokens": 10}
    records = [
        {"id": "1", "benchmarks": ["A", "B", "C"], "meta": meta},
        {"id": "2", "method_name": "Foo", "meta": {**meta, "cached": True}},
    ]
    priced = evaluate(gold, records, seconds=6.0, price=lambda _, p, c: (p + 10 * c) / 1000)
    spending = priced.spending
    assert (spending.prompt_tokens, spending.completion_tokens) == (200, 20)
    assert spending.cost == pytest.approx(0.4)
    assert spending.cost_per_right_value == pytest.approx(0.1)
    assert spending.seconds_per_right_value == 2.0
    unknown = evaluate(gold, records, price=lambda *_: None).spending
    assert unknown.cost is unknown.seconds is unknown.seconds_per_right_value is None
    assert evaluate(gold, [{"id": "1"}]).spending.prompt_tokens is None


def test_intervals_are_repeatable_and_hold_the_figure(gold_of: GoldOf) -> None:
    gold = gold_of(*({"method_name": [f"Foo{n}"]} for n in range(40)))
    records = [{"id": str(n + 1), "method_name": f"Foo{n if n % 4 else 99}"} for n in range(40)]
    first, again = evaluate(gold, records), evaluate(gold, records)
    assert first.to_dict() == again.to_dict()
    assert first.to_dict() != evaluate(gold, records, seed=1).to_dict()
    exact = first.exact
    assert exact.value == 0.75
    # A share of 0.75 over 40 papers has a standard error of sqrt(0.75 * 0.25 / 40) = 0.068.
    assert exact.interval.low == pytest.approx(0.75 - 1.96 * 0.068, abs=0.03)
    assert exact.interval.high == pytest.approx(0.75 + 1.96 * 0.068, abs=0.03)


def test_figures_without_doubt_have_an_interval_of_no_width(gold_of: GoldOf) -> None:
    evaluation = evaluate(gold_of({}, {}), [])
    assert evaluation.macro_f1.interval == (1.0, 1.0)


class CountingScorer(Scorer):
    """A scorer of texts that counts how often it compares."""

    comparisons = 0

    def key(self, value: Any) -> str:
        CountingScorer.comparisons += 1
        return str(value)

    def gold_keys(self, value: Any) -> frozenset[str]:
        return frozenset([str(value)])

    def forms(self, value: Any) -> list[str]:
        return [str(value)]

    def words(self, value: Any) -> list[str]:
        return [str(value)]


def test_values_are_compared_once_however_often_papers_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CountingScorer, "comparisons", 0)
    scorer = CountingScorer("tags", many=True)
    papers = {str(n): {"tags": scorer.expect(["A", "B"])} for n in range(100)}
    records = [{"id": str(n), "tags": ["A"] if n % 2 else ["A", "B"]} for n in range(100)]
    evaluation = evaluate(Gold((scorer,), papers), records, resamples=1000)
    assert CountingScorer.comparisons == 150
    assert evaluation.fields["tags"].recall.value == 0.75
    assert evaluation.exact.interval.low < 0.5 < evaluation.exact.interval.high


def test_the_gold_of_the_example_is_gold() -> None:
    gold = read_gold(EXAMPLE_GOLD)
    assert list(gold.papers) == [str(number) for number in range(1, 13)]
    assert list(gold.first(3).papers) == ["1", "2", "3"]


def test_a_record_of_another_shape_is_named(gold_of: GoldOf) -> None:
    gold = gold_of({})
    for record in (
        {"claimed_speedups": [{"unit": "x"}]},
        {"claimed_speedups": [{"unit": "x", "value": "fast"}]},
        {"benchmarks": "COCO"},
        {"benchmarks": [None]},
        {"hardware": [7]},
        {"method_name": ["Foo"]},
    ):
        with pytest.raises(DumpError, match=f"paper 1 .*{next(iter(record))}"):
            one(gold, **record)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no gold"),
        ("\n{}\n", "line 2: not an object with an id"),
        ('{"id": "1"', "line 1: not JSON"),
        ('{"id": "1", "method_optional": true}', "line 1: 'method_name' is missing"),
        ('{"id": "1", "benchmark": []}', "no field 'benchmark'. Did you mean 'benchmarks'"),
        (json.dumps({"id": "1", **NOTHING, "hardware": "A100"}), "line 1: the gold of hardware"),
        (json.dumps({"id": "1", **NOTHING, "speedups": [{"value": 2}]}), "claimed_speedups"),
        (f"{json.dumps({'id': '1', **NOTHING})}\n" * 2, "line 2: the id '1'"),
    ],
)
def test_gold_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DumpError, match=said):
        read_gold(path)
    with pytest.raises(DumpError, match="cannot be read"):
        read_gold(tmp_path / "missing.jsonl")


def test_gold_in_the_shape_of_records(gold_of: GoldOf, tmp_path: Path) -> None:
    """As a record has it, with several forms where there are some; fields may be left out."""
    record = {
        "id": "1",
        "title": "FooNet",
        "method_name": "FooNet",
        "claimed_speedups": [{**claim(2), "kind": "training", "factor": 2.0}],
        "benchmarks": ["COCO", ["ImageNet-1K", "ImageNet"]],
        "benchmarks_optional": ["GLUE"],
        "hardware": [],
        "code_url": None,
        "evidence": [],
        "meta": {"model": "m"},
    }
    own = gold_of(
        {
            "method_name": ["FooNet"],
            "speedups": [claim(2)],
            "benchmarks": [["COCO"], ["ImageNet-1K", "ImageNet"]],
            "benchmarks_optional": [["GLUE"]],
        }
    )
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    answer = {**record, "benchmarks": ["coco", "GLUE", "ImageNet", "SVHN"], "method_name": None}
    assert one(read_gold(path), **answer).to_dict() == one(own, **answer).to_dict()
    path.write_text(json.dumps(draft_gold(record)), encoding="utf-8")
    assert one(read_gold(path), **answer).to_dict() == one(own, **answer).to_dict()
    path.write_text('{"id": "1", "hardware": ["A100"]}', encoding="utf-8")
    assert list(one(read_gold(path), **record).fields) == ["hardware"]


PAPER = Paper(
    "1",
    "FooNet: a study",
    "Data are scarce, cf. Fig. 2. We train on CIFAR-10 (e.g. its images) and SVHN. On an A100 "
    "it is 2x faster than before. Code: https://example.org/foo",
)


def test_mistakes_show_gold_answer_and_sentence(gold_of: GoldOf) -> None:
    gold = gold_of(
        {
            "method_name": ["FooNet"],
            "benchmarks": [["CIFAR10", "CIFAR-10"], ["SVHN"]],
            "speedups": [{**claim(2), "quote": "2x faster than before"}],
            "code_url": "https://example.org/foo",
        },
        {},
    )
    start = PAPER.abstract.index("A100")
    record = {
        "id": "1",
        "title": PAPER.title,
        "method_name": None,
        "benchmarks": ["SVHN", "A100", "GLUE"],
        "evidence": [
            {"path": "benchmarks[1]", "source": "abstract", "start": start, "end": start + 4}
        ],
        "meta": {"dropped": [{"path": "method_name", "value": "BarNet", "reason": "no words"}]},
    }
    evaluation = evaluate(gold, [record])
    (paper,) = find_mistakes(evaluation, gold, {"1": PAPER})
    assert list(paper.fields) == ["method_name", "claimed_speedups", "benchmarks", "code_url"]
    benchmarks = paper.fields["benchmarks"]
    assert benchmarks.gold == [["CIFAR10", "CIFAR-10"], ["SVHN"]]
    assert benchmarks.answer == [["SVHN"], ["A100"], ["GLUE"]]
    assert [mistake.value for mistake in benchmarks.missing] == [["CIFAR10", "CIFAR-10"]]
    sentences = [each.passage and each.passage.sentence for each in benchmarks.missing]
    assert sentences == ["We train on CIFAR-10 (e.g. its images) and SVHN."]
    wrong = {each.value: each.passage and each.passage.sentence for each in benchmarks.wrong}
    assert wrong == {"A100": "On an A100 it is 2x faster than before.", "GLUE": None}
    passage = paper.fields["code_url"].missing[0].passage
    assert passage is not None
    assert PAPER.abstract[passage.start : passage.end] == "https://example.org/foo"
    missed = paper.fields["method_name"].missing[0].passage
    assert missed is not None
    assert (missed.source, missed.sentence) == ("title", "FooNet: a study")

    text = "\n".join(mistake_lines([paper]))
    assert '"On an A100 it is 2x faster than before."' in text
    assert "CIFAR10 | CIFAR-10" in text
    assert "(not in the text)" in text
    assert "rejected  BarNet (no words)" in text
    assert json.loads(json.dumps(paper.to_dict()))["fields"]["method_name"]["refused"]


def test_a_sentence_stands_once_below_the_values_in_it(gold_of: GoldOf) -> None:
    gold = gold_of({"benchmarks": [["CIFAR-10"], ["SVHN"]]})
    mistakes = find_mistakes(evaluate(gold, []), gold, {"1": PAPER})
    lines = [line.strip() for line in mistake_lines(mistakes)]
    assert lines[-3:] == [
        "missing   CIFAR-10",
        "missing   SVHN",
        '"We train on CIFAR-10 (e.g. its images) and SVHN."',
    ]


def test_mistakes_without_text_or_record(gold_of: GoldOf) -> None:
    gold = gold_of({"method_name": ["FooNet"]})
    evaluation = evaluate(gold, [])
    for papers in (None, {}):
        (paper,) = find_mistakes(evaluation, gold, papers)
        assert not paper.has_record
        assert not paper.has_text
        assert paper.fields["method_name"].missing[0].passage is None
    assert "has no record" in "\n".join(mistake_lines([paper]))


def test_the_text_of_another_paper_is_left_aside(gold_of: GoldOf) -> None:
    gold = gold_of({"method_name": ["FooNet"]})
    evaluation = evaluate(gold, [{"id": "1", "title": "Something else"}])
    (paper,) = find_mistakes(evaluation, gold, {"1": PAPER})
    assert not paper.has_text
    assert paper.title == "Something else"


def test_the_table_fits_a_terminal_and_says_what_was_left_aside(gold_of: GoldOf) -> None:
    gold = gold_of(*({"method_name": ["Foo"], "hardware": [["A100"]]} for _ in range(9)))
    meta = {"model": "m", "cached": True, "prompt_tokens": 1234, "completion_tokens": 56}
    records = [{"id": "1", "method_name": "Foo", "meta": meta}, {"id": "x"}]
    evaluation = evaluate(gold, records, seconds=1.5, price=lambda *_: 0.02)
    lines = list(table(evaluation))
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in text
    assert "8 papers of gold, counted as empty: 2, 3, 4, 5, 6, ..." in text
    assert "1 record, left aside" in text
    assert "1,234 prompt + 56 completion; 137 + 6 a paper" in text
    assert "$0.0200; $0.02 a right value" in text
    assert "1.5; from the cache" in text


def test_the_table_has_every_figure(gold_of: GoldOf) -> None:
    gold = gold_of(*({"benchmarks": [["A"], ["B"]]} for _ in range(1500)), {})
    dropped = [{"path": "benchmarks[0]", "value": "D", "reason": "not in the text"}]
    records = [{"id": str(n), "benchmarks": ["A", "C"]} for n in range(1, 1502)]
    records[0]["meta"] = {"dropped": dropped}
    evaluation = evaluate(gold, records, resamples=20)
    lines = list(table(evaluation))
    rows = {line.split("  ")[0]: line for line in reversed(lines)}
    shares, counts = [line.split() for line in lines if line.startswith("benchmarks")]
    field = evaluation.fields["benchmarks"]
    figures = (field.precision, field.recall, field.f1)
    for figure, value, interval in zip(figures, shares[1::2], shares[2::2], strict=True):
        assert value == f"{figure.value:.3f}"
        assert interval == f"{figure.interval.low:.2f}-{figure.interval.high:.2f}"
    assert counts == ["benchmarks", "3,000", "1,500", "1,502", "1,500", "1", "1", "of", "1"]
    assert rows["all"].split() == [
        "all",
        "3,000",
        "1,500",
        "1,502",
        "1,500",
        "1",
        "1",
        "of",
        "6,005",
    ]
    assert rows["macro F1"].split()[2] == f"{evaluation.macro_f1.value:.3f}"
    assert "0 of 1,501 papers" in rows["exact records"]
    assert "1 of 6,005 empty fields, 2 values" in rows["invention rate"]


def test_a_table_of_long_names_fits_a_terminal(tmp_path: Path) -> None:
    name = "a_field_" + "with_a_long_name" * 4
    schema = create_model("Long", **{name: (str | None, None)})
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"id": "[bold]:smile:", name: "A"}), encoding="utf-8")
    evaluation = evaluate(read_gold(path, schema), [], resamples=2)
    lines = list(table(evaluation))
    assert max(map(len, lines)) <= 80
    assert name in "".join(line[:26].strip() for line in lines)
    assert any("0.000 0.00-0.00" in line for line in lines)
    assert lines[-1].endswith("[bold]:smile:")
