"""How long ``--help`` takes, beside another command of the kind."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path


def seconds(command: list[str], rounds: int = 9) -> float:
    """The median of some rounds, in seconds of wall clock, after one that fills the caches."""
    taken = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def measure(rivals_python: str | None) -> dict[str, float]:
    """Seconds by command; ``llm`` only where the rivals' environment has it."""
    commands = {"extractor --help": [str(Path(sys.executable).with_name("extractor")), "--help"]}
    commands["python -c pass"] = [sys.executable, "-c", "pass"]
    if rivals_python and (llm := Path(rivals_python).with_name("llm")).exists():
        commands["llm --help"] = [str(llm), "--help"]
    return {name: seconds(command) for name, command in commands.items()}


if __name__ == "__main__":
    print(measure(sys.argv[1] if len(sys.argv) > 1 else None))
