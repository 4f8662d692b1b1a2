"""What is told while a run is at work: by papers, to people and to scripts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, write_dump
from fault_server import FaultServer, answer, refuse
from rich.console import Console

from extractor.cli import progress
from extractor.cli.options import ProgressKind
from extractor.llm.weights.catalog import CATALOG
from extractor.record import Failure, Meta, Record
from extractor.run.batch import Summary
from extractor.run.extent import Total
from extractor.run.progress import Pace, Progress, Status, Waiting

if TYPE_CHECKING:
    from pathlib import Path

    from fault_server import Asked, Reply
    from helpers import Invoke

KEYS = {"event", *Status.__dataclass_fields__}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def result(*, cached: bool = False) -> Any:
    meta = Meta("m", "paper@1", cached, 10, 2)
    return Record("1", "T", None, (), meta, {})  # type: ignore[type-var]


def failed(tries: int) -> Failure:
    return Failure("1", "T", "timeout", "No answer.", tries)


def watched(total: Total | None) -> tuple[Progress, Summary, Clock]:
    clock = Clock()
    return Progress(lambda: total, clock=clock), Summary(), clock


def test_progress_counts_papers_and_judges_the_time_by_those_that_take_any() -> None:
    watch, summary, clock = watched(Total(1000, exact=False))
    for _ in range(500):  # of an earlier attempt
        summary.count(result(cached=True))
        watch.done(result(cached=True), summary)
    assert watch.status().seconds_left is None
    for _ in range(10):
        clock.now += 6
        summary.count(result())
        watch.done(result(), summary)
    status = watch.status()
    assert (status.done, status.total, status.total_is_exact) == (510, 1000, False)
    assert (status.cached, status.new, status.failures) == (500, 10, 0)
    assert status.per_minute == pytest.approx(10)
    assert status.seconds_left == pytest.approx(490 * 6)


def test_cached_papers_between_others_shorten_the_time_left_but_a_stretch_does_not() -> None:
    pace, now = Pace(), 0.0
    for _ in range(30):
        now += 10
        pace.done(now, worked=True)
        for _ in range(4):
            pace.done(now, worked=False)
    assert pace.seconds_for(100, now) == pytest.approx(100 / 5 * 10)
    pace, now = Pace(), 0.0
    for number in range(30):
        now += 10
        pace.done(now, worked=True)
        for _ in range(5000 * (number == 3)):
            pace.done(now, worked=False)
    assert pace.seconds_for(100, now) == pytest.approx(100 * 10)


def test_a_failure_that_was_asked_about_took_time_and_an_unreadable_entry_did_not() -> None:
    watch, summary, clock = watched(None)
    for tries in (0, 0, 0):
        summary.count(failed(tries))
        watch.done(failed(tries), summary)
    clock.now = 5.0
    assert watch.status().per_minute is None
    for _ in range(4):
        clock.now += 5
        summary.count(failed(3))
        watch.done(failed(3), summary)
    status = watch.status()
    assert status.per_minute == pytest.approx(12)
    assert (status.total, status.seconds_left, status.failures) == (None, None, 7)


def test_a_long_wait_is_told_and_a_short_one_is_not() -> None:
    watch, _, _ = watched(None)
    watch.waiting("the embedded model is loading", 9.0)
    assert watch.status().waiting is None
    watch.waiting("the embedded model is loading", 31.0)
    assert watch.status().waiting == Waiting("engine", "the embedded model is loading", 31.0)
    watch.waiting("the embedded model is loading", 0.0)
    assert watch.status().waiting is None


def status(**known: Any) -> Status:
    usual: dict[str, Any] = dict.fromkeys(Status.__dataclass_fields__, 0)
    none = dict.fromkeys(("total", "per_minute", "seconds_left", "cost", "waiting"))
    return Status(**{**usual, "total_is_exact": True, **none, **known})


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({}, "starting"),
        ({"done": 1}, "1 paper"),
        ({"done": 1, "total": 1}, "1 of 1 paper"),
        ({"done": 12, "total": 1200, "total_is_exact": False}, "12 of about 1,200 papers"),
        (
            {
                "done": 12,
                "total": 63,
                "cached": 8,
                "failures": 1,
                "per_minute": 3.21,
                "seconds_left": 730.0,
                "cost": 0.0123,
            },
            "12 of 63 papers, 8 from the cache, 1 failed, 3.2/min, 12 min left, $0.012 spent",
        ),
        (
            {"done": 2, "waiting": Waiting("rate_limit", "the rate limit", 12.0)},
            "2 papers; waiting: the rate limit, 12 s",
        ),
        (
            {"waiting": Waiting("engine", "the embedded model is loading", 75.0)},
            "starting; waiting: the embedded model is loading, for 75 s",
        ),
    ],
)
def test_a_status_is_one_line(known: dict[str, Any], line: str) -> None:
    assert progress.status_line(status(**known)) == line


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(stderr=True, force_terminal=True, width=200)
    monkeypatch.setattr(progress, "_console", lambda: console)
    monkeypatch.setattr(progress, "_BAR_SECONDS", 0.0)


@pytest.mark.usefixtures("terminal")
def test_a_terminal_has_a_bar_and_a_download_is_shown_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = progress.report_for()
    weights = CATALOG["smollm2-135m"]
    with report.watch(lambda: Total(63, exact=True)) as watcher:
        with report.pulling(weights) as pulled:
            pulled(weights.size)
        watcher.done(result(), Summary(records=2))
        watcher.tick()
        watcher.stopping()
    shown = capsys.readouterr().err
    assert shown.index("starting") < shown.index("Pulling smollm2-135m (")
    assert shown.index("Pulling smollm2-135m (") < shown.index("Press Ctrl-C again")
    assert "2 of 63 papers" in shown


@pytest.mark.parametrize(
    ("kind", "quiet", "said"),
    [
        (ProgressKind.AUTO, False, "2 of 63 papers\nStopping"),
        (ProgressKind.PLAIN, False, "2 of 63 papers\nStopping"),
        (ProgressKind.NONE, False, "Stopping"),
        (ProgressKind.AUTO, True, ""),
        (ProgressKind.PLAIN, True, ""),
    ],
)
def test_elsewhere_it_is_a_line_at_times(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: ProgressKind,
    quiet: bool,
    said: str,
) -> None:
    report = progress.report_for(kind, quiet=quiet)
    with report.watch(lambda: Total(63, exact=True)) as watcher:
        watcher.done(result(), Summary(records=2))
        watcher.tick()  # not yet
        monkeypatch.setattr(watcher, "_seconds", 0.0)
        watcher.tick()
        watcher.stopping()
    shown = capsys.readouterr().err
    assert shown.startswith(said)
    assert bool(shown) is bool(said)


def events(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


def test_scripts_get_json_lines_and_nothing_else(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVENT_SECONDS", 0.0)
    monkeypatch.setattr("extractor.run.batch._TICK_SECONDS", 0.001)
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(20)), tmp_path / "out.jsonl"

    def late(asked: Any) -> Any:
        return answer(asked, after=0.02)

    with FaultServer(late) as server:
        how = ["--model", "m", "--base-url", server.url, "--price-in", 1, "--price-out", 1]
        how += ["-o", out, "--progress", "json", "--concurrency", 2]
        code, shown, err = invoke("run", dump, *how, "-q")
        assert (code, shown) == (0, "")
        *before, end = events(err)
        assert {each["event"] for each in before} == {"progress", "note"}
        running = [each for each in before if each["event"] == "progress"]
        assert running
        for each in running:
            assert each.keys() == KEYS
        assert running[-1]["total"] == 20
        assert running[-1]["total_is_exact"]
        assert running[-1]["cost"] > 0
        assert [each["done"] for each in running] == sorted(each["done"] for each in running)
        assert (end["event"], end["records"], end["new"], end["cached"]) == ("end", 20, 20, 0)
        assert (end["exit_code"], end["complete"], end["out"]) == (0, True, str(out))
        assert end["cost"] > 0
        *_, end = events(invoke("run", dump, *how)[2])
        assert (end["records"], end["new"], end["cached"], end["cost"]) == (20, 0, 20, 0)


def test_a_run_that_continues_counts_as_new_what_this_attempt_pays_for(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(30)), tmp_path / "out.jsonl"
    with FaultServer() as server:
        how = ["--model", "m", "--base-url", server.url, "--price-in", 1, "--price-out", 1]
        how += ["-o", out, "--progress", "json"]
        invoke("run", dump, *how, "--limit", 5)
        *_, first = events(invoke("run", dump, *how, "--max-requests", 15)[2])
        *_, end = events(invoke("run", dump, *how)[2])
        inspected = json.loads(invoke("inspect", dump, *how[:-2], "--json")[1])
    assert (first["cached"], first["earlier"], first["new"]) == (5, 0, 15)
    assert (end["cached"], end["earlier"], end["new"]) == (5, 15, 10)
    assert end["cost"] / end["new"] == pytest.approx(first["cost"] / first["new"])
    assert end["prompt_tokens"] / 10 == first["prompt_tokens"] / 15
    assert inspected["cached"]["papers"] == 30


def test_an_error_is_an_event_for_a_script(invoke: Invoke, tmp_path: Path) -> None:
    code, _, err = invoke("run", tmp_path / "missing.txt", "--progress", "json")
    (error,) = events(err)
    assert (code, error["event"], error["kind"], error["exit_code"]) == (1, "error", "dump", 1)
    assert "missing.txt" in error["message"]
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    with FaultServer(lambda _: refuse(401, "no")) as server:
        how = ["--model", "m", "--base-url", server.url, "--progress", "json"]
        code, _, err = invoke("run", dump, *how)
    assert (code, events(err)[-1]["kind"]) == (1, "authentication")


def test_what_a_run_waits_for_is_told(tmp_path: Path) -> None:
    """A rate limit of the user's, and an endpoint that takes its time."""
    import asyncio

    from extractor.llm.settings import ModelSettings
    from extractor.run.session import open_engine
    from extractor.run.settings import CallSettings
    from extractor.task import load_task

    async def reasons() -> list[Any]:
        clock = Clock()
        settings = ModelSettings(model="m", base_url="http://127.0.0.1:9/v1")
        calls = CallSettings(cache_dir=None)
        async with open_engine(load_task("paper"), settings, calls) as engine:
            watch = Progress(lambda: None, clock=clock)
            watch.begin(engine, None)
            told = [watch.status().waiting]
            await engine.rate_limiter.clear()
            clock.now = 12.0
            told.append(watch.status().waiting)
            engine.rate_limiter._paused_until = engine.rate_limiter._clock() + 30
            told.append(watch.status().waiting)
            return told

    nothing, slow, limited = asyncio.run(reasons())
    assert nothing is None
    assert (slow.reason, slow.seconds) == ("answer", 12.0)
    assert limited.reason == "rate_limit"
    assert asdict(limited).keys() == {"reason", "text", "seconds"}


def test_the_documented_keys_are_those_that_are_written() -> None:
    from pathlib import Path

    page = Path(__file__).parent.parent / "docs" / "configuration.md"
    section = page.read_text(encoding="utf-8").partition("## Progress for scripts")[2]
    first = re.findall(r"^\| (`[^|]*) \|", section.partition("\n## ")[0], re.MULTILINE)
    assert {name for cell in first for name in re.findall(r"\w+", cell)} == KEYS - {"event"}


@pytest.mark.parametrize("share", [1, 3])
def test_waiting_for_a_rate_limit_of_the_server_is_told(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, share: int
) -> None:
    """All requests are refused until the first pause is over, or one of three is."""
    monkeypatch.setattr("extractor.cli.progress._EVENT_SECONDS", 0.2)
    dump = write_dump(tmp_path / "dump.jsonl", papers(9))
    sent: dict[str, int] = {}

    def script(asked: Asked) -> Reply:
        number = sent.setdefault(asked.title, len(sent))
        refused = asked.time == 1 and number % share == 0
        return refuse(429, headers={"retry-after": "2"}) if refused else answer(asked)

    with FaultServer(script) as server:
        how = ["--model", "m", "--base-url", server.url, "--progress", "json"]
        code, _, err = invoke("run", dump, *how)
    waits = [each["waiting"] for each in events(err) if each["event"] == "progress"]
    told = [wait for wait in waits if wait]
    assert code == 0
    assert {wait["reason"] for wait in told} == {"rate_limit"}
    assert all(0 <= wait["seconds"] <= 2.5 for wait in told)


def test_what_a_run_waits_for_is_not_cut_in_a_narrow_terminal() -> None:
    report = progress.BarReport()
    report._console = Console(width=60, force_terminal=True, record=True, file=StringIO())
    limited = status(
        done=412,
        total=19_800,
        records=412,
        cached=380,
        per_minute=96.4,
        seconds_left=12_240.0,
        waiting=Waiting("rate_limit", "the rate limit", 12.0),
    )
    with report.showing() as (_, show):
        show(limited)
    text = report._console.export_text()
    words = re.sub(r"[━╸╺]|\d:\d\d:\d\d", "", text).split()
    assert "waiting: the rate limit, 12 s" in " ".join(words)
