"""The Cochrane Library's plain text: ``Record #1 of 9``, then ``TI: ...`` and ``AB: ...``."""

from __future__ import annotations

import re

from extractor.readers._metadata import initials_first
from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

# A part of an abstract may have such a name too, as CI, so the tags are listed.
_TAG = re.compile(
    r"(Record(?= #\d+ of \d+$)"
    r"|(?:AB|AU|BN|CC|CN|DOI|ID|KY|LA|NO|PB|PG|PM|PT|SN|SO|ST|TI|US|VL|XR|YR)"
    r"(?=:))(?::\s*|\s+)(.*)"
)
_FIRST = re.compile(rb"^Record #\d+ of \d+\s+[A-Z]{2}: ", re.MULTILINE)


class Cochrane(TaggedReader):
    """Entries below ``Record`` and their number."""

    name = "cochrane"
    title = "Cochrane Library plain text"
    begin = telling = frozenset(("Record",))
    tags = Tags(
        titles=("TI",),
        abstracts=("AB",),
        ids=("ID",),
        authors=("AU",),
        categories=("KY",),
        dois=("DOI",),
        dates=("YR",),
        venues=("SO",),
        urls=("US",),
    )

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.search(head) else NO

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def authors_of(self, entry: Entry) -> list[str]:
        return list(map(initials_first, entry.all(self.tags.authors)))

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)
