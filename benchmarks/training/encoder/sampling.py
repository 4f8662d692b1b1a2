"""Training inputs: which fields of a paper are asked for, and what is right."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from extractor.encoder.text import MOST_TOKENS, EncoderText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random

    from benchmarks.training.encoder.examples import Example, Places
    from extractor.encoder.text import Input, Vocabulary

_NOTE = re.compile(r" ?\(.*\)")
_FEWER_FIELDS, _WITHOUT_NOTE, _OTHER_FIELDS, _PART = 0.35, 0.4, 0.5, 0.25
_SHORTEST_PART = 60
_COMMON = 3


class Row:
    """One example with its tokens; the gold of a field are spans of units."""

    def __init__(self, example: Example, vocabulary: Vocabulary) -> None:
        self.example = example
        self.text = EncoderText(vocabulary, example.title, example.abstract)
        known = set(self.text.spans)
        self.gold = {name: self._spans(at, known) for name, at in example.fields.items()}
        self.optional = {name: self._spans(at, known) for name, at in example.optional.items()}

    def _spans(self, places: Places, known: set[tuple[int, int]]) -> list[tuple[int, int]]:
        """The units of each place, without signs at its ends that no span begins or ends with."""
        found: list[tuple[int, int]] = []
        for start, end in places:
            first = bisect_right(self.text.units, start, key=lambda unit: unit[1])
            last = bisect_left(self.text.units, end, key=lambda unit: unit[0]) - 1
            inner = (
                (one, other)
                for one in range(first, last + 1)
                for other in range(last, one - 1, -1)
                if (one, other) in known
            )
            if (span := next(inner, None)) is not None:
                found.append(span)
        return found


class Sampler:
    """Draws inputs: some of a paper's fields in any order, some of other kinds of papers."""

    def __init__(self, rows: Sequence[Row], random: Random) -> None:
        self.rows = rows
        self.random = random
        self._groups: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            for name in row.example.fields:
                self._groups[name].add(row.example.group)
        self._names = sorted(self._groups)

    def draw(self, row: Row) -> tuple[Input, list[tuple[int, int]], list[tuple[int, int]]]:
        """An input, the pairs of a span and a field that are right, and those to leave out."""
        names = self._fields(row)
        asked = [self._wording(name) for name, _ in names]
        given = self._part(row, asked)
        number = {span: index for index, span in enumerate(given.spans)}

        def pairs(places: dict[str, list[tuple[int, int]]]) -> list[tuple[int, int]]:
            return [
                (number[span], field)
                for field, (name, own) in enumerate(names)
                if own
                for span in places.get(name, ())
                if span in number
            ]

        return given, pairs(row.gold), pairs(row.optional)

    def _fields(self, row: Row) -> list[tuple[str, bool]]:
        """Names to ask for, and whether they are fields of this paper."""
        own = list(row.example.fields)
        self.random.shuffle(own)
        if len(own) > 2 and self.random.random() < _FEWER_FIELDS:
            own = own[: self.random.randint(1, len(own))]
        names = [(name, True) for name in own]
        if row.example.group != "paper" and self.random.random() < _OTHER_FIELDS:
            names += [(name, False) for name in self._others(row.example)]
            self.random.shuffle(names)
        return names

    def _others(self, example: Example) -> Iterator[str]:
        """Fields that papers of this kind have no phrases of, as far as can be told."""
        heads = {_bare(name).split()[-1] for name in example.fields}
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice(self._names)
            words = _bare(name).split()
            common = len(words) < 2 and len(self._groups[name]) > _COMMON
            if example.group not in self._groups[name] and words[-1] not in heads and not common:
                yield name

    def _wording(self, name: str) -> str:
        plain = name.removesuffix("!")
        return _NOTE.sub("", plain) if self.random.random() < _WITHOUT_NOTE else plain

    def _part(self, row: Row, fields: Sequence[str]) -> Input:
        """One window of the text, now and then a short one."""
        head, marks = row.text.head(fields)
        windows = list(row.text.windows(MOST_TOKENS - len(head) - 1))
        if len(windows) == 1 and self.random.random() < _PART:
            size = int(len(row.text.tokens) * self.random.uniform(0.3, 0.8))
            windows = list(row.text.windows(max(_SHORTEST_PART, size)))
        return row.text.input(head, marks, self.random.choice(windows))


def _bare(name: str) -> str:
    return _NOTE.sub("", name.removesuffix("!"))


def batches(
    rows: Iterable[tuple[Sampler, Row]], size: int, random: Random
) -> list[list[tuple[Sampler, Row]]]:
    """Rows in random batches of like length, so that little is padded."""
    mixed = list(rows)
    random.shuffle(mixed)
    chunks = (
        sorted(mixed[at : at + 8 * size], key=lambda pair: len(pair[1].text.tokens))
        for at in range(0, len(mixed), 8 * size)
    )
    result = [chunk[at : at + size] for chunk in chunks for at in range(0, len(chunk), size)]
    random.shuffle(result)
    return result
