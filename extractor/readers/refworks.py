"""RefWorks tagged format: ``RT``, ``T1`` and ``AB``, each with its value behind a blank."""

from __future__ import annotations

import re

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

_TAG = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?", re.DOTALL)
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
