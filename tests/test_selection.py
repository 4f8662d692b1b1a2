"""Which papers are taken: conditions, the first, a random sample; and how many that will be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from helpers import read_jsonl, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from extractor.errors import UsageError
from extractor.paper import Paper
from extractor.readers import open_dumps
from extractor.run.extent import Extent, Total
from extractor.run.selection import Selection
from extractor.run.where import parse_condition

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

TEXT = "We present a method that is fast and needs little memory. "


def holds(condition: str, **source: Any) -> bool:
    paper = Paper("p1", "Graph Nets at Scale", TEXT, source)
    return parse_condition(condition).holds(paper)


@pytest.mark.parametrize(
    ("condition", "source", "meets"),
    [
        ("year>=2024", {"year": 2024}, True),
        ("year>=2024", {"year": "2023"}, False),
        ("year>=2024", {}, False),
        ("YEAR < 2024", {"Year": "2023"}, True),
        ("year>=2024", {"date": "3 May 2024"}, True),
        ("date<=2024", {"date": "2024-05-03"}, True),
        ("date<2024-05", {"date": "2024-04-30T10:00:00Z"}, True),
        ("date>2024-05-03", {"date": "2024-05-03"}, False),
        ("date>2024", {"date": "May 2025"}, True),
        ("year>=2024", {"year": "May 2024"}, True),
        ("year=2024", {"year": "May 2024"}, True),
        ("year!=2024", {"year": "May 2024"}, False),
        ("year=2023|2024", {"date": "3 May 2024"}, True),
        ("date=2024-05", {"date": "2024-05-03"}, True),
        ("date=2024-04", {"date": "2024-05-03"}, False),
        ("date=2024-05", {"date": "May 2024"}, False),  # the month is not known
        ("note=2024", {"note": "2024-05-03"}, False),  # no column of dates
        ("year<2024", {"year": "c2023."}, True),
        ("date>2024-03", {"date": "May 2024"}, False),
        ("date>2024-03", {"date": "May 2025"}, True),
        ("volume>2024", {"volume": "May 2025"}, False),
        ("citations>=1000", {"citations": "1,000"}, True),
        ("citations>999.5", {"citations": "12 000.5"}, True),
        ("citations<=1,000", {"citations": 1000}, True),
        ("citations=1000", {"citations": "1,000"}, True),
        ("citations>1", {"citations": "1,00"}, False),
        ("venue=", {}, True),
        ("venue=", {"venue": " "}, True),
        ("venue=", {"venue": "ICML"}, False),
        ("venue!=", {"venue": "ICML"}, True),
        ("venue!=", {"venue": None}, False),
        ("venue=ICML|", {"year": 2024}, True),
        ("title~ <b>", {}, False),
        ("citations>9", {"citations": 10}, True),
        ("venue~ICML", {"venue": "Proc. of icml 2021"}, True),
        ("venue~ICML", {"booktitle": "ICML"}, True),
        ("venue = ICML | NeurIPS", {"venue": "neurips"}, True),
        ("venue=ICML", {"venue": "ICML 2021"}, False),
        ("venue!=ICML|NeurIPS", {"venue": "NeurIPS"}, False),
        ("venue!=ICML", {}, True),
        ("venue!~ICML", {"venue": "ICML 2021"}, False),
        ("keywords=vision", {"keywords": ["speech", "vision"]}, True),
        ("keywords!=vision", {"keywords": ["speech", "vision"]}, False),
        ("open access=true", {"open access": True}, True),
        ("n=3.0", {"n": 3}, True),
        ("n=01", {"n": "1"}, True),
        ("title~graph nets", {}, True),
        ("abstract~little memory", {}, True),
        ("id=p1", {}, True),
        ("url~a=b", {"url": "https://x.org/?a=b"}, True),
    ],
)
def test_a_condition_holds(condition: str, source: dict[str, Any], meets: bool) -> None:
    assert holds(condition, **source) is meets


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("year", "is not a condition"),
        ("", "is not a condition"),
        (">=3", "is not a condition"),
        ("year>=", "has no value"),
        ("venue~ICML|", "has no value"),
        ("year==2024", "'==' is not an operator. Write '='"),
        ("year=>2024", "Write '>='"),
        ("year =< 2024", "Write '<='"),
        ("year<>2024", "Write '!='"),
        ("venue=~ICML", "Write '~'"),
        ("title~<b>", "a space before a value"),
        ("venue>ICML", "not one number or date"),
        ("year>2020|2021", "not one number or date"),
        ("year>nan", "not one number or date"),
    ],
)
def test_what_is_no_condition_is_told(condition: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_condition(condition)


@given(st.text())
def test_any_text_is_a_condition_or_a_usage_error(text: str) -> None:
    try:
        condition = parse_condition(text)
    except UsageError:
        return
    assert condition.holds(Paper("1", "T", "A")) in (True, False)


@given(st.text(min_size=1), st.text())
def test_a_condition_and_its_opposite(value: str, found: str) -> None:
    paper = Paper("1", "T", "A", {"x": found})
    for kind in "=~":
        try:
            one, other = parse_condition(f"x{kind}{value}"), parse_condition(f"x!{kind}{value}")
        except UsageError:
            continue
        assert one.holds(paper) is not other.holds(paper)


def dump(tmp_path: Path, count: int = 60, name: str = "dump.jsonl") -> Path:
    rows: list[dict[str, Any]] = [
        {"id": f"p{n}", "title": f"Paper {n}", "abstract": TEXT * 3 + str(n), "year": 2000 + n}
        for n in range(count)
    ]
    rows.insert(1, {"id": "broken", "title": "No abstract"})
    return write_jsonl(tmp_path / name, rows)


def selected(path: Path, limit: int | None = None, **how: Any) -> tuple[list[str], Selection]:
    with open_dumps([path]) as source:
        selection = Selection(source, **how)
        ids = [str(item.id) for item in selection.first(limit)]
    return ids, selection


def test_without_a_choice_everything_is_taken(tmp_path: Path) -> None:
    ids, selection = selected(dump(tmp_path, 3))
    assert ids == ["p0", "broken", "p1", "p2"]
    assert selection.notes() == []
    assert selection.extent.total == Total(4, exact=True)
    assert selected(dump(tmp_path, 3), 2)[0] == ["p0", "broken", "p1"]


def test_conditions_then_the_first_then_a_sample(tmp_path: Path) -> None:
    path = dump(tmp_path)
    ids, selection = selected(path, where=["year>=2020", "year<2030"])
    assert ids == [f"p{n}" for n in range(20, 30)]
    assert selection.notes() == ["10 of 60 papers selected; 1 unreadable entry left out"]
    assert selected(path, 3, where=["year>=2020"])[0] == ["p20", "p21", "p22"]
    some, _ = selected(path, 10, where=["year>=2020"], sample=4)
    assert len(some) == 4
    assert set(some) <= {f"p{n}" for n in range(20, 30)}


def test_a_sample_is_the_same_each_time_and_in_order(tmp_path: Path) -> None:
    path = dump(tmp_path)
    small, large = selected(path, sample=8)[0], selected(path, sample=20)[0]
    assert selected(path, sample=8)[0] == small
    assert small == sorted(small, key=lambda name: int(name[1:]))
    assert set(small) < set(large)
    assert selected(path, sample=8, seed=1)[0] != small
    assert len(selected(path, sample=100)[0]) == 60
    assert selected(path, sample=0)[0] == []
    rows = read_jsonl(path)
    turned = write_jsonl(tmp_path / "turned.jsonl", rows[::-1])
    assert set(selected(turned, sample=8)[0]) == set(small)


def test_a_column_that_no_paper_has_is_an_error_before_anything_is_taken(tmp_path: Path) -> None:
    path = dump(tmp_path)
    with open_dumps([path]) as source:
        items = Selection(source, where=["yaer!=2020"]).first(None)
        with pytest.raises(UsageError) as caught:
            next(items)
    assert "no paper of" in str(caught.value)
    assert "Did you mean 'year'? It has: id, title, abstract, year." in str(caught.value)


def test_a_selection_is_part_of_what_makes_a_run_the_same(tmp_path: Path) -> None:
    path, seen = dump(tmp_path), set()
    for how in ({}, {"where": ["year>1"]}, {"sample": 3}, {"sample": 3, "seed": 1}, {"seed": 1}):
        with open_dumps([path]) as source:
            seen.add(json.dumps(Selection(source, **how).identity))  # type: ignore[arg-type]
    assert len(seen) == 4  # a seed without a sample chooses nothing


def test_run_takes_what_is_selected(invoke: Invoke, tmp_path: Path) -> None:
    path, out = dump(tmp_path), tmp_path / "out.jsonl"
    how = ["--model", "none", "-o", out]
    code, _, err = invoke("run", path, *how, "--where", "year>=2058", "--where", "title!~59")
    assert (code, [row["id"] for row in read_jsonl(out)]) == (0, ["p58"])
    assert "1 of 60 papers selected; 1 unreadable entry left out" in err
    code, _, err = invoke("run", path, *how, "--where", "yeer>=2058")
    assert (code, err.count("\n")) == (2, 1)
    assert len(read_jsonl(out)) == 1
    code, _, err = invoke("run", path, *how, "--where", "year>=3000")
    assert code == 2
    assert "--where 'year>=3000': none of 60 papers of" in err
    assert len(read_jsonl(out)) == 1
    code, _, err = invoke("run", path, *how, "--where", "year>=3000", "--where", "title~Paper")
    assert code == 2
    assert "they meet 'year>=3000' 0, 'title~Paper' 60" in err
    code, _, err = invoke("run", path, *how, "--limit", 0, "--sample", 3)
    assert (code, "selected" in err) == (0, False)


def test_papers_that_cannot_be_compared_are_told(tmp_path: Path) -> None:
    years = [2024, "n.d.", "", "in press"]
    rows = [
        {"id": str(n), "title": f"Paper {n}", "abstract": TEXT * 3 + str(n), "year": year}
        for n, year in enumerate(years)
    ]
    ids, selection = selected(write_jsonl(tmp_path / "dump.jsonl", rows), where=["year>=2020"])
    assert ids == ["0"]
    assert selection.notes() == [
        "1 of 4 papers selected",
        "--where 'year>=2020': 3 papers left out, which have no number or date to compare",
    ]


def test_a_limit_is_told_with_what_is_selected(tmp_path: Path) -> None:
    _, selection = selected(dump(tmp_path), 3, sample=10)
    assert selection.notes() == ["3 of the first 3 papers selected; 1 unreadable entry left out"]


def test_an_extent_is_judged_by_the_entries_of_the_bytes_before() -> None:
    extent = Extent(1000)
    for _ in range(10):
        extent.read(100)
        extent.take()
        assert extent.total is None
    for _ in range(2):
        extent.read(200)
        extent.take()
        assert extent.total == Total(100, exact=False)
    extent.end()
    assert extent.total == Total(12, exact=True)


def test_an_extent_is_bounded_by_what_is_taken_at_most() -> None:
    extent = Extent(None, most=5)
    assert extent.total == Total(5, exact=False)
    for _ in range(5):
        extent.read(0)
        extent.take()
    assert extent.total == Total(5, exact=True)
    assert Extent(None).total is None


@given(st.lists(st.integers(1, 50), min_size=1), st.integers(1, 400))
def test_an_extent_ends_exact_and_is_never_below_what_was_taken(
    sizes: list[int], piece: int
) -> None:
    whole, at = sum(sizes), 0
    extent = Extent(whole)
    for size in sizes:
        at += size
        extent.read(min(whole, -(-at // piece) * piece))
        extent.take()
        assert extent.total is None or extent.total.number >= extent.taken
    extent.end()
    assert extent.total == Total(len(sizes), exact=True)
