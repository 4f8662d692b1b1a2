"""A run of papers into a file, as the command makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.api.papers import open_papers
from extractor.api.results import Run
from extractor.llm.own_files import own_files
from extractor.option_names import as_typed
from extractor.run.resumable import Destination, open_run
from extractor.run.session import open_engine, prices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractor.api.papers import Choice, PaperInput
    from extractor.api.progress import Progress
    from extractor.llm.budget import Budget
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.settings import ModelSettings
    from extractor.run.batch import Summary
    from extractor.run.settings import CallSettings
    from extractor.run.stop import Stop
    from extractor.task import Task


async def run_into_file(
    papers: PaperInput,
    out: Path,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    progress: Progress,
    shown: bool | None,
    stop: Stop,
    files: Iterable[Path],
    failures: str | Path | None = None,
    format: str | None = None,  # noqa: A002 -- the option's name
    view: str | None = None,
    retry_failed: bool = False,
    append: bool = False,
    batch: bool = False,
    batch_files: str | Path | None = None,
    choice: Choice,
    reading: Mapping[str, Any],
) -> Run:
    """Extract all papers into ``out``; ``files`` are those that must not be overwritten.

    Raises the error that ended the run early; what it had done by then is in the PARTIAL files.
    """
    failed = None if failures is None else Path(failures)
    destination = Destination.of(task, out, format, failed, view=view)
    own = [*files, *own_files(calls.cache_dir)]
    with (
        open_papers(papers, reading, skip=[*destination.files, *own]) as source,
        progress.papers(choice.total(source), likely=choice.likely_total, shown=shown) as bar,
        open_run(
            choice.of(source),
            destination,
            task,
            model,
            calls,
            limit=choice.limit,
            retry_failed=retry_failed,
            append=append,
            batch=batch,
            batch_files=None if batch_files is None else Path(batch_files),
            inputs=[*map(Path, source.paths), *own],
        ) as run,
    ):
        async with open_engine(task, model, calls, run.state) as engine:
            summary = await run.work(engine, watcher=bar, stop=stop)
            endpoint = engine.endpoint
    if summary.stopped is not None:
        raise summary.stopped
    failures_file = destination.failures
    return counted_run(
        summary,
        run.state.budget,
        endpoint,
        calls,
        out=out,
        failures_file=failures_file if failures_file and failures_file.exists() else None,
        left_out=run.left_out,
        notes=run.notes(),
    )


def counted_run(
    summary: Summary,
    budget: Budget,
    endpoint: Endpoint,
    calls: CallSettings,
    *,
    out: Path,
    failures_file: Path | None,
    left_out: int,
    notes: Iterable[str],
) -> Run:
    """What a run came to, over all its attempts."""
    spent = budget.earlier + budget.spent
    prices = None if endpoint.free else prices_of(endpoint, calls)
    return Run(
        out=out,
        failures_file=failures_file,
        records=summary.records,
        failures=summary.failures,
        cached=summary.cached,
        refused=summary.refused,
        left_out=left_out,
        requests=spent.requests,
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.completion_tokens,
        cost=0.0 if endpoint.free else spent.cost(prices) if prices else None,
        seconds=summary.seconds,
        notes=tuple(map(as_typed, notes)),
    )
