"""What a person, or a script, is told on standard error while a command works."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from extractor.cli import exit_code_of
from extractor.cli.figures import duration, money
from extractor.cli.options import ProgressKind
from extractor.errors import ExtractorError, harmless
from extractor.plurals import counted
from extractor.run.progress import LONG_WAIT_SECONDS, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.prices import Prices
    from extractor.llm.settings import WaitDisplay
    from extractor.llm.weights.catalog import Weights
    from extractor.run.extent import Total
    from extractor.run.progress import Status, Waiting

T = TypeVar("T")
_LINE_SECONDS, _BAR_SECONDS, _EVENT_SECONDS = 30.0, 0.2, 1.0
STOPPING = "Stopping: finishing the papers in flight. Press Ctrl-C again to stop at once."


class Report:
    """What a command tells while it works. This one tells nothing: ``-q``."""

    def say(self, text: str) -> None:
        """Tell a line."""

    def event(self, event: str, **keys: Any) -> None:
        """Tell a script what happened; only `JsonReport` does."""

    def error(self, error: ExtractorError, code: int) -> None:  # noqa: ARG002
        """Tell an error, with which the command ends later."""
        print(f"extractor: {error}", file=sys.stderr, flush=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Tell an error that ends the block, where it is not told as all errors are."""
        yield

    @contextmanager
    def pulling(self, weights: Weights) -> Iterator[Callable[[int], None]]:
        """Show a download of weights; call what is yielded with the bytes that are there so far.

        It may be used while a run is shown, and from another thread.
        """
        from extractor.llm.own_files import models_dir

        self.say(
            f"Pulling {weights.name} ({weights.title}, {weights.size / 1e6:,.0f} MB, "
            f"{weights.licence}) into {models_dir()}"
        )
        with self._download(weights.size) as show:
            yield show

    @contextmanager
    def _download(self, size: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        yield lambda _: None

    @contextmanager
    def showing(self) -> Iterator[tuple[float, Callable[[Status], None]]]:
        """Yields how often, in seconds, a run is to be shown, and what shows it."""
        yield _LINE_SECONDS, lambda _: None

    @contextmanager
    def watch(
        self,
        total: Callable[[], Total | None],
        prices: Callable[[Endpoint], Prices | None] = lambda _: None,
    ) -> Iterator[RunDisplay]:
        """Show how far a run is, by papers; ``total`` tells how many there are."""
        with self.showing() as (seconds, show):
            yield RunDisplay(self, total, prices, seconds, show)

    def wait_display(self) -> WaitDisplay:
        """Shows what is waited for where no run is shown."""
        shown = time.monotonic()

        def show(what: str, seconds: float) -> None:
            nonlocal shown
            now = time.monotonic()
            if seconds >= LONG_WAIT_SECONDS and now - shown >= _LINE_SECONDS:
                shown = now
                self.say(f"{what}, for {seconds:,.0f} s")

        return show


class LineReport(Report):
    """Lines, and a line on the run every 30 seconds if ``progress`` is wanted."""

    def __init__(self, *, progress: bool = True) -> None:
        self._progress = progress

    def say(self, text: str) -> None:
        print(harmless(text), file=sys.stderr, flush=True)

    @contextmanager
    def showing(self) -> Iterator[tuple[float, Callable[[Status], None]]]:
        yield _LINE_SECONDS, self._show

    def _show(self, status: Status) -> None:
        if self._progress:
            self.say(status_line(status))


class BarReport(Report):
    """Lines above bars, in a terminal."""

    def __init__(self) -> None:
        # One for all displays: rich nests a live display in another one of the same console only.
        self._console = _console()

    def say(self, text: str) -> None:
        self._console.print(harmless(text), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def _download(self, size: int) -> Iterator[Callable[[int], None]]:
        from rich import progress

        columns = (
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
        )
        with progress.Progress(*columns, console=self._console, transient=True) as bars:
            bar = bars.add_task("pull", total=size)
            yield lambda there: bars.update(bar, completed=min(there, size))

    @contextmanager
    def showing(self) -> Iterator[tuple[float, Callable[[Status], None]]]:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        columns = (
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False)),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=self._console, transient=True) as bars:
            bar = bars.add_task("starting", total=None)

            def show(status: Status) -> None:
                line = status_line(status)
                bars.update(bar, description=line, completed=status.done, total=status.total)

            yield _BAR_SECONDS, show


class JsonReport(Report):
    """One JSON object a line, for scripts (docs/configuration.md lists the keys)."""

    def __init__(self) -> None:
        self._shown: dict[str, Any] = {}
        self._at = 0.0

    def say(self, text: str) -> None:
        self.event("note", text=text)

    def event(self, event: str, **keys: Any) -> None:
        print(json.dumps({"event": event, **keys}), file=sys.stderr, flush=True)

    def error(self, error: ExtractorError, code: int) -> None:
        self.event("error", kind=error.kind, message=str(error), exit_code=code)

    @contextmanager
    def errors(self) -> Iterator[None]:
        try:
            yield
        except ExtractorError as error:
            code = exit_code_of(error)
            self.error(error, code)
            sys.exit(code)

    @contextmanager
    def showing(self) -> Iterator[tuple[float, Callable[[Status], None]]]:
        yield _EVENT_SECONDS, self._show

    def _show(self, status: Status) -> None:
        """Tell what is new, and every 30 seconds that nothing is."""
        told = status.to_dict()
        lasting = {"done": told["done"], "waiting": bool(told["waiting"]), "total": told["total"]}
        if lasting != self._shown or status.seconds - self._at >= _LINE_SECONDS:
            self._shown, self._at = lasting, status.seconds
            self.event("progress", **{name: _rounded(value) for name, value in told.items()})


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 6) if isinstance(value, float) else value


class RunDisplay(Progress):
    """Shows the status of a run every so many seconds, also while nothing is done."""

    def __init__(
        self,
        report: Report,
        total: Callable[[], Total | None],
        prices: Callable[[Endpoint], Prices | None],
        seconds: float,
        show: Callable[[Status], None],
    ) -> None:
        super().__init__(total, prices=prices)
        self._report = report
        self._seconds = seconds
        self._show = show
        self._shown = self._clock()

    def passing(self, items: Iterable[T]) -> Iterator[T]:
        """Pass items on, and show how many there were; nothing is extracted of them."""
        for item in items:
            yield item
            self.left_out()
            self.tick()

    def tick(self) -> None:
        now = self._clock()
        if now - self._shown >= self._seconds:
            self._shown = now
            self._show(self.status())

    def stopping(self) -> None:
        self._report.say(STOPPING)

    def tell(self, text: str) -> None:
        self._report.say(text)


def report_for(kind: ProgressKind = ProgressKind.AUTO, *, quiet: bool = False) -> Report:
    """The report that the options ask for; by itself bars in a terminal, else lines."""
    if kind is ProgressKind.JSON:
        return JsonReport()
    if quiet:
        return Report()
    if kind is ProgressKind.AUTO and _console().is_terminal:
        return BarReport()
    return LineReport(progress=kind is not ProgressKind.NONE)


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def status_line(status: Status) -> str:
    """The status of a run in a line: what is done, the speed, the time left, the cost."""
    parts = [
        _done(status),
        f"{status.cached:,} from the cache" if status.cached else "",
        f"{status.earlier:,} from an earlier attempt" if status.earlier else "",
        f"{status.failures:,} failed" if status.failures else "",
        f"{status.per_minute:,.1f}/min" if status.per_minute else "",
        f"{duration(status.seconds_left)} left" if status.seconds_left else "",
        f"${money(status.cost)} spent" if status.cost else "",
    ]
    line = ", ".join(filter(None, parts))
    return f"{line}; waiting: {_wait(status.waiting)}" if status.waiting else line


def _done(status: Status) -> str:
    if status.total is None:
        return counted(status.done, "paper") if status.done else "starting"
    about = "" if status.total_is_exact else "about "
    return f"{status.done:,} of {about}{counted(status.total, 'paper')}"


def _wait(wait: Waiting) -> str:
    if not wait.seconds:
        return wait.text
    left = "" if wait.reason == "rate_limit" else "for "
    return f"{wait.text}, {left}{duration(wait.seconds)}"
