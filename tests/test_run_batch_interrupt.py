"""Ctrl-C once, twice, and SIGTERM: what is written, what is said, and how it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from command import Command, Starter

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def _arguments(folder: Path, server: FaultServer, dump: object, *more: object) -> list[object]:
    return [
        *("run", dump, "-o", folder / "records.jsonl", "--cache-dir", folder / "answers"),
        *("--model", "m", "--base-url", server.url, "--concurrency", 8, *more),
    ]


def _wait_for(server: FaultServer, requests: int) -> None:
    deadline = time.monotonic() + 30
    while len(server.asked) < requests:
        assert time.monotonic() < deadline, "the requests never came"
        time.sleep(0.005)


def _wait_until_stopping(command: Command) -> None:
    deadline = time.monotonic() + 30
    while "Stopping" not in command.said:
        assert time.monotonic() < deadline, "the first signal was not noticed"
        time.sleep(0.01)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_finishes_what_is_in_flight_and_says_how_to_go_on(
    starter: Starter, tmp_path: Path, number: int
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(500))
    out = tmp_path / "records.jsonl"
    out.write_text("from before\n")
    with FaultServer(lambda asked: answer(asked, after=0.05)) as server:
        command = starter.start(*_arguments(tmp_path, server, dump))
        _wait_for(server, 40)
        command.send(number)
        assert command.wait() == 130
        asked = len(server.asked)
        assert out.read_text() == "from before\n"
        partial = _lines(tmp_path / "records.jsonl.partial")
        assert len(partial) == asked, "what was in flight is finished, and nothing more is begun"
        assert "Stopping" in command.said
        assert f"{out} was not changed; the results so far are in {out}.partial" in command.said
        assert "Run the same command again to continue" in command.said

        code, _ = starter.run(*_arguments(tmp_path, server, dump))
        assert code == 0
        assert len(server.asked) == 500
    assert len(_lines(out)) == 500
    assert not (tmp_path / "records.jsonl.partial").exists()
    assert '"cached":true' not in out.read_text(), "it is one run, whatever came between"


def test_twice_ends_at_once_and_loses_nothing_that_was_answered(
    starter: Starter, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(100))

    never = threading.Event()

    def script(asked: Asked) -> Reply:
        return answer(asked, until=None if asked.number <= 30 else never)

    with FaultServer(script) as server:
        command = starter.start(*_arguments(tmp_path, server, dump))
        _wait_for(server, 38)
        command.send(signal.SIGINT)
        _wait_until_stopping(command)
        command.send(signal.SIGINT)
        assert command.wait() == 130
        assert len(_lines(tmp_path / "records.jsonl.partial")) == 30
        server.script = answer
        sent = len(server.asked)
        code, _ = starter.run(*_arguments(tmp_path, server, dump))
        assert code == 0
        assert len(server.asked) == sent + 70


def test_those_that_wait_for_their_next_try_are_not_waited_for(
    starter: Starter, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(50))
    tomorrow = refuse(429, "later", headers={"Retry-After": "600"})

    def script(asked: Asked) -> Reply:
        return answer(asked) if asked.number <= 10 or asked.time > 1 else tomorrow

    with FaultServer(script) as server:
        command = starter.start(*_arguments(tmp_path, server, dump))
        _wait_for(server, 11)
        time.sleep(0.5)  # so that the refusal has reached those that wait, as a rule
        command.send(signal.SIGINT)
        assert command.wait() == 130
        assert all(asked.time == 1 for asked in server.asked), "nothing was tried again"
    assert len(_lines(tmp_path / "records.jsonl.partial")) == 10
    assert not (tmp_path / "records.failures.jsonl.partial").exists()


def test_before_anything_is_done_nothing_is_left_behind(starter: Starter, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(50))
    with FaultServer(lambda _: Reply(hang=True)) as server:
        command = starter.start(*_arguments(tmp_path, server, dump))
        _wait_for(server, 8)
        command.send(signal.SIGINT)
        _wait_until_stopping(command)
        command.send(signal.SIGINT)
        assert command.wait() == 130
        assert server.overdue == 0, "the second signal waited for what was in flight"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers", "dump.jsonl"]


def test_standard_input_that_says_nothing_holds_up_neither_work_nor_end(tmp_path: Path) -> None:
    """Papers that came are extracted while the next one is waited for, and Ctrl-C ends it."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(5))
    out = tmp_path / "records.jsonl"
    with FaultServer() as server:
        arguments = [str(each) for each in _arguments(tmp_path, server, "-")]
        command = subprocess.Popen(
            [sys.executable, "-m", "extractor", *arguments],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert command.stdin is not None
        command.stdin.write(dump.read_bytes() + b"\n" * 2**17)  # past what formats are told by
        command.stdin.flush()
        _wait_for(server, 4)
        time.sleep(0.2)
        command.send_signal(signal.SIGINT)
        code = command.wait(timeout=20)
        assert command.stderr is not None
        said = command.stderr.read()
        command.stdin.close()
        command.stderr.close()
    assert code == 130, said
    assert b"Fatal" not in said
    assert b"Traceback" not in said
    assert len(_lines(out.with_name("records.jsonl.partial"))) >= 4
