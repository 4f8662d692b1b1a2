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

from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.llm.settings import WaitDisplay
    from extractor.llm.weights.catalog import Weights
    from extractor.readers import Dump
    from extractor.record import Result, SchemaT
    from extractor.run.batch import Summary

_LINE_SECONDS, _BAR_SECONDS = 30.0, 0.1
_LONG_WAIT_SECONDS = 10.0

# One for all displays: rich nests a live display in another one of the same console only.
_console = Console(stderr=True)


@contextmanager
def pull_display(weights: Weights, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a download of weights; call what is yielded with the bytes that are there so far.

    It may be used while the display of a run is live, and from another thread.
    """
    from extractor.llm.own_files import models_dir

    if quiet:
        yield lambda _: None
        return
    say(
        f"Pulling {weights.name} ({weights.title}, {weights.size / 1e6:,.0f} MB, "
        f"{weights.licence}) into {models_dir()}"
    )
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console, transient=True) as bars:
        bar = bars.add_task("pull", total=weights.size)
        yield lambda there: bars.update(bar, completed=min(there, weights.size))


@contextmanager
def watch(dump: Dump, *, quiet: bool) -> Iterator[RunDisplay]:
    """Show how far a run is, measured in bytes of the dump where its size is known."""
    if quiet:
        yield RunDisplay(_LINE_SECONDS, say=lambda _: None, show=lambda _: None)
    elif not _console.is_terminal:
        yield RunDisplay(_LINE_SECONDS, say=say, show=lambda status: say(_share(dump) + status))
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
            yield RunDisplay(
                _BAR_SECONDS,
                say=say,
                show=lambda status: bars.update(bar, description=status, completed=dump.position),
            )


def wait_lines(*, quiet: bool) -> WaitDisplay:
    """Shows what is waited for where there is no display of a run."""
    show = (lambda _: None) if quiet else say
    return RunDisplay(_LINE_SECONDS, say=say, show=show).waiting


class RunDisplay:
    """Shows the state of a run no more often than every so many seconds."""

    def __init__(
        self, seconds: float, *, say: Callable[[str], None], show: Callable[[str], None]
    ) -> None:
        self._seconds = seconds
        self._say = say
        self._show = show
        self._started = self._shown = time.monotonic()
        self._summary: Summary | None = None
        self._long_wait = False

    def done(self, result: Result[SchemaT], summary: Summary) -> None:  # noqa: ARG002
        self._summary = summary
        self._show_at_times()

    def waiting(self, what: str, seconds: float) -> None:
        """Show what is waited for once it takes long, and no longer when it has come."""
        was_long, self._long_wait = self._long_wait, seconds >= _LONG_WAIT_SECONDS
        if self._long_wait:
            self._show_at_times(f"{what}, for {seconds:,.0f} s")
        elif was_long:
            self._show_at_times()

    def _show_at_times(self, wait: str = "") -> None:
        now = time.monotonic()
        if now - self._shown < self._seconds:
            return
        self._shown = now
        status = _status(self._summary, now - self._started) if self._summary else "starting"
        self._show(f"{status}; {wait}" if wait else status)

    def stopping(self) -> None:
        self._say("Stopping: finishing the papers in flight. Press Ctrl-C again to stop at once.")


def _status(summary: Summary, seconds: float) -> str:
    tokens = summary.prompt_tokens + summary.completion_tokens
    return (
        f"{counted(summary.papers, 'paper')}, {60 * summary.papers / seconds:,.1f}/min, "
        f"{summary.failures:,} failed, {counted(tokens, 'token')}"
    )


def say(text: str, *, quiet: bool = False) -> None:
    """One line, above the display of a run that is live."""
    if quiet:
        return
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


def _share(dump: Dump) -> str:
    return f"{100 * dump.position / dump.size:.0f} % of the dump, " if dump.size else ""
