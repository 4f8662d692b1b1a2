"""What a person sees while it works, on standard error: bars in a terminal, else plain lines."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from extractor.writers import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from extractor.llm.weights.catalog import Weights
    from extractor.readers import Dump
    from extractor.run.batch import Summary, Watcher
    from extractor.run.bill import Bill

_PLAIN_SECONDS = 30.0
_BAR_SECONDS = 0.1


@contextmanager
def pull_display(weights: Weights, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Tell what is downloaded, how large it is and how far it is."""
    from extractor.llm.weights import files

    console = Console(stderr=True, quiet=quiet)
    console.print(
        f"Pulling {weights.name} ({weights.title}, {weights.size / 1e6:,.0f} MB, "
        f"{weights.licence}) into {files.directory()}",
        highlight=False,
        soft_wrap=True,
    )
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("pull", total=weights.size)
        yield lambda there: bars.update(bar, completed=min(there, weights.size))


@contextmanager
def watch(dump: Dump, *, quiet: bool) -> Iterator[Watcher]:
    """A display of the run's progress, measured in bytes of the dump where its size is known."""
    console = Console(stderr=True, quiet=quiet)
    if quiet or not console.is_terminal:
        yield _Lines(console, dump)
        return
    columns = (
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bar(bars, dump)


class _Bar:
    """A bar in a terminal."""

    def __init__(self, bars: Progress, dump: Dump) -> None:
        self._bars = bars
        self._dump = dump
        self._started = time.monotonic()
        self._told = 0.0
        self._bar = bars.add_task("starting", total=dump.size)

    def done(self, result: Any, summary: Summary) -> None:  # noqa: ARG002
        now = time.monotonic()
        if now - self._told < _BAR_SECONDS:
            return
        self._told = now
        text = _status(summary, now - self._started)
        self._bars.update(self._bar, description=text, completed=self._dump.position)

    def stopping(self) -> None:
        self._bars.console.print(
            "Stopping: finishing what is in flight. Ctrl-C again stops at once.", highlight=False
        )


class _Lines:
    """A plain line now and then, for logs."""

    def __init__(self, console: Console, dump: Dump) -> None:
        self._console = console
        self._dump = dump
        self._started = self._told = time.monotonic()

    def done(self, result: Any, summary: Summary) -> None:  # noqa: ARG002
        now = time.monotonic()
        if now - self._told >= _PLAIN_SECONDS:
            self._told = now
            share = _share(self._dump)
            self._say(f"{share}{_status(summary, now - self._started)}")

    def stopping(self) -> None:
        self._say("Stopping: finishing what is in flight. Ctrl-C again stops at once.")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)


def _share(dump: Dump) -> str:
    return f"{100 * dump.position / dump.size:.0f} % of the dump, " if dump.size else ""


def _status(summary: Summary, seconds: float) -> str:
    rate = 60 * summary.papers / seconds if seconds > 0 else 0.0
    tokens = summary.prompt_tokens + summary.completion_tokens
    return (
        f"{summary.papers:,} papers, {rate:,.1f}/min, "
        f"{summary.failures:,} failed, {tokens:,} tokens"
    )


def closing_lines(summary: Summary, out: Path | None, bill: Bill) -> Iterator[str]:
    """The closing summary, line by line."""
    where = f" in {out}{'' if summary.complete else PARTIAL}" if out else ""
    yield (
        f"{summary.records:,} records{where}, {summary.failures:,} failures, "
        f"{summary.seconds:,.1f} s; {summary.cached:,} from the cache"
    )
    yield from bill.lines()
    if summary.kinds:
        yield "failed: " + ", ".join(f"{kind} {n:,}" for kind, n in sorted(summary.kinds.items()))
    if summary.refused:
        yield f"{summary.refused:,} values refused for want of words: see meta.dropped"
    if not summary.complete and out:
        yield f"{out} is as it was before: what is done stands in {out}{PARTIAL}"
    if summary.interrupted:
        yield "Interrupted. Everything paid for is kept: the same command goes on from here."
