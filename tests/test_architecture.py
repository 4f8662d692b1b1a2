"""docs/architecture.md says what happens to one paper; a trace of a run says whether it is so."""

from __future__ import annotations

import asyncio
import dis
import inspect
import re
import sys
import threading
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import write_jsonl

import extractor
from extractor.llm.settings import ModelSettings
from extractor.paper import Paper
from extractor.readers import open_dump
from extractor.run.batch import Watcher, run_batch
from extractor.run.prefetch import as_items
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.run.state import open_run_state
from extractor.task import load_task
from extractor.testing import FakeModel
from extractor.writers import choose_writer, open_output

if TYPE_CHECKING:
    from types import CodeType, FrameType

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = Path(extractor.__file__).parent
MOST_FUNCTIONS, MOST_STOPS = 31, 15
PAPERS = 20

FOLDERS = ("readers", "grounding", "candidates", "writers", "llm/store", "llm/limits")
"""What is one step, however many files it has."""

ABSTRACT = (
    "We present FooNet, which samples 3.2x faster than Flow-B on ImageNet with an NVIDIA A100 GPU. "
    "Code is at https://example.org/foonet."
)
ANSWER = {
    "method_name": "FooNet",
    "claimed_speedups": [
        {"quote": "3.2x faster", "value": 3.2, "unit": "x", "kind": "runtime", "baseline": "Flow-B"}
    ],
    "benchmarks": ["ImageNet"],
    "hardware": ["NVIDIA A100 GPU"],
    "code_url": "https://example.org/foonet",
}


class Trace:
    """Counts, while it is on, the functions that are entered from another step."""

    def __init__(self) -> None:
        self.on = False
        self.entered: Counter[tuple[str, str]] = Counter()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if not self.on or event != "call" or frame.f_code.co_name.startswith("<"):
            return
        if frame.f_lasti > _start(frame.f_code):
            return  # it goes on: how often it has waited depends on the speed of the machine
        step, caller = _step(frame.f_code), frame.f_back
        while caller is not None and _step(caller.f_code) is None:
            caller = caller.f_back
        if step is not None and (caller is None or _step(caller.f_code) != step):
            self.entered[step, frame.f_code.co_qualname] += 1

    def of_every_paper(self) -> set[tuple[str, str]]:
        return {entered for entered, times in self.entered.items() if times >= PAPERS}


@cache
def _start(code: CodeType) -> int:
    """Where a coroutine begins, which goes on behind that."""
    if not code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return len(code.co_code)
    return next(each.offset for each in dis.get_instructions(code) if each.opname == "RESUME")


def _step(code: CodeType) -> str | None:
    """The step that a function belongs to, None where it is not the package's own.

    The fake model stands where the wire is; validators of a schema are not counted.
    """
    path = Path(code.co_filename)
    if not path.is_relative_to(PACKAGE) or path.name == "testing.py":
        return None
    inside = path.relative_to(PACKAGE).as_posix()
    if inside.startswith("schemas/"):  # where they are linked into the package
        return None
    folders = (folder for folder in FOLDERS if inside.startswith(f"{folder}/"))
    folder = next(folders, None)
    return f"extractor/{folder}/" if folder else f"extractor/{inside}"


class Unwatched(Watcher):
    """Told of every paper, outside of the package."""

    def done(self, *_: object) -> None: ...


def _traced(dump: Path, folder: Path, settings: ModelSettings) -> set[tuple[str, str]]:
    """What every paper of a run over a dump goes through, without what a run does once."""
    trace, calls = Trace(), CallSettings(cache_dir=folder / "answers")
    task = load_task("paper")

    async def run() -> None:
        sink = open_output(choose_writer("jsonl", None), folder / "records.jsonl", {})
        with open_run_state(calls) as state, open_dump(dump) as source, sink as rows:
            async with open_engine(task, settings, calls, state) as engine:
                await engine.extract(Paper("warm", "Warming up", f"{ABSTRACT} Once."))
                trace.on = True
                summary = await run_batch(
                    engine,
                    as_items(source),
                    records=rows,
                    failures=rows,
                    watcher=Unwatched(),
                )
                trace.on = False
        assert summary.records == PAPERS

    profile: Any = trace
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        asyncio.run(run())
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return trace.of_every_paper()


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a display is refreshed depends on the speed of the machine."""
    monkeypatch.setattr("extractor.run.batch._TICK_SECONDS", 3600.0)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    rows = (
        {"id": f"p{i}", "title": "FooNet: Fast Flow Matching", "abstract": f"{ABSTRACT} Part {i}."}
        for i in range(PAPERS)
    )
    return write_jsonl(tmp_path / "papers.jsonl", rows)


def documented_steps() -> list[str]:
    way = PAGE.partition("## The path of one paper")[2].partition("## Where")[0]
    return re.findall(r"^\| \d+ \| `([^`]+)`", way, re.MULTILINE)


def test_one_papers_way_is_as_it_is_documented(dump: Path, tmp_path: Path) -> None:
    settings = ModelSettings(model=FakeModel(ANSWER), approach="full-schema", concurrency=1)
    entered = _traced(dump, tmp_path, settings)
    assert {step for step, _ in entered} == set(documented_steps()), sorted(entered)
    assert len(documented_steps()) <= MOST_STOPS
    assert len(entered) <= MOST_FUNCTIONS, "\n".join(map(str, sorted(entered)))


def test_a_paper_that_leaves_nothing_open_meets_no_model(dump: Path, tmp_path: Path) -> None:
    entered = _traced(dump, tmp_path, ModelSettings(model="none", concurrency=1))
    steps = {step for step, _ in entered}
    assert "extractor/approaches/candidates.py" in steps
    assert "extractor/candidates/" in steps
    assert not any("llm/store" in step for step in steps)
    assert len(entered) <= MOST_FUNCTIONS, "\n".join(map(str, sorted(entered)))


def test_every_path_that_the_page_names_exists() -> None:
    for path in re.findall(r"`((?:extractor|schemas|prompts|benchmarks|tests)/[\w./]*)`", PAGE):
        if "NAME" not in path:
            assert (ROOT / path).exists(), path


def test_the_page_explains_fifteen_words() -> None:
    words = PAGE.partition("## Glossary")[2]
    assert len(re.findall(r"^- \*\*", words, re.MULTILINE)) == 15
