"""Papers a second beside the rivals and the ceiling, against loopback servers.

Every client is a process of its own, and so is the server. The clients take turns, round after
round, so that whatever else the machine does meets all of them; a client's figure is the
median of its rounds.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
IN_FLIGHT = 64
OWN = ("aiohttp_alone", "openai_alone", "instructor_over_openai", "extractor")
RIVALS = ("flexllm", "async_batch_llm")
NAMES = {
    "aiohttp_alone": "raw aiohttp (the ceiling)",
    "openai_alone": "openai",
    "instructor_over_openai": "instructor over openai",
    "flexllm": "flexllm",
    "async_batch_llm": "async-batch-llm",
    "extractor": "**extractor**, every answer durable",
    "extractor_without_store": "extractor --no-cache",
}
_WORDS = (
    "we present a method for sparse attention over long inputs that keeps only blocks which "
    "matter and needs no training on eight devices it runs faster than dense kernels while "
    "quality on common benchmarks stays what it was and memory falls by half"
)
# What one of them takes is no reason to wait for minutes.
_SLOW = {"openai_alone": 0.3, "instructor_over_openai": 0.15, "async_batch_llm": 0.2}


@dataclass(frozen=True)
class Measured:
    """One client: papers a second (median of the rounds), processor milliseconds a paper."""

    name: str
    rate: float
    processor: float


@contextmanager
def served(seconds: float) -> Iterator[str]:
    """A server that takes so long for each answer; yields its address."""
    command = [sys.executable, str(HERE / "server.py"), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.kill()


def write_papers(path: Path, count: int) -> None:
    """Papers of the usual length, all different, made up of words of the trade."""
    words = _WORDS.split()
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            shift = i % len(words)
            text = " ".join((words[shift:] + words[:shift]) * 4)
            row = {"id": f"p{i}", "title": f"Paper {i}: {text[:60]}", "abstract": f"{i} {text}."}
            file.write(json.dumps(row) + "\n")


def request_parts() -> dict[str, Any]:
    """The instructions and the other fields of the request that this project makes."""
    from extractor.approaches import choose_approach
    from extractor.llm.providers import provider_for
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.task import load_task

    task = load_task("paper")
    settings = ModelSettings(model="m", base_url="http://127.0.0.1/v1")
    endpoint = provider_for(settings).endpoint
    approach = choose_approach(None, task, endpoint)(task, endpoint)
    request = next(approach.requests(Paper("1", "T", "A")))
    body = {**request.body, **endpoint.fields_for(request.limit)}
    return {
        "system": body["messages"][0]["content"],
        "rest": {key: body[key] for key in body if key not in ("model", "messages")},
    }


def measure(
    seconds: float, papers: int, rounds: int, clients: Sequence[str], rivals_python: str | None
) -> list[Measured]:
    """Let the clients take turns at a server; those that cannot be had are left out."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in clients}
    parts = request_parts()
    with tempfile.TemporaryDirectory() as scratch, served(seconds) as url:
        for turn in range(rounds):
            for name in clients:
                folder = Path(scratch) / f"{name}{turn}"
                folder.mkdir()
                count = papers if seconds else int(papers * _SLOW.get(name, 1.0))
                write_papers(folder / "papers.jsonl", count)
                job = {"url": url, "papers": str(folder / "papers.jsonl"), "in_flight": IN_FLIGHT}
                job |= {"folder": str(folder), **parts}
                (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
                python = (rivals_python or "") if name in RIVALS else sys.executable
                row = python and _one(python, name, folder / "job.json")
                if row:
                    rows[name].append(row)
    return [
        Measured(
            name,
            statistics.median(row["papers"] / row["seconds"] for row in measured),
            statistics.median(1000 * row["processor"] / row["papers"] for row in measured),
        )
        for name, measured in rows.items()
        if measured
    ]


def _one(python: str, name: str, job: Path) -> dict[str, float] | None:
    command = [python, str(HERE / "clients.py"), name, str(job)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  {name}: {done.stderr.strip().splitlines()[-1][:200]}", file=sys.stderr)
        return None
    row: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {name}: {row['papers'] / row['seconds']:,.0f}/s", file=sys.stderr)
    return row
