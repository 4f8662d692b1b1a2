"""Which of many decisions hold: the latest about each thing, but for those taken back."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractor.decisions.decision import Decision, Key

Paper = tuple[str, str]
"""The id and the title of a record."""

_About: TypeAlias = "dict[Key, list[Decision]]"


class Decisions:
    """The decisions of a file, in their order, and which of them hold."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._papers: defaultdict[Paper, dict[str, _About]] = defaultdict(dict)
        self._by_reviewer: defaultdict[str, list[Decision]] = defaultdict(list)
        for decision in decisions:
            self.add(decision)

    def add(self, decision: Decision) -> None:
        """Add the next decision."""
        texts = self._papers[decision.paper, decision.title]
        of_text = texts[decision.text] = texts.pop(decision.text, {})  # the latest text is the last
        about = of_text.setdefault(decision.key, [])
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

    def texts(self, paper_id: str, title: str) -> list[str]:
        """The hashes of the texts of a paper about which something was decided."""
        return list(self._papers.get((paper_id, title), {}))

    def of(self, paper_id: str, title: str, *texts: str) -> list[Decision]:
        """The decisions that hold of a paper: about these texts, else about any.

        Of decisions about the same value in several texts, that about the later text holds.
        """
        found = self._papers.get((paper_id, title), {})
        latest: dict[Key, Decision] = {}
        for text, about in found.items():
            if not texts or text in texts:
                latest |= {key: each[-1] for key, each in about.items() if each}
        return list(latest.values())

    def last_by(self, reviewer: str) -> list[Decision]:
        """A reviewer's last decision that was not taken back, with those made together with it."""
        own = self._by_reviewer[reviewer]
        if not own or own[-1].verdict != "complete":
            return own[-1:]
        return [each for each in own if (each.at, each.paper) == (own[-1].at, own[-1].paper)]

    def __bool__(self) -> bool:
        """Whether there are any, also such as were taken back."""
        return bool(self._papers)

    def __iter__(self) -> Iterator[Decision]:
        """Every decision that holds."""
        return (
            decision
            for paper in list(self._papers)
            for text in self.texts(*paper)
            for decision in self.of(*paper, text)
        )

    def verdicts(self) -> Counter[str]:
        """How many decisions hold, by outcome."""
        return Counter(decision.outcome for decision in self)

    def disagreements(self) -> int:
        """How many things two reviewers decided differently; the later decision holds."""
        return sum(
            len({(each.verdict, repr(each.new)) for each in _last_of_each(about)}) > 1
            for texts in self._papers.values()
            for of_text in texts.values()
            for about in of_text.values()
        )


def _last_of_each(about: list[Decision]) -> Iterable[Decision]:
    return {decision.reviewer: decision for decision in about}.values()
