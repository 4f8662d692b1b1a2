"""``extractor convert`` and ``extractor run --format``, as commands."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fault_server import Asked, FaultServer, Reply, answer, refuse

from extractor.errors import DumpError
from extractor.writers import read_records

if TYPE_CHECKING:
    from helpers import Invoke, Invoked

pytest.importorskip("pyarrow")
RECORDS = Path(__file__).parent / "fixtures" / "records" / "papers.jsonl"

USER_SCHEMA = '''
from pydantic import BaseModel

class Corpus(BaseModel):
    """What a corpus is."""

    language: str
    hours: float | None
    parts: list[str]
'''


@pytest.fixture
def convert(invoke: Invoke) -> Invoke:
    """Run ``extractor convert``, which succeeds."""

    def run(*arguments: object, stdin: bytes = b"") -> Invoked:
        done = invoke("convert", *arguments, stdin=stdin)
        assert done.code == 0, done.err
        return done

    return run


def is_refused(done: Invoked, code: int, message: str) -> bool:
    """Whether an error of ours ended the command: its exit code, and one line that matches."""
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1), done
    return done.err.startswith("extractor: ") and re.search(message, done.err) is not None


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "json", "json.gz", "parquet", "sqlite"])
def test_every_format_of_records_gives_back_every_byte(
    convert: Invoke, ending: str, tmp_path: Path
) -> None:
    there, back = tmp_path / f"records.{ending}", tmp_path / "back.jsonl"
    convert(RECORDS, there)
    convert(there, back)
    assert back.read_bytes() == RECORDS.read_bytes()


def test_a_chain_through_all_formats_changes_nothing(convert: Invoke, tmp_path: Path) -> None:
    path = RECORDS
    for n, ending in enumerate(["sqlite", "parquet", "json", "parquet", "sqlite", "jsonl"]):
        convert(path, path := tmp_path / f"{n}.{ending}")
    assert path.read_bytes() == RECORDS.read_bytes()


def test_it_says_what_it_wrote_unless_quiet(convert: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "records.sqlite"
    assert convert(RECORDS, out).err == f"{out}: 8 records, sqlite\n"
    assert convert("-q", RECORDS, out).err == ""


def test_standard_input_and_output(convert: Invoke, tmp_path: Path) -> None:
    convert(RECORDS, tmp_path / "records.sqlite")
    packed = (tmp_path / "records.sqlite").read_bytes()
    assert convert("-", "-", stdin=packed).out.encode() == RECORDS.read_bytes()
    array = convert(RECORDS, "-", "--format", "json").out
    assert json.loads(array) == list(read_records(RECORDS))


def test_a_view_goes_to_a_pipe_as_csv_and_to_a_file_as_its_ending_says(
    convert: Invoke, tmp_path: Path
) -> None:
    text = convert(RECORDS, "-", "--view", "claims").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["factor"] for row in rows[:2]] == ["3.4", "1.694915"]
    out = tmp_path / "speedups.tsv"
    assert convert(RECORDS, out, "--view", "claims").err == (
        f"{out}: 8 records, tsv\n{out}: 9 rows of the view claims\n"
    )
    tabbed = io.StringIO(out.read_text(encoding="utf-8-sig"))
    assert list(csv.DictReader(tabbed, dialect="excel-tab")) == rows


@pytest.mark.parametrize("ending", ["jsonl", "json", "sqlite", "parquet"])
def test_the_view_of_all_is_what_every_format_writes(
    ending: str, convert: Invoke, tmp_path: Path
) -> None:
    plain, asked = tmp_path / f"plain.{ending}", tmp_path / f"asked.{ending}"
    assert convert(RECORDS, plain).code == convert(RECORDS, asked, "--view", "papers").code == 0
    assert asked.read_bytes() == plain.read_bytes()


def test_the_format_can_be_named(convert: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "table.txt"
    convert(RECORDS, out, "--format", "csv")
    assert len(list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))) == 9
    assert (tmp_path / "table.claimed_speedups.txt").exists()


def test_the_task_of_the_records_says_what_their_empty_lists_hold(
    convert: Invoke, tmp_path: Path
) -> None:
    [_, without_claims, *_] = RECORDS.read_bytes().splitlines()
    convert("-", tmp_path / "r.sqlite", stdin=without_claims)
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(claimed_speedups)")]
    assert "factor" in columns


def test_records_of_any_schema_need_none(convert: Invoke, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "language": "French", "hours": 310, "parts": ["dev", "test"]},
        {"id": "2", "language": "Welsh", "hours": None, "parts": []},
        {"id": "3", "language": "Irish", "hours": 2.5, "parts": ["test"], "note": "new"},
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    convert("-", tmp_path / "r.sqlite", stdin=text)
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as db:
        assert db.execute("SELECT sum(hours) FROM papers").fetchone() == (312.5,)
        found = db.execute("SELECT id FROM parts WHERE value = 'test' ORDER BY paper").fetchall()
    assert found == [("1",), ("3",)]
    assert list(read_records(tmp_path / "r.sqlite")) == rows


class TestSchema:
    @pytest.fixture
    def schema(self, tmp_path: Path) -> str:
        (tmp_path / "corpus.py").write_text(USER_SCHEMA)
        return f"{tmp_path / 'corpus.py'}:Corpus"

    def record(self, **fields: object) -> bytes:
        frame: dict[str, Any] = {
            "id": "1",
            "title": "T",
            "language": "French",
            "hours": None,
            "parts": [],
            "evidence": [],
            "meta": {
                "model": "m",
                "task": "Corpus@0",
                "cached": False,
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "dropped": [],
            },
        }
        return json.dumps(frame | fields).encode()

    def test_it_types_what_the_records_leave_open(
        self, convert: Invoke, schema: str, tmp_path: Path
    ) -> None:
        import pyarrow.parquet

        out = tmp_path / "r.parquet"
        convert("-", out, "--schema", schema, stdin=self.record())
        types = {field.name: str(field.type) for field in pyarrow.parquet.read_schema(out)}
        assert types["hours"] == "double"
        assert types["parts"] == "list<element: string>"

    @pytest.mark.parametrize(
        ("fields", "misfit"),
        [
            ({"extra": 1}, "it has extra, which is not in the schema"),
            ({"hours": "many"}, "hours is not a number"),
            ({"hours": True}, "hours is not a number"),
            ({"parts": ["a", None]}, r"parts\[1\] is null"),
            ({"parts": "a"}, "parts is not a list"),
            ({"meta": []}, "meta is not an object"),
            ({"meta": {}}, r"meta\.cached is missing"),
        ],
    )
    @pytest.mark.parametrize("out", ["r.csv", "r.jsonl"])
    def test_a_record_that_would_lose_something_is_refused(
        self,
        fields: dict[str, Any],
        misfit: str,
        out: str,
        schema: str,
        invoke: Invoke,
        tmp_path: Path,
    ) -> None:
        done = invoke(
            "convert", "-", tmp_path / out, "--schema", schema, stdin=self.record(**fields)
        )
        assert is_refused(done, 1, f"'1' does not fit the schema: {misfit}")
        assert not (tmp_path / out).exists()


_BAD = [
    '{"id": "2", "title": "\\ud800"}',
    '{"id": "2", "a": ' + "[" * 900 + "]" * 900 + "}",
    '{"id": 2, "title": "T"}',
    '{"title": "T"}',
    '{"id": "2", "title": "T" "more": 1}',
]


@pytest.mark.parametrize("bad", _BAD)
@pytest.mark.parametrize("form", ["{}\n{}\n{}\n", "[{},\n{}, {}]"])
def test_an_entry_that_cannot_be_read_costs_that_record(
    form: str, bad: str, invoke: Invoke, tmp_path: Path
) -> None:
    good = [json.dumps({"id": number, "title": "T"}) for number in "13"]
    records = tmp_path / "records"
    records.write_text(form.format(good[0], bad, good[1]), encoding="utf-8")
    for ending in ("jsonl", "sqlite"):
        out = tmp_path / f"out.{ending}"
        code, _, err = invoke("convert", records, out)
        assert code == 3
        assert re.search(r"^Left out: .*(line|entry|Entry) 2", err)
        assert [row["id"] for row in read_records(out)] == ["1", "3"]
    code, _, err = invoke("report", records, "-o", tmp_path / "report.html")
    assert code == 3
    assert err.startswith("Left out: ")
    assert "2 papers" in err
    with pytest.raises(DumpError):
        list(read_records(records))


class TestRefusals:
    @pytest.mark.parametrize("ending", ["csv", "tsv.gz", "xlsx"])
    def test_tables_for_people_are_not_read_back(
        self, ending: str, convert: Invoke, invoke: Invoke, tmp_path: Path
    ) -> None:
        convert(RECORDS, tmp_path / f"r.{ending}")
        done = invoke("convert", tmp_path / f"r.{ending}", tmp_path / "r.json")
        assert is_refused(done, 1, f"is {ending[:4].rstrip('.')}, which is made for people.* json,")

    def test_a_workbook_has_no_place_on_standard_output(self, invoke: Invoke) -> None:
        done = invoke("convert", RECORDS, "-", "--format", "xlsx")
        assert is_refused(done, 2, "Name a file")

    def test_a_view_that_there_is_not(self, invoke: Invoke, tmp_path: Path) -> None:
        done = invoke("convert", RECORDS, tmp_path / "r.csv", "--view", "claim")
        assert is_refused(done, 2, r"no view 'claim'\. Did you mean claims\?")
        done = invoke("convert", RECORDS, tmp_path / "r.sqlite", "--view", "claims")
        assert is_refused(done, 2, "sqlite holds whole records")

    def test_a_view_of_no_records_needs_their_schema(self, invoke: Invoke, tmp_path: Path) -> None:
        none, out = tmp_path / "none.jsonl", tmp_path / "claims.csv"
        none.touch()
        for view in ([], ["--view", "claims"]):
            done = invoke("convert", none, out, *view)
            assert is_refused(done, 2, "Without records, name their schema")
        assert invoke("convert", none, out, "--schema", "paper").code == 0
        assert "method_name,factor" in out.read_text("utf-8-sig")
        assert {path.name for path in tmp_path.iterdir()} == {"none.jsonl", "claims.csv"}

    def test_a_damaged_file_leaves_what_was_there(self, invoke: Invoke, tmp_path: Path) -> None:
        out = tmp_path / "r.json"
        out.write_text("before")
        done = invoke("convert", "-", out, stdin=b'{"id": "1"}\n{"id": ')
        assert is_refused(done, 1, "line 2")
        assert out.read_text() == "before"
        assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def name_or_refuse(asked: Asked) -> Reply:
    """What stands before a title's colon is the method; one paper is rejected."""
    if asked.title.startswith("Tessera"):
        return refuse(400)
    name, colon, _ = asked.title.partition(":")
    return answer(asked, {"method_name": name if colon else None})


@pytest.mark.parametrize("ending", ["jsonl.gz", "json", "sqlite"])
def test_run_writes_every_format(ending: str, tmp_path: Path, invoke: Invoke) -> None:
    dump = Path(__file__).parent.parent / "examples" / "papers.txt"
    out = tmp_path / "out" / f"records.{ending}"
    with FaultServer(name_or_refuse) as server:
        asked = ["--model", "m", "--base-url", server.url]
        assert invoke("run", dump, "-o", out, "-q", *asked) == (3, "", "")
    rows = list(read_records(out))
    assert [row["id"] for row in rows] == [str(n) for n in range(1, 12)]
    assert rows[0]["method_name"] == "SpliceCache"
    failures = (tmp_path / "out" / "records.failures.jsonl").read_text()
    assert json.loads(failures)["error"] == "rejected"
    assert len(list(out.parent.iterdir())) == 2


def test_run_writes_a_view(tmp_path: Path, invoke: Invoke) -> None:
    dump = tmp_path / "dump.jsonl"
    paper = {"id": "1", "title": "Tessera: A", "abstract": "Tessera is 3x faster.", "year": 2020}
    dump.write_text(json.dumps(paper))
    claim = {"quote": "3x faster", "value": 3, "unit": "x"}
    with FaultServer(lambda asked: answer(asked, {"claimed_speedups": [claim]})) as server:
        asked = ["--model", "m", "--base-url", server.url, "-q"]
        code, out, err = invoke("run", dump, "--view", "claims", "--format", "csv", *asked)
        assert (code, err) == (0, "")
        [row] = csv.DictReader(io.StringIO(out))
        assert (row["id"], row["factor"], row["year"]) == ("1", "3.0", "2020")
        assert invoke("run", dump, "-o", tmp_path / "claims.csv", *asked) == (0, "", "")
        assert (tmp_path / "claims.csv").read_text(encoding="utf-8-sig") == out
        done = invoke("run", dump, "-o", tmp_path / "r.csv", "--view", "clams", *asked)
        assert is_refused(done, 2, "Did you mean claims")


def test_help_needs_none_of_the_formats_packages(
    convert: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert "claims.xlsx" in convert("--help").out
