"""A run of papers on a Ray cluster, as the command makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.api.into_file import counted_run
from extractor.api.papers import Choice, open_papers
from extractor.errors import ArgumentError
from extractor.readers import Dump
from extractor.readers.base import Columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from extractor.api.papers import PaperInput
    from extractor.api.progress import Progress
    from extractor.api.results import Run
    from extractor.llm.settings import ModelSettings
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
    return counted_run(
        done.summary,
        done.budget,
        done.endpoint,
        calls,
        out=out,
        failures_file=out / "_failures" if done.summary.failures else None,
        left_out=0,
        notes=done.notes,
    )
