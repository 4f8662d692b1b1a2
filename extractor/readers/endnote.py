"""EndNote's tagged text (Refer, BibIX): ``%T`` and a title, a blank line between entries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

if TYPE_CHECKING:
    from extractor.readers._tagged import Split

_TAG = re.compile(r"%([0-9A-Z!@#$&()*+=>?\[\]^~<])(?:\s(.*))?", re.DOTALL)
_FIRST = re.compile(rb"^%(?:0(?: [^\n]*)?|[TA] [^\n]+)\r?\n%[0-9A-Z!@]\s", re.MULTILINE)
_RECOGNISED_BELOW = 0.75


class EndNote(TaggedReader):
    """Entries of lines that begin with ``%`` and one character."""

    name = "endnote"
    title = "EndNote tagged text (Refer)"
    suffixes = (".enw", ".enl", ".refer")
    begin = frozenset(("0",))
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

    def splitter(self, head: bytes) -> Split:  # noqa: ARG002
        def split(text: str) -> tuple[str, str] | None:
            found = _TAG.fullmatch(text)
            return (found[1], found[2] or "") if found else None

        return split

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:
        """Begin after a blank line, and where a second title shows that there was none.

        ``%0`` alone does not tell: some programs write it several times, or below the title.
        """
        if after_blank and (tag in "0T" or "T" in entry.tags):
            return Entry()
        if tag == "T" and "T" in entry.tags:
            type_ = entry.last("0")
            below_title = entry.leader == "T" or type_ < entry.last("T")
            return Entry() if below_title else entry.cut(type_)
        return None

    def categories_of(self, entry: Entry) -> list[str]:
        lines = [line for lines in entry.parts(self.tags.categories) for line in lines]
        return [word for line in lines for word in re.split(r"\s*[;\t]\s*", line) if word]
