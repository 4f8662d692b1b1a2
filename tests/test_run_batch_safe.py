"""Quiet and safe: where keys, texts and terminal escapes must never appear, what is never
fetched, and what a hostile dump cannot do."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, run, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse

from extractor.debug_log import logging_to
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.paper import Paper
from extractor.run.settings import CallSettings

if TYPE_CHECKING:
    from command import Starter

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

KEY = "sk-canary-4f1d0c"
ESCAPES = ("\x1b", "\x07", "\x9b", "\x00")


def _everything_under(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _talkative(asked: Asked) -> Reply:
    """A server that hands the key back wherever it can."""
    number = int(asked.title.removeprefix("Net").split(":")[0])
    if number == 3:
        return refuse(400, f"You sent Authorization: Bearer {KEY}")
    if number == 4:
        return Reply(KEY.encode(), headers={"Content-Type": "text/html", "X-Key": KEY})
    return answer(asked, headers={"X-Key": KEY})


def test_the_key_goes_to_the_endpoint_and_nowhere_else(starter: Starter, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(8))
    with FaultServer(_talkative) as server:
        arguments: list[object] = ["run", dump, "-o", tmp_path / "records.jsonl", "--tries", 2]
        arguments += ["--cache-dir", tmp_path / "answers", "--debug-log", tmp_path / "debug.log"]
        arguments += ["--model", "m", "--base-url", server.url]
        command = starter.start(*arguments, OPENAI_API_KEY=KEY)
        cmdline = Path(f"/proc/{command.pid}/cmdline")
        processes = cmdline.read_bytes() if cmdline.exists() else b""
        assert command.wait() == 3
        assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
        server.script = lambda _: refuse(401, f"Incorrect API key provided: {KEY}")
        code, refused = starter.run(*arguments, "--no-cache", OPENAI_API_KEY=KEY)
    assert code == 1
    assert "Incorrect API key provided: [key]" in refused
    assert KEY not in command.said + refused
    assert KEY.encode() not in processes + _everything_under(tmp_path)
    assert "[key]" in (tmp_path / "records.failures.jsonl").read_text()


def test_nor_do_the_libraries_beneath_log_it_or_the_papers(tmp_path: Path) -> None:
    """OPENAI_LOG=debug is what people set; then openai and httpx2 say all they can."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    with FaultServer() as server:
        arguments = ["run", str(dump), "--model", "m", "--base-url", server.url, "--no-cache"]
        done = subprocess.run(
            [sys.executable, "-m", "extractor", *arguments, "-o", str(tmp_path / "out.jsonl")],
            env={**os.environ, "OPENAI_API_KEY": KEY, "OPENAI_LOG": "debug"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert KEY not in done.stdout + done.stderr
    assert "We present" not in done.stderr


def test_neither_settings_nor_errors_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = ModelSettings(model="m", base_url="http://127.0.0.1:9/v1", api_key=KEY)
    provider = provider_for(settings)
    told = settings, provider, provider.endpoint, CallSettings(cache_dir=None)
    shown = [repr(each) for each in told]
    with FaultServer(lambda _: refuse(401, f"no: {KEY}")) as server:
        error = run(server.url, papers(3), key=KEY).error
    assert error is not None
    shown += traceback.format_exception(error)
    assert KEY not in "".join(shown)


def test_the_debug_log_tells_ids_and_no_texts(tmp_path: Path) -> None:
    log = tmp_path / "debug.log"
    some = [Paper("id-7\nforged line", "Secret title", "Secret abstract.")]
    with FaultServer() as server, logging_to(log):
        run(server.url, some, tmp_path / "answers")
    said = log.read_text()
    assert "id-7" in said
    assert "Secret" not in said
    assert all(line.startswith("20") for line in said.splitlines())
    assert logging.getLogger("extractor").handlers == []


def test_no_cassette_holds_a_login() -> None:
    folder = Path(__file__).parent.parent / "cassettes"
    for cassette in folder.rglob("*"):
        text = cassette.read_text(encoding="utf-8").lower() if cassette.is_file() else ""
        assert not re.search(r'"(authorization|x-api-key|cookie|set-cookie)"', text), cassette


def test_nothing_that_an_abstract_names_is_fetched() -> None:
    with FaultServer() as other, FaultServer() as server:
        text = f"Code: {other.url}/code. See http://127.0.0.1:{other.port}/demo."
        ran = run(server.url, [Paper("1", f"Net: {other.url}", text)])
        assert len(server.asked) == 1
        assert other.asked == []
    assert len(ran.records) == 1


def test_a_redirect_is_not_followed_with_the_key() -> None:
    with FaultServer() as other, FaultServer() as server:
        there = {"Location": f"{other.url}/chat/completions"}
        server.script = lambda _: Reply(status=307, headers=there)
        ran = run(server.url, papers(3), key=KEY)
        assert other.asked == []
    assert ran.failures[0]["error"] == "rejected"


def _hostile() -> list[dict[str, Any]]:
    titles = [
        "\x1b]0;owned\x07Net: \x1b[2J clears",
        "Net\u202e: right to left",
        "Net: \x00 NUL and \x9b31m C1",
        "Net: tag \U000e0041 and \ud800 half",
    ]
    rows = [
        {"id": f"../../../{i}\x1b[31m", "title": title, "abstract": "We present Net.\x1b[8m"}
        for i, title in enumerate(titles)
    ]
    return [*rows, {"id": "deep", "title": "T", "abstract": "A", "x": _nested(200)}]


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else "\x1b"


def test_hostile_papers_do_nothing_to_a_screen_or_a_path(starter: Starter, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    dump = folder / "dump.jsonl"
    lines = [json.dumps(row) for row in _hostile()]
    lines += ["[" * 100_000, '{"title": "cut', "\x00\x1b[2J"]
    dump.write_text("\n".join(lines), encoding="utf-8")

    def script(asked: Asked) -> Reply:
        if "right to left" in asked.title:
            return refuse(400, "\x1b[2J\x07 no \u202e \x9b")
        return answer(asked, {"method_name": "Net"})

    with FaultServer(script) as server:
        arguments: list[object] = ["run", dump, "--model", "m", "--base-url", server.url]
        arguments += ["--failures", folder / "failures.jsonl", "--no-cache"]
        code, said = starter.run(*arguments)
    assert code == 3
    assert not [mark for mark in ESCAPES if mark in said]
    rows = (folder / "failures.jsonl").read_text(encoding="utf-8").split("\n")
    failures = [json.loads(row) for row in rows if row]
    records = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert len(records) == 4
    assert sorted(row["error"] for row in failures) == ["rejected", *["unreadable"] * 3]
    assert not [mark for mark in ESCAPES if mark in json.dumps(failures, ensure_ascii=False)]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "dump.jsonl",
        "failures.jsonl",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_bomb_ends_in_a_failure_and_in_bounded_memory(tmp_path: Path) -> None:
    """A line of 300 MB, packed into a third of one."""
    dump = tmp_path / "dump.jsonl.gz"
    good = json.dumps({"title": "Net: x", "abstract": "We present Net."}).encode()
    with gzip.open(dump, "wb", compresslevel=1) as packed:
        packed.write(good + b'\n{"title": "')
        for _ in range(300):
            packed.write(b" " * 10**6)
        packed.write(b"\n" + good + b"\n")
    probe = (
        "import re, sys\n"
        "from extractor.cli import main\n"
        "try: main()\n"
        # Not ru_maxrss, which a process takes over from the one that started it.
        "finally: print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    with FaultServer() as server:
        arguments = ["run", str(dump), "-o", str(tmp_path / "out.jsonl"), "--no-cache"]
        arguments += ["--model", "m", "--base-url", server.url]
        done = subprocess.run(
            [sys.executable, "-c", probe, *arguments], capture_output=True, text=True
        )
    assert done.returncode == 3, done.stderr
    assert int(done.stdout) < 350_000, "kilobytes"
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    (failure,) = (tmp_path / "out.failures.jsonl").read_text().splitlines()
    assert json.loads(failure)["line"] == 2
