"""What counts as one paper and as one value in two runs, and what became of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from helpers import write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from extractor.comparison import compare_field, compare_runs, difference_lines, prices
from extractor.comparison.values import count_values
from extractor.errors import DumpError, UsageError
from extractor.llm.weights.catalog import CATALOG

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from extractor.comparison import Comparison, FieldChanges


def claim(value: float, quote: str, **more: Any) -> dict[str, Any]:
    return {"quote": quote, "value": value, "unit": "x", "up_to": False, "baseline": None, **more}


def kinds(found: FieldChanges) -> list[tuple[str, Any, Any]]:
    return [(change.kind, change.before, change.after) for change in found.changes]


@pytest.mark.parametrize(
    ("before", "after", "same", "expected"),
    [
        (None, None, 0, []),
        ("", [], 0, []),
        ("A", "A", 1, []),
        (1, 1.0, 1, []),
        (1, True, 0, [("changed", 1, True)]),
        (0, None, 0, [("lost", 0, None)]),
        (None, "A", 0, [("added", None, "A")]),
        ("A", "a", 0, [("changed", "A", "a")]),
        (["A", "B"], ["B", "A"], 2, []),
        (["A", "A"], ["A"], 1, [("lost", "A", None)]),
        (["A", "B"], ["B", "C"], 1, [("lost", "A", None), ("added", None, "C")]),
        ("A", ["A"], 1, []),
        ({"a": [1, 2], "b": None}, {"a": [2, 1]}, 1, []),
        ({"a": 1}, {"a": 2}, 0, [("changed", {"a": 1}, {"a": 2})]),
    ],
)
def test_what_became_of_a_value(
    before: Any, after: Any, same: int, expected: list[tuple[str, Any, Any]]
) -> None:
    found = compare_field("f", before, after)
    assert (found.same, kinds(found)) == (same, expected)


def test_objects_are_compared_with_those_they_have_most_in_common_with() -> None:
    first = claim(3.4, "improves throughput by up to 3.4x", up_to=True, baseline="Foo")
    second = claim(1.7, "cuts the latency by 41%")
    third = claim(20, "trains 20 times faster")
    before = [first, second, third]
    after = [
        claim(5, "needs a fifth of the time"),
        {**second, "baseline": "Bar"},
        {**first, "quote": "throughput by up to 3.4x over Foo"},
    ]
    found = compare_field("claims", before, after)
    assert kinds(found) == [
        ("changed", first, after[2]),
        ("changed", second, after[1]),
        ("lost", third, None),
        ("added", None, after[0]),
    ]
    assert [change.keys for change in found.changes[:2]] == [["quote"], ["baseline"]]
    assert (found.changes[0].before_path, found.changes[0].after_path) == ("claims[0]", "claims[2]")


def test_two_values_of_one_quote_keep_to_their_own() -> None:
    """Each claim is paired with that of its number, whatever their order."""
    quote = "2x and 5x faster than A and B"
    before = [claim(2, quote, baseline="A"), claim(5, quote, baseline="A")]
    after = [claim(5, quote, baseline="B"), claim(2, quote, baseline="A")]
    (change,) = compare_field("claims", before, after).changes
    assert (change.before, change.after, change.keys) == (before[1], after[0], ["baseline"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text("ab "),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_every_value_is_accounted_for_once(before: Any, after: Any) -> None:
    there = compare_field("f", before, after)
    back = compare_field("f", after, before)
    counts = Counter(change.kind for change in there.changes)
    assert count_values(before) == there.same + counts["lost"] + counts["changed"]
    assert count_values(after) == there.same + counts["added"] + counts["changed"]
    assert there.same == back.same
    assert counts["added"] == sum(change.kind == "lost" for change in back.changes)


@given(st.lists(VALUES, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_a_list_does_not_matter(values: list[Any], chance: random.Random) -> None:
    shuffled = chance.sample(values, len(values))
    assert compare_field("f", values, shuffled).changes == ()


def test_a_value_that_is_nested_deep_is_compared() -> None:
    deep: Any = "A"
    for _ in range(200):
        deep = [deep]
    assert compare_field("f", {"a": deep}, {"a": deep}).changes == ()


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., Comparison]:
    """Compare records; a failure is a row with an error."""

    def run(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Comparison:
        for name, rows in (("before", before), ("after", after)):
            records = [{"title": f"On {row['id']}", **row} for row in rows if "error" not in row]
            write_jsonl(tmp_path / f"{name}.jsonl", records)
            failures = [{"title": f"On {row['id']}", **row} for row in rows if "error" in row]
            if failures:
                write_jsonl(tmp_path / f"{name}.failures.jsonl", failures)
        return compare_runs(
            tmp_path / "before.jsonl", tmp_path / "after.jsonl", price_of=prices(["m=1,10"])
        )

    return run


Compared = "Callable[..., Comparison]"


def ids(papers: list[Any]) -> list[str]:
    return [paper.id for paper in papers]


def test_papers_are_joined_by_id_and_title(compared: Compared) -> None:
    found = compared(
        [{"id": "1", "a": "A"}, {"id": "2", "a": "B"}, {"id": "3", "a": "C"}],
        [{"id": "3", "a": "C"}, {"id": "4", "a": "D"}, {"id": "1", "a": "X"}],
    )
    assert found.both == 2
    assert (ids(found.papers), ids(found.only_before), ids(found.only_after)) == (
        ["1"],
        ["2"],
        ["4"],
    )
    numbers = [*found.fields["a"].to_dict().values()]
    assert numbers == [2, 2, 1, 0, 0, 1, 1]


def test_ids_that_count_papers_may_shift(compared: Compared) -> None:
    """One paper more at the top of a dump: the others are the same by their titles."""
    before = [{"id": str(n), "title": f"Paper {n}", "a": n} for n in range(1, 5)]
    after = [{**row, "id": str(int(row["id"]) + 1)} for row in before]
    found = compared(before, [{"id": "1", "title": "New", "a": 0}, *after])
    assert found.both == 4
    assert not found.papers
    assert [paper.title for paper in found.only_after] == ["New"]
    found = compared([{"id": "1", "title": "A", "a": 1}], [{"id": "1", "title": "B", "a": 1}])
    assert (found.both, found.renamed) == (0, 1)
    found = compared([{"id": "1", "title": "A", "a": 1}], [{"id": "1", "title": "", "a": 2}])
    assert (found.both, found.papers[0].title) == (1, "A")


def test_papers_of_one_id_are_compared_in_their_order(compared: Compared) -> None:
    before = [{"id": "1", "a": "A"}, {"id": "1", "a": "B"}]
    assert compared(before, before).same
    found = compared(before, [*before, {"id": "1", "a": "C"}])
    assert (found.both, ids(found.only_after)) == (2, ["1"])
    assert (found.before.repeated, found.after.repeated) == (1, 2)


def test_failures_are_told_apart_from_missing_papers(compared: Compared) -> None:
    failed = {"error": "timeout", "message": "No answer.", "tries": 6}
    unreadable = {"id": None, "error": "unreadable", "message": "No paper.", "line": 3}
    found = compared(
        [{"id": "1", "a": "A"}, {"id": "2", **failed}, {"id": "3", **failed}],
        [{"id": "1", **failed}, {"id": "2", "a": "B"}, {"id": "3", **failed}, unreadable],
    )
    assert (ids(found.failed), ids(found.recovered)) == (["1"], ["2"])
    assert not found.only_before + found.only_after
    assert found.after.failures == {"timeout": 2, "unreadable": 1}
    lines = "\n".join(difference_lines(found))
    assert "failed after, not before: 1 paper: 1" in lines
    assert "failed before, not after: 1 paper: 2" in lines


def test_fields_of_one_run_are_not_compared(compared: Compared) -> None:
    found = compared([{"id": "1", "a": "A", "b": "B"}], [{"id": "1", "a": "A", "c": ["C"]}])
    assert (found.fields_only_before, found.fields_only_after) == (["b"], ["c"])
    assert list(found.fields) == ["a"]
    assert not found.papers
    assert not found.same


def test_evidence_and_tokens_are_no_difference(compared: Compared) -> None:
    meta = {"model": "m", "task": "t@1", "cached": False, "prompt_tokens": 100, "dropped": [{}]}
    before = {"id": "1", "a": "A", "evidence": [], "meta": {**meta, "completion_tokens": 10}}
    after = {"id": "1", "a": "A", "meta": {**meta, "completion_tokens": 30, "dropped": []}}
    found = compared([before], [after])
    assert found.same
    assert (found.before.rejected, found.after.rejected) == (1, 0)
    costs = found.before.spending.cost, found.after.spending.cost
    assert costs == (pytest.approx(200e-6), pytest.approx(400e-6))
    lines = "\n".join(difference_lines(found))
    assert re.search(r"^cost +\$0.0002 +\$0.0004 +\+\$0.0002$", lines, re.M)
    assert "No difference in 1 paper." in lines


def test_prices_are_given_known_or_unknown(compared: Compared) -> None:
    price_of = prices(["my=model=0.5,2"])
    models = "my=model", "gpt-4o-mini", next(iter(CATALOG))
    given_, openai, embedded = map(price_of, models)
    assert given_
    assert given_.cost(10**6, 0, 10**6) == 2.5
    assert openai
    assert openai.prompt > 0
    assert embedded
    assert embedded.prompt == 0
    assert price_of("somebody/llama") is None
    row = {"id": "1", "a": 1, "meta": {"model": "q", "prompt_tokens": 1, "completion_tokens": 1}}
    found = compared([row], [row])
    assert found.before.spending.cost is None
    assert "give --price MODEL=IN,OUT for q" in "\n".join(difference_lines(found))
    for wrong in ("m", "m=1", "m=a,b", "=1,2", "m=-1,2"):
        with pytest.raises(UsageError, match="MODEL=IN,OUT"):
            prices([wrong])


def test_evidence_of_a_changed_value_is_kept(compared: Compared) -> None:
    def rests(path: str, start: int) -> dict[str, Any]:
        return {"path": path, "source": "abstract", "start": start, "end": start + 1}

    before = {"a": ["A", "B"], "evidence": [rests("a[0]", 0), rests("a[1]", 5), rests("b", 9)]}
    after = {"a": ["A", "C"], "evidence": [rests("a[0]", 0), rests("a[1].quote", 7)]}
    (paper,) = compared([{"id": "1", **before}], [{"id": "1", **after}]).papers
    assert [each["start"] for each in paper.before_evidence] == [5]
    assert [each["start"] for each in paper.after_evidence] == [7]


def test_a_file_without_records_lacks_no_field(compared: Compared) -> None:
    found = compared([{"id": "1", "a": "A"}], [])
    assert (found.fields_only_before, ids(found.only_before)) == ([], ["1"])
    assert compared([], []).same


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    good = write_jsonl(tmp_path / "good.jsonl", [{"id": "1"}])
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "1"', encoding="utf-8")
    for other in (broken, tmp_path / "missing.jsonl"):
        with pytest.raises(DumpError):
            compare_runs(good, other)
    write_jsonl(tmp_path / "good.failures.jsonl", [{"id": "1"}])
    with pytest.raises(DumpError, match="not a failure"):
        compare_runs(good, good)


def test_long_values_and_many_papers_are_cut_short(compared: Compared) -> None:
    before = [{"id": str(n), "a": "A" * 1000} for n in range(30)]
    found = compared(before, [{**row, "a": ["B\nC", {"d": 1.5}]} for row in before])
    lines = [*difference_lines(found, show=2)]
    assert all(len(line) < 400 for line in lines)
    assert lines[-1] == "... and 28 more papers: --show 30 or --html OUT"
    assert "    + B C" in lines
    assert "    + d=1.5" in lines
    assert json.loads(json.dumps(found.to_dict()))["papers"][0]["id"] == "0"
