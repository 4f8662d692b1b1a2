"""The words of a text that come nearest to a value that is not in it: for the reason only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.grounding.text import SourceText
from extractor.grounding.urls import canonical_url

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 12  # words of a value that are compared
_ALIKE = 65.0  # percent of the characters that have to be the same


def nearest(value: str, sources: Sequence[SourceText], *, url: bool = False) -> str | None:
    """The nearest words of any of ``sources``, or None where nothing comes near."""
    from rapidfuzz import fuzz, process

    if url:
        urls = [source.original[slice(*span)] for source in sources for span in source.urls]
        near_url = process.extractOne(value, urls, scorer=fuzz.ratio, processor=canonical_url)
        return near_url[0] if urls else None
    words = SourceText(value).words[:_LONGEST]
    wanted, width = " ".join(word for word, _, _ in words), len(words)
    best, near = _ALIKE, None
    for source in sources:
        bare = [word for word, _, _ in source.words]
        runs = [" ".join(bare[at : at + width]) for at in range(max(1, len(bare) - width + 1))]
        found = process.extractOne(wanted, runs, scorer=fuzz.ratio, score_cutoff=best)
        if found is not None and (near is None or found[1] > best):
            best, cut = found[1], source.words[found[2] : found[2] + width]
            near = source.original[cut[0][1] : cut[-1][2]].strip(".!?'’") if cut else None
    return near
