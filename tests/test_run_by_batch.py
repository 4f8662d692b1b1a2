"""Runs by a provider's batches: nothing is lost, nothing is submitted twice, the rest is asked
for one by one."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from batch_server import DROP, BatchServer, End, line, refused, result, untried
from helpers import read_jsonl, write_jsonl

from extractor import Extractor
from extractor.run import by_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from command import Command, Starter
    from helpers import Invoke, Invoked

PAPERS = 12
NAMES = ["Rook", "Heron", "Egret", "Crane", "Stork", "Ibis", "Gull", "Tern", "Skua", "Kite"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-1234567890")
    for name in ("_FIRST_LOOK_SECONDS", "_LONGEST_LOOK_SECONDS"):
        monkeypatch.setattr(by_batch, name, 0.01)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as server:
        yield server


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write_jsonl(
        tmp_path / "papers.jsonl",
        (
            {
                "id": str(number),
                "title": f"{NAMES[number % 10]}{number}: fast kernels",
                "abstract": f"We present {NAMES[number % 10]}{number}, a kernel for small devices.",
            }
            for number in range(PAPERS)
        ),
    )


@pytest.fixture
def run(invoke: Invoke, server: BatchServer, dump: Path, tmp_path: Path) -> Callable[..., Invoked]:
    def run(*options: object, out: str = "out.jsonl") -> Invoked:
        given = ("--model", "m", "--base-url", server.url)
        return invoke("run", dump, "-o", tmp_path / out, *given, *options)

    return run


def by_batch_of(server: BatchServer, folder: Path) -> tuple[object, ...]:
    """The options of a process of its own, which keeps its answers where this one does."""
    where = ("--cache-dir", folder / "answers")
    return ("--model", "m", "--base-url", server.url, "--batch", *where)


def ended_under_way(
    starter: Starter, server: BatchServer, arguments: tuple[object, ...], number: signal.Signals
) -> Command:
    """A run that a signal has ended while its batch was under way."""
    server.looks = 1000
    command = starter.start(*arguments)
    deadline = time.monotonic() + 60
    while not server.batches:
        assert time.monotonic() < deadline, command.said
        time.sleep(0.01)
    command.send(number)
    assert command.wait() == (130 if number == signal.SIGINT else -number)
    server.looks = 1
    return command


def names(path: Path) -> list[str | None]:
    return [row["method_name"] for row in read_jsonl(path)]


ALL = [f"{NAMES[number % 10]}{number}" for number in range(PAPERS)]


def test_all_but_one_are_answered_by_batch(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    done = run("--batch", "--price-in", 1, "--price-out", 1)
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert len(server.asked) == 1  # which shows that key, model and address are right
    assert sum(server.submitted.values()) == PAPERS - 1 == len(server.submitted)
    assert "11 answers by batch" in done.err
    assert "12 requests: 1,200 prompt tokens, 240 answer tokens, 1,320 tokens of these" in done.err


def test_records_are_those_of_a_run_one_by_one(run: Callable[..., Invoked], tmp_path: Path) -> None:
    assert run("--batch", "--cache-dir", tmp_path / "a", out="a.jsonl").code == 0
    assert run("--cache-dir", tmp_path / "b", out="b.jsonl").code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_answers_of_batches_serve_later_runs_and_are_not_submitted_again(
    run: Callable[..., Invoked], server: BatchServer
) -> None:
    run("--batch")
    batches, asked = len(server.batches), len(server.asked)
    assert run("--batch", out="again.jsonl").code == 0
    assert run(out="one_by_one.jsonl").code == 0
    assert (len(server.batches), len(server.asked)) == (batches, asked)


def test_prices_of_batches_are_those_of_the_price_data(
    run: Callable[..., Invoked], dump: Path, invoke: Invoke
) -> None:
    told = invoke("inspect", dump, "--model", "gpt-4.1-mini", "--json")
    forecast = json.loads(told.out)["forecast"]
    assert forecast["batch_cost"]["expected"] == pytest.approx(forecast["cost"]["expected"] / 2)
    assert "by batch" in invoke("inspect", dump, "--model", "gpt-4.1-mini").out


def half_refused(requests: list[dict[str, Any]]) -> End:
    half = len(requests) // 2
    output = [result(each) for each in requests[:half]]
    return End(output=output, errors=[refused(each, 400) for each in requests[half:]])


def test_a_line_that_is_refused_is_asked_for_by_itself(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    server.end = half_refused
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert max(server.submitted.values()) == 1
    assert "6 requests refused in a batch, and asked for one by one" in done.err


@pytest.mark.parametrize(
    ("fail", "state"),
    [
        (lambda each: refused(each, 500), "completed"),
        (lambda each: refused(each, 429), "completed"),
        (untried, "expired"),
        (lambda each: untried(each, "batch_cancelled"), "cancelled"),
        (lambda _: line(None, {"choices": []}), "completed"),  # no custom_id
        (lambda each: result(each)[:-20], "completed"),  # damaged
        (lambda _: "", "completed"),
    ],
)
def test_what_has_no_answer_is_submitted_again_and_the_rest_is_kept(
    run: Callable[..., Invoked],
    server: BatchServer,
    tmp_path: Path,
    fail: Callable[[dict[str, Any]], str],
    state: str,
) -> None:
    first = True

    def end(requests: list[dict[str, Any]]) -> End:
        nonlocal first
        failing, first = first, False
        if not failing:
            return End(output=[result(each) for each in requests])
        output = [result(each) for each in requests[:4]]
        return End(state, output=output, errors=[fail(each) for each in requests[4:]])

    server.end = end
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert sorted(server.submitted.values()) == [1] * 4 + [2] * 7
    assert len(server.asked) == 1


def test_a_completed_batch_may_have_a_file_of_errors_alone(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    server.end = lambda requests: End(errors=[refused(each, 500) for each in requests])
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert set(server.submitted.values()) == {by_batch._MOST_ROUNDS}
    assert len(server.asked) == PAPERS


def test_of_two_outputs_for_one_request_one_counts(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    server.end = lambda requests: End(
        output=[each for request in requests for each in 2 * [result(request)]]
        + [line("0" * 64, {"choices": []})]
    )
    done = run("--batch")
    assert names(tmp_path / "out.jsonl") == ALL
    assert "12 requests: 1,200 prompt tokens" in done.err
    assert "1 line of the results damaged, or of no request" in done.err


def test_answers_that_do_not_fit_are_asked_for_again_one_by_one(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    server.end = lambda requests: End(
        output=[result(each, fields={"method_name": "Invented"}) for each in requests]
    )
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert len(server.asked) == PAPERS


def test_a_batch_that_is_refused_ends_the_run(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    failures = [{"code": "invalid_json", "message": "Line 3 is no JSON."}]
    server.end = lambda _: End("failed", failures=failures)
    done = run("--batch")
    assert done.code == 1
    assert "refused the batch batch_0: Line 3 is no JSON." in done.err
    assert not (tmp_path / "out.jsonl").exists()


def test_too_many_tokens_under_way_halves_the_batch(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    failures = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}]

    def end(requests: list[dict[str, Any]]) -> End:
        if len(requests) > 5:
            return End("failed", failures=failures)
        return End(output=[result(each) for each in requests])

    server.end = end
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files"),
        ("POST", "/v1/batches"),
        ("GET", "/v1/batches/batch_0"),
        ("GET", "/v1/files/output_file_id-batch_0/content"),
    ],
)
@pytest.mark.parametrize("how", [DROP, 500, 429])
def test_a_request_that_fails_is_sent_again_and_no_batch_is_made_twice(
    run: Callable[..., Invoked],
    server: BatchServer,
    tmp_path: Path,
    method: str,
    path: str,
    how: str | int,
) -> None:
    left = 4

    def fault(asked: str, at: str) -> web.Response | str | None:
        nonlocal left
        if (asked, at) != (method, path) or not left:
            return None
        left -= 1
        headers = {"retry-after-ms": "1"}
        return DROP if how == DROP else web.json_response({}, status=int(how), headers=headers)

    server.fault = fault
    done = run("--batch")
    assert done.code == 0, done.err
    assert names(tmp_path / "out.jsonl") == ALL
    assert set(server.submitted.values()) == {1}
    assert left < 4
    assert len(server.batches) == 1


def test_a_wrong_key_shows_before_anything_goes_up(
    run: Callable[..., Invoked], server: BatchServer
) -> None:
    server.fault = lambda *_: web.json_response({"error": {"message": "bad key"}}, status=401)
    done = run("--batch")
    assert done.code == 1
    assert "key" in done.err
    assert not server.uploads


def test_a_server_without_batches_is_told(run: Callable[..., Invoked], server: BatchServer) -> None:
    server.fault = lambda _, path: (
        None if "chat" in path else web.json_response({"error": "no"}, status=404)
    )
    done = run("--batch")
    assert done.code == 2
    assert "has no batches" in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--batch", "--no-cache"), "needs the cache"),
        (("--batch", "--batch-files", "x"), "Leave out one"),
        (("--batch", "--retry-failed"), "failures"),
    ],
)
def test_what_does_not_go_with_batches(
    run: Callable[..., Invoked], options: tuple[str, ...], said: str
) -> None:
    done = run(*options)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("model", ["none", "qwen2.5-coder-0.5b"])
def test_an_embedded_model_has_no_batches(
    invoke: Invoke, dump: Path, tmp_path: Path, model: str
) -> None:
    done = invoke("run", dump, "-o", tmp_path / "out.jsonl", "--model", model, "--batch")
    assert done.code == 2
    assert "--batch" in done.err


def test_a_ceiling_cuts_batches_and_holds(
    run: Callable[..., Invoked], server: BatchServer, tmp_path: Path
) -> None:
    done = run("--batch", "--max-requests", 7)
    assert done.code == 3, done.err
    assert sum(server.submitted.values()) + len(server.asked) <= 7
    assert run("--batch", "--max-requests", 20).code == 0
    assert names(tmp_path / "out.jsonl") == ALL
    assert max(server.submitted.values()) == 1


def test_keys_are_not_in_messages(run: Callable[..., Invoked], server: BatchServer) -> None:
    said = {"error": {"message": "no: sk-test-1234567890"}}
    server.fault = lambda _, path: None if "chat" in path else web.json_response(said, status=400)
    done = run("--batch")
    assert done.code == 1
    assert "sk-test" not in done.err + done.out


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize("step", range(1, 6))
def test_killed_at_any_step_the_same_command_takes_up_what_is_under_way(
    starter: Starter, server: BatchServer, dump: Path, tmp_path: Path, step: int, processed: bool
) -> None:
    """At the first request, at the second, ...: worked on by the server, or not."""
    given = (*by_batch_of(server, tmp_path), "--max-requests", 2 * PAPERS)
    arguments = ("run", dump, "-o", tmp_path / "out.jsonl", *given)
    commands: list[Command] = []
    started = threading.Event()
    requests = 0

    def fault(*_: str) -> web.Response | str | None:
        nonlocal requests
        requests += 1
        if requests != step:
            return None
        started.wait()
        commands[0].kill()
        return DROP if processed else web.json_response({}, status=500)

    server.fault = fault
    commands.append(starter.start(*arguments))
    started.set()
    assert commands[0].wait() in (0, -9)
    code, said = starter.run(*arguments)
    assert code == 0, said
    assert names(tmp_path / "out.jsonl") == ALL
    assert set(server.submitted.values()) == {1}
    assert len(server.asked) <= 2  # the one that is asked by itself


def test_a_run_that_is_interrupted_says_what_is_under_way(
    starter: Starter, server: BatchServer, dump: Path, tmp_path: Path, invoke: Invoke
) -> None:
    given = by_batch_of(server, tmp_path)
    arguments = ("run", dump, "-o", tmp_path / "out.jsonl", *given)
    command = ended_under_way(starter, server, arguments, signal.SIGINT)
    assert "1 batch under way (batch_0): the same command takes up" in command.said
    assert "out.jsonl was not changed\n" in command.said
    again = invoke("run", dump, "-o", tmp_path / "one.jsonl", "--limit", 1, *given[:4])
    assert "1 batch of this model under way" in again.err
    listed = invoke("batches")
    assert re.fullmatch(
        r"batch_0  m@http://127.0.0.1:\d+/v1  11 requests  submitted  0.0 h\n", listed.out
    )
    code, said = starter.run(*arguments)
    assert code == 0, said
    assert len(server.batches) == 1
    assert invoke("batches").out == "No batch is under way.\n"


def test_cancelled_batches_keep_what_they_have_answered(
    starter: Starter, server: BatchServer, dump: Path, tmp_path: Path, invoke: Invoke
) -> None:
    arguments = ("run", dump, "-o", tmp_path / "out.jsonl", *by_batch_of(server, tmp_path))
    ended_under_way(starter, server, arguments, signal.SIGINT)
    assert invoke("batches", "cancel", "batch_7").code == 2
    assert invoke("batches", "cancel").code == 0
    assert server.cancelled == ["batch_0"]
    code, said = starter.run(*arguments)
    assert code == 1
    assert "The batch batch_0 was cancelled: 6 requests of 11 without an answer." in said
    assert starter.run(*arguments)[0] == 0
    assert names(tmp_path / "out.jsonl") == ALL
    # Of the six that are left, the second run asks for one by itself.
    assert sorted(server.submitted.values()) == [1] * 6 + [2] * 5


def test_clearing_the_cache_keeps_what_is_known_of_batches_under_way(
    starter: Starter, server: BatchServer, dump: Path, tmp_path: Path, invoke: Invoke
) -> None:
    arguments = ("run", dump, "-o", tmp_path / "out.jsonl", *by_batch_of(server, tmp_path))
    ended_under_way(starter, server, arguments, signal.SIGKILL)
    assert invoke("cache", "clear", "--yes").code == 0
    assert "11 requests" in invoke("batches").out


def test_in_python(server: BatchServer, dump: Path, tmp_path: Path) -> None:
    with Extractor(model="m", base_url=server.url) as extractor:
        done = extractor.run(dump, out=tmp_path / "out.jsonl", batch=True)
    assert done.records == PAPERS
    assert len(server.asked) == 1


def test_two_runs_at_once_submit_each_request_once(
    starter: Starter, server: BatchServer, dump: Path, tmp_path: Path
) -> None:
    server.looks = 3
    given = by_batch_of(server, tmp_path)
    outs = [tmp_path / f"{number}.jsonl" for number in range(2)]
    commands = [starter.start("run", dump, "-o", out, *given) for out in outs]
    assert [command.wait() for command in commands] == [0, 0]
    assert [names(out) for out in outs] == [ALL, ALL]
    assert set(server.submitted.values()) == {1}
    assert len(server.asked) + len(server.submitted) == PAPERS
