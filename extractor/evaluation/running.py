"""Running an evaluation: the papers of a dump that gold knows, through the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import UsageError
from extractor.paper import Paper
from extractor.run.batch import as_items, run_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from extractor.readers import Dump, Item
    from extractor.record import Failure
    from extractor.run.batch import Summary, Watcher
    from extractor.run.engine import Engine


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run gave: rows of records and failures, and the papers that were extracted."""

    records: list[Mapping[str, Any]]
    failures: list[Mapping[str, Any]]
    papers: Mapping[str, Paper]
    summary: Summary


class KnownPapers:
    """The entries of a dump with ids that gold has, each once: iterate over it, once.

    The dump is read no further than to the last of them. ``papers`` holds those that came.
    """

    def __init__(self, entries: Iterable[Item], ids: Iterable[str]) -> None:
        self.papers: dict[str, Paper] = {}
        self._entries = entries
        self._left = set(ids)

    def __iter__(self) -> Iterator[Paper | Failure]:
        for item in as_items(self._entries):
            if item.id not in self._left:
                continue
            self._left.discard(item.id)
            if isinstance(item, Paper):
                self.papers[item.id] = item
            yield item
            if not self._left:
                return


class _Rows(list["Mapping[str, Any]"]):
    """A sink that keeps what is written."""

    def write(self, row: Mapping[str, Any]) -> None:
        self.append(row)


async def run_known(engine: Engine[Any], dump: Dump, ids: Iterable[str], watcher: Watcher) -> Ran:
    """Extract the papers of ``dump`` whose ids are in ``ids``.

    Raises UsageError where the dump has none of them, and as `run_batch` does.
    """
    known, records, failures = KnownPapers(dump, ids), _Rows(), _Rows()
    summary = await run_batch(engine, known, records=records, failures=failures, watcher=watcher)
    if summary.stopped is not None:  # an evaluation of half the papers is none
        raise summary.stopped
    if not summary.papers and summary.complete:
        raise UsageError(f"Gold knows no paper of {dump.name}: no id is in both.")
    return Ran(records, failures, known.papers, summary)


def read_known(dump: Dump, ids: Iterable[str]) -> Mapping[str, Paper]:
    """The papers of ``dump`` whose ids are in ``ids``, by their id."""
    known = KnownPapers(dump, ids)
    for _ in known:
        pass
    return known.papers
