"""Forms of one name: which candidates mean the same thing, and which form of it is given."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from extractor.candidates.spans import JOINED, MAX_LENGTH, NameCandidate
from extractor.candidates.vocabulary import GENERIC_TAILS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME_FIELDS = ("method_name", "benchmarks", "hardware")
# A longer form is taken for a device only where it is about as likely as the shorter one.
_LONGER_FORM = 0.6
# Several devices are not one ("H100/H200", "FPGA or GPU"), and a count is no part of one ("8-GPU").
_NO_DEVICE = re.compile(r"/|,\s|\b(?:and|or)\b|\b\d+-[A-Za-z]{3,}")
# "256Kb", "40nm": a measure is nobody's name.
_MEASURE = re.compile(
    r"\d+(?:\.\d+)?\s?(?:[kmgt]i?)?(?:b|bits?|bytes?|[nm]m|[mn]?s|hz|w|v)", re.IGNORECASE
)
# Of the letters of a short form, in the order of the long one: "LGA-Net", "Latent Graph Aligner".
_SHARED_LETTERS = 0.5
_BEFORE_SHORT = re.compile(
    r"\W{0,4}\(\W{0,4}|,?\s+or\s+(?:just\s+|simply\s+)?|,?\s+abbreviated\s+(?:as|to)\s+"
)
_BEHIND_SHORT = re.compile(r"s?\W{0,4}(?:[),;.]|\Z)|\s+(?:for|which|that|is|and|to)\b")
_ANYTHING = re.compile(r"")
_BEFORE_LONG = re.compile(r"\W{0,4}\(\W{0,4}|,?\s+(?:which\s+stands|standing|short)\s+for\s+")
_LONGEST_SIGN = 24
_LISTED = re.compile(
    r"\s*(?:,|/|,?\s(?:and|or|as\s+well\s+as))\s*(?:(?:on|with|for|in)\s+)?(?:(?:the|an?)\s+)?"
)


@dataclass(frozen=True, slots=True)
class ScoredName:
    """A name candidate and how likely it is each of ``NAME_FIELDS``."""

    candidate: NameCandidate
    probability: Mapping[str, float]


def could_be(name: ScoredName, field: str) -> bool:
    text = name.candidate.text
    if _MEASURE.fullmatch(text) or JOINED.fullmatch(text):
        return False
    return field != "hardware" or not _NO_DEVICE.search(text)


def same_thing(one: NameCandidate, other: NameCandidate, text: str) -> bool:
    """Whether two candidates are forms of one name: linked, overlapping or one in the other.

    Those that ``text`` lists beside each other are two ("Digits and Fashion Digits").
    """
    if one.key in other.aliases or other.key in one.aliases:
        return True
    if _beside(one, other, text, _LISTED) or _beside(other, one, text, _LISTED):
        return False
    ours, theirs = _core_words(one.text), _core_words(other.text)
    return ours <= theirs or theirs <= ours or _overlap(one, other)


def _beside(
    one: NameCandidate,
    other: NameCandidate,
    text: str,
    sign: re.Pattern[str],
    behind: re.Pattern[str] = _ANYTHING,
) -> bool:
    """Whether one name stands before the other, with only this sign in between and that behind."""
    return any(
        sign.fullmatch(text, end, start) and behind.match(text, last)
        for _, end in one.spans
        for start, last in _starting(other, end + 1, end + _LONGEST_SIGN + 1)
    )


def _overlap(one: NameCandidate, other: NameCandidate) -> bool:
    return any(
        start < other_end and other_start < end
        for start, end in one.spans
        for other_start, other_end in _starting(other, start - MAX_LENGTH, end)
    )


def _starting(name: NameCandidate, first: int, stop: int) -> tuple[tuple[int, int], ...]:
    """Where the name stands, of the places from ``first`` up to ``stop``."""
    return name.spans[bisect_left(name.spans, (first,)) : bisect_left(name.spans, (stop,))]


@cache
def _core_words(name: str) -> frozenset[str]:
    words = frozenset(re.findall(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", name.lower()))
    return words - GENERIC_TAILS or words


def fuller(
    name: ScoredName, names: Sequence[ScoredName], taken: Sequence[ScoredName], text: str
) -> ScoredName:
    """The longest form of a device that is nearly as likely ("Xavier" in "Xavier NX")."""
    floor = _LONGER_FORM * name.probability["hardware"]
    words = _core_words(name.candidate.text)
    longer = [
        other
        for other in names
        if other.probability["hardware"] >= floor
        and could_be(other, "hardware")
        and words < _core_words(other.candidate.text)
        and _overlap(name.candidate, other.candidate)
        and not _beside(name.candidate, other.candidate, text, _LISTED)
        and not any(_overlap(other.candidate, used.candidate) for used in taken)
    ]
    return max(longer, key=lambda other: len(_core_words(other.candidate.text)), default=name)


def short_form(name: ScoredName, names: Sequence[ScoredName], text: str) -> ScoredName:
    """The short form that the text itself gives for a name, with the probability of the name."""
    if " " not in name.candidate.text:
        return name
    shorter = [
        other
        for other in names
        if _abbreviates(other.candidate.text, name.candidate.text)
        and (
            _beside(name.candidate, other.candidate, text, _BEFORE_SHORT, _BEHIND_SHORT)
            or _beside(other.candidate, name.candidate, text, _BEFORE_LONG)
        )
    ]
    best = max(shorter, key=lambda other: other.probability["method_name"], default=name)
    return replace(best, probability=name.probability)


def _abbreviates(short: str, long: str) -> bool:
    """Whether a name is one word, and its letters are of the long form's, in their order."""
    is_name = re.fullmatch(r"(?=.*[A-Z])[^\W\d_][\w+*-]*", short)
    if len(short) >= len(long) or not is_name or short in long.split():
        return False
    letters = iter(long.lower())
    found = [char in letters for char in short.lower() if char.isalpha()]
    return found[0] and sum(found) >= _SHARED_LETTERS * len(found)
