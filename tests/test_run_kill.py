"""SIGKILL at any moment: the same command again ends as if nothing had been, and pays again at
most for what was in flight."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from command import Starter

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

IN_FLIGHT = 8
KILLS, KILLS_IN_A_ROW, MOST_CHAINS = 50, 5, 40


def _script(asked: Asked) -> Reply:
    """Some answers are late, one paper is refused, one is asked again; the same every time."""
    number = int(asked.title.removeprefix("Net").split(":")[0])
    if number == 17:
        return refuse(400, "this one is rejected")
    if number == 23 and len(asked.body["messages"]) == 2:
        return answer(asked, {"method_name": "Invented"}, after=0.002)
    return answer(asked, after=0.002 * (number % 5))


def _dump(folder: Path) -> Path:
    """170 papers, of which 20 stand in it twice under other ids."""
    some = papers(170)
    again = [replace(paper, id=f"again {paper.id}") for paper in some[40:60]]
    return write_dump(folder / "dump.jsonl", [*some[:150], *again, *some[150:]])


def _arguments(folder: Path, server: FaultServer, dump: Path) -> list[object]:
    return [
        *("run", dump, "-o", folder / "records.jsonl", "--cache-dir", folder / "answers"),
        *("--model", "m", "--base-url", server.url, "--concurrency", IN_FLIGHT, "--quiet"),
    ]


def test_fifty_kills_change_nothing_and_cost_what_was_in_flight(
    starter: Starter, tmp_path: Path
) -> None:
    chance = random.Random(20261124)
    dump = _dump(tmp_path)
    kills = 0
    with FaultServer(_script) as server:
        (tmp_path / "calm").mkdir()
        started = time.monotonic()
        assert starter.run(*_arguments(tmp_path / "calm", server, dump)) == (3, "")
        seconds = time.monotonic() - started
        wanted = [(tmp_path / "calm" / name).read_bytes() for name in _NAMES]
        needed = _paid(server)
        for chain in range(MOST_CHAINS):
            server.forget()
            folder = tmp_path / str(chain)
            folder.mkdir()
            arguments = _arguments(folder, server, dump)
            killed = _kill_again_and_again(starter, arguments, folder, seconds, chance)
            if not (folder / _NAMES[0]).exists():
                assert starter.run(*arguments) == (3, "")
            assert [(folder / name).read_bytes() for name in _NAMES] == wanted
            assert server.most_in_flight <= IN_FLIGHT
            assert _paid(server) <= needed + killed * IN_FLIGHT
            kills += killed
            if killed < KILLS_IN_A_ROW:  # the machine is quicker now than it was in the calm run
                seconds *= 0.85
            if kills >= KILLS:
                break
    assert kills >= KILLS


def _paid(server: FaultServer) -> int:
    """The rejected paper is no paid answer: every attempt that reaches it asks again."""
    return sum(not asked.title.startswith("Net17:") for asked in server.asked)


def _kill_again_and_again(
    starter: Starter, arguments: list[object], folder: Path, seconds: float, chance: random.Random
) -> int:
    """Start and kill a few times, as long as the output is not there; returns the kills."""
    for kills in range(1, KILLS_IN_A_ROW + 1):
        command = starter.start(*arguments)
        # The later ones find most of it done, and are over sooner.
        time.sleep(chance.uniform(0, seconds * chance.choice([0.3, 0.6, 1.0])))
        command.kill()
        if command.wait() != -9:
            return kills - 1
        assert not list(folder.glob("*.partial"))
        if (folder / _NAMES[0]).exists():
            return kills
    return KILLS_IN_A_ROW


_NAMES = ("records.jsonl", "records.failures.jsonl")


def test_ceilings_hold_over_kills(starter: Starter, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(300))
    with FaultServer(lambda asked: answer(asked, after=0.01)) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-requests", 60]
        for _ in range(3):
            command = starter.start(*arguments)
            deadline = time.monotonic() + 20
            sent = len(server.asked)
            while len(server.asked) < sent + 12 and time.monotonic() < deadline:
                time.sleep(0.005)
            command.kill()
            command.wait()
        code, said = starter.run(*arguments)
        assert len(server.asked) <= 60
    assert code == 3
    assert "The ceiling of 60 requests is reached" in said
    assert (tmp_path / "records.jsonl.partial").exists()
