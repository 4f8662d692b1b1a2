"""``extractor convert`` and ``extractor run --format``, as commands."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from extractor.cli.app import app
from extractor.errors import DumpError, ExtractorError, OutputError, UsageError
from extractor.writers import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def extractor(*args: object, stdin: bytes = b"") -> Result:
    """Run the command; an error of ours is raised as it is."""
    result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
    if isinstance(result.exception, ExtractorError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "json", "json.gz", "parquet", "sqlite"])
def test_every_format_but_csv_gives_back_every_byte(ending: str, tmp_path: Path) -> None:
    there, back = tmp_path / f"records.{ending}", tmp_path / "back.jsonl"
    extractor("convert", RECORDS, there)
    extractor("convert", there, back)
    assert back.read_bytes() == RECORDS.read_bytes()


def test_a_chain_through_all_formats_changes_nothing(tmp_path: Path) -> None:
    path = RECORDS
    for n, ending in enumerate(["sqlite", "parquet", "json", "parquet", "sqlite", "jsonl"]):
        extractor("convert", path, path := tmp_path / f"{n}.{ending}")
    assert path.read_bytes() == RECORDS.read_bytes()


def test_it_says_what_it_wrote_unless_quiet(tmp_path: Path) -> None:
    out = tmp_path / "records.sqlite"
    assert extractor("convert", RECORDS, out).stderr == f"{out}: 8 records, sqlite\n"
    assert extractor("convert", "-q", RECORDS, out).stderr == ""


def test_standard_input_and_output(tmp_path: Path) -> None:
    extractor("convert", RECORDS, tmp_path / "records.sqlite")
    packed = (tmp_path / "records.sqlite").read_bytes()
    assert extractor("convert", "-", "-", stdin=packed).stdout_bytes == RECORDS.read_bytes()
    array = extractor("convert", RECORDS, "-", "--format", "json").stdout
    assert json.loads(array) == list(read_records(RECORDS))


def test_the_format_can_be_named(tmp_path: Path) -> None:
    out = tmp_path / "table.txt"
    extractor("convert", RECORDS, out, "--format", "csv")
    assert len(list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))) == 9
    assert (tmp_path / "table.claimed_speedups.txt").exists()


def test_a_file_can_be_converted_in_place(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_bytes(RECORDS.read_bytes())
    extractor("convert", path, path)
    assert json.loads(path.read_bytes()) == list(read_records(RECORDS))


def test_the_task_of_the_records_says_what_their_empty_lists_hold(tmp_path: Path) -> None:
    [_, without_claims, *_] = RECORDS.read_bytes().splitlines()
    extractor("convert", "-", tmp_path / "r.sqlite", stdin=without_claims)
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(claimed_speedups)")]
    assert "factor" in columns


def test_records_of_any_schema_need_none(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "language": "French", "hours": 310, "parts": ["dev", "test"]},
        {"id": "2", "language": "Welsh", "hours": None, "parts": []},
        {"id": "3", "language": "Irish", "hours": 2.5, "parts": ["test"], "note": "new"},
    ]
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    extractor("convert", "-", tmp_path / "r.sqlite", stdin=text)
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

    def test_it_types_what_the_records_leave_open(self, schema: str, tmp_path: Path) -> None:
        import pyarrow.parquet

        out = tmp_path / "r.parquet"
        extractor("convert", "-", out, "--schema", schema, stdin=self.record())
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
        self, fields: dict[str, Any], misfit: str, out: str, schema: str, tmp_path: Path
    ) -> None:
        with pytest.raises(OutputError, match=f"'1' does not fit the schema: {misfit}"):
            extractor(
                "convert", "-", tmp_path / out, "--schema", schema, stdin=self.record(**fields)
            )
        assert not (tmp_path / out).exists()


class TestRefusals:
    def test_csv_is_not_read_back(self, tmp_path: Path) -> None:
        extractor("convert", RECORDS, tmp_path / "r.csv")
        with pytest.raises(DumpError, match="These are read: json, jsonl, parquet, sqlite"):
            extractor("convert", tmp_path / "r.csv", tmp_path / "r.json")

    def test_csv_has_no_place_on_standard_output(self) -> None:
        with pytest.raises(UsageError, match="Name a file"):
            extractor("convert", RECORDS, "-", "--format", "csv")

    def test_a_damaged_file_leaves_what_was_there(self, tmp_path: Path) -> None:
        out = tmp_path / "r.json"
        out.write_text("before")
        with pytest.raises(DumpError, match="line 2"):
            extractor("convert", "-", out, stdin=b'{"id": "1"}\n{"id": ')
        assert out.read_text() == "before"
        assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


class _Model(BaseHTTPRequestHandler):
    """An endpoint that names what stands before a title's colon, and rejects one paper."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = str(body["messages"][-1]["content"])
        title = asked.partition("Title: ")[2].partition("\n")[0]
        if title.startswith("Tessera"):
            self._answer(400, {"error": {"message": "no"}})
            return
        fields = {"method_name": title.partition(":")[0] if ":" in title else None}
        message = {"role": "assistant", "content": json.dumps(fields)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        head = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        self._answer(200, {**head, "choices": [choice], "usage": usage})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def model_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


@pytest.mark.parametrize("ending", ["jsonl.gz", "json", "sqlite"])
def test_run_writes_every_format(ending: str, tmp_path: Path, model_url: str) -> None:
    dump = Path(__file__).parent.parent / "examples" / "papers.txt"
    out = tmp_path / "out" / f"records.{ending}"
    arguments = ["run", str(dump), "-o", str(out), "-q", "--model", "m", "--base-url", model_url]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3, result.output
    rows = list(read_records(out))
    assert [row["id"] for row in rows] == [str(n) for n in range(1, 12)]
    assert rows[0]["method_name"] == "SpliceCache"
    failures = (tmp_path / "out" / "records.failures.jsonl").read_text()
    assert json.loads(failures)["error"] == "rejected"
    assert len(list(out.parent.iterdir())) == 2


def test_help_needs_none_of_the_formats_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "records.sqlite" in extractor("convert", "--help").output
