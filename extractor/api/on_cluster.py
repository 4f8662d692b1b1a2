"""A run of papers on a Ray cluster, as the command makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.api.papers import Choice, open_papers
from extractor.api.results import Run
from extractor.errors import ArgumentError
from extractor.option_names import as_typed
from extractor.readers import Dump
from extractor.readers.base import Columns
from extractor.run.session import prices_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from extractor.api.papers import PaperInput
    from extractor.api.progress import Progress
    from extractor.llm.settings import ModelSettings
    from extractor.run.ray import ClusterRun
    from extractor.run.selection import Selection
    from extractor.run.settings import CallSettings
    from extractor.run.stop import Stop
    from extractor.task import Task


@dataclass(frozen=True)
class _Given:
    """Opens what was given as papers where they are read."""

    papers: Any
    reading: Mapping[str, Any]
    choice: Mapping[str, Any]

    @contextmanager
    def __call__(self) -> Iterator[Selection]:
        choice = Choice(**self.choice)
        if _is_dataset(self.papers):
            from extractor.run.ray import DatasetPapers

            names = ("title_column", "abstract_column", "id_column")
            columns = Columns(*(self.reading.get(name) for name in names))
            yield choice.of(DatasetPapers(self.papers, columns))
            return
        with open_papers(self.papers, self.reading) as source:
            yield choice.of(source)

    def inputs(self) -> list[str]:
        """The files that are read."""
        if _is_dataset(self.papers):
            return []
        with open_papers(self.papers, self.reading) as source:
            return list(source.paths)


def _is_dataset(papers: object) -> bool:
    """Whether it is a Ray Dataset."""
    return type(papers).__module__.startswith("ray.data")


async def run_on_cluster(
    papers: PaperInput,
    out: Path,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    progress: Progress,
    shown: bool | None,
    stop: Stop,
    cluster: Mapping[str, Any],
    format: str | None,  # noqa: A002 -- the option's name
    refused: Mapping[str, object],
    choice: Choice,
    reading: Mapping[str, Any],
) -> Run:
    """Extract all papers into parts in ``out``; raises the error that ended the run early."""
    from extractor.run.ray import Cluster, output_folder, refuse, run_in_parts

    refuse(refused)
    if isinstance(papers, Dump | Iterator):
        raise ArgumentError(
            "The papers are read here, and a cluster reads them elsewhere.",
            hint="Give a list of them, a Ray Dataset, or the files.",
        )
    chosen = {"where": choice.where, "sample": choice.sample, "seed": choice.seed}
    opener = _Given(papers, reading, chosen)
    output_folder(out, opener.inputs())
    with opener() as selection:
        identity = selection.identity
    settings = {"address" if name == "ray_address" else name: cluster[name] for name in cluster}
    with progress.papers(None, likely=lambda: None, shown=shown) as bar:
        done = await run_in_parts(
            opener,
            identity,
            out,
            task,
            model,
            calls,
            cluster=Cluster(**settings),
            limit=choice.limit,
            format=format,
            watcher=bar,
            stop=stop,
        )
    if done.summary.stopped is not None:
        raise done.summary.stopped
    return _counted(out, done, calls)


def _counted(out: Path, done: ClusterRun, calls: CallSettings) -> Run:
    summary, spent = done.summary, done.budget.earlier + done.budget.spent
    prices = None if done.endpoint.free else prices_of(done.endpoint, calls)
    failures = out / "_failures"
    return Run(
        out=out,
        failures_file=failures if summary.failures else None,
        records=summary.records,
        failures=summary.failures,
        cached=summary.cached,
        refused=summary.refused,
        left_out=0,
        requests=spent.requests,
        prompt_tokens=spent.prompt_tokens,
        completion_tokens=spent.completion_tokens,
        cost=0.0 if done.endpoint.free else spent.cost(prices) if prices else None,
        seconds=summary.seconds,
        notes=tuple(map(as_typed, done.notes)),
    )
