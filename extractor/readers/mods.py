"""MODS: records of the Library of Congress, also a Zotero export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, all_text, first_text, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class Mods(XmlReader):
    """Records; the host's title is the venue."""

    name = "mods"
    title = "MODS XML"
    suffixes = (".mods",)
    roots = ("modsCollection", "mods")
    records = ("mods",)

    def build(self, line: int, record: Element) -> Item:
        names = (" ".join(texts_at(each, "namePart")) for each in record.iterfind("name"))
        metadata = without_empty(
            authors=list(filter(None, names)),
            categories=texts_at(record, "subject/topic"),
            doi=text_at(record, "identifier[@type='doi']"),
            venue=text_at(record, "relatedItem[@type='host']/titleInfo/title"),
            date=first_text(record, "originInfo/dateIssued", "relatedItem/originInfo/dateIssued"),
            url=text_at(record, "location/url"),
        )
        parts = map(all_text, record.findall("titleInfo")[:1])
        paper_id = record.get("ID") or text_at(record, "recordInfo/recordIdentifier")
        return build_entry(line, paper_id, next(parts, ""), text_at(record, "abstract"), metadata)
