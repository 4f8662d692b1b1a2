"""From records, failures and a dump to one HTML file, as a stream."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.readers import open_dump
from extractor.report._chunks import CHUNK, Chunks, json_bytes, pack
from extractor.report._index import Index, object_of, text_of
from extractor.report._page import PAGE_AFTER_CHUNKS, page_before_chunks
from extractor.report._papers import Papers
from extractor.writers import read_failures, read_records, whole_or_nothing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from extractor.paper import Paper


@dataclass(frozen=True, slots=True)
class Written:
    """What a report came to.

    ``without_abstract`` counts papers that the dump does not hold under their id and title;
    ``size`` is in bytes.
    """

    papers: int
    failures: int
    refused: int
    without_abstract: int
    size: int


def write_report(
    records: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dump: str | os.PathLike[str] | None = None,
    failures: str | os.PathLike[str] | None = None,
) -> Written:
    """Write a report of ``records`` to ``out``, whole or not at all.

    ``records`` is a file of any format that `extractor.writers.read_records` reads. ``dump``
    gives the abstracts, joined by id; ``failures`` the papers without a record. About a
    kilobyte a paper is held in memory.

    Raises:
        DumpError: an input cannot be read or is not what it should be.
        OutputError: ``out`` cannot be written.
    """
    with ExitStack() as stack:
        papers = Papers(stack.enter_context(open_dump(dump))) if dump else None
        chunks = stack.enter_context(TemporaryFile())
        gathered = _Gathered(Chunks(chunks), papers)
        gathered.take(Path(records), Path(failures) if failures else None)
        facts = {"name": Path(records).name, "has_dump": papers is not None}
        with whole_or_nothing(Path(out)) as scratch:
            _assemble(scratch, facts, gathered.index, chunks)
    index = gathered.index
    missing = papers.missing if papers else 0
    size = Path(out).stat().st_size
    return Written(index.rows, index.failures, index.refused, missing, size)


class _Gathered:
    """Takes the rows as they come: a little into the index, all of it into the chunks."""

    def __init__(self, chunks: Chunks, papers: Papers | None) -> None:
        self.index = Index()
        self._chunks = chunks
        self._papers = papers

    def take(self, records: Path, failures: Path | None) -> None:
        """Take records first: the page tells them from failures by their place."""
        for record in read_records(records):
            self._take(record, self.index.add_record)
        for failure in read_failures(failures) if failures else ():
            self._take(failure.to_dict(), self.index.add_failure)
        self._chunks.flush()

    def _take(
        self, row: dict[str, Any], add: Callable[[dict[str, Any], Mapping[str, Any]], None]
    ) -> None:
        paper = self._paper(row)
        add(row, object_of(row.get("source")) or (paper.source if paper else {}))
        self._chunks.add(row, paper.abstract if paper else None)

    def _paper(self, row: dict[str, Any]) -> Paper | None:
        if self._papers is None or row.get("id") is None:
            return None
        return self._papers.find(text_of(row["id"]), text_of(row.get("title")))


def _assemble(path: Path, facts: Mapping[str, Any], index: Index, chunks: BinaryIO) -> None:
    from extractor import __version__

    data = {**facts, "version": __version__, "chunk": CHUNK, **index.to_dict()}
    chunks.seek(0)
    with path.open("wb") as page:
        page.write(page_before_chunks(facts["name"], pack(json_bytes(data))))
        shutil.copyfileobj(chunks, page, 2**20)
        page.write(PAGE_AFTER_CHUNKS)
