"""The words of a text that come nearest to a value that is not in it: for the reason only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.grounding.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.grounding.text import SourceText

_WORD = re.compile(r"[^\s()\[\],;:\"“”—]+")
_LONGEST = 12  # words of a value that are compared
_UNKNOWN = 3  # words of it that are compared letter by letter


def nearest(value: str, sources: Sequence[SourceText], *, url: bool = False) -> str | None:
    """The nearest words of any of ``sources``, or None where nothing comes near."""
    if url:
        return _nearest_url(value, sources)
    wanted = [_bare(word) for word in _WORD.findall(value)[:_LONGEST]]
    best, words = 0.5 * len(wanted), None
    for source in sources:
        score, found = _nearest_in(wanted, source.original)
        if score > best or (score == best and words is None and found):
            best, words = score, found
    return words


def _nearest_in(wanted: list[str], text: str) -> tuple[float, str | None]:
    places = [(word.start(), word.end()) for word in _WORD.finditer(text)]
    words = [_bare(text[start:end]) for start, end in places]
    scores = _scores(set(wanted), words)
    width = len(wanted)
    best, at, window = 0.0, 0, sum(scores[:width])
    for first in range(len(scores)):
        if window > best:
            best, at = window, first
        window -= scores[first]
        window += scores[first + width] if first + width < len(scores) else 0
    if best == 0:
        return 0, None
    last = min(at + width, len(places)) - 1
    return best, text[places[at][0] : places[last][1]].strip(".!?'’")


def _scores(wanted: set[str], words: list[str]) -> list[float]:
    known = set(words)
    unknown = sorted(wanted - known, key=lambda word: (not word.isalpha(), len(word)))[-_UNKNOWN:]
    worth = {word: 1.0 if word in wanted else _likeness(word, unknown) for word in known}
    return [worth[word] for word in words]


def _likeness(word: str, wanted: list[str]) -> float:
    return max((0.75 for other in wanted if _alike(word, other)), default=0.0)


def _alike(one: str, other: str) -> bool:
    """Whether all but a middle part of two words is the same: "A100" and "H100"."""
    longest, shortest = max(len(one), len(other)), min(len(one), len(other))
    if longest - shortest > 2 or shortest < 2 or (one[0] != other[0] and one[-1] != other[-1]):
        return False
    same = 0
    while same < shortest and one[same] == other[same]:
        same += 1
    end = 0
    while end < shortest - same and one[-1 - end] == other[-1 - end]:
        end += 1
    return same + end >= 0.6 * longest


def _bare(word: str) -> str:
    return word.strip(".!?'’*$").lower()


def _nearest_url(value: str, sources: Sequence[SourceText]) -> str | None:
    wanted = canonical(value)
    urls = [source.original[start:end] for source in sources for start, end in source.urls]
    return max(urls, key=lambda url: _shared(canonical(url), wanted), default=None)


def _shared(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length
