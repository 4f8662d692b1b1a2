"""Papers that are a Ray Dataset already."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from extractor.readers.base import Columns
from extractor.readers.json_lines import JsonLines
from extractor.run.batch import Watcher
from extractor.run.ray.driver import Cluster, ClusterRun, run_in_parts
from extractor.run.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from extractor.llm.settings import ModelSettings
    from extractor.readers import Item
    from extractor.run.settings import CallSettings
    from extractor.run.stop import Stop
    from extractor.task import Task


@dataclass(frozen=True)
class DatasetPapers:
    """The rows of a Dataset in its order, with their columns named as in `open_dump`.

    What tells it from others is the papers themselves: each part has a digest.
    """

    dataset: Any
    columns: Columns = Columns()  # noqa: RUF009 -- a tuple

    name = "the Dataset"
    identity = "a Ray Dataset"
    size = None
    position = 0

    def __iter__(self) -> Iterator[Item]:
        self.dataset.context.execution_options.preserve_order = True
        reader = JsonLines()
        for number, row in enumerate(self.dataset.iter_rows(), start=1):
            item = reader.item_of(number, dict(row), self.columns)
            yield item if item.id else replace(item, id=str(number))

    def notes(self) -> list[str]:
        return []


async def run_dataset(
    dataset: Any,
    out: Path,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    columns: Columns = Columns(),  # noqa: B008 -- a tuple
    cluster: Cluster | None = None,
    limit: int | None = None,
    format: str | None = None,  # noqa: A002 -- the option's name
    watcher: Watcher | None = None,
    stop: Stop | None = None,
) -> ClusterRun:
    """Extract the papers of a Ray Dataset with columns for title, abstract and perhaps an id.

    Arguments, result and errors are otherwise those of `run_in_parts`. The Dataset is executed in a
    task of its own, beside the workers: leave CPUs for it.
    """
    papers = DatasetPapers(dataset, columns)

    @contextmanager
    def opened() -> Iterator[Selection]:
        yield Selection(papers)

    return await run_in_parts(
        opened,
        papers.identity,
        out,
        task,
        model,
        calls,
        cluster=cluster,
        limit=limit,
        format=format,
        watcher=watcher or Watcher(),
        stop=stop,
    )
