"""The words of a text that come nearest to a value that is not in it: for the reason only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.grounding.text import SourceText
from extractor.grounding.urls import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 12  # words of a value that are compared
_UNKNOWN = 3  # words of it that are compared letter by letter


def nearest(value: str, sources: Sequence[SourceText], *, url: bool = False) -> str | None:
    """The nearest words of any of ``sources``, or None where nothing comes near."""
    if url:
        return _nearest_url(value, sources)
    wanted = [word for word, _, _ in SourceText(value).words[:_LONGEST]]
    best, words = 0.5 * len(wanted), None
    for source in sources:
        score, found = _nearest_in(wanted, source)
        if score > best or (score == best and words is None and found):
            best, words = score, found
    return words


def _nearest_in(wanted: list[str], source: SourceText) -> tuple[float, str | None]:
    """The span of as many words as are wanted with the most of them, and its score."""
    words, width = source.words, len(wanted)
    worth = _worth(set(wanted), {word for word, _, _ in words})
    scores = [worth.get(word, 0.0) for word, _, _ in words]
    places = [place for place, score in enumerate(scores) if score]
    if not places:
        return 0, None
    if wanted[0] not in worth:  # then what is wanted begins before the words that are known
        places = [max(0, place - width + 1) for place in places]
    best = max(places, key=lambda place: sum(scores[place : place + width]))
    last = min(best + width, len(words)) - 1
    near = source.original[words[best][1] : words[last][2]].strip(".!?'’")
    return sum(scores[best : best + width]), near


def _worth(wanted: set[str], known: set[str]) -> dict[str, float]:
    """How much each known word counts: one that is wanted more than one that is like it."""
    unknown = sorted(wanted - known, key=lambda word: (not word.isalpha(), len(word)))[-_UNKNOWN:]
    worth = {word: 0.75 for other in unknown for word in known if _alike(word, other)}
    return worth | dict.fromkeys(wanted & known, 1.0)


def _alike(one: str, other: str) -> bool:
    """Whether all but a middle part of two words is the same: "A100" and "H100"."""
    if not -2 <= len(one) - len(other) <= 2 or not one or not other:
        return False
    if one[0] != other[0] and one[-1] != other[-1]:
        return False
    same = _shared(one, other)
    end = _shared(one[same:][::-1], other[same:][::-1])
    return same + end >= max(2, 0.6 * max(len(one), len(other)))


def _shared(one: str, other: str) -> int:
    """The length of the beginning that two words share."""
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _nearest_url(value: str, sources: Sequence[SourceText]) -> str | None:
    wanted = canonical(value)
    urls = [source.original[start:end] for source in sources for start, end in source.urls]
    return max(urls, key=lambda url: _shared(canonical(url), wanted), default=None)
