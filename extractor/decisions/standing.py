"""Which of many decisions hold: the latest about each thing, but for those taken back."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.decisions.decision import Decision, Key

Paper = tuple[str, str]
"""The id and the title of a record."""


class Decisions:
    """The decisions of a file, in their order, and which of them hold."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._papers: defaultdict[Paper, dict[Key, list[Decision]]] = defaultdict(dict)
        self._by_reviewer: defaultdict[str, list[Decision]] = defaultdict(list)
        for decision in decisions:
            self.add(decision)

    def add(self, decision: Decision) -> None:
        """Add the next decision."""
        about = self._papers[decision.paper, decision.title].setdefault(decision.key, [])
        if decision.verdict == "undo":
            self._take_back(decision, about)
        else:
            about.append(decision)
            self._by_reviewer[decision.reviewer].append(decision)

    def _take_back(self, undo: Decision, about: list[Decision]) -> None:
        own = [each for each in about if each.reviewer == undo.reviewer]
        if own:
            about.remove(own[-1])
            self._by_reviewer[undo.reviewer].remove(own[-1])

    @property
    def papers(self) -> Iterator[Paper]:
        """The papers about which something is decided."""
        return (paper for paper in list(self._papers) if self.of(*paper))

    def of(self, paper_id: str, title: str) -> list[Decision]:
        """The decisions that hold of a paper."""
        about = self._papers.get((paper_id, title), {})
        return [decisions[-1] for decisions in about.values() if decisions]

    def last_by(self, reviewer: str) -> Decision | None:
        """A reviewer's last decision that was not taken back."""
        own = self._by_reviewer[reviewer]
        return own[-1] if own else None

    def __iter__(self) -> Iterator[Decision]:
        """Every decision that holds."""
        return (decision for paper in list(self._papers) for decision in self.of(*paper))

    def verdicts(self) -> Counter[str]:
        """How many decisions hold, by outcome."""
        return Counter(decision.outcome for decision in self)

    def disagreements(self) -> int:
        """How many things two reviewers decided differently; the later decision holds."""
        return sum(
            len({(each.verdict, repr(each.new)) for each in _last_of_each(about)}) > 1
            for paper in self._papers.values()
            for about in paper.values()
        )


def _last_of_each(about: list[Decision]) -> Iterable[Decision]:
    return {decision.reviewer: decision for decision in about}.values()
