"""Views: a flat table of the items of a list, the same in every format that has it."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from extractor.errors import UsageError
from extractor.record import record_schema
from extractor.task import load_task
from extractor.writers import choose_writer, infer_schema, open_output, read_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECORDS = Path(__file__).parent / "fixtures" / "records" / "papers.jsonl"
PAPER = record_schema(load_task("paper"))


def view(
    folder: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    schema: Mapping[str, Any] = PAPER,
) -> list[dict[str, str]]:
    """The rows of a view, as CSV has them."""
    out = folder / "view.csv"
    with open_output(choose_writer(None, out, view=name), out, schema) as sink:
        for row in rows:
            sink.write(row)
    return list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))


def record(**fields: object) -> dict[str, Any]:
    return {"id": "1", "title": "T", **fields}


def framed(**properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of records with these fields, as a task has it."""
    known = {name: PAPER["properties"][name] for name in ("id", "title", "evidence", "source")}
    schema = {"type": "object", "properties": {**known, **properties}}
    return {**schema, "required": ["id", "title", *properties]}


def objects(*keys: str) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in keys}
    item = {"type": "object", "properties": properties, "required": list(keys)}
    return {"type": "array", "items": item}


TEXT = {"type": "string"}
NAMES = {"type": "array", "items": TEXT}


class TestClaims:
    def test_a_row_for_each_claim_with_what_is_plotted_first(self, tmp_path: Path) -> None:
        rows = list(read_records(RECORDS))
        claims = view(tmp_path, "claims", rows)
        assert list(claims[0])[:12] == [
            *("id", "title", "method_name", "factor", "kind", "baseline", "hardware"),
            *("benchmarks", "code_url", "url", "year", "venue"),
        ]
        assert len(claims) == sum(len(row["claimed_speedups"]) for row in rows)
        first = claims[0]
        assert (first["method_name"], first["factor"], first["year"]) == (
            "SpliceCache",
            "3.4",
            "2025",
        )
        assert first["benchmarks"] == "ShareGPT | LongBench"
        assert {claim["id"] for claim in claims} == {r["id"] for r in rows if r["claimed_speedups"]}

    def test_the_confidence_is_the_least_of_the_claims_values(self, tmp_path: Path) -> None:
        [row] = [row for row in read_records(RECORDS) if row["id"] == "2511-0412"]
        for piece, confidence in zip(row["evidence"][1:6], (0.9, 0.7, 0.8, 0.95, 0.6), strict=True):
            piece["confidence"] = confidence
        row["evidence"].append({"path": "claimed_speedups[10].value", "confidence": 0.1})
        assert [claim["confidence"] for claim in view(tmp_path, "claims", [row])] == ["0.7", "0.6"]

    def test_in_sqlite_it_is_a_view_with_the_same_rows(self, tmp_path: Path) -> None:
        rows = list(read_records(RECORDS))
        rows[0]["evidence"][1]["confidence"] = 0.5
        out = tmp_path / "records.sqlite"
        with open_output(choose_writer(None, out), out, PAPER) as sink:
            for row in rows:
                sink.write(row)
        with closing(sqlite3.connect(out)) as db:
            db.row_factory = sqlite3.Row
            found = [dict(row) for row in db.execute("SELECT * FROM claims")]
            for name in ("benchmarks_flat", "hardware_flat"):
                assert db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 0
        said = {"up_to": {0: "false", 1: "true"}}
        texts = [
            {
                name: "" if value is None else said.get(name, {}).get(value, str(value))
                for name, value in row.items()
            }
            for row in found
        ]
        assert texts == view(tmp_path, "claims", rows)
        assert list(read_records(out)) == rows

    def test_in_a_workbook_it_stands_beside_the_papers(self, tmp_path: Path) -> None:
        out = tmp_path / "records.xlsx"
        rows = list(read_records(RECORDS))
        with open_output(choose_writer(None, out), out, PAPER) as sink:
            for row in rows:
                sink.write(row)
        book = openpyxl.load_workbook(out)
        assert book.sheetnames == ["papers", "claims", "evidence", "dropped"]
        assert book["claims"].max_row - 1 == len(view(tmp_path, "claims", rows))


class TestAnySchema:
    def test_every_list_has_a_view(self, tmp_path: Path) -> None:
        schema = framed(method=TEXT, parts=objects("name"), langs=NAMES)
        rows = [record(method="M", parts=[{"name": "a"}, {"name": "b"}], langs=["fr", "cy"])]
        parts = view(tmp_path, "parts", rows, schema)
        assert [(row["method"], row["name"], row["langs"]) for row in parts] == [
            ("M", "a", "fr | cy"),
            ("M", "b", "fr | cy"),
        ]
        langs = view(tmp_path, "langs", rows, schema)
        assert [(row["method"], row["langs"], row["position"]) for row in langs] == [
            ("M", "fr", "1"),
            ("M", "cy", "2"),
        ]

    def test_names_that_meet_are_told_apart(self, tmp_path: Path) -> None:
        schema = framed(year=TEXT, parts=objects("title", "year", "url", "paper", "confidence"))
        part = {"title": "t", "year": "y", "url": "u", "paper": "p", "confidence": "c"}
        rows = [record(year="own", parts=[part], source={"year": 1999, "url": "https://x.org/"})]
        [row] = view(tmp_path, "parts", rows, schema)
        assert (row["year"], row["source_year"], row["parts_year"]) == ("own", "1999", "y")
        assert (row["title"], row["parts_title"]) == ("T", "t")
        assert (row["url"], row["parts_url"]) == ("https://x.org/", "u")
        assert (row["paper"], row["position"]) == ("1", "1")
        assert (row["parts_paper"], row["parts_confidence"]) == ("p", "c")

    def test_lists_in_objects_and_unfit_values(self, tmp_path: Path) -> None:
        rows = [
            record(at={"place": "P", "parts": [{"n": 1}, None]}, evidence=[{"path": 5}, 7]),
            record(at={"place": "Q", "parts": []}, evidence=None),
        ]
        schema = infer_schema(rows, PAPER)
        found = view(tmp_path, "parts", rows, schema)
        assert [(row["at_place"], row["n"]) for row in found] == [("P", "1"), ("P", "")]

    def test_an_unknown_view_is_named_with_those_there_are(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"no view 'clams'. Did you mean claims\?"):
            view(tmp_path, "clams", [])
        with pytest.raises(UsageError, match="Views: papers, claims, benchmarks, hardware"):
            view(tmp_path, "evidence-of-things", [])
        assert not list(tmp_path.iterdir())

    def test_the_list_of_a_friendly_name_is_known_as_well(self, tmp_path: Path) -> None:
        assert view(tmp_path, "claimed_speedups", []) == view(tmp_path, "claims", [])
        own = framed(claimed_speedups=objects("a"), claims=objects("b"))
        rows = [record(claimed_speedups=[{"a": "1"}], claims=[{"b": "2"}])]
        assert view(tmp_path, "claims", rows, own)[0]["b"] == "2"
        assert view(tmp_path, "claimed_speedups", rows, own)[0]["a"] == "1"


class TestTheNameOfTheFile:
    @pytest.mark.parametrize(
        "name", ["claims.csv", "Claims.CSV", "claims.tsv.gz", "claims.xlsx", "hardware.csv"]
    )
    def test_one_called_after_a_view_holds_it_and_says_so(self, name: str, tmp_path: Path) -> None:
        out = tmp_path / name
        with open_output(choose_writer(None, out), out, PAPER) as sink:
            for row in read_records(RECORDS):
                sink.write(row)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        [note] = sink.notes()
        assert (
            f"of the view {name.partition('.')[0].lower()}, which the file is called after" in note
        )

    def test_what_is_asked_for_goes_before_the_name(self, tmp_path: Path) -> None:
        out = tmp_path / "claims.csv"
        with open_output(choose_writer(None, out, view="papers"), out, PAPER):
            pass
        assert out.read_text(encoding="utf-8-sig").startswith("paper,id,title,")
        assert (tmp_path / "claims.claimed_speedups.csv").exists()

    def test_records_keep_their_formats_whatever_they_are_called(self, tmp_path: Path) -> None:
        rows = list(read_records(RECORDS))
        for name in ("claims.sqlite", "claims.jsonl"):
            out = tmp_path / name
            with open_output(choose_writer(None, out), out, PAPER) as sink:
                for row in rows:
                    sink.write(row)
            assert list(read_records(out)) == rows
