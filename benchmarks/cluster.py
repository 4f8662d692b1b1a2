"""A run on Ray on this machine: papers a second beside the plain engine, and the driver's memory.

    python benchmarks/cluster.py speed [PAPERS]
    python benchmarks/cluster.py memory [PAPERS ...]

Needs the extra ``ray``. Speed is measured against ``benchmarks/server.py``, which answers after
50 ms; memory with answers that cost nothing, in a driver process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from throughput import write_papers

from extractor import Extractor
from extractor.testing import FakeModel

_SERVER = Path(__file__).parent / "server.py"
_PART = 1000


@dataclass(frozen=True)
class Ran:
    """One run in a process of its own: its seconds, those between the first part's beginning and
    the last one's end, and the most bytes that the process held."""

    papers: int
    workers: int
    seconds: float
    working: float
    bytes: int


def measure(papers: int, workers: int, url: str = "") -> Ran:
    """Run over a dump, without Ray for no workers."""
    with tempfile.TemporaryDirectory() as scratch:
        dump = Path(scratch) / "papers.jsonl"
        write_papers(dump, papers)
        started = time.perf_counter()
        arguments = ["run", str(dump), scratch, str(workers), url]
        done = subprocess.run(
            [sys.executable, __file__, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "RAY_worker_niceness": "0"},
        )
        seconds = time.perf_counter() - started
        row = json.loads(done.stdout.splitlines()[-1])
        assert row["records"] == papers, row
        return Ran(papers, workers, seconds, row["working"], row["bytes"])


def _run(dump: str, scratch: str, workers: int, url: str) -> dict[str, float]:
    model: dict[str, Any] = {"model": FakeModel({"method_name": None})}
    if url:
        model = {"model": "m", "base_url": url, "concurrency": 32}
    out = Path(scratch) / ("parts" if workers else "records.jsonl")
    with Extractor(**model) as extractor:
        if workers:
            ran = extractor.run(
                Path(dump), out=out, engine="ray", workers=workers, part_papers=_PART
            )
            working = _span(out)
        else:
            os.environ["EXTRACTOR_CACHE_DIR"] = scratch
            ran = extractor.run(Path(dump), out=out)
            working = ran.seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"records": ran.records, "working": working, "bytes": peak}


def _span(out: Path) -> float:
    """From the first part's beginning to the last one's end, by their files."""
    begun = min(each.stat().st_mtime for each in out.glob("_stores/*/epoch-*/.epoch"))
    return max(each.stat().st_mtime for each in out.glob("_stores/*/complete.json")) - begun


def _speed(papers: int) -> None:
    server = subprocess.Popen([sys.executable, _SERVER, "0.05"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        for workers in (0, 1, 2):
            ran = measure(papers, workers, url)
            print(f"{ran} {papers / ran.working:,.0f} papers/s at work", flush=True)
    finally:
        server.terminate()


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "run":
        print(json.dumps(_run(rest[0], rest[1], int(rest[2]), rest[3])))
    elif what == "speed":
        _speed(int(rest[0]) if rest else 10_000)
    else:
        for number in map(int, rest or ("10000", "100000", "1000000")):
            print(measure(number, 1), flush=True)
