"""Sentences, words and their shapes: the view of a paper that candidates and features share."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from extractor.paper import LONGEST_ABSTRACT, LONGEST_TITLE
from extractor.sentences import paper_sentence_spans

_WORD = re.compile(r"https?://\S+|[A-Za-zÀ-ɏͰ-Ͽ]+(?:[-'’][A-Za-z0-9]+)*|\d+(?:[.,]\d+)*%?|[^\w\s]")


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


# Capitalised at the start of a sentence without being a name.
OPENERS = word_set(
    "the our we in on a an this these for to with it from by using extensive experiments"
    " experimental results code both evaluations empirical evaluated specifically compared as"
    " and however at tested finally moreover furthermore then while when such unlike like based"
    " further through here most existing recent recently"
)
NAME, CAPITALISED, NUMBER, URL = "<N>", "<C>", "<n>", "<url>"
NAME_SHAPES = frozenset((NAME, CAPITALISED, NUMBER))


@dataclass(frozen=True, slots=True)
class Word:
    """One word or sign; ``shape`` is its lower case, or a class for names, numbers and URLs."""

    start: int
    end: int
    text: str
    shape: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the abstract, or the title (number 0)."""

    number: int
    start: int
    end: int
    words: tuple[Word, ...]

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The words that touch ``start:end``, as a range of indices."""
        first = bisect_right(self.words, start, key=lambda word: word.end)
        return first, bisect_left(self.words, end, lo=first, key=lambda word: word.start)

    def shape(self, index: int) -> str:
        """The shape of a word, ``<s>`` and ``</s>`` outside the sentence."""
        if index < 0:
            return "<s>"
        return self.words[index].shape if index < len(self.words) else "</s>"


class Document:
    """A title and an abstract as one text, cut into sentences.

    Offsets count code points of ``text``, which is the title, a line break and the abstract.
    Only the first 2,000 characters of a title and 20,000 of an abstract are looked at.
    """

    def __init__(self, title: str, abstract: str) -> None:
        self.title = title[:LONGEST_TITLE]
        self.abstract = abstract[:LONGEST_ABSTRACT]
        self.text = f"{self.title}\n{self.abstract}"
        self.title_end = len(self.title)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The title, then the sentences of the abstract."""
        spans = paper_sentence_spans(self.title, self.abstract)
        return tuple(
            Sentence(number, start, end, tuple(words(self.text, start, end)))
            for number, (start, end) in enumerate(spans)
        )

    def sentence_at(self, place: int) -> Sentence:
        """The sentence that holds ``place``."""
        behind = bisect_right(self.sentences, place, key=lambda sentence: sentence.start)
        return self.sentences[max(0, behind - 1)]


def words(text: str, start: int, end: int) -> list[Word]:
    """The words and signs of ``text[start:end]``."""
    return [
        Word(found.start(), found.end(), found.group(), shape(found.group()))
        for found in _WORD.finditer(text, start, end)
    ]


def shape(word: str) -> str:
    """A word's class where it is a name, a number or a URL, else the word in lower case."""
    if word.startswith("http"):
        return URL
    if word[0].isdigit():
        return NUMBER
    if any(char.isupper() or char.isdigit() for char in word[1:]):
        return NAME
    lower = word.lower()
    return CAPITALISED if word[0].isupper() and lower not in OPENERS else lower
