"""The command over a dump whose answers are all in the cache: JSON Lines to JSON Lines."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from throughput import served, write_papers

_SECONDS = re.compile(r"failures, ([\d.,]+) s; ([\d,]+) from the cache")


@dataclass(frozen=True)
class Cached:
    """Papers, seconds from the first paper to the last, and those of the whole command."""

    papers: int
    seconds: float
    command: float


def measure(papers: int, rounds: int = 3) -> Cached:
    """The best of some rounds, after one that fills the cache."""
    with tempfile.TemporaryDirectory() as scratch, served(0.0) as url:
        folder = Path(scratch)
        write_papers(folder / "papers.jsonl", papers)
        command = [sys.executable, "-m", "extractor", "run", str(folder / "papers.jsonl")]
        command += ["-o", str(folder / "records.jsonl"), "--cache-dir", str(folder / "answers")]
        command += ["--model", "m", "--base-url", url]
        subprocess.run(command, capture_output=True, check=True)
        return min((_one(command, papers) for _ in range(rounds)), key=lambda one: one.seconds)


def _one(command: list[str], papers: int) -> Cached:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    whole = time.perf_counter() - started
    found = _SECONDS.search(done.stderr)
    assert found is not None, done.stderr
    assert int(found[2].replace(",", "")) == papers, done.stderr
    return Cached(papers, float(found[1].replace(",", "")), whole)


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
