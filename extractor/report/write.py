"""From records, failures and a dump to one HTML file, as a stream."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from extractor.canonical import without_canonical
from extractor.llm.own_files import own_files
from extractor.paper import Paper
from extractor.readers import open_dumps
from extractor.report.index import Index, as_object, json_text
from extractor.report.page import CHUNK, PAGE_AFTER_CHUNKS, Chunks, page_before_chunks
from extractor.writers import PARTIAL, open_records, read_failures, whole_or_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from extractor.errors import UnreadableRecord
    from extractor.readers import Item
    from extractor.writers import RecordFile


@dataclass(frozen=True, slots=True)
class Written:
    """What a report came to.

    ``without_abstract`` counts papers that the dump does not hold under their id and title;
    ``size`` is in bytes; ``unreadable`` are the entries of the records that were left out.
    """

    papers: int
    failures: int
    refused: int
    without_abstract: int
    size: int
    unreadable: tuple[UnreadableRecord, ...] = ()


def write_report(
    records: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dump: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    failures: str | os.PathLike[str] | None = None,
) -> Written:
    """Write a report of ``records`` to ``out``, whole or not at all.

    ``records`` is a file of any format that `extractor.writers.read_records` reads. ``dump``,
    one or several as in `extractor.readers.open_dumps`, gives the abstracts, joined by id and
    title; ``failures`` the papers without a record. Where ``records`` is what an unfinished run
    left (``.partial``), the page says so. About a kilobyte a paper is held in memory.

    Raises:
        DumpError: an input cannot be read or is not what it should be.
        OutputError: ``out`` cannot be written.
        UsageError: ``out`` is one of the inputs, or a file of the cache.
    """
    from extractor import __version__

    out, name = Path(out), Path(records).name
    with ExitStack() as stack:
        papers = stack.enter_context(dump_papers(dump))
        chunks = stack.enter_context(TemporaryFile())
        source = open_records(Path(records))
        index = _gather(source, failures, papers, Chunks(chunks))
        facts: dict[str, Any] = {"name": name, "version": __version__}
        facts["has_dump"] = papers is not None
        if name.endswith(PARTIAL):
            facts["unfinished"] = {"left": papers.left() if papers else None}
        files = [records, *([failures] if failures else ()), *(papers.paths if papers else ())]
        inputs = [*map(Path, files), *own_files()]
        with whole_or_nothing(out, inputs=inputs) as scratch, scratch.open("wb") as page:
            page.write(page_before_chunks(name, {**facts, "chunk": CHUNK, **index.to_dict()}))
            chunks.seek(0)
            shutil.copyfileobj(chunks, page, 2**20)
            page.write(PAGE_AFTER_CHUNKS)
    return Written(
        papers=index.rows,
        failures=index.failures,
        refused=index.refused,
        without_abstract=papers.missing if papers else 0,
        size=out.stat().st_size,
        unreadable=tuple(source.unreadable),
    )


def _gather(
    records: RecordFile,
    failures: str | os.PathLike[str] | None,
    papers: DumpPapers | None,
    chunks: Chunks,
) -> Index:
    """Put a little of every row into an index, and all of it into the chunks."""
    index = Index()

    def add(
        row: dict[str, Any], to_index: Callable[[dict[str, Any], Mapping[str, Any]], None]
    ) -> None:
        paper = None
        if papers is not None and row.get("id") is not None:
            paper = papers.find(json_text(row["id"]), json_text(row.get("title")))
        to_index(row, as_object(row.get("source")) or (paper.source if paper else {}))
        chunks.add(row, paper.abstract if paper else None)

    # Records first: the page tells them from failures by their place.
    for record in map(without_canonical, records):
        add(record, index.add_record)
    for failure in read_failures(Path(failures)) if failures else ():
        add(failure.to_dict(), index.add_failure)
    chunks.flush()
    return index


@contextmanager
def dump_papers(
    dump: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
) -> Iterator[DumpPapers | None]:
    """Open a dump, one or several as in `open_dumps`, for its papers; None where none is named."""
    places = [dump] if isinstance(dump, str | os.PathLike) else list(dump or ())
    if not places:
        yield None
        return
    with open_dumps(places) as dumps:
        yield DumpPapers(dumps, dumps.paths)


class DumpPapers:
    """The papers of a dump, looked up by id while the dump is read.

    Records are in the order of their dump, so only papers that were passed over (those that
    failed) are held. ``missing`` counts those that were asked for and are not there; ``paths`` are
    the files.
    """

    def __init__(self, dump: Iterable[Item], paths: Sequence[str] = ()) -> None:
        self.paths = paths
        self._papers = (item for item in dump if isinstance(item, Paper))
        self._passed: dict[tuple[str, str], Paper] = {}
        self.missing = 0

    def find(self, paper_id: str, title: str) -> Paper | None:
        """The paper of this id and title: offsets count in these texts."""
        wanted = paper_id, title
        while wanted not in self._passed and (following := next(self._papers, None)):
            self._passed[following.id, following.title] = following
        paper = self._passed.pop(wanted, None)
        self.missing += paper is None
        return paper

    def left(self) -> int:
        """How many papers nobody asked for; the rest of the dump is read for it."""
        return len(self._passed) + sum(1 for _ in self._papers)
