"""Each output format as its user meets it, and outputs that are whole or not there."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from extractor.cli import options
from extractor.errors import DumpError, OutputError, UnfitRecord, UsageError
from extractor.record import record_schema
from extractor.task import load_task
from extractor.writers import (
    Output,
    Rereadable,
    choose_writer,
    infer_schema,
    open_output,
    open_outputs,
    open_records,
    read_records,
    whole_or_nothing,
    writers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RECORDS = Path(__file__).parent / "fixtures" / "records" / "papers.jsonl"
SPEEDUPS = "claimed_speedups"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(read_records(RECORDS))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return record_schema(load_task("paper"))


def write(out: Path, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> Path:
    with open_output(choose_writer(None, out), out, schema) as sink:
        for row in rows:
            sink.write(row)
    return out


def minimal(**fields: object) -> dict[str, Any]:
    return {"id": "1", **fields}


def inferred(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return infer_schema(rows, {"type": "object", "properties": {"id": {"type": "string"}}})


class TestChoosing:
    @pytest.mark.parametrize(
        ("out", "name"),
        [
            (None, "jsonl"),
            ("records", "jsonl"),
            ("records.jsonl", "jsonl"),
            ("records.NDJSON.gz", "jsonl"),
            ("records.json", "json"),
            ("records.csv.gz", "csv"),
            ("records.TSV", "tsv"),
            ("records.xlsx", "xlsx"),
            ("a.b/records.parquet", "parquet"),
            ("records.db", "sqlite"),
            ("records.sqlite", "sqlite"),
        ],
    )
    def test_the_ending_says_the_format(self, out: str | None, name: str) -> None:
        assert choose_writer(None, Path(out) if out else None).name == name

    def test_a_name_goes_before_the_ending(self) -> None:
        assert choose_writer("json", Path("records.jsonl")).name == "json"

    @pytest.mark.parametrize(
        ("name", "out"),
        [
            ("xlsx", None),
            ("xls", None),
            (None, "records.xls"),
            ("sqlite", None),
            (None, "records.xlsx.gz"),
            ("parquet", "records.gz"),
            (None, "records.sqlite.gz"),
        ],
    )
    def test_what_no_format_can_be_is_refused(self, name: str | None, out: str | None) -> None:
        with pytest.raises(UsageError):
            choose_writer(name, Path(out) if out else None)

    def test_a_view_is_of_a_table(self) -> None:
        assert choose_writer(None, None, view="claims").name == "csv"
        assert choose_writer(None, Path("claims"), view="claims").name == "csv"
        for out in ("r.jsonl", "r.sqlite", "r.parquet"):
            with pytest.raises(UsageError, match="write one of these: csv, tsv, xlsx"):
                choose_writer(None, Path(out), view="claims")

    def test_the_documentation_names_every_format(self) -> None:
        page = Path(__file__).parent.parent / "docs" / "outputs.md"
        listed = re.findall(r"^\| `(\w+)` \| `\.", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(listed) == set(writers())
        [option] = options.Format.__metadata__
        assert "docs/outputs.md" in option.help


class TestWholeOrNothing:
    @pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "parquet", "sqlite", "xlsx"])
    def test_an_error_leaves_what_was_there(
        self, ending: str, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / f"records.{ending}", rows, schema)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

        def fail() -> None:
            with open_output(choose_writer(None, out), out, schema) as sink:
                sink.write(rows[0])
                raise KeyError("halfway")

        with pytest.raises(KeyError):
            fail()
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_nothing_is_seen_before_the_end(self, tmp_path: Path, schema: dict[str, Any]) -> None:
        out = tmp_path / "records.csv"
        with open_output(choose_writer(None, out), out, schema):
            assert not list(tmp_path.glob("[!.]*"))
        assert out.exists()

    def test_files_are_synced_before_they_are_renamed_and_their_folder_after(
        self,
        tmp_path: Path,
        rows: list[Any],
        schema: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        done: list[tuple[str, int]] = []
        fsync, replace = os.fsync, os.replace

        def synced(descriptor: int) -> None:
            done.append(("sync", os.fstat(descriptor).st_ino))
            fsync(descriptor)

        def replaced(file: Path, place: Path) -> None:
            done.append(("rename", file.stat().st_ino))
            replace(file, place)

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "replace", replaced)
        write(tmp_path / "r.csv", rows, schema)
        files = {path.stat().st_ino for path in tmp_path.iterdir()}
        assert len(files) == 4
        assert {number for what, number in done[:4] if what == "sync"} == files
        assert {number for what, number in done[4:8] if what == "rename"} == files
        assert done[7:] == [
            ("rename", (tmp_path / "r.csv").stat().st_ino),
            ("sync", tmp_path.stat().st_ino),
        ]

    @pytest.mark.parametrize("links", [True, False])
    @pytest.mark.parametrize("renamed", range(4))
    def test_files_are_swapped_all_or_none(
        self,
        renamed: int,
        links: bool,
        tmp_path: Path,
        rows: list[Any],
        schema: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        out = write(tmp_path / "r.csv", rows[:1], schema)
        (tmp_path / "r.dropped.csv").unlink()
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        done: list[Path] = []
        replace = os.replace

        def fail(file: Path, place: Path) -> None:
            if len(done) == renamed:
                done.append(file)
                raise OSError(5, "Input/output error")
            done.append(file)
            replace(file, place)

        def no_links(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "replace", fail)
        if not links:
            monkeypatch.setattr(os, "link", no_links)
        with pytest.raises(OutputError, match=r"r\.csv cannot be written: Input/output error"):
            write(out, rows, schema)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    def test_so_are_several_outputs(self, tmp_path: Path) -> None:
        """One that fails when it is closed leaves the other as it was as well."""

        class Full(type(writers()["jsonl"])):  # type: ignore[misc]
            @contextmanager
            def open(self, target: Any, schema: Any) -> Iterator[Any]:
                with super().open(target, schema) as sink:
                    yield sink
                raise OSError(28, "No space left on device")

        places = [tmp_path / "records.jsonl", tmp_path / "failures.jsonl"]
        for place in places:
            place.write_text("from before\n")
        outputs = [
            Output(writer, place, {})
            for writer, place in zip((Full(), writers()["jsonl"]), places, strict=True)
        ]
        with (
            pytest.raises(OutputError, match=r"records\.jsonl cannot be written"),
            open_outputs(*outputs) as (records, _),
        ):
            records.write(minimal())
        assert [place.read_text() for place in places] == ["from before\n"] * 2
        assert len(list(tmp_path.iterdir())) == 2

    def test_folders_are_made(self, tmp_path: Path) -> None:
        with whole_or_nothing(tmp_path / "a" / "b.txt") as scratch:
            scratch.write_text("text")
        assert (tmp_path / "a" / "b.txt").read_text() == "text"

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        link = tmp_path / "link.txt"
        link.symlink_to(tmp_path / "file.txt")
        with whole_or_nothing(link) as scratch:
            scratch.write_text("text")
        assert link.is_symlink()
        assert (tmp_path / "file.txt").read_text() == "text"

    def test_a_folder_is_refused_at_once(self, tmp_path: Path) -> None:
        entered = False
        with pytest.raises(OutputError, match="is a folder"), whole_or_nothing(tmp_path):
            entered = True
        assert not entered

    def test_a_side_table_whose_place_is_a_folder_stops_all(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        (tmp_path / "records.evidence.csv").mkdir()
        with pytest.raises(OutputError, match="is a folder"):
            write(tmp_path / "records.csv", rows, schema)
        assert [path.name for path in tmp_path.iterdir()] == ["records.evidence.csv"]

    def test_a_full_disk_is_told_with_the_hint(self, tmp_path: Path) -> None:
        out = tmp_path / "records.jsonl"
        with (
            pytest.raises(OutputError, match=r"No space left.*Try again\."),
            open_output(choose_writer(None, out), out, {}, hint="Try again."),
        ):
            raise OSError(28, "No space left on device")

    def test_a_reader_that_has_had_enough_is_no_error_of_the_file(self, tmp_path: Path) -> None:
        with pytest.raises(BrokenPipeError), whole_or_nothing(tmp_path / "records.jsonl"):
            raise BrokenPipeError

    @pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no /dev/null")
    def test_a_device_is_written_to_and_not_replaced(self, rows: list[Any]) -> None:
        write(Path("/dev/null"), rows, {})
        assert Path("/dev/null").is_char_device()
        with pytest.raises(UsageError), open_output(writers()["sqlite"], Path("/dev/null"), {}):
            pass


class TestJson:
    def test_lines_reach_a_pipe_one_by_one(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Any]
    ) -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            with open_output(choose_writer(None, None), None, {}) as sink:
                sink.write(rows[0])
                assert json.loads(pipe.readline()) == rows[0]

    def test_an_array_is_one_document(self, tmp_path: Path, rows: list[Any]) -> None:
        assert json.loads(write(tmp_path / "r.json", rows, {}).read_bytes()) == rows
        assert json.loads(write(tmp_path / "r.json", [], {}).read_bytes()) == []

    @pytest.mark.parametrize("ending", ["jsonl", "json"])
    def test_numbers_that_json_does_not_know_are_null(self, ending: str, tmp_path: Path) -> None:
        out = write(tmp_path / f"r.{ending}", [minimal(a=float("nan"), b=float("inf"))], {})
        assert "NaN" not in out.read_text()
        assert list(read_records(out)) == [minimal(a=None, b=None)]

    @pytest.mark.parametrize("ending", ["jsonl.gz", "json.gz"])
    def test_gzip(self, ending: str, tmp_path: Path, rows: list[Any]) -> None:
        first = write(tmp_path / f"one.{ending}", rows, {})
        again = write(tmp_path / f"two.{ending}", rows, {})
        assert gzip.decompress(first.read_bytes()).decode().count("\n") >= len(rows)
        assert first.read_bytes() == again.read_bytes()
        assert list(read_records(first)) == rows


class TestCsv:
    def tables(self, folder: Path) -> dict[str, list[dict[str, str]]]:
        return {
            path.name: list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
            for path in folder.iterdir()
        }

    def test_papers_and_their_lists_of_objects_join_by_id(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        write(tmp_path / "records.csv", rows, schema)
        tables = self.tables(tmp_path)
        assert set(tables) == {
            "records.csv",
            "records.claimed_speedups.csv",
            "records.evidence.csv",
            "records.dropped.csv",
        }
        claims = tables["records.claimed_speedups.csv"]
        for row, paper in zip(rows, tables["records.csv"], strict=True):
            assert paper["id"] == row["id"]
            assert paper["method_name"] == (row["method_name"] or "")
            assert paper["benchmarks"] == " | ".join(row["benchmarks"])
            own = [claim for claim in claims if claim["id"] == row["id"]]
            assert [claim["quote"] for claim in own] == [c["quote"] for c in row[SPEEDUPS]]
            assert [float(claim["value"]) for claim in own] == [c["value"] for c in row[SPEEDUPS]]

    def test_compressed(self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]) -> None:
        write(tmp_path / "records.csv.gz", rows, schema)
        assert (tmp_path / "records.claimed_speedups.csv.gz").exists()
        text = gzip.decompress((tmp_path / "records.csv.gz").read_bytes()).decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(text)))) == len(rows)

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_no_text_of_a_paper_is_a_formula(self, start: str, tmp_path: Path) -> None:
        title = f'{start}HYPERLINK("http://example.org")'
        records = [minimal(title=title, names=[title, "b"], loss=-1.5, any=title)]
        write(tmp_path / "r.csv", records, inferred([*records, minimal(any=3)]))
        [paper] = self.tables(tmp_path)["r.csv"]
        assert paper["title"] == f"'{title}"
        assert paper["names"] == f"'{title} | b"
        assert paper["any"] == f"'{title}"
        assert paper["loss"] == "-1.5"

    @pytest.mark.parametrize("end", ["\r", "\r\n", "\n", "\n\r"])
    def test_a_line_break_in_a_cell_begins_no_row(self, end: str, tmp_path: Path) -> None:
        title = f"Nice{end}=cmd|'/C calc'!A0"
        records = [minimal(title=title, loss=None), minimal(title="Plain", loss=1.5)]
        out = write(tmp_path / "r.csv", records, inferred(records))
        first, *_ = out.read_text(encoding="utf-8-sig").split("\n")
        assert first == "paper,id,title,loss"
        assert f'"{title}"'.encode() in out.read_bytes()
        assert [row["title"] for row in self.tables(tmp_path)["r.csv"]] == [title, "Plain"]

    def test_half_of_a_surrogate_pair_stops_nothing(self, tmp_path: Path) -> None:
        records = [minimal(title="half \ud800 pair")]
        write(tmp_path / "r.csv", records, inferred(records))
        [paper] = self.tables(tmp_path)["r.csv"]
        assert paper["title"] == "half ? pair"

    def test_excel_sees_utf8_and_cells_keep_their_line_breaks(self, tmp_path: Path) -> None:
        records = [minimal(title='Voilà, "3×"\nfaster', flag=True)]
        out = write(tmp_path / "r.csv", records, inferred(records))
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
        [paper] = self.tables(tmp_path)["r.csv"]
        assert paper["title"] == records[0]["title"]
        assert paper["flag"] == "true"

    def test_a_spreadsheet_guesses_its_dialect(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        text = write(tmp_path / "r.csv", rows, schema).read_text(encoding="utf-8-sig")
        dialect = csv.Sniffer().sniff(text)
        assert (dialect.delimiter, dialect.quotechar) == (",", '"')
        assert csv.Sniffer().has_header(text)

    def test_a_pipe_gets_one_table_without_a_mark_and_each_record_at_once(
        self, monkeypatch: pytest.MonkeyPatch, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            with open_output(choose_writer("csv", None), None, schema) as sink:
                assert pipe.readline().startswith(b"paper,id,title,")
                sink.write({**rows[0], "title": "half \ud800 pair"})
                assert b",half ? pair," in pipe.readline()
            assert not stdout.closed

    def test_tsv_has_one_line_for_each_row(self, tmp_path: Path) -> None:
        title = "Tab\tand\r\nbreak\u2028s"
        records = [minimal(title=title, flag=True), minimal(title="=1+1", flag=None)]
        out = write(tmp_path / "r.tsv", records, inferred(records))
        lines = out.read_bytes().decode("utf-8-sig").split("\n")
        assert lines == [
            "paper\tid\ttitle\tflag",
            "1\t1\tTab and break s\ttrue",
            "2\t1\t'=1+1\t",
            "",
        ]


class TestSqlite:
    def test_tables_keys_and_indexes(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / "r.sqlite", rows, schema)
        with closing(sqlite3.connect(out)) as db:
            names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            lists = {SPEEDUPS, "benchmarks", "hardware", "evidence", "dropped"}
            assert lists | {"papers"} <= names
            for name in lists:
                [key] = db.execute(f"PRAGMA foreign_key_list({name})").fetchall()
                assert (key[2], key[3], key[4]) == ("papers", "paper", "paper")
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM hardware WHERE value = 'x'")
            assert "USING INDEX" in plan.fetchone()[3]

    def test_claims_join_by_id(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / "r.sqlite", rows, schema)
        with closing(sqlite3.connect(out)) as db:
            found = db.execute(
                "SELECT title, quote, value, up_to FROM papers JOIN claimed_speedups USING (id) "
                "ORDER BY papers.paper, position"
            ).fetchall()
        assert found == [
            (row["title"], claim["quote"], claim["value"], claim["up_to"])
            for row in rows
            for claim in row[SPEEDUPS]
        ]

    def test_an_id_that_a_dump_gave_twice_loses_nothing(self, tmp_path: Path) -> None:
        records = [minimal(names=["a"]), minimal(names=["b", "c"])]
        out = write(tmp_path / "r.sqlite", records, inferred(records))
        assert list(read_records(out)) == records

    def test_a_null_among_objects_stays_one(self, tmp_path: Path) -> None:
        records = [minimal(parts=[None, {"flag": False}]), minimal(parts=None), minimal(parts=[])]
        out = write(tmp_path / "r.sqlite", records, inferred(records))
        assert list(read_records(out)) == records

    def test_what_a_user_corrects_in_the_file_is_read_back(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / "r.sqlite", rows, schema)
        with closing(sqlite3.connect(out)) as db, db:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute(
                "UPDATE papers SET _record = json_set(_record, '$.method_name', 'Renamed', "
                "'$.claimed_speedups[0].kind', 'latency') WHERE id = ?",
                [rows[0]["id"]],
            )
            db.execute("DELETE FROM papers WHERE id = ?", [rows[1]["id"]])
            db.execute("UPDATE papers SET _record = json_remove(_record, '$.benchmarks[0]')")
            left = db.execute("SELECT count(*) FROM evidence WHERE id = ?", [rows[1]["id"]])
            assert left.fetchone() == (0,)
        first, second, *others = read_records(out)
        [claim, *claims] = rows[0][SPEEDUPS]
        assert first == {
            **rows[0],
            "method_name": "Renamed",
            "benchmarks": rows[0]["benchmarks"][1:],
            SPEEDUPS: [{**claim, "kind": "latency"}, *claims],
        }
        assert second == {**rows[2], "benchmarks": rows[2]["benchmarks"][1:]}
        assert len(others) == len(rows) - 3

    def test_the_columns_are_for_queries_and_the_record_is_what_is_read(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / "r.sqlite", rows, schema)
        with closing(sqlite3.connect(out)) as db, db:
            db.execute("UPDATE papers SET method_name = 'Renamed'")
            db.execute("DROP TABLE benchmarks")
            texts = [text for (text,) in db.execute("SELECT _record FROM papers ORDER BY paper")]
        assert [json.loads(text) for text in texts] == rows
        assert list(read_records(out)) == rows

    def test_a_file_of_an_earlier_version_says_what_to_do(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        out = write(tmp_path / "r.sqlite", rows, schema)
        with closing(sqlite3.connect(out)) as db, db:
            db.execute("ALTER TABLE papers DROP COLUMN _record")
        with pytest.raises(DumpError, match="earlier version"):
            list(read_records(out))

    def test_names_that_sql_would_not_take(self, tmp_path: Path) -> None:
        records = [
            minimal(**{'a"b': 1, "a b": 2, "A_B": 3, "": 4, "1st": 5, "paper": 6, "sqlite_x": [7]}),
            minimal(papers=["x"], _record_schema=[{"id": "y", "position": 1}], _record="own"),
        ]
        out = write(tmp_path / "r.sqlite", records, inferred(records))
        assert list(read_records(out)) == records
        with closing(sqlite3.connect(out)) as db:
            assert db.execute("SELECT _record_2 FROM papers").fetchall() == [(None,), ("own",)]

    @pytest.mark.parametrize("ending", ["sqlite", "parquet"])
    @pytest.mark.parametrize("value", [2**63, "\ud800"])
    def test_a_value_that_no_column_holds_is_an_error_with_its_record(
        self, ending: str, value: object, tmp_path: Path
    ) -> None:
        kind = "integer" if isinstance(value, int) else "string"
        schema = {"type": "object", "properties": {"id": {}, "value": {"type": kind}}}
        schema["required"] = ["id", "value"]
        with pytest.raises(OutputError, match="does not fit"):
            write(tmp_path / f"r.{ending}", [minimal(value=value)], schema)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("ending", ["sqlite", "parquet"])
    @pytest.mark.parametrize(
        "change", [{"value": "many"}, {"value": [1]}, {"value": {"a": 1}}, {"parts": 5}, {"at": 5}]
    )
    def test_a_record_that_no_longer_fits_its_schema_crashes_nothing(
        self, ending: str, change: dict[str, Any], tmp_path: Path
    ) -> None:
        records = [minimal(value=1.5, parts=["a"], at={"b": 1})]
        out = tmp_path / f"r.{ending}"
        refusal = None
        try:
            write(out, [{**records[0], **change}], inferred(records))
        except OutputError as error:  # not every format refuses all of them
            refusal = str(error)
        if refusal is None:
            assert list(read_records(out)) == [{**records[0], **change}]
        else:
            assert "'1' does not fit" in refusal
            assert "JSON Lines" in refusal


class TestParquet:
    def test_columns_are_nested_and_typed(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        table = parquet.read_table(write(tmp_path / "r.parquet", rows, schema))
        types = {field.name: str(field.type) for field in table.schema}
        assert types["benchmarks"] == "list<element: string>"
        assert types["claimed_speedups"].startswith(
            "list<element: struct<quote: string, value: double"
        )
        assert "up_to: bool" in types["claimed_speedups"]
        assert types["source"] == "string"
        assert (types["year"], types["url"]) == ("int64", "string")
        assert table["year"].to_pylist()[:3] == [2025, None, 2025]
        assert table["method_name"].to_pylist() == [row["method_name"] for row in rows]
        assert json.loads(table["source"][0].as_py()) == rows[0]["source"]

    def test_a_file_of_another_program_is_read_as_it_is(self, tmp_path: Path) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        pyarrow = pytest.importorskip("pyarrow")
        path = tmp_path / "r.parquet"
        parquet.write_table(pyarrow.Table.from_pylist([{"id": "7", "names": ["a"]}]), path)
        assert list(read_records(path)) == [{"id": "7", "names": ["a"]}]

    def test_the_columns_are_for_queries_and_the_record_is_what_is_read(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        out = write(tmp_path / "r.parquet", rows, schema)
        table = parquet.read_table(out)
        assert [json.loads(text) for text in table["_record"].to_pylist()] == rows
        # Another program rearranges it and keeps none of our metadata.
        kept = table.select(["_record", "id"]).slice(2).replace_schema_metadata(None)
        parquet.write_table(kept, out)
        assert list(read_records(out)) == rows[2:]

    def test_a_key_of_the_users_own_stands_beside_the_record(self, tmp_path: Path) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        records = [minimal(_record="own", _RECORD_2=1), minimal(_record=None, _RECORD_2=2)]
        out = write(tmp_path / "r.parquet", records, inferred(records))
        assert parquet.read_table(out)["_record_3"].to_pylist() == ["own", None]
        assert list(read_records(out)) == records

    def test_a_file_of_an_earlier_version_says_what_to_do(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        out = write(tmp_path / "r.parquet", rows, schema)
        parquet.write_table(parquet.read_table(out).drop_columns("_record"), out)
        with pytest.raises(DumpError, match="earlier version"):
            list(read_records(out))

    def test_without_pyarrow_the_message_says_what_to_install(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any]
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(UsageError, match=r"abstract-extractor\[parquet\]"):
            write(tmp_path / "r.parquet", [], schema)


class TestSchemas:
    @pytest.mark.parametrize("ending", ["csv", "sqlite", "parquet", "xlsx"])
    def test_open_fields_are_refused_before_anything_is_written(
        self, ending: str, tmp_path: Path
    ) -> None:
        schema = {"type": "object", "properties": {"id": {}}, "additionalProperties": True}
        with pytest.raises(UsageError, match="jsonl"):
            write(tmp_path / f"r.{ending}", [], schema)

    def test_lists_that_are_empty_throughout_have_their_columns(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        empty = {**rows[1], SPEEDUPS: []}
        out = write(tmp_path / "r.sqlite", [empty], infer_schema([empty], schema))
        with closing(sqlite3.connect(out)) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(claimed_speedups)")]
        assert {"quote", "value", "unit", "factor"} <= set(columns)

    def test_columns_of_the_source_are_there_whether_any_record_has_one_or_not(
        self, tmp_path: Path, rows: list[Any], schema: dict[str, Any]
    ) -> None:
        bare = {name: value for name, value in rows[0].items() if name != "source"}
        for number, row in enumerate((bare, {**bare, "source": {"Year": "1999"}})):
            out = write(tmp_path / f"{number}.csv", [row], infer_schema([row], schema))
            [paper] = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig")))
            assert paper["year"] == ("1999" if number else "")

    def test_an_object_with_as_many_keys_as_records_stays_one_column(self, tmp_path: Path) -> None:
        records = [minimal(scores={f"key {n}": n}) for n in range(500)]
        out = write(tmp_path / "r.csv", records, inferred(records))
        assert out.read_text(encoding="utf-8-sig").splitlines()[0] == "paper,id,scores"


class TestDocumentation:
    """What docs/outputs.md says of formats, tables and columns."""

    page = (Path(__file__).parent.parent / "docs" / "outputs.md").read_text(encoding="utf-8")

    def rows(self, heads: str) -> list[list[str]]:
        table = self.page.partition(f"| {heads} |\n")[2].partition("\n\n")[0]
        return [line.strip("|").split("|") for line in table.splitlines()[1:]]

    def test_formats(self) -> None:
        said = {
            tuple(re.findall(r"`([\w.]+)`", name + endings)): read_back.strip() == "yes"
            for name, endings, _, read_back in self.rows("format | endings | for | read back")
        }
        assert said == {
            (writer.name, *writer.suffixes): isinstance(writer, Rereadable)
            for writer in writers().values()
        }

    def test_tables_and_columns(self, tmp_path: Path, schema: dict[str, Any]) -> None:
        said = {
            name: re.findall(r"`(\w+)`", columns)
            for names, _, columns in self.rows("table | a row is | columns after the keys")
            for name in re.findall(r"`(\w+)`", names)
        }
        keys = {"paper", "id", "position"}
        with closing(sqlite3.connect(write(tmp_path / "r.sqlite", [], schema))) as db:
            for name, columns in said.items():
                found = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
                assert [column for column in found if column not in keys] == columns
            tables = {
                row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            }
        assert tables == {*said, "_record_schema"}


class TestReading:
    def test_no_records_at_all(self, tmp_path: Path, schema: dict[str, Any]) -> None:
        for ending in ("jsonl", "json", "parquet", "sqlite"):
            assert list(read_records(write(tmp_path / f"r.{ending}", [], schema))) == []

    @pytest.mark.parametrize("ending", ["jsonl", "json", "sqlite", "parquet"])
    def test_numbers_of_any_size_come_back(self, ending: str, tmp_path: Path) -> None:
        records = [minimal(n=[2**80, -(2**64), 0.1, 1e300, 5e-324, -0.0, 1.0, 2**53 + 1])]
        [row] = read_records(write(tmp_path / f"r.{ending}", records, inferred(records)))
        assert json.dumps(row) == json.dumps(records[0])

    @pytest.mark.parametrize("ending", ["jsonl", "json", "sqlite", "parquet"])
    def test_what_is_nested_as_deep_as_can_be_written_comes_back(
        self, ending: str, tmp_path: Path
    ) -> None:
        written = []
        for depth in (150, 199, 230, 250, 253, 260, 900):
            nested: Any = json.loads("[" * depth + "]" * depth)
            path = tmp_path / f"{depth}.{ending}"
            try:
                write(path, [minimal(source={"deep": nested})], inferred([minimal(source={})]))
            except UnfitRecord:
                continue
            written.append(depth)
            assert [row["source"]["deep"] for row in read_records(path)] == [nested]
        assert written[:3] == [150, 199, 230]

    @pytest.mark.parametrize("codec", ["bz2", "xz"])
    def test_a_compressed_file_is_read(self, codec: str, tmp_path: Path) -> None:
        compress = {"bz2": bz2.compress, "xz": lzma.compress}[codec]
        path = tmp_path / f"records.jsonl.{codec}"
        path.write_bytes(compress(RECORDS.read_bytes()))
        assert list(read_records(path)) == list(read_records(RECORDS))

    def test_a_record_longer_than_any_buffer(self, tmp_path: Path) -> None:
        records = [minimal(title="é" * 2**20), minimal(title="b")]
        assert list(read_records(write(tmp_path / "r.json", records, {}))) == records

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b'{"id": "1"}\n{"id": "2"', "line 2: not JSON"),
            (b'{"title": "no id"}\n', "Entry 1 .* is not a record"),
            (b'[{"id": "1"}', "is not a whole JSON array"),
            (b'[{"id": "1"},]', "is not a whole JSON array"),
            (b'[{"id": "1"} {"id": "2"}]', "is not a whole JSON array"),
            (b'[{"id": "1"}] x', "is not a whole JSON array"),
            (b"[1]", "is not a whole JSON array"),
            (b'[[{"id": "1"}]]', "is not a whole JSON array"),
            (b'[{"id": "1"}, 2]', "is not a whole JSON array"),
            (b'[{"id": 1}]', "its id is not a text"),
            (b"[" * 100_000, "is not a whole JSON array"),
            (b"[" * 100_000 + b"]" * 100_000, "is not a whole JSON array"),
            (b"[" + b"{" * 100_000 + b"]" * 100_000, "is not a whole JSON array"),
            (b'{"a":' * 100_000, "line 1: not JSON"),
            (gzip.compress(b"[[1]," * 100_000), "is not a whole JSON array"),
            (b'[{"id": "\xff"}]', "entry 1: not JSON"),
            (b"paper,id\n1,1\n", "is not a file of records"),
            (b"PAR1 and nothing more", "is not a readable Parquet file"),
            (b"SQLite format 3\x00 and nothing more", "holds no records"),
            (gzip.compress(b'{"id": "1"}\n' * 50)[:-9], "gzip data .* ends in the middle"),
        ],
    )
    def test_a_damaged_file_is_named(self, content: bytes, message: str, tmp_path: Path) -> None:
        path = tmp_path / "records"
        path.write_bytes(content)
        with pytest.raises(DumpError, match=message):
            list(read_records(path))

    def test_a_database_of_another_program_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.sqlite"
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("CREATE TABLE papers (id)")
        with pytest.raises(DumpError, match="that Extractor wrote"):
            list(read_records(path))

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DumpError, match=r"There is no file .*none\.jsonl"):
            open_records(tmp_path / "none.jsonl")
