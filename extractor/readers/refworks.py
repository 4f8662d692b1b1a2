"""RefWorks tagged format: ``RT``, ``T1`` and ``AB``, each with its value behind a blank."""

from __future__ import annotations

import re

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

# A line of an abstract may begin with two capitals too, so the tags are listed.
_TAG = re.compile(
    r"(A[1-7BDNV]|C[LNR]|D[BOS]|E[DR]|FD|I[DPS]|J[FO]|K1|L[AKL]|NO|O[LPT]|P[BP]|R[DPT]|S[FLNPR]|ST"
    r"|T[1-3]|U[1-9L]|VO|W[PTV]|YR)(?: (.*))?",
    re.DOTALL,
)
_FIRST = re.compile(rb"^RT [A-Z][\w /-]{2,40}\r?\n[A-Z][A-Z0-9] ", re.MULTILINE)


class RefWorks(TaggedReader):
    """Entries that begin with ``RT``, the type of the reference."""

    name = "refworks"
    title = "RefWorks tagged format"
    begin = telling = frozenset(("RT",))
    ends = frozenset(("ER",))
    tags = Tags(
        titles=("T1",),
        abstracts=("AB",),
        ids=("ID", "AN"),
        authors=("A1",),
        categories=("K1",),
        dois=("DO", "LK", "UL"),
        dates=("FD", "YR"),
        years=("YR",),
        venues=("JF", "JO", "T2"),
        urls=("LK", "UL"),
    )

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.search(head) else NO

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.names(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)
