"""``extractor run --engine ray``: the command's options as a run in parts on a cluster."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from extractor.cli.summary import closing_lines, usage_lines
from extractor.run.session import prices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.cli.options import DumpOptions, EngineOptions, OutputOptions, SelectionOptions
    from extractor.cli.progress import Report
    from extractor.llm.settings import ModelSettings
    from extractor.run.batch import Summary
    from extractor.run.progress import Status
    from extractor.run.selection import Selection
    from extractor.run.settings import CallSettings
    from extractor.task import Task


@dataclass(frozen=True)
class _Dumps:
    """Opens the dumps where they are read."""

    places: tuple[str, ...]
    reading: DumpOptions
    selection: SelectionOptions

    @contextmanager
    def __call__(self) -> Iterator[Selection]:
        with self.reading.open(self.places) as source:
            yield self.selection.of(source)


def run_on_cluster(
    engine: EngineOptions,
    dump: list[str],
    reading: DumpOptions,
    selection: SelectionOptions,
    output: OutputOptions,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    report: Report,
    refused: Mapping[str, object],
) -> tuple[Summary, Status]:
    """Run it, and tell what it came to. Raises UsageError for options that a cluster has not."""
    from extractor.run.ray import Cluster, output_folder, refuse, run_in_parts

    refuse(
        {
            "--failures": output.failures,
            "--view": output.view,
            "--retry-failed": output.retry_failed,
            "--append": output.append,
            **refused,
        }
    )
    out = output_folder(output.out, dump)
    given = {} if engine.part_papers is None else {"part_papers": engine.part_papers}
    cluster = Cluster(engine.ray_address, engine.workers, **given)
    opener = _Dumps(tuple(dump), reading, selection)
    with opener() as papers:
        identity = papers.identity
    with report.watch(lambda: None, partial(prices_of, calls=calls)) as watcher:
        done = asyncio.run(
            run_in_parts(
                opener,
                identity,
                out,
                task,
                model,
                calls,
                cluster=cluster,
                limit=selection.limit,
                format=output.format,
                watcher=watcher,
            )
        )
    notes = [*usage_lines(done.budget, done.endpoint, calls), *done.notes]
    for line in closing_lines(done.summary, out, notes, in_parts=True):
        report.say(line)
    return done.summary, watcher.status()
