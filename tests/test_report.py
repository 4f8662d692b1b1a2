"""The report as a file: what goes into it, from where, and that nothing can get out of its data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from helpers import write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from extractor.errors import DumpError, OutputError
from extractor.paper import Paper
from extractor.readers import Unreadable
from extractor.report import write_report
from extractor.report.index import TEXT_LIMIT, FieldIndex, is_empty
from extractor.report.page import CHUNK, PAGE, page_script
from extractor.report.write import DumpPapers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from helpers import Invoke

Json = dict[str, Any]

META = {
    "model": "m1",
    "task": "paper@0123456789ab",
    "cached": False,
    "prompt_tokens": 100,
    "completion_tokens": 10,
    "dropped": [],
}


def record(number: int, **fields: Any) -> Json:
    named = {"id": str(number), "title": f"Title {number}"}
    return {**named, **fields, "evidence": [], "meta": META}


def unpacked(packed: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(packed), wbits=-zlib.MAX_WBITS))


def index_of(page: Path) -> Json:
    found = re.search(r'<script type="text/plain" id="index">([^<]*)</script>', page.read_text())
    assert found
    index: Json = unpacked(found[1])
    return index


def rows_of(page: Path) -> list[tuple[Json, str | None]]:
    """What the chunks hold: each row and its abstract."""
    packed = re.findall(r'<script type="text/plain" id="chunk-\d+">([^<]*)<', page.read_text())
    return [(row, abstract) for chunk in packed for row, abstract in unpacked(chunk)]


def report_of(tmp_path: Path, rows: Iterable[Json], **inputs: Path) -> Path:
    page = tmp_path / "report.html"
    write_report(write_jsonl(tmp_path / "records.jsonl", rows), page, **inputs)
    return page


def test_records_failures_and_abstracts_all_arrive(tmp_path: Path) -> None:
    papers = [
        {"id": str(n), "title": f"Title {n}", "abstract": f"Abstract {n}."} for n in (1, 2, 3)
    ]
    failure = {"id": "2", "title": "Title 2", "error": "timeout", "message": "late", "tries": 6}
    page = report_of(
        tmp_path,
        [record(1, name="A"), record(3, name=None)],
        dump=write_jsonl(tmp_path / "papers.jsonl", papers),
        failures=write_jsonl(tmp_path / "failures.jsonl", [failure]),
    )
    assert [(row["id"], text) for row, text in rows_of(page)] == [
        ("1", "Abstract 1."),
        ("3", "Abstract 3."),
        ("2", "Abstract 2."),
    ]
    index = index_of(page)
    assert (index["records"], index["ids"]) == (2, ["1", "3", "2"])
    assert index["fields"][0]["counts"] == [1, 0, 0]


def test_chunks_hold_every_row_in_order(tmp_path: Path) -> None:
    count = 2 * CHUNK + 7
    page = report_of(tmp_path, (record(n, value=n) for n in range(count)))
    assert [row["value"] for row, _ in rows_of(page)] == list(range(count))
    assert index_of(page)["chunk"] == CHUNK


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    page = report_of(tmp_path, [record(1, value=math.inf), record(2, value=1.5)])
    assert [row["value"] for row, _ in rows_of(page)] == [None, 1.5]


def test_any_format_of_records_is_read(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record(1, name="A"), record(2, name="B")]))
    assert write_report(path, tmp_path / "report.html").papers == 2


def test_refused_values_are_counted_and_named(tmp_path: Path) -> None:
    dropped = [
        {"path": "hardware[1]", "value": "H100", "reason": "not in the text"},
        {"path": "claims[0]", "value": {"value": 3}, "reason": "no number"},
    ]
    row = record(1) | {"meta": {**META, "dropped": dropped}}
    records = write_jsonl(tmp_path / "records.jsonl", [row])
    assert write_report(records, tmp_path / "report.html").refused == 2
    refused = next(
        e for e in index_of(tmp_path / "report.html")["extras"] if e["name"] == "refused"
    )
    values = {leaf["name"]: leaf["values"] for leaf in refused["leaves"]}
    assert values["field"] == ["hardware", "claims"]
    assert values["value"] == ["H100", '{"value":3}']


def test_meta_is_added_up_with_what_the_cache_gave_apart(tmp_path: Path) -> None:
    kept = {**META, "cached": True}
    page = report_of(tmp_path, [record(1), record(2) | {"meta": kept}])
    run = index_of(page)["run"]
    assert run["tokens"] == {"prompt_tokens": 200, "completion_tokens": 20}
    assert run["cached_tokens"] == {"prompt_tokens": 100, "completion_tokens": 10}
    assert (run["cached_records"], run["models"]) == (1, [["m1", 2]])
    assert run["tasks"] == [["paper@0123456789ab", 2]]


def test_records_without_evidence_or_meta_are_shown_all_the_same(tmp_path: Path) -> None:
    page = report_of(tmp_path, [{"id": "1", "title": "T", "name": "A", "meta": None}])
    assert index_of(page)["fields"][0]["name"] == "name"


def test_the_page_loads_nothing_and_allows_only_its_own_script(tmp_path: Path) -> None:
    text = report_of(tmp_path, [record(1)]).read_text()
    assert not re.search(
        r'<(link|img|iframe|object)\b(?![^>]*href="data:)|\bsrc=|@import|url\(', text
    )
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert found
        digest = hashlib.sha256(found[1].encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy[1]


def test_no_text_of_the_data_stands_in_the_markup(tmp_path: Path) -> None:
    bad = "</script><script>alert(1)</script><!--"
    row = {"id": bad, "title": bad, "field": [bad], bad: bad, "evidence": [{"path": bad}]}
    records = write_jsonl(tmp_path / '<b>&".jsonl', [row])
    page = tmp_path / "report.html"
    write_report(records, page)
    text = page.read_text()
    assert "alert(1)" not in text
    assert "<b>" not in text
    assert html.escape('<b>&".jsonl') in text
    assert rows_of(page)[0][0]["title"] == bad


def test_every_script_of_the_page_is_in_it(tmp_path: Path) -> None:
    script = page_script(PAGE)
    files = [*PAGE.glob("*.js"), *PAGE.glob("charts/*.js")]
    assert len(files) > 20
    for file in files:
        text = file.read_text("utf-8")
        assert text.startswith('"use strict";')
        assert script.count(text) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"id": "1", "title"', "line 1"), ('{"title": "T"}\n', "no id"), ("Hello", "not a file of")],
)
def test_what_is_no_record_is_refused_and_leaves_no_page(
    tmp_path: Path, content: str, message: str
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(content)
    with pytest.raises(DumpError, match=message):
        write_report(records, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]


def test_records_given_as_failures_are_refused(tmp_path: Path) -> None:
    records = write_jsonl(tmp_path / "records.jsonl", [record(1)])
    with pytest.raises(DumpError, match="names no error"):
        write_report(records, tmp_path / "report.html", failures=records)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    records = write_jsonl(tmp_path / "records.jsonl", [record(1)])
    with pytest.raises(OutputError):
        write_report(records, records / "report.html")


def paper(number: int | str, title: str = "T") -> Paper:
    return Paper(str(number), title, f"Abstract {number}")


class TestDumpPapers:
    def test_papers_passed_over_are_found_later(self) -> None:
        papers = DumpPapers([paper(1), paper(2), Unreadable(9, "bad"), paper(3)])
        found = [papers.find(number, "T") for number in ("1", "3", "2")]
        assert [p.abstract for p in found if p] == ["Abstract 1", "Abstract 3", "Abstract 2"]
        assert papers.missing == 0

    def test_another_title_under_the_id_is_another_paper(self) -> None:
        papers = DumpPapers([paper(1, "Other")])
        assert papers.find("1", "T") is None
        assert papers.missing == 1

    def test_no_more_is_read_than_is_asked_for(self) -> None:
        dump = iter([paper(1), paper(2)])
        assert DumpPapers(dump).find("1", "T")
        assert next(dump).id == "2"

    def test_an_id_that_stands_twice_gives_each_its_own(self) -> None:
        papers = DumpPapers([paper(1, "A"), paper(1, "B")])
        assert papers.find("1", "A")
        assert papers.find("1", "B")


SCALAR = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
ITEM = SCALAR | st.dictionaries(st.sampled_from("abcd"), SCALAR, max_size=3)
VALUE = ITEM | st.lists(ITEM, max_size=3)


@given(st.lists(VALUE, max_size=8), st.integers(0, 3))
def test_an_index_gives_back_what_was_put_in(values: list[Any], absent: int) -> None:
    field = FieldIndex("field")
    for row, value in enumerate(values, start=absent):
        items = plain_items(value)
        assert field.add(row, value) == len(items)
    rows = [[]] * absent + [plain_items(value) for value in values] + [[]] * absent
    assert decoded(field.to_dict(len(rows))) == rows


def decoded(field: Json) -> list[list[Json]]:
    """The items of each row of a field, as the page reads them."""
    items = iter(range(sum(field["counts"])))
    leaves = field["leaves"]
    for leaf in leaves:
        assert len(leaf["codes"]) == sum(field["counts"])

    def item(place: int) -> Json:
        codes = {leaf["name"]: (leaf["codes"][place], leaf["values"]) for leaf in leaves}
        return {name: values[code] for name, (code, values) in codes.items() if code >= 0}

    return [[item(next(items)) for _ in range(count)] for count in field["counts"]]


def plain_items(value: Any) -> list[Json]:
    items = [item for item in (value if isinstance(value, list) else [value]) if not is_empty(item)]
    cells = [item if isinstance(item, dict) else {"": item} for item in items]
    return [{name: cell for name, cell in row.items() if not is_empty(cell)} for row in cells]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, 2.5], "number"), ([True], "flag"), (["a", 1], "text"), ([True, 1], "text"), ([], "text")],
)
def test_a_leaf_says_what_its_values_are(values: list[Any], kind: str) -> None:
    field = FieldIndex("field")
    field.add(0, [{"key": None, "other": "x"}, *({"key": value} for value in values)])
    leaves = {leaf["name"]: leaf for leaf in field.to_dict(1)["leaves"]}
    assert leaves["key"]["kind"] == kind


def test_true_and_one_stay_two_values() -> None:
    field = FieldIndex("field")
    field.add(0, [True, 1, 1.0])
    assert field.to_dict(1)["leaves"][0]["codes"] == [0, 1, 2]


def test_objects_whose_keys_are_data_do_not_grow_without_end() -> None:
    field = FieldIndex("scores")
    for number in range(1000):
        field.add(number, {f"benchmark {number}": number})
    assert len(field.to_dict(1000)["leaves"]) <= 24


def test_long_texts_are_cut_in_the_index_only(tmp_path: Path) -> None:
    page = report_of(tmp_path, [record(1, summary="x" * 1000)])
    (value,) = index_of(page)["fields"][0]["leaves"][0]["values"]
    assert len(value) == TEXT_LIMIT
    assert rows_of(page)[0][0]["summary"] == "x" * 1000


def test_spellings_of_a_name_are_told(tmp_path: Path) -> None:
    rows = [
        record(1, hardware=["NVidia H100", "T4"], name="H100", results=[{"dataset": "MS-COCO"}]),
        record(2, hardware=["H100 GPU"], name="H100 GPU", results=[{"dataset": "COCO"}]),
    ]
    hardware, name, results = index_of(report_of(tmp_path, rows))["fields"]
    assert hardware["leaves"][0]["merged"] == [["H100", [0, 2]]]
    assert results["leaves"][0]["merged"] == [["COCO", [0, 1]]]
    assert "merged" not in name["leaves"][0]


def test_an_unfinished_run_is_told_with_what_is_left(tmp_path: Path) -> None:
    papers = [{"id": str(n), "title": f"Title {n}", "abstract": "A."} for n in range(5)]
    dump = write_jsonl(tmp_path / "papers.jsonl", papers)
    records = write_jsonl(tmp_path / "run.jsonl.partial", [record(0), record(2)])
    page = tmp_path / "page.html"
    write_report(records, page, dump=dump)
    assert index_of(page)["unfinished"] == {"left": 3}
    write_report(records, page)
    assert index_of(page)["unfinished"] == {"left": None}


def test_metadata_come_from_the_dump_where_the_record_has_none(tmp_path: Path) -> None:
    papers = [{"id": "1", "title": "Title 1", "abstract": "A.", "year": 2020}]
    page = report_of(tmp_path, [record(1)], dump=write_jsonl(tmp_path / "papers.jsonl", papers))
    assert index_of(page)["extras"][0]["leaves"][0]["values"] == [2020]


class TestCommand:
    @pytest.fixture
    def run(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, invoke: Invoke) -> Invoke:
        monkeypatch.chdir(tmp_path)
        return partial(invoke, "report")

    def test_it_takes_the_failures_that_stand_beside_the_records(
        self, run: Invoke, tmp_path: Path
    ) -> None:
        write_jsonl(tmp_path / "run.jsonl", [record(1)])
        write_jsonl(tmp_path / "run.failures.jsonl", [{"id": None, "error": "timeout"}])
        code, out, err = run("run.jsonl")
        assert (code, out) == (0, "")
        assert "run.html: 2 papers, 1 failed" in err
        assert index_of(tmp_path / "run.html")["records"] == 1

    def test_it_says_when_it_is_another_dump(self, run: Invoke, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "run.jsonl", [record(1)])
        write_jsonl(tmp_path / "dump.jsonl", [{"id": "1", "title": "Other", "abstract": "A."}])
        result = run("run.jsonl", "--dump", "dump.jsonl", "-o", "page.html")
        assert "1 paper without abstract" in result.err
        assert (tmp_path / "page.html").exists()

    def test_the_records_so_far_of_an_unfinished_run(self, run: Invoke, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "run.jsonl.partial", [record(1)])
        failure = [{"id": None, "error": "timeout"}]
        write_jsonl(tmp_path / "run.failures.jsonl.partial", failure)
        done = run("run.jsonl")
        assert done.code == 1
        assert "run.jsonl is not there yet: its run is unfinished." in done.err
        assert "run.jsonl.partial" in done.err
        assert "run.html: 2 papers, 1 failed" in run("run.jsonl.partial").err

    def test_a_page_has_no_place_on_standard_output(self, run: Invoke, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "run.jsonl", [record(1)])
        done = run("run.jsonl", "-o", "-")
        assert (done.code, [path.name for path in tmp_path.iterdir()]) == (2, ["run.jsonl"])
        assert "Name a file for it." in done.err

    def test_quiet_says_nothing(self, run: Invoke, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "run.jsonl", [record(1)])
        assert run("run.jsonl", "-q").err == ""
