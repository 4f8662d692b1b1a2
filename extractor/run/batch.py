"""A batch: one dump through the engine into an output, with failures written separately."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import aclosing, closing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from extractor.confidence import BELOW
from extractor.errors import ExtractorError, InternalError, OutputError, UnfitRecord
from extractor.llm.limits import Stopped
from extractor.record import Failure, Record
from extractor.run.prefetch import Prefetch
from extractor.run.reorder import InOrder, Row
from extractor.run.stop import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from contextlib import AbstractAsyncContextManager

    from extractor.paper import Paper
    from extractor.record import Result, SchemaT
    from extractor.run.engine import Engine, Retry
    from extractor.run.extent import Total
    from extractor.writers import Sink

Ahead: TypeAlias = (
    "Callable[[Engine[Any], Iterable[Paper | Failure], Watcher],"
    " AbstractAsyncContextManager[Iterable[Paper | Failure]]]"
)
"""What is done before a run: it takes the items, and gives them back to be read again."""

logger = logging.getLogger("extractor.run")

_TICK_SECONDS = 0.2


@dataclass
class Summary:
    """The summary of a batch.

    ``cached`` counts the records that cost nothing in this run, ``earlier`` those that an earlier
    attempt at it paid for, ``refused_in`` the values of each field that were rejected. ``unlikely``
    are the values below the lowest confidence, ``unknown`` those kept without one; both are None
    where none is set. ``seconds`` are wall-clock time.
    ``stopped`` is the error that ended the run early, ``interrupted`` says that the user did; else
    it is ``complete``. The tokens are those of the records that were paid for in this attempt.
    ``kinds`` counts the failures of each kind of error, and ``reasons`` has the first message of
    each.
    """

    records: int = 0
    failures: int = 0
    cached: int = 0
    earlier: int = 0
    refused_in: Counter[str] = field(default_factory=Counter)
    unlikely: int | None = None
    unknown: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    interrupted: bool = False
    stopped: ExtractorError | None = None
    seconds: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def papers(self) -> int:
        return self.records + self.failures

    @property
    def refused(self) -> int:
        return self.refused_in.total()

    @property
    def new(self) -> int:
        """The records that this attempt paid for, as far as they cost anything."""
        return self.records - self.cached - self.earlier

    @property
    def complete(self) -> bool:
        return not self.interrupted and self.stopped is None

    def count(self, result: Result[SchemaT]) -> None:
        if isinstance(result, Failure):
            self._count_failure(result.error, result.message)
            return
        self.records += 1
        self.refused_in.update(
            item.field for item in result.meta.dropped if not item.reason.startswith(BELOW)
        )
        if result.meta.cached:
            self.cached += 1
        elif result.earlier:
            self.earlier += 1
        else:
            self.prompt_tokens += result.meta.prompt_tokens
            self.completion_tokens += result.meta.completion_tokens

    def count_unfit(self, error: UnfitRecord) -> None:
        """Count a record, which was counted as one, as the failure that became of it."""
        self.records -= 1
        self._count_failure(error.kind, str(error))

    def _count_failure(self, kind: str, message: str) -> None:
        self.failures += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.reasons.setdefault(kind, message)


class Watcher:
    """Told of a run what a display of its progress needs; this one does nothing with it."""

    def begin(self, engine: Engine[Any], retry: Retry | None) -> None:
        """The run begins."""

    def done(self, result: Result[SchemaT], summary: Summary) -> None:
        """A result is done; ``summary`` counts those so far."""

    def so_far(self, summary: Summary, total: Total | None) -> None:
        """A run whose results are not seen one by one is so far, of ``total`` papers."""

    def tell(self, text: str) -> None:
        """A line for the user, of a worker elsewhere."""

    def left_out(self) -> None:
        """A paper is left out, as it has a record already."""

    def batches(self, text: str, seconds: float) -> None:
        """Batches of the provider are waited for, for so many seconds; ``text`` tells their states
        and is empty when they have ended."""

    def tick(self) -> None:
        """Called a few times a second, also where nothing is done."""

    def stopping(self) -> None:
        """The user asked the run to stop; papers in flight are finished."""


async def run_batch(
    engine: Engine[SchemaT],
    items: Iterable[Paper | Failure],
    *,
    records: Sink,
    failures: Sink,
    watcher: Watcher,
    retry: Retry | None = None,
    release: Callable[[], None] = lambda: None,
    stop: Stop | None = None,
    ahead: Ahead | None = None,
) -> Summary:
    """Extract every item and write its record or failure, in the order of the dump.

    On the first SIGINT or SIGTERM no more papers are taken and those in flight are finished; the
    second cancels them; the summary says ``interrupted``. ``release`` ends a pending read of the
    items when no more are wanted. With ``stop``, that is asked instead of signals. What is done
    ``ahead`` of the run reads the items first. An error that ends the run is in the summary if
    anything was written, and is raised otherwise.
    """
    summary, started = Summary(), time.monotonic()
    watcher.begin(engine, retry)
    ticking = asyncio.ensure_future(_tick(watcher))
    signals = Stop().on_interrupt() if stop is None else nullcontext(stop)
    with signals as stop, engine.stoppable(), closing(InOrder()) as order:
        stop.begin(engine, watcher)
        try:
            async with ahead(engine, items, watcher) if ahead else nullcontext(items) as read:
                source = Prefetch(read, release)
                try:
                    async with aclosing(engine.run(source, retry=retry)) as done:
                        await _write_all(done, order, records, failures, watcher, summary)
                finally:
                    source.stop()
                    source.join()
        except Stopped:
            pass  # before the first paper
        except asyncio.CancelledError:
            if not stop.forced:
                raise
        except ExtractorError as error:
            if isinstance(error, OutputError) or not summary.papers:
                raise
            summary.stopped = error
        finally:
            ticking.cancel()
        for row in order.rest():
            _write(row, records, failures, summary)
    if least := engine.min_confidence:
        summary.unlikely, summary.unknown = least.left_out, least.unknown
    summary.interrupted = stop.requested
    summary.seconds = time.monotonic() - started
    return summary


async def _tick(watcher: Watcher) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        watcher.tick()


async def _write_all(
    done: AsyncIterator[tuple[int, Result[SchemaT]]],
    order: InOrder,
    records: Sink,
    failures: Sink,
    watcher: Watcher,
    summary: Summary,
) -> None:
    async for position, result in done:
        result, values = _values(result)
        summary.count(result)
        watcher.done(result, summary)
        row = Row(isinstance(result, Record), result.tries, values)
        for ready in order.put(position, row):
            _write(ready, records, failures, summary)


def _values(result: Result[SchemaT]) -> tuple[Result[SchemaT], dict[str, Any]]:
    """A result and its JSON values; a failure where the schema's own serializers fail."""
    try:
        return result, result.to_dict()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        logger.debug("unexpected", exc_info=error)
        internal = InternalError.of(error)
        failure = Failure(result.id, result.title, internal.kind, str(internal), result.tries)
        return failure, failure.to_dict()


def _write(row: Row, records: Sink, failures: Sink, summary: Summary) -> None:
    """Write a row where it belongs; a record that its format cannot hold becomes a failure."""
    values = row.values
    if row.is_record:
        try:
            records.write(values)
        except UnfitRecord as error:
            summary.count_unfit(error)
            values = Failure(
                values["id"], values["title"], error.kind, str(error), row.tries
            ).to_dict()
        else:
            return
    failures.write(values)
