"""Ovid's text export: the name of a field on one line, its value indented below."""

from __future__ import annotations

import re

from extractor.readers._metadata import initials_first
from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

_FIRST = re.compile(rb"^<\d+\.?\s*>[ \t]*\r?\n[A-Z][A-Za-z -]{2,40}\r?\n[ \t]+\S", re.MULTILINE)
_TAG = re.compile(r"(<(?=\d)|[A-Z][A-Za-z&()/' -]{1,59}?)(?:(?<=<)(\d+)\.?\s*>|(?<!<):?)")
_NOTE_NUMBERS = re.compile(r"(?: \d{1,3}(?:,\d{1,3}){0,20}){1,3}$")
_KIND = re.compile(
    r"(?:\.?\s{0,3}\[(?:Article|Review|Report|Editorial|Letter|Miscellaneous|Erratum|Comment"
    r"|see comments?|\d{1,4} refs?|refs?:? \d{1,4})\]){1,5}\.?$",
    re.IGNORECASE,
)


class Ovid(TaggedReader):
    """Entries below a number in angle brackets."""

    name = "ovid"
    title = "Ovid text export"
    suffixes = (".ovd",)
    begin = telling = frozenset(("<",))
    tags = Tags(
        titles=("Title", "Chapter Title", "Article Title"),
        abstracts=("Abstract",),
        ids=("Accession Number", "Unique Identifier", "PMID"),
        authors=("Author", "Authors"),
        categories=("Author Keywords", "Key Words", "Keywords", "Keyword"),
        dois=("DOI", "Digital Object Identifier", "DO"),
        dates=("Date of Publication", "Publication Date", "Year of Publication"),
        years=("Year of Publication",),
        venues=("Source", "Journal", "Journal Name"),
        urls=("URL",),
    )

    def sniff(self, head: bytes) -> float:
        found = _FIRST.search(head)
        return NO if found is None else SURE

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def title_of(self, entry: Entry) -> str:
        return _KIND.sub("", super().title_of(entry)).rstrip()

    def authors_of(self, entry: Entry) -> list[str]:
        names = (_NOTE_NUMBERS.sub("", name) for name in entry.separated(self.tags.authors))
        return list(map(initials_first, names))

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)
