"""Results of a batch, or of files, into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.llm.batches.lines import read_results
from extractor.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from extractor.llm.batches.lines import Result
    from extractor.llm.budget import Budget
    from extractor.llm.store import AnswerStore

AT_A_TIME = 200
"""How many lines are stored together."""


class Intake:
    """Stores answers that are not there yet; ``answers`` counts them."""

    def __init__(self, store: AnswerStore, budget: Budget) -> None:
        self.answers = 0
        self._store = store
        self._budget = budget
        self._strange = 0

    def notes(self, whence: str) -> list[str]:
        """What came from ``whence``, and what was no result."""
        notes = [f"{counted(self.answers, 'answer')} {whence}"] if self.answers else []
        if self._strange:
            notes.append(
                f"{counted(self._strange, 'line')} of the results damaged, or of no request"
            )
        return notes

    def read(self, lines: Iterable[bytes], wanted: Container[str]) -> list[Result]:
        """The results of the ``wanted`` requests; others are counted."""
        found = list(read_results(lines))
        known = [result for result in found if result.key in wanted]
        self._strange += len(found) - len(known)
        return known

    async def store(self, results: Iterable[Result]) -> None:
        """Store the first answer of each request, unless it was stored, and counted, before."""
        answers: dict[str, str] = {}
        for key, answer in ((result.key, result.answer) for result in results):
            if answer and key not in answers and self._store.text(key) is None:
                self._budget.settle_line(answer.usage)
                answers[key] = answer.to_json()
        if answers:
            await self._store.commits.store(*answers.items())
            self.answers += len(answers)
