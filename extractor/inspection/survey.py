"""A survey: what a dump holds, counted in one pass over it in bounded memory."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from extractor.inspection.tokens import count_tokens
from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Hashable

    from extractor.readers import Item, Unreadable

NO_ABSTRACT = "There is no abstract."
REMEMBERED = 1_000_000
"""Different papers, and ids, that are remembered to know them again."""

_SHOWN = 5
_SEED = 0


@dataclass
class Lengths:
    """Lengths in characters, of which there are few different ones however long the dump is."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, length: int) -> None:
        self.counts[length] += 1

    @property
    def smallest(self) -> int:
        return min(self.counts, default=0)

    @property
    def largest(self) -> int:
        return max(self.counts, default=0)

    @property
    def median(self) -> int:
        """The lower one of the two in the middle, where there are two."""
        left = (self.counts.total() + 1) // 2
        for length in sorted(self.counts):
            left -= self.counts[length]
            if left <= 0:
                return length
        return 0

    def to_dict(self) -> dict[str, int]:
        return {"min": self.smallest, "median": self.median, "max": self.largest}


@dataclass
class Repeats:
    """How often something came that had come before.

    ``overflowed``: more different ones came than are remembered, and some may be missed.
    """

    count: int = 0
    overflowed: bool = False
    examples: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def add(self, what: Hashable, shown: str) -> None:
        key = hash(what)
        if key in self._seen:
            self.count += 1
            if len(self.examples) < _SHOWN and shown not in self.examples:
                self.examples.append(shown)
        elif len(self._seen) < REMEMBERED:
            self._seen.add(key)
        else:
            self.overflowed = True


@dataclass
class Survey:
    """What was found: feed it with :meth:`take`, item by item.

    ``unreadable`` counts entries by what is wrong with them; ``first`` and ``first_unreadable``
    are the first few of each; ``sample`` is a fair draw of at most ``sample_size`` papers,
    always the same for the same dump; ``metadata`` counts the papers that have each key.
    """

    sample_size: int = 200
    papers: int = 0
    titles: Lengths = field(default_factory=Lengths)
    abstracts: Lengths = field(default_factory=Lengths)
    texts: Repeats = field(default_factory=Repeats)
    ids: Repeats = field(default_factory=Repeats)
    has_ids: bool = False
    metadata: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    first: list[Paper] = field(default_factory=list)
    first_unreadable: list[Unreadable] = field(default_factory=list)
    sample: list[Paper] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(_SEED))  # noqa: S311

    @property
    def without_abstract(self) -> int:
        """Entries that have a title and no abstract."""
        return self.unreadable[NO_ABSTRACT]

    @property
    def abstract_tokens(self) -> Lengths:
        """About how many tokens the abstracts of the sample have."""
        lengths = Lengths()
        for paper in self.sample:
            lengths.add(count_tokens(paper.abstract))
        return lengths

    @property
    def distinct(self) -> int:
        """Papers that have to be paid for: the same title and abstract only once."""
        return self.papers - self.texts.count

    def take(self, item: Item) -> None:
        """Count one entry of the dump."""
        if isinstance(item, Paper):
            self._take_paper(item)
            return
        self.unreadable[item.message.partition(":")[0]] += 1
        if len(self.first_unreadable) < _SHOWN:
            self.first_unreadable.append(item)

    def to_dict(self) -> dict[str, Any]:
        """The survey as JSON values; lengths are in characters unless they say tokens."""
        return {
            "papers": self.papers,
            "without_abstract": self.without_abstract,
            "unreadable": dict(self.unreadable),
            "repeated": self.texts.count,
            "ids": {"own": self.has_ids, "repeated": self.ids.count, "such_as": self.ids.examples},
            "title": self.titles.to_dict(),
            "abstract": self.abstracts.to_dict(),
            "abstract_tokens": self.abstract_tokens.to_dict(),
            "metadata": dict(self.metadata),
            "first": [
                {"id": paper.id, "title": paper.title, "abstract": len(paper.abstract)}
                for paper in self.first
            ],
            "first_unreadable": [
                {"line": item.line, "message": item.message, "id": item.id, "title": item.title}
                for item in self.first_unreadable
            ],
        }

    def _take_paper(self, paper: Paper) -> None:
        self.papers += 1
        self.titles.add(len(paper.title))
        self.abstracts.add(len(paper.abstract))
        self.texts.add((paper.title, paper.abstract), paper.title)
        self.ids.add(paper.id, paper.id)
        self.has_ids = self.has_ids or paper.id != str(self.papers)
        self.metadata.update(paper.source.keys())
        if len(self.first) < _SHOWN:
            self.first.append(paper)
        self._draw(paper)

    def _draw(self, paper: Paper) -> None:
        """Keep every paper seen so far with the same chance (reservoir sampling)."""
        if len(self.sample) < self.sample_size:
            self.sample.append(paper)
            return
        place = self._random.randrange(self.papers)
        if place < self.sample_size:
            self.sample[place] = paper
