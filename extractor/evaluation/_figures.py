"""Figures: from counts to precision, recall, F1 and the invention rate, with intervals."""

from __future__ import annotations

import random
import statistics
import struct
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Counts(NamedTuple):
    """What one field came to.

    ``absent`` counts papers where gold has nothing for the field, ``filled`` those of them
    where something was given, ``invented`` the values given there (they are ``wrong`` too).
    """

    right: int = 0
    wrong: int = 0
    missing: int = 0
    absent: int = 0
    filled: int = 0
    invented: int = 0

    @property
    def precision(self) -> float:
        """The share of right values among those given; 1 where none was given."""
        given = self.right + self.wrong
        return self.right / given if given else 1.0

    @property
    def recall(self) -> float:
        """The share of gold's values that were found; 1 where gold has none."""
        return self.right / (self.right + self.missing) if self.right + self.missing else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 1 where nothing was to be found and nothing was given."""
        weight = 2 * self.right + self.wrong + self.missing
        return 2 * self.right / weight if weight else 1.0

    @property
    def invention_rate(self) -> float:
        """The share of ``filled`` among ``absent``; 0 where gold always has something."""
        return self.filled / self.absent if self.absent else 0.0


class Interval(NamedTuple):
    """The middle 95 % of what resampling the papers gave."""

    low: float
    high: float


class Figure(NamedTuple):
    """A measured share, from 0 to 1, and how far it may be off for want of papers."""

    value: float
    interval: Interval


class PaperCounts(NamedTuple):
    """One paper: the counts of every field, in the order of the scorers, and whether all fit."""

    fields: tuple[Counts, ...]
    exact: bool


class Totals(NamedTuple):
    """The same over a number of papers, of which ``exact`` fit in every field."""

    fields: tuple[Counts, ...]
    exact: int
    papers: int

    @property
    def macro_f1(self) -> float:
        return sum(counts.f1 for counts in self.fields) / len(self.fields)

    @property
    def exact_share(self) -> float:
        return self.exact / self.papers

    @property
    def invention_rate(self) -> float:
        """Over all fields: the share of ``filled`` among ``absent`` places."""
        return total_counts(self.fields).invention_rate

    def figures(self) -> list[float]:
        """Every figure: four a field, then macro F1, the exact share and the invention rate."""
        by_field = ((c.precision, c.recall, c.f1, c.invention_rate) for c in self.fields)
        return [*chain(*by_field), self.macro_f1, self.exact_share, self.invention_rate]


def total_counts(parts: Iterable[Counts]) -> Counts:
    """The sum of counts."""
    return Counts(*map(sum, zip(*parts, strict=True)))


def total(papers: Sequence[PaperCounts]) -> Totals:
    """The sum over papers, of which there is at least one."""
    by_field = zip(*(paper.fields for paper in papers), strict=True)
    exact = sum(paper.exact for paper in papers)
    return Totals(tuple(total_counts(field) for field in by_field), exact, len(papers))


def measure(papers: Sequence[PaperCounts], *, resamples: int, seed: int) -> list[Figure]:
    """The figures of `Totals.figures`, each with the interval of a bootstrap over papers.

    ``resamples`` times as many papers are drawn, with replacement, as there are; the interval
    runs from the 2.5th to the 97.5th percentile. The same ``seed`` gives the same intervals.
    """
    figures = total(papers).figures()
    drawn = zip(*_resampled(papers, resamples, random.Random(seed)), strict=True)  # noqa: S311
    return [Figure(v, _middle(sample)) for v, sample in zip(figures, drawn, strict=True)]


def _middle(sample: Sequence[float]) -> Interval:
    cuts = statistics.quantiles(sample, n=40, method="inclusive")
    return Interval(cuts[0], cuts[-1])


def _resampled(
    papers: Sequence[PaperCounts], resamples: int, chance: random.Random
) -> Iterable[list[float]]:
    # All counts of a paper are packed into one large integer, 32 bits each, so that a resample
    # is a single sum: a thousand of them take hundredths of a second without any library.
    fields = len(papers[0].fields)
    layout = struct.Struct(f"<{fields * len(Counts._fields) + 1}I")
    packed = [int.from_bytes(layout.pack(*chain(*p.fields), p.exact), "little") for p in papers]
    for _ in range(resamples):
        summed = sum(chance.choices(packed, k=len(packed)))
        *counts, exact = layout.unpack(summed.to_bytes(layout.size, "little"))
        yield Totals(_by_field(counts), exact, len(papers)).figures()


def _by_field(counts: Sequence[int]) -> tuple[Counts, ...]:
    size = len(Counts._fields)
    return tuple(Counts(*counts[start : start + size]) for start in range(0, len(counts), size))
