"""Progress as a bar of tqdm, which draws itself in a terminal and in a notebook."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from extractor.run.batch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.llm.weights.catalog import Weights
    from extractor.record import Result
    from extractor.run.batch import Summary
    from extractor.run.extent import Total

_LONG_WAIT_SECONDS = 10.0


class Progress:
    """What an Extractor shows; nothing unless ``shown``, or while a call asks for it."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None

    @contextmanager
    def papers(
        self,
        total: int | None,
        *,
        likely: Callable[[], int | None],
        shown: bool | None,
    ) -> Iterator[Watcher]:
        """Show a bar of papers for the length of the block; ``likely`` is asked for their number
        where there is no ``total``."""
        before = self._shown, self._bar
        self._shown = self._shown if shown is None else shown
        try:
            if self._shown:
                with _tqdm()(total=total, unit=" papers") as self._bar:
                    bar = PaperBar(self._bar, likely if total is None else lambda: total)
                    yield bar
                    bar.tick()  # the last paper may be done before the end of the dump is read
            else:
                yield Watcher()
        finally:
            self._shown, self._bar = before

    def waiting(self, what: str, seconds: float) -> None:
        """Show what is waited for, once it takes long."""
        if self._bar is not None:
            is_long = seconds >= _LONG_WAIT_SECONDS
            self._bar.set_description(f"{what}, for {seconds:,.0f} s" if is_long else None)

    def tell(self, text: str) -> None:
        """Show a line above the bars."""
        if self._shown:
            _tqdm().write(text)

    @contextmanager
    def pull(self, weights: Weights) -> Iterator[Callable[[int], None]]:
        """Show the download of a model; call what is yielded with the bytes that are there."""
        if not self._shown:
            yield lambda _: None
            return
        with _tqdm()(total=weights.size, unit="B", unit_scale=True, desc=weights.name) as bar:

            def show(there: int) -> None:
                bar.update(min(there, weights.size) - bar.n)

            yield show


class PaperBar(Watcher):
    """The bar of one call; watches a batch."""

    def __init__(self, bar: Any, total: Callable[[], int | None]) -> None:
        self._bar = bar
        self._total = total

    def done(self, result: Result[Any], summary: Summary) -> None:  # noqa: ARG002
        counts = (
            (summary.failures, "failed"),
            (summary.cached, "from the cache"),
            (summary.earlier, "from an earlier attempt"),
        )
        said = ", ".join(f"{number:,} {what}" for number, what in counts if number)
        self._bar.set_postfix_str(said, refresh=False)
        self._advance()

    def so_far(self, summary: Summary, total: Total | None) -> None:
        self._total = lambda: total.number if total else None
        if self._bar is not None:
            self._bar.update(max(0, summary.papers - self._bar.n))
            self.tick()

    def tell(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text)

    def left_out(self) -> None:
        self._advance()

    def tick(self) -> None:
        if self._bar.total != (total := self._total()):
            self._bar.total = total
            self._bar.refresh()

    def stopping(self) -> None:
        self._bar.write("Stopping: finishing the papers in flight. Interrupt again to stop.")

    def _advance(self) -> None:
        self._bar.total = self._total()
        self._bar.update()


def _tqdm() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets gets the bar of a terminal
        from tqdm.auto import tqdm
    return tqdm
