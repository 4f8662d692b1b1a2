"""The command in processes of its own that start at once.

What is slow about starting it is importing; so one process imports everything and forks a
child for each command.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path


class Command:
    """One started command; ``said`` is what it wrote on standard error and output."""

    def __init__(self, pid: int, starter: Starter, log: Path) -> None:
        self.pid = pid
        self._starter = starter
        self._log = log

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, negative for the signal that ended it."""
        return self._starter.status(self.pid)

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")


class Starter:
    """Starts commands; one that it started is waited for once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = 0
        self._lock = threading.Lock()
        self._ends: dict[int, int] = {}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, *arguments: object, **environment: str) -> Command:
        """Start ``extractor`` with these arguments."""
        self._started += 1
        log = self._folder / f"command{self._started}.log"
        answer = self._ask(f"start {log!s}", *map(str, arguments), str(environment))
        return Command(int(answer), self, log)

    def run(self, *arguments: object, **environment: str) -> tuple[int, str]:
        """Run it to its end: exit code, and what it said."""
        command = self.start(*arguments, **environment)
        return command.wait(), command.said

    def status(self, pid: int) -> int:
        return int(self._ask(f"wait {pid}"))

    def _ask(self, *words: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write("\t".join(words) + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().strip()


def _serve() -> None:
    for line in sys.stdin:
        first, *words = line.rstrip("\n").split("\t")
        what, _, with_ = first.partition(" ")
        if what == "wait":
            _, status = os.waitpid(int(with_), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if not pid:
            _become(with_, words)
        print(pid, flush=True)


def _become(log: str, words: list[str]) -> Any:
    import ast

    from extractor.cli import main

    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    null = os.open(os.devnull, os.O_RDONLY)
    for number, to in ((0, null), (1, file), (2, file)):
        os.dup2(to, number)
    os.environ.update(ast.literal_eval(words.pop()))
    sys.argv = ["extractor", *words]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import_everything() -> None:
    import instructor.v2  # noqa: F401
    from openai.resources import AsyncBatches, AsyncFiles  # noqa: F401

    import extractor.approaches.full_schema
    import extractor.cli.app
    import extractor.cli.progress
    import extractor.llm.client
    import extractor.llm.http_transport
    import extractor.llm.providers.hosted
    import extractor.llm.store.runs
    import extractor.readers
    import extractor.record
    import extractor.run.batch
    import extractor.run.by_batch
    import extractor.schemas.paper
    import extractor.writers  # noqa: F401


if __name__ == "__main__":
    _import_everything()
    _serve()
