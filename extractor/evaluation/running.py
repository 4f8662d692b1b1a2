"""Runs that are to be evaluated: the papers of a dump that gold has, through the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import UsageError
from extractor.paper import Paper
from extractor.run.batch import run_batch
from extractor.run.prefetch import as_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.readers import Dump, Item
    from extractor.record import Failure
    from extractor.run.batch import Summary, Watcher
    from extractor.run.engine import Engine


@dataclass(frozen=True, slots=True)
class Ran:
    """The outcome of a run: rows of records, and the papers that were extracted."""

    records: list[Mapping[str, Any]]
    papers: Mapping[str, Paper]
    summary: Summary


def _known(
    entries: Iterable[Item], ids: Iterable[str], papers: dict[str, Paper]
) -> Iterator[Paper | Failure]:
    """Yield the entries with these ids, each once, and keep the papers among them.

    The entries are read no further than to the last of them.
    """
    left = set(ids)
    for item in as_items(entries):
        if item.id in left:
            left.discard(item.id)
            if isinstance(item, Paper):
                papers[item.id] = item
            yield item
            if not left:
                return


class _Rows(list["Mapping[str, Any]"]):
    """A sink that keeps what is written."""

    def write(self, row: Mapping[str, Any]) -> None:
        self.append(row)


async def run_known(engine: Engine[Any], dump: Dump, ids: Iterable[str], watcher: Watcher) -> Ran:
    """Extract the papers of ``dump`` whose ids are in ``ids``.

    Raises UsageError where the dump has none of them, and as `run_batch` does.
    """
    papers: dict[str, Paper] = {}
    known, records = _known(dump, ids, papers), _Rows()
    summary = await run_batch(engine, known, records=records, failures=_Rows(), watcher=watcher)
    if summary.stopped is not None:  # figures of half the papers would mislead
        raise summary.stopped
    if not summary.papers and summary.complete:
        raise UsageError(f"Gold has no paper of {dump.name}: no id is in both.")
    return Ran(records, papers, summary)


def read_known(dump: Dump, ids: Iterable[str]) -> Mapping[str, Paper]:
    """The papers of ``dump`` whose ids are in ``ids``, by their id."""
    papers: dict[str, Paper] = {}
    for _ in _known(dump, ids, papers):
        pass
    return papers
