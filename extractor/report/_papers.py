"""The papers of the dump, found again for each record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractor.readers import Item


class Papers:
    """Looks papers up by id while it reads on through the dump.

    Records stand in the order of their dump, so only papers that were passed over (those that
    failed) are held. ``missing`` counts those that were asked for and are not there.
    """

    def __init__(self, dump: Iterable[Item]) -> None:
        self._papers = (item for item in dump if isinstance(item, Paper))
        self._passed: dict[str, Paper] = {}
        self.missing = 0

    def find(self, paper_id: str, title: str) -> Paper | None:
        """The paper of this id, if its title is this one too: offsets count in these texts."""
        paper = self._passed.pop(paper_id, None) or self._read_on_to(paper_id)
        if paper is None or paper.title != title:
            self.missing += 1
            return None
        return paper

    def _read_on_to(self, paper_id: str) -> Paper | None:
        for paper in self._papers:
            if paper.id == paper_id:
                return paper
            self._passed[paper.id] = paper
        return None
