"""Which values come first: the doubtful ones, paper by paper."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.review.values import Value

DOUBTFUL = 0.8
"""A value below this confidence is doubtful; so is one that has none, and one that was refused."""

UNKNOWN = 0.5
"""Where a value without a confidence stands among those that have one."""

SEED = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One step of the review: a value by its index in its paper, or None for the paper's end."""

    paper: int
    value: int | None


def queue(papers: Sequence[Sequence[Value]]) -> list[Item]:
    """The doubtful values of all papers, then the others.

    In both parts the values of one paper follow each other, since reading its abstract takes
    longer than judging a value; papers stand by their least certain value, values within a paper
    too. What is equal stands in the order of the records.
    """
    parts: tuple[list[tuple[float, list[Item]]], ...] = ([], [])
    for number, values in enumerate(papers):
        order = sorted(range(len(values)), key=lambda at: rank(values[at]))
        for part, doubtful in zip(parts, (True, False), strict=True):
            own = [at for at in order if is_doubtful(values[at]) is doubtful]
            if own:
                part.append((rank(values[own[0]]), [Item(number, at) for at in own]))
    for part in parts:
        part.sort(key=lambda own: own[0])
    return [item for part in parts for _, own in part for item in own]


def whole_papers(papers: Sequence[Sequence[Value]], sample: int) -> list[Item]:
    """Every value of a random sample of papers, then each paper's end, where values can be added.

    The same records give the same sample, also with a larger number: that one continues it.
    """
    numbers = list(range(len(papers)))
    Random(SEED).shuffle(numbers)  # noqa: S311 -- a sample, not a secret
    steps = []
    for number in numbers[:sample]:
        values = sorted(range(len(papers[number])), key=lambda at: rank(papers[number][at]))
        steps += [Item(number, at) for at in values] + [Item(number, None)]
    return steps


def is_doubtful(value: Value) -> bool:
    return value.refused or rank(value) < DOUBTFUL


def rank(value: Value) -> float:
    """Its confidence, or what stands for it."""
    return UNKNOWN if value.confidence is None else value.confidence
