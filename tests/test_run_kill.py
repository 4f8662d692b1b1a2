"""SIGKILL at any moment: the same command again ends as if nothing had been, and pays again at
most for what was in flight."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse

from extractor.llm.store import AnswerStore

if TYPE_CHECKING:
    from collections.abc import Callable
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


# Several processes


@pytest.mark.parametrize("processes", [2, 8])
def test_the_same_command_at_once_shares_one_ceiling_and_pays_for_each_request_once(
    starter: Starter, tmp_path: Path, processes: int
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(100))
    with FaultServer(lambda asked: answer(asked, after=0.01)) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-requests", 60]
        running = [starter.start(*arguments) for _ in range(processes)]
        assert [command.wait() for command in running] == [3] * processes
        assert len(server.asked) == len({asked.title for asked in server.asked}) == 60
        said = {command.said for command in running}
        assert all("The ceiling of 60 requests is reached: 60 are spent" in text for text in said)
        assert starter.run(*arguments)[0] == 3
        assert len(server.asked) == 60
        arguments = [*_arguments(tmp_path, server, dump), "--max-requests", 100]
        running = [starter.start(*arguments) for _ in range(processes)]
        assert [command.wait() for command in running] == [0] * processes
        assert len(server.asked) == len({asked.title for asked in server.asked}) == 100
    with closing(AnswerStore(tmp_path / "answers")) as store:
        assert len(store) == 100
        assert store.texts("run") == {}, "the last one to end deletes what the run has spent"


def test_different_commands_pay_for_the_same_request_once(starter: Starter, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(60))
    with FaultServer(lambda asked: answer(asked, after=0.01)) as server:
        outs = [tmp_path / f"out{number}.jsonl" for number in range(4)]
        running = [starter.start(*_arguments(tmp_path, server, dump), "-o", out) for out in outs]
        assert [command.wait() for command in running] == [0] * 4
        assert len(server.asked) == 60
    assert [out.read_bytes().count(b"\n") for out in outs] == [60] * 4


def test_tokens_and_failures_count_over_all_processes(starter: Starter, tmp_path: Path) -> None:
    """A request that is refused is asked again by the other process, and counts each time."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(200))

    def script(asked: Asked) -> Reply:
        return refuse(400) if asked.number % 3 == 0 else answer(asked, after=0.005)

    with FaultServer(script) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-tokens", 20_000]
        running = [starter.start(*arguments) for _ in range(3)]
        assert [command.wait() for command in running] == [3] * 3
        answered = sum(asked.number % 3 != 0 for asked in server.asked)
        longest = max(len(json.dumps(asked.body)) for asked in server.asked) + 64 + 2048
        assert 20_000 - longest < answered * 120 <= 20_000


def test_what_a_dead_process_had_in_flight_is_taken_over_at_once(
    starter: Starter, tmp_path: Path
) -> None:
    """The living one waits for no heartbeat and no time-out."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(40))
    hold = threading.Event()

    def script(asked: Asked) -> Reply:
        return answer(asked, until=None if asked.number > IN_FLIGHT else hold)

    with FaultServer(script) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-requests", 45]
        first = starter.start(*arguments)
        _wait_until(lambda: len(server.asked) == IN_FLIGHT)
        log = tmp_path / "log"
        second = starter.start(*arguments, "--debug-log", log)
        _wait_until(lambda: log.exists() and log.read_text().count("another process") == IN_FLIGHT)
        assert len(server.asked) == IN_FLIGHT, "the second one waits for those of the first"
        first.kill()
        first.wait()
        assert second.wait() == 3, "the dead one's requests count"
        assert len(server.asked) == 45
        hold.set()


def test_a_kill_leaves_counted_what_was_sent_and_not_yet_stored(
    starter: Starter, tmp_path: Path
) -> None:
    """Requests that still waited for their turn under a rate limit are not counted."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(40))
    hold = threading.Event()
    with FaultServer(lambda asked: answer(asked, until=hold)) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-requests", 40]
        command = starter.start(*arguments, "--rpm", 3)
        _wait_until(lambda: len(server.asked) == 3)
        command.kill()
        command.wait()
        hold.set()
        assert starter.run(*arguments)[0] == 3
        assert len(server.asked) == 40


def test_an_attempt_that_ends_leaves_counted_what_it_spent(
    starter: Starter, tmp_path: Path
) -> None:
    """Also what was settled after the last answer was stored: here there is none."""
    dump = write_dump(tmp_path / "dump.jsonl", papers(40))
    with FaultServer(lambda _: refuse(400)) as server:
        arguments = [*_arguments(tmp_path, server, dump), "--max-tokens", 1_000_000]
        assert starter.run(*arguments)[0] != 0
        sent = len(server.asked)
    with closing(AnswerStore(tmp_path / "answers")) as store:
        (row,) = store.texts("run").values()
    spent = json.loads(row)
    assert spent["requests"] == spent["failed"] == sent
    assert spent["lost_prompt_tokens"] == spent["in_flight"]["requests"] == 0


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
