"""A survey: what a dump holds, counted in one pass over it in bounded memory."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from extractor.inspection.tokens import count_tokens
from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Hashable

    from extractor.readers import Item, Unreadable

NO_ABSTRACT = "There is no abstract."
REMEMBERED = 1_000_000
"""The most distinct papers, and ids, that are remembered to recognise repeats."""

_EXAMPLES = 5


class Lengths(Counter[int]):
    """How often each length occurs; few are distinct, however long the dump is."""

    @property
    def median(self) -> int:
        """The lower one of the two in the middle, where there are two."""
        left = (self.total() + 1) // 2
        for length in sorted(self):
            left -= self[length]
            if left <= 0:
                return length
        return 0

    def to_dict(self) -> dict[str, int]:
        return {
            "min": min(self, default=0),
            "median": self.median,
            "max": max(self, default=0),
        }


@dataclass
class Repeats:
    """How many things occurred before.

    ``overflowed``: there are more distinct ones than are remembered, so repeats may be missed.
    """

    count: int = 0
    overflowed: bool = False
    examples: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def add(self, what: Hashable, shown: str) -> None:
        key = hash(what)
        if key in self._seen:
            self.count += 1
            if len(self.examples) < _EXAMPLES and shown not in self.examples:
                self.examples.append(shown)
        elif len(self._seen) < REMEMBERED:
            self._seen.add(key)
        else:
            self.overflowed = True


@dataclass
class Survey:
    """What a dump holds; :meth:`take` counts one entry.

    ``unreadable`` counts entries by what is wrong with them; ``first`` and ``first_unreadable``
    are the first few of each; ``sample`` is a uniform random draw of at most ``sample_size``
    papers, the same for the same dump; ``metadata`` counts the papers that have each key.
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
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311

    @property
    def without_abstract(self) -> int:
        """Entries that have a title and no abstract."""
        return self.unreadable[NO_ABSTRACT]

    @property
    def abstract_tokens(self) -> Lengths:
        """The approximate lengths in tokens of the abstracts in the sample."""
        return Lengths(count_tokens(paper.abstract) for paper in self.sample)

    @property
    def distinct(self) -> int:
        """Papers that a run asks about: the same title and abstract only once."""
        return self.papers - self.texts.count

    def take(self, item: Item) -> None:
        """Count one entry of the dump."""
        if not isinstance(item, Paper):
            self.unreadable[item.message.partition(":")[0]] += 1
            if len(self.first_unreadable) < _EXAMPLES:
                self.first_unreadable.append(item)
            return
        self.papers += 1
        self.titles[len(item.title)] += 1
        self.abstracts[len(item.abstract)] += 1
        self.texts.add((item.title, item.abstract), item.title)
        self.ids.add(item.id, item.id)
        self.has_ids = self.has_ids or item.id != str(self.papers)
        self.metadata.update(item.source.keys())
        if len(self.first) < _EXAMPLES:
            self.first.append(item)
        # Reservoir sampling: every paper so far is in the sample with the same probability.
        if len(self.sample) < self.sample_size:
            self.sample.append(item)
        elif (place := self._random.randrange(self.papers)) < self.sample_size:
            self.sample[place] = item

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
            "first_unreadable": list(map(_told, self.first_unreadable)),
        }


def _told(entry: Unreadable) -> dict[str, Any]:
    row = asdict(entry)
    del row["source"]  # the columns of an entry are not shown
    return row
