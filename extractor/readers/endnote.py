"""EndNote's tagged text (Refer, BibIX): ``%T`` and a title, a blank line between entries."""

from __future__ import annotations

import re

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

_TAG = re.compile(r"%([0-9A-Z!@#$&()*+=>?\[\]^~<])(?:\s(.*))?", re.DOTALL)
_FIRST = re.compile(rb"^%(?:0(?:[ \t][^\n]*)?|[TA][ \t][^\n]+)\r?\n%[0-9A-Z!@]\s", re.MULTILINE)
_RECOGNISED_BELOW = 0.75


class EndNote(TaggedReader):
    """Entries of lines that begin with ``%`` and one character."""

    name = "endnote"
    title = "EndNote tagged text (Refer)"
    suffixes = (".enw", ".enl", ".refer")
    begin = frozenset(("0",))
    telling = frozenset(("T",))
    tags = Tags(
        titles=("T",),
        abstracts=("X",),
        ids=("F", "M", "L"),
        authors=("A",),
        categories=("K",),
        dois=("R", "U"),
        dates=("8", "D"),
        years=("D",),
        venues=("J", "B"),
        urls=("U",),
    )

    def sniff(self, head: bytes) -> float:
        found = _FIRST.search(head)
        if found is None:
            return NO
        return SURE if not head[: found.start()].strip() else _RECOGNISED_BELOW

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:
        """Begin after a blank line, and where a second title shows that there was none.

        ``%0`` alone does not tell: some programs write it several times, or below the title.
        """
        if after_blank and (tag in "0T" or entry.has("T")):
            return Entry()
        if tag == "T" and entry.has("T"):
            type_ = entry.line_of("0")
            is_below = entry.leader != "T" and type_ > entry.line_of("T")
            return entry.cut(type_) if is_below else Entry()
        return None

    def abstract_of(self, entry: Entry) -> str:
        # ADS begins its entries with the bibcode and has the abstract where others have a venue.
        return super().abstract_of(entry) or entry.first(("B",) if entry.leader == "R" else ())

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.names(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        lines = [line for lines in entry.parts(self.tags.categories) for line in lines]
        words = (word.strip() for line in lines for word in re.split(r"[;\t]", line))
        return list(filter(None, words))
