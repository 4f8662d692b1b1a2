"""NSF awards: a file for each, from the yearly archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._xml import XmlReader, text_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class NsfAwards(XmlReader):
    """Awards with the narration of what they pay for."""

    name = "nsf"
    title = "NSF awards (XML)"
    roots = ("rootTag", "Award")
    records = ("Award",)
    mark = b"<AwardTitle"

    def build(self, line: int, record: Element) -> Item:
        names = (
            f"{text_at(each, 'FirstName')} {text_at(each, 'LastName')}".strip()
            for each in record.iterfind("Investigator")
        )
        metadata = without_empty(
            authors=list(filter(None, names)), date=text_at(record, "AwardEffectiveDate")
        )
        title = text_at(record, "AwardTitle")
        abstract = without_marks(text_at(record, "AbstractNarration"))
        return build_entry(line, text_at(record, "AwardID"), title, abstract, metadata)
