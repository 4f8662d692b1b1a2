"""A comparison as one HTML file that needs no network, in the style of the report."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.llm.own_files import own_files
from extractor.report.page import (
    CHUNK,
    PAGE,
    PAGE_AFTER_CHUNKS,
    Chunks,
    page_before,
    page_modules,
    page_style,
)
from extractor.report.write import dump_papers
from extractor.writers import whole_or_nothing

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from extractor.comparison.compare import Comparison, PaperDifference

_PAGE = resources.files("extractor.comparison") / "page"
_SHARED = ("dom", "labels", "marks", "packed", "text", "theme")
"""The modules of the report's script that this page uses too."""


def write_page(
    found: Comparison,
    out: str | os.PathLike[str],
    *,
    dump: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
) -> int:
    """Write a page of a comparison to ``out``, whole or not at all.

    ``dump``, one or several as in `extractor.readers.open_dumps`, gives the abstracts of papers
    that differ, joined by id and title; returns how many of these it does not have.

    Raises:
        DumpError: the dump cannot be read.
        OutputError: ``out`` cannot be written.
        UsageError: ``out`` is one of the inputs, or a file of the cache.
    """
    with dump_papers(dump) as papers:
        inputs = [found.before.name, found.after.name, *(papers.paths if papers else ())]
        files = [*map(Path, inputs), *own_files()]
        with whole_or_nothing(Path(out), inputs=files) as scratch, scratch.open("wb") as page:
            page.write(_before_chunks(found, has_dump=papers is not None))
            # What is shown of a paper on demand: where the words are, and the abstract.
            chunks = Chunks(page)
            for paper in found.papers:
                known = papers.find(paper.id, paper.title) if papers else None
                evidence = {"before": paper.before_evidence, "after": paper.after_evidence}
                chunks.add(evidence, known.abstract if known else None)
            chunks.flush()
            page.write(PAGE_AFTER_CHUNKS)
    return papers.missing if papers else 0


def _before_chunks(found: Comparison, *, has_dump: bool) -> bytes:
    return page_before(
        (_PAGE / "page.html").read_text("utf-8"),
        title=_title(Path(found.before.name), Path(found.after.name)),
        kind="Extractor diff",
        style=page_style() + (_PAGE / "style.css").read_text("utf-8"),
        script=f"{page_modules(PAGE, *_SHARED)}\n{page_modules(_PAGE)}",
        index={
            **found.to_dict(),
            "papers": list(map(_paper, found.papers)),
            "has_dump": has_dump,
            "chunk": CHUNK,
        },
    )


def _paper(paper: PaperDifference) -> dict[str, Any]:
    """The changes of a paper, with the keys in which objects differ."""
    fields = {
        name: [{**change.to_dict(), "keys": change.keys} for change in changes]
        for name, changes in paper.changes.items()
    }
    return {**paper.to_dict(), "fields": fields}


def _title(before: Path, after: Path) -> str:
    """The names of both files; with their folders where the names are the same."""
    names = (before, after) if before.name == after.name else (before.name, after.name)
    return " → ".join(map(str, names))
