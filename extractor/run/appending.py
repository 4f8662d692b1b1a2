"""Adding to records that an earlier run wrote: those stay, and so do failures of other papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.errors import UsageError
from extractor.plurals import counted
from extractor.record import Failure
from extractor.writers import Rereadable, open_records, read_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from extractor.paper import Paper
    from extractor.writers import RecordFile, Sink, Writer


class Earlier:
    """The records and failures of earlier runs, each None where there is no such file.

    A paper is known by its id and title. Raises UsageError where the records' format does not give
    them back, and where they are of another ``task``.
    """

    def __init__(self, writer: Writer, out: Path | None, failures: Path | None, task: str) -> None:
        if out is None or (out.exists() and not out.is_file()):
            raise UsageError("--append needs a file to add to.", hint="Name it with -o.")
        if not isinstance(writer, Rereadable):
            raise UsageError(
                f"{out} cannot be added to: {writer.name} is not read back.",
                hint="Add to JSON Lines, and convert them with 'extractor convert'.",
            )
        self._task = task
        self._out = out
        self._source: RecordFile | None = open_records(out) if out.exists() else None
        if self._source and self._source.format is not writer:
            raise UsageError(
                f"{out} is not {writer.name}.", hint="Add to it in its own format, with --format."
            )
        self._failures = list(read_failures(failures)) if failures and failures.is_file() else []
        self._known: set[int] = set()
        self._met: set[int] = set()

    def write_records(self, records: Sink | None) -> None:
        """Write the records first of all, or only read which there are."""
        for row in self._source or ():
            meta = row.get("meta")
            made_by = meta.get("task") if isinstance(meta, dict) else None
            if made_by not in (None, self._task):
                raise UsageError(
                    f"The records in {self._out} are of the task {made_by}, and this one is "
                    f"{self._task}.",
                    hint="Write them to another file, or give the schema and prompt of before.",
                )
            if records is not None:
                records.write(row)
            self._known.add(hash((row["id"], row.get("title"))))
        for unreadable in self._source.unreadable if self._source else ():
            raise unreadable

    def has(self, paper: Paper | Failure) -> bool:
        """Whether a paper has a record; they are read by now."""
        return hash((paper.id, paper.title)) in self._known

    def new(
        self, items: Iterable[Paper | Failure], left_out: Callable[[], None]
    ) -> Iterator[Paper | Failure]:
        """Yield the papers that have no record yet; ``left_out`` is called for each other one."""
        for item in items:
            if not isinstance(item, Failure) and self.has(item):
                left_out()
                continue
            if self._failures:
                self._met.add(_key(item))
            yield item

    def write_failures(self, failures: Sink) -> None:
        """Write the failures of papers that were not met now."""
        for failure in self._failures:
            if _key(failure) not in self._met and not self.has(failure):
                failures.write(failure.to_dict())

    def notes(self) -> list[str]:
        """What was there before."""
        known = counted(len(self._known), "record")
        return [f"{known} in it before, which stay"] if self._known else []


def _key(item: Paper | Failure) -> int:
    """What tells an entry from others: one that is no paper by its place in the dump."""
    if isinstance(item, Failure) and item.line is not None:
        return hash((item.id, item.title, item.line, item.file))
    return hash((item.id, item.title))
