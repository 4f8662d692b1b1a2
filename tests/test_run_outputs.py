"""What the commands leave on the disk: nothing is overwritten that is read, nothing is lost for
one value, and nothing of a run that was stopped lies about."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse
from helpers import read_jsonl

from extractor.llm.store import AnswerStore
from extractor.writers import read_records

if TYPE_CHECKING:
    from command import Starter
    from helpers import Invoke

RECORDS = Path(__file__).parent / "fixtures" / "records" / "papers.jsonl"
GOLD = Path(__file__).parent.parent / "examples" / "papers.gold.jsonl"

WILD = '''
from typing import Any
from pydantic import BaseModel

class Wild(BaseModel):
    """Anything."""

    note: str | None = None
    count: int | None = None
    sizes: list[int] = []
    extra: dict[str, Any] = {}
'''
TOO_BIG = 2**63


def _contents(folder: Path) -> dict[str, bytes]:
    """Of the store only how its files begin: it is opened before an output is refused."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    store = (folder / "answers").glob("cache.db*")
    return found | {path.name: path.read_bytes()[:15] for path in store if path.suffix == ".db"}


@pytest.fixture
def wild(tmp_path: Path) -> str:
    (tmp_path / "wild.py").write_text(WILD, encoding="utf-8")
    return f"{tmp_path / 'wild.py'}:Wild"


# No input is overwritten


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of inputs, in which the commands run."""
    folder = tmp_path / "here"
    folder.mkdir()
    write_dump(folder / "papers.jsonl", papers(3))
    write_dump(folder / "papers.evidence.csv", papers(3))
    write_dump(folder / "papers.jsonl.partial", papers(3))
    (folder / "records.jsonl").write_bytes(RECORDS.read_bytes())
    (folder / "records.html").write_bytes(RECORDS.read_bytes())
    (folder / "linked.jsonl").symlink_to("papers.jsonl")
    (folder / "prompt.txt").write_text("Find.\n---\n{{ title }}\n{{ abstract }}", encoding="utf-8")
    (folder / "s.py").write_text(WILD, encoding="utf-8")
    (folder / "gold.jsonl").write_bytes(GOLD.read_bytes())
    (folder / "own.gguf").write_bytes(b"GGUF")
    monkeypatch.setenv("EXTRACTOR_CACHE_DIR", "answers")
    monkeypatch.setenv("EXTRACTOR_MODELS_DIR", "models")
    (folder / "models").mkdir()
    (folder / "models" / "pulled.gguf").touch()
    with closing(AnswerStore(folder / "answers")):
        pass
    (folder / "answers" / "cache.db.damaged-x").touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        "run papers.jsonl -o papers.jsonl",
        "run papers.jsonl -o ./../here/papers.jsonl",
        "run papers.jsonl -o linked.jsonl",
        "run linked.jsonl -o papers.jsonl",
        "run papers.jsonl -o out.jsonl --failures papers.jsonl",
        "run papers.evidence.csv --dump-format jsonl -o papers.csv",
        "run papers.jsonl.partial -o papers.jsonl",
        "run papers.jsonl --schema s.py:Wild -o s.py --format jsonl",
        "run papers.jsonl --prompt prompt.txt -o prompt.txt --format jsonl",
        "run papers.jsonl -o out.jsonl --failures out.jsonl",
        "run papers.jsonl -o out.csv --failures out.evidence.csv",
        "run papers.jsonl -o own.gguf --format jsonl --model own.gguf",
        "run papers.jsonl -o out.jsonl --failures own.gguf --model own.gguf",
        "run papers.jsonl -o models/pulled.gguf --format jsonl",
        "run papers.jsonl -o out.jsonl --failures answers/cache.db",
        "run papers.jsonl -o answers/cache.db --format jsonl",
        "run papers.jsonl -o answers/cache.db-wal --format jsonl",
        "run papers.jsonl -o answers/claims.lock --format jsonl --no-cache",
        "run papers.jsonl -o other/cache.db --format jsonl --cache-dir other",
        "convert records.jsonl answers/cache.db --format sqlite",
        "convert records.jsonl answers/cache.db.damaged-x --format jsonl",
        "convert records.jsonl models/pulled.gguf --format jsonl",
        "report records.jsonl -o answers/cache.db",
        "run papers.jsonl --debug-log papers.jsonl",
        "run papers.jsonl --debug-log linked.jsonl",
        "run papers.jsonl -o out.jsonl --debug-log out.jsonl",
        "run papers.jsonl -o out.jsonl --debug-log ../here/out.jsonl.partial",
        "run papers.jsonl -o out.jsonl --debug-log out.failures.jsonl",
        "run papers.jsonl -o out.jsonl --failures f.jsonl --debug-log f.jsonl",
        "run papers.jsonl --debug-log own.gguf --model own.gguf",
        "run papers.jsonl --prompt prompt.txt --debug-log prompt.txt",
        "run papers.jsonl --debug-log answers/cache.db",
        "inspect papers.jsonl -o out.jsonl --debug-log out.jsonl",
        "eval papers.jsonl --gold gold.jsonl --debug-log gold.jsonl",
        "convert records.jsonl records.jsonl",
        "convert records.jsonl s.py --format json --schema s.py:Wild",
        "report records.jsonl -o records.jsonl",
        "report records.jsonl -o papers.jsonl --dump papers.jsonl",
        "report records.html",
    ],
)
def test_no_command_overwrites_what_it_reads(arguments: str, inputs: Path, invoke: Invoke) -> None:
    before = _contents(inputs)
    with FaultServer() as server:
        model = ["--model", "m", "--base-url", server.url] if arguments.startswith("run") else []
        model = [] if "--model" in arguments else model
        code, _, said = invoke(*arguments.split(), *model)
        assert server.asked == [], "nothing is paid for before it is refused"
    assert code == 2, said
    assert "would" in said
    assert _contents(inputs) == before


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no /dev/stdin")
@pytest.mark.parametrize("arguments", ["run - -o papers.jsonl", "convert - papers.jsonl"])
def test_nor_the_file_that_is_standard_input(arguments: str, inputs: Path) -> None:
    before = _contents(inputs)
    with (inputs / "papers.jsonl").open("rb") as stdin:
        command = [sys.executable, "-m", "extractor", *arguments.split()]
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert _contents(inputs) == before


def test_a_partial_output_can_be_converted_to_the_whole_ones_name(
    inputs: Path, invoke: Invoke
) -> None:
    """A conversion has no partial output, so what lies there is not its own."""
    (inputs / "out.jsonl.partial").write_bytes(RECORDS.read_bytes())
    assert invoke("convert", "out.jsonl.partial", "out.jsonl").code == 0
    assert (inputs / "out.jsonl").read_bytes() == RECORDS.read_bytes()
    assert (inputs / "out.jsonl.partial").read_bytes() == RECORDS.read_bytes()


# One value costs its record

_ANSWERS: list[dict[str, Any]] = [
    {"note": "fits", "count": 1, "sizes": [1, 2]},
    {"note": "count", "count": TOO_BIG},
    {"note": "size", "count": 2, "sizes": [1, -TOO_BIG - 1]},
    {"note": "edge", "count": TOO_BIG - 1, "sizes": [-TOO_BIG]},
    {"note": "free", "extra": {"big": 10 * TOO_BIG}},
]


def _wild_answer(asked: Asked) -> Reply:
    return answer(asked, _ANSWERS[int(asked.title.removeprefix("Net").split(":")[0])])


@pytest.mark.parametrize("ending", ["sqlite", "parquet"])
def test_a_value_that_the_format_cannot_hold_costs_its_record(
    ending: str, wild: str, tmp_path: Path, invoke: Invoke
) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(5)), tmp_path / f"o.{ending}"
    with FaultServer(_wild_answer) as server:
        arguments = ["run", dump, "-o", out, "--schema", wild, "--model", "m", "--no-cache"]
        code, _, said = invoke(*arguments, "--base-url", server.url)
    assert code == 3
    assert "3 records in" in said
    assert "failed: unfit 2" in said
    records = list(read_records(out))
    assert [row["id"] for row in records] == ["0", "3", "4"]
    assert records[1]["sizes"] == [-TOO_BIG]
    assert records[2]["extra"] == {"big": 10 * TOO_BIG}
    failures = read_jsonl(tmp_path / "o.failures.jsonl")
    assert [(row["id"], row["error"]) for row in failures] == [("1", "unfit"), ("2", "unfit")]
    assert [row["tries"] for row in failures] == [1, 1], "they were paid for"
    assert all("does not fit" in row["message"] for row in failures)
    if ending == "sqlite":
        with closing(sqlite3.connect(out)) as db:
            sizes = db.execute("SELECT paper, value FROM sizes ORDER BY paper, position")
            assert sizes.fetchall() == [(1, 1), (1, 2), (2, -TOO_BIG)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("ending", ["sqlite", "parquet"])
def test_so_does_it_in_a_conversion(ending: str, wild: str, tmp_path: Path, invoke: Invoke) -> None:
    dump, lines = write_dump(tmp_path / "dump.jsonl", papers(5)), tmp_path / "o.jsonl"
    with FaultServer(_wild_answer) as server:
        arguments = ["run", dump, "-o", lines, "--schema", wild, "--model", "m", "--no-cache"]
        assert invoke(*arguments, "--base-url", server.url).code == 0
    out = tmp_path / f"o.{ending}"
    code, _, said = invoke("convert", lines, out, "--schema", wild)
    assert code == 3
    assert [line.partition(" does not")[0] for line in said.splitlines()[:2]] == [
        "Left out: Record '1'",
        "Left out: Record '2'",
    ]
    assert f"{out}: 3 records" in said
    assert [row["id"] for row in read_records(out)] == ["0", "3", "4"]
    assert invoke("convert", lines, out).code == 0, "columns that follow the records hold them all"
    assert list(read_records(out)) == list(read_records(lines))


def test_csv_has_no_nul_and_says_which_cells_excel_cuts(
    wild: str, tmp_path: Path, invoke: Invoke
) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(2)), tmp_path / "o.csv"
    notes = ["nul \0 here", "long " * 9000]
    with FaultServer(lambda asked: answer(asked, {"note": notes["Net1" in asked.title]})) as server:
        arguments = ["run", dump, "-o", out, "--schema", wild, "--model", "m", "--no-cache"]
        code, _, said = invoke(*arguments, "--base-url", server.url)
    assert code == 0
    assert b"\0" not in out.read_bytes()
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert [row["note"] for row in rows] == ["nul \ufffd here", notes[1]]
    assert f"{out}: cells longer than the 32,767 characters that Excel keeps of one: 1" in said


# What lies there afterwards


def test_without_failures_there_is_no_failures_file(tmp_path: Path, invoke: Invoke) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(3)), tmp_path / "records.jsonl"
    failures, stale = (
        tmp_path / "records.failures.jsonl",
        tmp_path / "records.failures.jsonl.partial",
    )
    with FaultServer(lambda _: refuse(400)) as server:
        arguments = ["run", dump, "-o", out, "--model", "m", "--base-url", server.url]
        assert invoke(*arguments).code == 1
        assert len(read_jsonl(failures)) == 3
        stale.write_text("from an earlier run that was stopped\n")
        server.script = answer
        assert invoke(*arguments, "--retry-failed").code == 0
    assert len(read_jsonl(out)) == 3
    assert not failures.exists(), "its papers have records now"
    assert not stale.exists()


@pytest.mark.parametrize(
    ("content", "goes"),
    [
        ('{"id": "1", "title": "", "error": "refused", "message": "", "tries": 1}\n', True),
        ("", True),
        ("mine", False),
        ('{"id": "1", "title": "a record"}\n', False),
        ('{"error": "refused"}\nand more\n', False),
    ],
)
def test_only_failures_are_removed_where_there_are_none(
    content: str, goes: bool, tmp_path: Path, invoke: Invoke
) -> None:
    dump, named = write_dump(tmp_path / "dump.jsonl", papers(3)), tmp_path / "named"
    named.write_text(content, encoding="utf-8")
    arguments = ["run", dump, "-o", tmp_path / "records.jsonl", "--failures", named, "--model", "m"]
    with FaultServer() as server:
        assert invoke(*arguments, "--base-url", server.url).code == 0
    assert len(read_jsonl(tmp_path / "records.jsonl")) == 3
    assert named.exists() is not goes
    if not goes:
        assert named.read_text(encoding="utf-8") == content


def test_a_device_may_be_output_and_log(tmp_path: Path, invoke: Invoke) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(1))
    arguments = ["run", dump, "-o", os.devnull, "--debug-log", os.devnull, "--model", "m"]
    with FaultServer() as server:
        assert invoke(*arguments, "--base-url", server.url).code == 0


def test_a_debug_log_that_cannot_be_written_is_one_line(tmp_path: Path, invoke: Invoke) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(1))
    for place in (tmp_path, tmp_path / "none" / "log"):
        code, _, said = invoke("run", dump, "--debug-log", place, "--model", "m")
        assert code == 1
        assert re.fullmatch(r"extractor: .* cannot be written: .*\.\n", said)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_sigterm_before_the_first_paper_leaves_nothing(starter: Starter, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    os.mkfifo(dump)
    command = starter.start("run", dump, "-o", tmp_path / "records.jsonl")
    with dump.open("wb"):  # opened once the command reads
        command.send(signal.SIGTERM)
        assert command.wait() == 130
    assert "Traceback" not in command.said
    assert [path.name for path in tmp_path.iterdir()] == ["dump.jsonl"]


def test_sigterm_within_exec_has_the_same_exit_code() -> None:
    """Dataclasses are made so while modules are imported; a KeyboardInterrupt ends it by SIGINT."""
    code = (
        "import os, signal, sys, types; from extractor.cli import main\n"
        "app = sys.modules['extractor.cli.app'] = types.ModuleType('extractor.cli.app')\n"
        "app.app = lambda: exec('os.kill(os.getpid(), signal.SIGTERM); [0 for _ in range(9**7)]')\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_sigterm_that_a_library_swallows_ends_the_run_before_its_first_paper(
    tmp_path: Path,
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    code = (
        "import os, signal\nfrom extractor.cli import main\nfrom extractor.run import session\n"
        "def choose(model, choose=session.provider_for):\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    except SystemExit: pass\n"
        "    return choose(model)\n"
        "session.provider_for = choose; main()\n"
    )
    command = [sys.executable, "-c", code, "run", dump, "-o", tmp_path / "records.jsonl"]
    done = subprocess.run([*command, "--model", "none", "--no-cache"], capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["dump.jsonl"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["extractor.cli.engine.open_engine", "os.fsync", "os.replace"])
def test_nor_does_a_signal_before_the_run_or_at_its_end(
    at: str, number: int, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scratch folders are made by then; of four files of the output some may be in place."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    out = tmp_path / "out"
    out.mkdir()
    for name in ("records.csv", "records.evidence.csv", "records.failures.jsonl"):
        (out / name).write_text("from before\n")
    before = _contents(out)
    calls = []

    def stop(*arguments: Any, **more: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2 or "engine" in at:
            os.kill(os.getpid(), number)
        return original(*arguments, **more)

    module, _, name = at.rpartition(".")
    original = getattr(__import__(module, fromlist=[name]), name)
    with FaultServer() as server, monkeypatch.context() as patch:
        patch.setattr(at, stop)
        code, _, _ = invoke(
            *("run", dump, "-o", out / "records.csv", "--model", "m", "--no-cache"),
            *("--base-url", server.url),
        )
    assert calls
    assert code == 130
    assert _contents(out) == before
    assert len(list(out.iterdir())) == 3


def test_the_next_run_clears_away_what_a_killed_one_left(starter: Starter, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    out = tmp_path / "out"
    with FaultServer(lambda _: Reply(hang=True)) as server:
        arguments = [*("run", dump, "--model", "m", "--base-url", server.url, "--no-cache"), "-o"]
        killed = starter.start(*arguments, out / "killed.jsonl")
        alive = starter.start(*arguments, out / "alive.jsonl")
        while len(server.asked) < 6:
            assert server.overdue == 0
        killed.kill()
        killed.wait()
        assert len(list(out.glob(".killed*"))) == 2
        (out / ".killed.jsonl.notebook").mkdir()
        server.script = answer
        assert starter.run(*arguments, out / "next.jsonl")[0] == 0
        left = sorted(path.name.split(".")[1] for path in out.iterdir() if path.is_dir())
        alive.kill()
        alive.wait()
    assert left == ["alive", "alive", "killed"]
    assert (out / ".killed.jsonl.notebook").exists(), "which is not Extractor's"
