"""A paper as the encoder reads it: tokens, the spans that may be phrases, windows that fit.

The network sees ``[CLS] [field] name [field] name … [SEP] title [SEP] abstract [SEP]``; a field is
judged by its mark, a span by its first and last token. Training and use share this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.sentences import paper_sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer

MOST_UNITS = 16
MOST_TOKENS = 512
_MOST_FIELD_TOKENS = 24
_UNIT = re.compile(
    r"(?:[^\W_][\u0300-\u036f]*)+|\S"
)  # a letter with the marks that combine with it
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}+%*'′")


@dataclass(frozen=True, slots=True)
class Input:
    """One pass of the network. ``starts``, ``ends`` and ``widths`` belong to ``spans``.

    ``marks`` are the tokens that stand for the fields, ``starts`` and ``ends`` those of the spans;
    ``widths`` count the units after the first.
    """

    tokens: list[int]
    marks: list[int]
    starts: list[int]
    ends: list[int]
    widths: list[int]
    spans: list[tuple[int, int]]


class Vocabulary:
    """The tokenizer with the numbers of its special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.cls = self._number("[CLS]")
        self.sep = self._number("[SEP]")
        self.mark = self._number("[unused1]")

    def _number(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        assert number is not None
        return number

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """The tokens of ``text`` and where each begins and ends."""
        found = self._tokenizer.encode(_SURROGATE.sub("?", text), add_special_tokens=False)
        return found.ids, found.offsets

    def field(self, name: str) -> list[int]:
        """A field's mark and the tokens of its name."""
        return [self.mark, *self.encode(name.replace("_", " "))[0][:_MOST_FIELD_TOKENS]]


class EncoderText:
    """The tokens of one paper, and its spans as pairs of a first and a last unit.

    A unit is a run of letters and digits, or one sign. Offsets count characters of ``text``: the
    title, a line break, the abstract. A span lies within one sentence.
    """

    def __init__(self, vocabulary: Vocabulary, title: str, abstract: str) -> None:
        self.text = f"{title}\n{abstract}"
        self._vocabulary = vocabulary
        self.units = [found.span() for found in _UNIT.finditer(self.text)]
        behind = len(title) + 1
        head, tail = vocabulary.encode(title), vocabulary.encode(abstract)
        self.tokens = [*head[0], vocabulary.sep, *tail[0]]
        offsets = [*head[1], (len(title), len(title))]
        offsets += [(start + behind, end + behind) for start, end in tail[1]]
        self._first, self._last = _tokens_of(self.units, offsets)
        self._breaks = [0]
        self.spans: list[tuple[int, int]] = []
        unit = 0
        sentences = paper_sentence_spans(title, abstract)
        for _, end in sentences if title else sentences[1:]:
            first = unit
            while unit < len(self.units) and self.units[unit][0] < end:
                unit += 1
            self.spans += self._within(first, unit)
            if unit < len(self.units) and (token := self._first[unit]) is not None:
                self._breaks.append(token)
        self._breaks.append(len(self.tokens))

    def characters(self, span: tuple[int, int]) -> tuple[int, int]:
        """Where a span begins and ends in ``text``."""
        return self.units[span[0]][0], self.units[span[1]][1]

    def _within(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        begins = [self._is_edge(unit, _OPENING) for unit in range(first, stop)]
        ends = [self._is_edge(unit, _CLOSING) for unit in range(first, stop)]
        for start in range(stop - first):
            if begins[start]:
                for end in range(start, min(start + MOST_UNITS, stop - first)):
                    if ends[end]:
                        yield first + start, first + end

    def _is_edge(self, unit: int, signs: frozenset[str]) -> bool:
        sign = self.text[self.units[unit][0]]
        return (sign.isalnum() or sign in signs) and self._first[unit] is not None

    def inputs(self, fields: Sequence[str]) -> Iterator[Input]:
        """What the network is given: one input, or several for a text that is too long for it."""
        head, marks = self.head(fields)
        for window in self.windows(MOST_TOKENS - len(head) - 1):
            yield self.input(head, marks, window)

    def head(self, fields: Sequence[str]) -> tuple[list[int], list[int]]:
        """The tokens before the text, and which of them are the marks of the fields."""
        head, marks = [self._vocabulary.cls], list[int]()
        for field in fields:
            marks.append(len(head))
            head += self._vocabulary.field(field)
        return [*head, self._vocabulary.sep], marks

    def input(self, head: list[int], marks: list[int], window: range) -> Input:
        """The input of some of the tokens."""
        shift = len(head) - window.start
        spans, starts, ends, widths = list[tuple[int, int]](), list[int](), list[int](), list[int]()
        for span in self.spans:
            start, end = self._first[span[0]], self._last[span[1]]
            if start is not None and end is not None and start in window and end in window:
                spans.append(span)
                starts.append(start + shift)
                ends.append(end + shift)
                widths.append(span[1] - span[0])
        tokens = [*head, *self.tokens[window.start : window.stop], self._vocabulary.sep]
        return Input(tokens, marks, starts, ends, widths, spans)

    def windows(self, room: int) -> Iterator[range]:
        """Ranges of at most ``room`` tokens that cover the text; sentences stay whole if they fit.

        Up to a third of each window is read again at the start of the next.
        """
        start = 0
        while True:
            fitting = [cut for cut in self._breaks if start < cut <= start + room]
            stop = fitting[-1] if fitting else start + room
            yield range(start, stop)
            if stop >= len(self.tokens):
                return
            again = [cut for cut in fitting if stop - cut <= room // 3]
            start = again[0] if again else stop


def _tokens_of(
    units: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]
) -> tuple[list[int | None], list[int | None]]:
    """The first and the last token of every unit; None for one that has no token."""
    first: list[int | None] = [None] * len(units)
    last: list[int | None] = [None] * len(units)
    unit = 0
    for token, (start, end) in enumerate(offsets):
        while unit < len(units) and units[unit][1] <= start:
            unit += 1
        touched = unit
        while touched < len(units) and units[touched][0] < end:
            if first[touched] is None:
                first[touched] = token
            last[touched] = token
            touched += 1
    return first, last
