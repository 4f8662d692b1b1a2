"""Which of several places that have the same words is meant: the one in the claim's sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from extractor.grounding.match import exact_places
from extractor.grounding.urls import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from extractor.grounding.text import SourceText

Found: TypeAlias = tuple[int, Span]
"""The index of a source, and the span of the words in its visible text."""

_MOST_PLACES = 16


def beside(found: Found, quoted: Found, sources: Sequence[SourceText]) -> Found:
    """The place of the words of ``found`` that is nearest to a quote, if one is in its sentence."""
    places = list(_places(found, sources))
    if len(places) < 2:
        return found
    index, quote = quoted
    start, end = _sentence(quoted, sources)
    near = [
        (at, span) for at, span in places if at == index and start <= span.start and span.end <= end
    ]
    return min(near, key=lambda place: _gap(place[1], quote), default=found)


def in_company(found: Found, others: Iterable[str], sources: Sequence[SourceText]) -> Found:
    """The first place of the words of ``found`` whose sentence has most of the other values."""
    places = list(_places(found, sources))
    if len(places) < 2:
        return found

    def company(place: Found) -> int:
        said = sources[place[0]].visible[slice(*_sentence(place, sources))]
        return sum(other in said for other in others)

    return max(places, key=company)


def _places(found: Found, sources: Sequence[SourceText]) -> Iterable[Found]:
    words = sources[found[0]].visible[slice(*found[1])]
    for index, source in enumerate(sources):
        for span in exact_places(words, source, _MOST_PLACES):
            yield index, span


def _sentence(place: Found, sources: Sequence[SourceText]) -> tuple[int, int]:
    index, (start, end) = place
    spans = reversed(sources[index].sentences)
    first = next((each for each in spans if each[0] <= start), (start, end))
    return first[0], max(first[1], end)


def _gap(one: Span, other: Span) -> int:
    return max(one.start - other.end, other.start - one.end)
