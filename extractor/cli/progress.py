"""What a person sees while the command works, on standard error: bars in a terminal, else lines."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.llm.weights.catalog import Weights
    from extractor.readers import Dump
    from extractor.record import Result, SchemaT
    from extractor.run.batch import Summary, Watcher

_LINE_SECONDS, _BAR_SECONDS = 30.0, 0.1

# One for all displays: rich nests a live display in another one of the same console only.
_console = Console(stderr=True)


@contextmanager
def pull_display(weights: Weights, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a download of weights; call what is yielded with the bytes that are there so far.

    It may be used while the display of a run is live, and from another thread.
    """
    from extractor.llm.weights import files

    if quiet:
        yield lambda _: None
        return
    say(
        f"Pulling {weights.name} ({weights.title}, {weights.size / 1e6:,.0f} MB, "
        f"{weights.licence}) into {files.directory()}"
    )
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console, transient=True) as bars:
        bar = bars.add_task("pull", total=weights.size)
        yield lambda there: bars.update(bar, completed=min(there, weights.size))


@contextmanager
def watch(dump: Dump, *, quiet: bool) -> Iterator[Watcher]:
    """Show how far a run is, measured in bytes of the dump where its size is known."""
    if quiet:
        yield _Watcher(_LINE_SECONDS, say=lambda _: None, show=lambda _: None)
    elif not _console.is_terminal:
        yield _Watcher(_LINE_SECONDS, say=say, show=lambda status: say(_share(dump) + status))
    else:
        columns = (
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=_console, transient=True) as bars:
            bar = bars.add_task("starting", total=dump.size)
            yield _Watcher(
                _BAR_SECONDS,
                say=say,
                show=lambda status: bars.update(bar, description=status, completed=dump.position),
            )


class _Watcher:
    """Shows the state of a run no more often than every so many seconds."""

    def __init__(
        self, seconds: float, *, say: Callable[[str], None], show: Callable[[str], None]
    ) -> None:
        self._seconds = seconds
        self._say = say
        self._show = show
        self._started = self._shown = time.monotonic()

    def done(self, result: Result[SchemaT], summary: Summary) -> None:  # noqa: ARG002
        now = time.monotonic()
        if now - self._shown < self._seconds:
            return
        self._shown = now
        per_minute = 60 * summary.papers / (now - self._started)
        tokens = summary.prompt_tokens + summary.completion_tokens
        self._show(
            f"{summary.papers:,} papers, {per_minute:,.1f}/min, "
            f"{summary.failures:,} failed, {tokens:,} tokens"
        )

    def waiting(self, why: str) -> None:
        self._say(why)

    def stopping(self) -> None:
        self._say("Stopping: finishing the papers in flight. Press Ctrl-C again to stop at once.")


def say(text: str, *, quiet: bool = False) -> None:
    """One line, above the display of a run that is live."""
    if quiet:
        return
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


def _share(dump: Dump) -> str:
    return f"{100 * dump.position / dump.size:.0f} % of the dump, " if dump.size else ""
