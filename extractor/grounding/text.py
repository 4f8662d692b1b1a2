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
from functools import lru_cache
from typing import TYPE_CHECKING

from extractor.grounding.numerals import Numeral, lowered, numerals

if TYPE_CHECKING:
    from collections.abc import Iterator

# Gaps: what stands between one character of `tight` and the one before it.
INSIDE, NONE, HYPHEN, SPACE, OTHER = range(5)

DASHES = "-‐‑‒–—―−﹣－"
# Scripts without spaces between words, where every character may begin or end one.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
URLS = re.compile(r"(?:https?://|www\.)[^\s<>\"]+")
_WRAPPING = (
    r"\\(?:text|math)[a-z]*\b|\\(?:emph|underline|ensuremath|mbox|url|href|bf|it|rm|sc|tt|em)\b"
)
_TOKEN = re.compile(
    r"(?P<word>[A-Za-z]++(?![^\x00-\x7f]))"
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
_SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")


class Normalised:
    """The normal form of one text.

    ``tight`` holds the tokens without what separates them, ``folded`` the same in lower case,
    ``gaps[i]`` the gap before ``tight[i]``. Where a token begins at ``i`` or ends before ``j``,
    ``starts[i]`` and ``ends[j - 1]`` are its offsets in the original.
    """

    __slots__ = ("ends", "folded", "gaps", "starts", "tight")

    def __init__(self, text: str) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.gaps = bytearray()
        pieces: list[str] = []
        reached = 0
        for piece, start, end in _tokens(text):
            size = len(piece)
            pieces.append(piece)
            self.starts += [start] * size
            self.ends += [end] * size
            self.gaps.append(_gap(text[reached:start]) if start > reached else NONE)
            self.gaps.extend(bytes(size - 1))
            reached = end
        self.tight = "".join(pieces)
        self.folded = lowered(self.tight)


class SourceText:
    """An original text; its normal form and what else is asked of it are made once, on demand."""

    __slots__ = ("_normalised", "_urls", "original")

    def __init__(self, original: str) -> None:
        self.original = original
        self._normalised: Normalised | None = None
        self._urls: list[tuple[int, int]] | None = None

    @property
    def normalised(self) -> Normalised:
        if self._normalised is None:
            self._normalised = Normalised(self.original)
        return self._normalised

    @property
    def urls(self) -> list[tuple[int, int]]:
        """The spans of the URLs in the text."""
        if self._urls is None:
            self._urls = list(_urls(self.original))
        return self._urls


def _urls(text: str) -> Iterator[tuple[int, int]]:
    if "://" in text or "www." in text:
        for url in URLS.finditer(text):
            yield url.start(), url.start() + len(url.group().rstrip("/.,;:!?'’”)]}`*$"))


Token = tuple[str, int, int]


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    reached = 0
    for numeral in numerals(text):
        if not _is_one_notation(text, numeral):
            continue
        _tokenise(text, reached, numeral.start, tokens)
        _add_numeral(numeral, tokens)
        reached = numeral.stop
    _tokenise(text, reached, len(text), tokens)
    return tokens


def _is_one_notation(text: str, numeral: Numeral) -> bool:
    """Whether the numeral may be written in another way without saying something else."""
    if numeral.also and numeral.scale == 1:
        return False  # "half the time" says 2x, and "2x the time" does not
    return not (
        text[numeral.start] == "0" and text[numeral.start + 1 : numeral.start + 2].isdecimal()
    )


def _add_numeral(numeral: Numeral, tokens: list[Token]) -> None:
    if numeral.negative:
        tokens.append(("-", numeral.start - 1, numeral.start))
    worded = numeral.unit is not None and numeral.stop == numeral.end
    tokens.append((written(numeral.value), numeral.start, numeral.end))
    if worded:  # the unit is in the words: "twice", "two orders of magnitude"
        tokens.append(("×", numeral.start, numeral.end))
    elif numeral.unit is not None:
        tokens.append(("×" if numeral.unit == "x" else "%", numeral.end, numeral.stop))


def written(value: float) -> str:
    """The one way a number is written: no separators, no trailing zeros."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def _tokenise(text: str, start: int, end: int, tokens: list[Token]) -> None:
    for match in _TOKEN.finditer(text, start, end):
        kind = match.lastgroup
        if kind == "word":
            tokens.append((match.group(), match.start(), match.end()))
        elif kind != "skip":
            piece = _piece(kind, match.group(), tokens)
            if piece:
                tokens.append((piece, match.start(), match.end()))


def _piece(kind: str | None, said: str, tokens: list[Token]) -> str:
    if kind == "command":
        return _command(said[1:])
    if kind == "escaped":
        return said[1:]
    if kind == "lowered":
        return said.translate(_SMALL)
    if kind == "raised":
        return _power(tokens) + said.translate(_SMALL)
    if said == "^":
        return _power(tokens)
    if said.isascii():
        return said
    return _SYMBOLS.get(said) or unicodedata.normalize("NFKC", said)


def _power(tokens: list[Token]) -> str:
    """The sign of a power: 10² is not 102, nor k² k2, while E² of a name may be written E2."""
    return "" if tokens and tokens[-1][0][-1].isupper() else "^"


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
