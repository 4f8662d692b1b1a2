"""What reviewers decided, as gold: only what was decided counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extractor.decisions import Decision, Decisions


@dataclass
class ReviewedField:
    """What is known of one field of a paper: values that are right, and values that are wrong."""

    right: list[Any] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)

    def take(self, decision: Decision) -> None:
        right = decision.right
        if decision.old not in (None, right):
            self.wrong.append(decision.old)
        if right is not None and right not in self.right:
            self.right.append(right)


@dataclass
class ReviewedPaper:
    """What is known of a paper; a ``complete`` one has no values but those that are right."""

    fields: dict[str, ReviewedField] = field(default_factory=dict)
    complete: bool = False


def reviewed_papers(decisions: Decisions) -> dict[str, ReviewedPaper]:
    """The papers about which something is decided, by id."""
    papers = {}
    for paper_id, title in decisions.papers:
        paper = papers[paper_id] = ReviewedPaper()
        for decision in decisions.of(paper_id, title):
            if decision.verdict == "complete":
                paper.complete = True
            else:
                paper.fields.setdefault(decision.field, ReviewedField()).take(decision)
    return papers
