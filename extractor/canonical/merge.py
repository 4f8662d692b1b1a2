"""Names of one field put together, with how often each stands there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from extractor.canonical.rules import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.canonical.rules import Kind


def merged(counts: Mapping[str, int], kind: Kind | None = None) -> dict[str, list[str]]:
    """The spellings of each name under its label, in the order in which they are given.

    The label is that of the table, else what the most frequent spellings have in common.
    """
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for spelling in counts:
        spellings[canonical(spelling, kind).key].append(spelling)
    return {_label(group, counts, kind): group for group in spellings.values()}


def _label(spellings: list[str], counts: Mapping[str, int], kind: Kind | None) -> str:
    votes: defaultdict[str, int] = defaultdict(int)
    for spelling in spellings:
        form = canonical(spelling, kind)
        if form.known:
            return form.label
        votes[form.label] += counts[spelling]
    return min(votes, key=lambda label: (-votes[label], len(label), label))
