"""A text in a form in which notations that mean the same are the same, with a way back.

White space, hyphens, brackets and wrapping (``$...$``, ``\\textbf{...}``, ``**...**``) are taken
out, numbers are written in one way ("3.20 times", "$3.2\\times$" and "3.2x" are all "3.2×"),
ligatures, accents and full-width forms are brought to one code point sequence. What was taken
out between two tokens is kept as a *gap*, so that a match can still be refused where it would
join or cut what the text keeps apart.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from extractor.grounding.hidden import visible, visible_places
from extractor.grounding.number_words import lowered
from extractor.grounding.numbers import numerals
from extractor.grounding.numerals import UNSPACED
from extractor.grounding.urls import URL, URL_END_SIGNS, Span
from extractor.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator


# Gaps: what is between one character of a normal form and the one before it.
INSIDE, NONE, HYPHEN, SPACE, OTHER = range(5)

DASHES = "-‐‑‒–—―−﹣－"
_WRAPPING = (
    r"\\(?:text|math)[a-z]*\b|\\(?:emph|underline|ensuremath|mbox|url|href|bf|it|rm|sc|tt|em)\b"
)
_TOKEN = re.compile(
    r"(?P<plain>(?:[A-Za-z]++ (?=[A-Za-z])){0,15}+"
    r"[A-Za-z]++(?![^\x00-\x7f\u2010-\u206f\u2190-\u22ff×]))"
    r"|(?P<sign>[0-9]+|[.,;:!?%/+=#@])"
    r"|(?P<digits>\d+)"
    rf"|(?P<raised>[⁰¹²³⁴-⁹]+)|(?P<lowered>[₀-₉]+)"
    rf"|(?P<single>[{UNSPACED}])"
    rf"|(?P<letters>(?:(?![{UNSPACED}⁰¹²³⁴-⁹₀-₉])[^\W\d_][\u0300-\u036f]*)+)"
    rf"|(?P<skip>{_WRAPPING}|\*\*|__|[$`{{}}~\"“”„«»\u00ad\u200b-\u200f\ufeff]|\\[,;:! -]"
    r"|['‘’](?![^\W_])|(?<![^\W_])['‘’]|_(?=\{)|(?<=\$)_|(?<=[A-Za-z])_(?=\d))"
    r"|(?P<command>\\[a-zA-Z]+)"
    r"|(?P<escaped>\\[%_&#$])"
    rf"|(?P<symbol>[^\s\{DASHES}()\[\]\\])"
)
_COMMANDS = {"times": "×", "cdot": "·", "sim": "", "approx": "", "percent": "%", "pm": "±"}
_SYMBOLS = {"‘": "'", "’": "'", "✕": "×", "✖": "×", "⨯": "×", "⨉": "×"}
_GAP_WRAPPING = re.compile(rf"{_WRAPPING}|\*\*|__|[$`{{}}\"“”„«»'‘’^_\u00ad\u200b-\u200f\ufeff]")
_NO_ALNUM = re.compile(r"[\W_]+")
_SPOKEN = re.compile(r"[^\s()\[\],;:\"“”—]+")
_MARKS = dict.fromkeys(map(ord, "*$\\{}"))
_SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")


class Normalised:
    """The normal form of one text.

    ``tight`` holds the tokens without what separates them, ``folded`` the same in lower case.
    Gaps and offsets are worked out only for the stretch that a search hits.
    """

    __slots__ = ("_chunks", "_firsts", "_text", "folded", "tight")

    def __init__(self, text: str) -> None:
        self._text = text
        self._chunks = _chunks(text)
        pieces = [chunk[0] for chunk in self._chunks]
        self._firsts = [0, *accumulate(map(len, pieces))]
        self.tight = "".join(pieces)
        self.folded = lowered(self.tight)

    def stretch(self, first: int, stop: int) -> Stretch | None:
        """The gaps in ``tight[first:stop]``, and its span in the original.

        None where either end of it lies within a token.
        """
        gaps = bytearray(stop - first)
        start = end = reached = -1
        for place, size, token_start, token_end in self._tokens(first, stop):
            if place >= first:
                between = self._text[reached:token_start] if reached >= 0 else ""
                gaps[place - first] = _gap(between) if between else NONE
            if place == first:
                start = token_start
            if place + size == stop:
                end = token_end
            reached = token_end
        return None if start < 0 or end < 0 else Stretch(bytes(gaps), start, end)

    def _tokens(self, first: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """The tokens of ``tight[first:stop]``: place in it, size, and span in the original."""
        index = bisect_right(self._firsts, first) - 1
        while index < len(self._chunks) and (place := self._firsts[index]) < stop:
            piece, start, end, plain = self._chunks[index]
            if not plain:
                yield place, len(piece), start, end
            else:
                for word in self._text[start:end].split(" "):
                    if first < place + len(word) and place < stop:
                        yield place, len(word), start, start + len(word)
                    place += len(word)
                    start += len(word) + 1
            index += 1


class Stretch(NamedTuple):
    """A part of a normal form: the gap before each character, and the span it came from."""

    gaps: bytes
    start: int
    end: int


@dataclass(eq=False)
class SourceText:
    """An original text; its searchable forms are computed once, on demand.

    Values are looked for in what is ``visible`` of it.
    """

    original: str
    visible: str = field(init=False)

    def __post_init__(self) -> None:
        self.visible = visible(self.original)

    def original_span(self, span: Span) -> Span:
        """Where the original has a span of the visible text."""
        if len(self.visible) == len(self.original):
            return span
        return Span(self._places[span.start], self._places[span.end - 1] + 1)

    @cached_property
    def _places(self) -> list[int]:
        return visible_places(self.original)

    @cached_property
    def normalised(self) -> Normalised:
        """The normal form."""
        return Normalised(self.visible)

    def has_letters(self, run: str) -> bool:
        """Whether the text has the lower-case letters ``run`` in any notation."""
        return run in self._lower or run in self._squeezed

    @cached_property
    def _lower(self) -> str:
        return self.visible.lower()

    @cached_property
    def _squeezed(self) -> str:
        return _NO_ALNUM.sub("", unicodedata.normalize("NFKC", self.visible).lower())

    @cached_property
    def urls(self) -> list[tuple[int, int]]:
        """The spans of the URLs in the text."""
        if "://" not in self.visible and "www." not in self.visible:
            return []
        return [
            (url.start(), url.start() + len(url.group().rstrip(URL_END_SIGNS)))
            for url in URL.finditer(self.visible)
        ]

    def has_url_around(self, place: int) -> bool:
        """Whether ``place`` lies inside a URL."""
        before = bisect_left(self.urls, (place,)) - 1
        return before >= 0 and place < self.urls[before][1]

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The spans of the sentences."""
        return sentence_spans(self.visible)

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        """The words in lower case and without marks, with the span they were cut from."""
        said = ((word.group().lower(), word.span()) for word in _SPOKEN.finditer(self.visible))
        bare = ((word.replace("\\times", "x").translate(_MARKS), span) for word, span in said)
        return [(word.strip(".!?'’"), *span) for word, span in bare]


source_text = lru_cache(maxsize=32)(SourceText)
"""The SourceText of a text: the same for the same text while values are looked for in it."""


# A token of the normal form and its span; with True, a run of words with a space between each.
Chunk = tuple[str, int, int, bool]


def _chunks(text: str) -> list[Chunk]:
    chunks: list[Chunk] = []
    reached = 0
    for numeral in numerals(text):
        start, end, stop = numeral.start, numeral.end, numeral.stop
        if numeral.also and numeral.scale == 1:
            continue  # "half the time" says 2x, and "2x the time" does not
        if text[start] == "0" and text[start + 1 : start + 2].isdecimal():
            continue  # "007" is written in no other way
        _read(text, reached, start, chunks)
        if numeral.negative:
            chunks.append(("-", start - 1, start, False))
        chunks.append((written(numeral.value), start, end, False))
        if numeral.unit is not None and stop == end:
            chunks.append(("×", start, end, False))  # said by the words: "twice", "two orders of"
        elif numeral.unit is not None:
            chunks.append(("×" if numeral.unit == "x" else "%", end, stop, False))
        reached = stop
    _read(text, reached, len(text), chunks)
    return chunks


def written(value: float) -> str:
    """The one way a number is written: no separators, no trailing zeros."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _read(text: str, start: int, end: int, chunks: list[Chunk]) -> None:
    for match in _TOKEN.finditer(text, start, end):
        kind, said = match.lastgroup, match.group()
        if kind == "plain":
            chunks.append((said.replace(" ", ""), *match.span(), True))
        elif kind == "sign":
            chunks.append((said, *match.span(), False))
        elif kind != "skip":
            piece = _piece(kind, said, chunks)
            if piece:
                chunks.append((piece, *match.span(), False))


def _piece(kind: str | None, said: str, chunks: list[Chunk]) -> str:
    if kind == "command":
        return _command(said[1:])
    if kind == "escaped":
        return said[1:]
    if kind == "lowered":
        return said.translate(_SMALL)
    if kind == "raised":
        return _power(chunks) + said.translate(_SMALL)
    if said == "^":
        return _power(chunks)
    if said.isascii():
        return said
    return _SYMBOLS.get(said) or unicodedata.normalize("NFKC", said)


def _power(chunks: list[Chunk]) -> str:
    """The sign of a power: 10² is not 102, nor k² k2, while E² of a name may be written E2."""
    return "" if chunks and chunks[-1][0][-1].isupper() else "^"


@lru_cache(maxsize=256)
def _command(name: str) -> str:
    if name in _COMMANDS:
        return _COMMANDS[name]
    size = "SMALL" if name.islower() else "CAPITAL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return name


@lru_cache(maxsize=4096)
def _gap(between: str) -> int:
    rest = _GAP_WRAPPING.sub("", between)
    if not rest:
        return NONE
    if rest.isspace() or rest in ("~", "\\,", "\\ "):
        return SPACE
    if rest[0] in DASHES and not rest.strip(DASHES).strip():
        return HYPHEN
    return SPACE if not rest.strip(DASHES + " \t\r\n~") else OTHER
