"""NoteExpress and CNKI: ``{Title}: ...`` or ``Title-题名: ...``, one field a line."""

from __future__ import annotations

import re

from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE

_CHINESE = "\u4e00-\u9fff"
_TAG = re.compile(
    rf"(?:\{{(?=[^{{}}]+\}}:)|(?=[A-Z]\w+ ?- ?[{_CHINESE}]))([A-Z][\w ./]{{1,40}}?)"
    rf"(?:\}}| ?- ?[{_CHINESE}/()]+)[:\uff1a]\s*(.*)"
)
_FIRST = re.compile(
    rb"^\{Reference Type\}:|^SrcDatabase-[^\n]*\n|^(?:DataType|Title)-\xe9\xa2\x98", re.MULTILINE
)


class NoteExpress(TaggedReader):
    """Entries that begin with the type of the reference, or its database."""

    name = "noteexpress"
    title = "NoteExpress and CNKI"
    suffixes = (".net", ".ne")
    begin = frozenset(("Reference Type", "SrcDatabase"))
    telling = begin | {"Title"}
    tags = Tags(
        titles=("Title",),
        abstracts=("Abstract", "Summary", "Translated Abstract"),
        ids=("Accession Number",),
        authors=("Author",),
        categories=("Keywords", "Keyword"),
        dois=("DOI", "DOI Number"),
        dates=("Date", "PubTime", "Year"),
        years=("Year",),
        venues=("Journal", "Source", "Secondary Title", "Tertiary Title", "Publisher"),
        urls=("URL",),
    )

    def sniff(self, head: bytes) -> float:
        return SURE if _FIRST.search(head) else NO

    def tagged(self, head: bytes) -> re.Pattern[str]:  # noqa: ARG002
        return _TAG

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:
        """Begin with the type; where there is none, with a field that comes again.

        That is any field after a blank line, and the title once the abstract is there.
        """
        is_complete = after_blank or (tag == "Title" and entry.has(self.tags.abstracts))
        comes_again = entry.has(self.tags.titles) and entry.has((tag,))
        return Entry() if tag in self.begin or (is_complete and comes_again) else None

    def authors_of(self, entry: Entry) -> list[str]:
        return entry.names(self.tags.authors)

    def categories_of(self, entry: Entry) -> list[str]:
        return entry.separated(self.tags.categories)
