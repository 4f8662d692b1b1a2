"""Numbers that are listed: "2.9, 3.4 and 5.1x", and what "respectively" pairs them with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Span = tuple[int, int]
IN_TURN = "respectively"
_NEXT = re.compile(
    r"[\s$*~≈\\()}]*(?:,?\s*(?:and|or|by)\b|/|,)[\s$*~≈\\(]*"
    r"(?:(?:up\s+to|an?|of|by|about|over|nearly|almost)\s+)*[$~≈]*"
)
_LONGEST_GAP = 40
_SIGN = re.compile(r",?\s+and\s+(?:(?:to|over|than)\s+)?|,\s+|/")


@dataclass(frozen=True, slots=True)
class Listed:
    """A number's place in its list, ``text[start:end]``; one that stands alone has count 1."""

    rank: int
    count: int
    start: int
    end: int


def places_in_lists(text: str, spans: Sequence[Span]) -> list[Listed]:
    """The place of every number, given by its span, among those listed with it."""
    groups: list[list[Span]] = []
    for span in spans:
        end = groups[-1][-1][1] if groups else span[0]
        near = groups and span[0] - end <= _LONGEST_GAP
        if near and _NEXT.fullmatch(text, end, span[0]):
            groups[-1].append(span)
        else:
            groups.append([span])
    return [
        Listed(rank, len(group), group[0][0], group[-1][1])
        for group in groups
        for rank in range(len(group))
    ]


def paired(text: str, listed: Listed, first: int, stop: int) -> Span | None:
    """What "respectively", at ``stop``, pairs a number with: a member of what stands between its
    list and there, or else from ``first`` on before its list. None where their counts differ."""
    for reach in ((listed.end, stop), (first, listed.start)):
        found = members(text, *reach)[-listed.count :]
        if len(found) == listed.count:
            return found[listed.rank]
    return None


def members(text: str, start: int, end: int) -> list[Span]:
    """The members of "Heron, Rook and Teal", ``text[start:end]``."""
    end = start + len(text[start:end].rstrip(" ,("))
    places = [start]
    for sign in _SIGN.finditer(text, start, end):
        places += sign.span()
    places.append(end)
    return list(zip(places[::2], places[1::2], strict=True))
