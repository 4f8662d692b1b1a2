"""What the user probably meant by an unknown word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = 60.0
"""Percent of the letters that two words share, in order, when one is taken for the other."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, None where none is like it; one of the same letters
    comes first."""
    from rapidfuzz import fuzz, process  # only a mistake needs it

    known = list(known)
    for each in known:
        if sorted(each) == sorted(word):
            return each
    found = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return found[0] if found else None
