"""The table of names, ``names.toml``, as the rules use it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

from extractor.canonical.spelling import squeezed, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Words = tuple[str, ...]
"""A phrase as its words in small letters."""


@dataclass(frozen=True)
class Family:
    """Devices whose maker may be named or not; every field is described in ``names.toml``."""

    makers: tuple[Words, ...]
    part: tuple[Words, ...]
    optional: tuple[Words, ...]
    begins: re.Pattern[str]


@dataclass(frozen=True)
class Table:
    """What is known of the names of one kind: ``names`` has the usual form for each spelling."""

    names: dict[str, str]
    suffixes: tuple[Words, ...]
    families: tuple[Family, ...] = ()

    @cached_property
    def makers(self) -> frozenset[Words]:
        """The makers of all families."""
        return frozenset(maker for family in self.families for maker in family.makers)


@cache
def table_of(kind: str | None) -> Table:
    """The table of a kind of names, an empty one where there is none for it."""
    known = _tables().get(kind or "", {})
    names = {
        squeezed(spelling): name
        for name, others in known.get("names", {}).items()
        for spelling in (name, *others)
    }
    families = tuple(_family(**family) for family in known.get("families", ()))
    return Table(names, _phrases(known.get("suffixes", ())), families)


@cache
def _tables() -> dict[str, Any]:
    path = resources.files("extractor.canonical") / "names.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _family(
    makers: list[str], begins: list[str], part: Iterable[str] = (), optional: Iterable[str] = ()
) -> Family:
    return Family(
        _phrases(makers), _phrases(part), _phrases(optional), re.compile("|".join(begins))
    )


def _phrases(phrases: Iterable[str]) -> tuple[Words, ...]:
    """Phrases as words, the longest first."""
    split = (tuple(word.casefold() for word in words_of(phrase)) for phrase in phrases)
    return tuple(sorted(split, key=len, reverse=True))
