"""The most memory that a run takes, by its number of papers: plain, gzip, standard input, and
with a first paper whose answer comes last.

    python benchmarks/memory.py [PAPERS]
"""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic_core import to_json
from throughput import write_papers

from extractor.llm.settings import ModelSettings
from extractor.readers import open_dump
from extractor.run.batch import Watcher, run_batch
from extractor.run.prefetch import as_items
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task
from extractor.testing import FakeModel

if TYPE_CHECKING:
    from extractor.readers import Dump

CASES = ("plain", "gzip", "stdin", "slow head")
ALLOWED = 50 * 2**20


@dataclass(frozen=True)
class Peak:
    """One run in a process of its own: its papers, the most bytes it held, its seconds."""

    case: str
    papers: int
    bytes: int
    seconds: float


def measure(case: str, papers: int) -> Peak:
    """Run the engine over a dump with answers that cost nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        dump = Path(scratch) / "papers.jsonl"
        write_papers(dump, papers)
        if case == "gzip":
            dump = _packed(dump)
        with dump.open("rb") as file:
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, __file__, "run", case, str(dump), scratch],
                stdin=file if case == "stdin" else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
            )
        row = json.loads(done.stdout)
        assert row["records"] == papers, row
        return Peak(case, papers, row["bytes"], time.perf_counter() - started)


def _packed(dump: Path) -> Path:
    packed = dump.with_suffix(".jsonl.gz")
    with dump.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as file:
        shutil.copyfileobj(plain, file, 2**20)
    dump.unlink()
    return packed


class _Model(Watcher):
    """Answers at once; the first paper of a slow head only when all the others are done."""

    def __init__(self, case: str, dump: Dump) -> None:
        self._slow = case == "slow head"
        self._dump = dump
        self._others_are_done = asyncio.Event()

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        if self._slow and "Title: Paper 0:" in body["messages"][-1]["content"]:
            await self._others_are_done.wait()
        return {"method_name": None}

    def done(self, *_: Any) -> None:
        if self._dump.position == self._dump.size:
            self._others_are_done.set()


class _Lines:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, row: Any) -> None:
        self._file.write(to_json(row) + b"\n")


async def _run(case: str, path: str, folder: Path) -> dict[str, int]:
    task = load_task("paper")
    with (
        (folder / "records.jsonl").open("wb") as file,
        open_dump("-" if case == "stdin" else path) as dump,
    ):
        model, sink = _Model(case, dump), _Lines(file)
        settings = ModelSettings(model=FakeModel(model.answer))
        async with open_engine(task, settings, CallSettings(cache_dir=None)) as engine:
            items = as_items(dump)
            summary = await run_batch(engine, items, records=sink, failures=sink, watcher=model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"records": summary.records, "bytes": peak}


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        print(json.dumps(asyncio.run(_run(sys.argv[2], sys.argv[3], Path(sys.argv[4])))))
    else:
        most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
        print(measure("plain", 10_000))
        for each in CASES:
            print(measure(each, most), flush=True)
