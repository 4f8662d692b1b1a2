"""ProQuest's text export: ``Document 1 of 9``, a title, and fields that begin with their names."""

from __future__ import annotations

import re

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

# An abstract may have parts with names of their own, so the fields are listed.
_FIELDS = """
    Abstract|Accession number|Advisor|Alternate title|Authors?|Classification|Committee member
    |Company / organization|Copyright|Correspondence author|Country of publication|Database
    |Degree|Degree date|Department|Dissertation/thesis number|Document feature|Document type
    |Document URL|DOI|E-ISSN|Editor|First page|Full text|Identifiers?(?: / keyword)?|ISBN|ISSN
    |Issue|Journal subject|Keywords?|Language(?: of publication)?|Last updated|Links|Location
    |Number of (?:pages|references)|Pages?|Place of publication|ProQuest document ID
    |Publication (?:date|info|subject|title|year)|Publisher|School code|Section
    |Source(?: type| attribution)?|Subjects?|Title|University location|University/institution
    |URL|Volume|Year
"""
_NAMES = re.sub(r"\n\s*", "", _FIELDS)
_KIND = r"(?: \([^()]{1,40}\))?"  # "Abstract (English)"
_TAG = re.compile(
    rf"(Document(?= \d+ of \d+$)|(?:{_NAMES})(?={_KIND}:)|__){_KIND}(?::|_{{18,}})? *(.*)"
)
_FIRST = re.compile(rb"^Report Information from ProQuest|^_{20,}\s+Document \d+ of \d+\r?$", re.M)


class ProQuest(TaggedReader):
    """Entries below ``Document`` and their number, after a line of underscores."""

    name = "proquest"
    title = "ProQuest text export"
    begin = telling = frozenset(("Document",))
    are_apart = True
    ends = frozenset(("__",))
    tags = Tags(
        titles=("Title",),
        abstracts=("Abstract",),
        ids=("ProQuest document ID", "Accession number"),
        authors=("Author", "Authors"),
        categories=("Subject", "Subjects", "Classification"),
        dois=("DOI",),
        dates=("Publication date", "Degree date"),
        years=("Publication year", "Year"),
        venues=("Publication title", "University/institution"),
        urls=("Document URL", "URL"),
    )

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.search(head) else NO

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def passes_over(self, entry: Entry, text: str) -> bool:  # noqa: ARG002
        return text.startswith(("http://", "https://", "ProQuest document link"))

    def title_of(self, entry: Entry) -> str:
        below_number = (" ".join(lines[1:]) for lines in entry.parts(("Document",)))
        return super().title_of(entry) or next(below_number, "")

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)
