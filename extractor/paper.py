"""A paper as a dump holds it: what goes into extraction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


# Spans are looked for as far as an abstract goes: ten times as far as the longest ones.
LONGEST_TITLE, LONGEST_ABSTRACT = 2_000, 20_000


@dataclass(frozen=True, slots=True)
class Paper:
    """One title and abstract.

    ``id`` is the dump's own id where it has one, else the paper's running number in the
    dump, from 1, as a string. ``title`` and ``abstract`` are the original text: every offset
    in a record counts its Unicode code points. ``source`` holds metadata of the dump (JSON
    values such as a DOI or a date), which rides along and is never shown to the model.
    """

    id: str
    title: str
    abstract: str
    source: Mapping[str, object] = field(default_factory=dict)
