"""ACL Anthology XML: a file for each event, from the Anthology's repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, all_text, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class AclAnthology(XmlReader):
    """Papers of a collection; the id is the one in the Anthology's addresses."""

    name = "acl-anthology"
    title = "ACL Anthology XML"
    roots = ("collection",)
    records = ("paper",)
    mark = b"<volume"

    def build(self, line: int, record: Element) -> Item:
        paper_id = text_at(record, "url")
        names = (" ".join(map(all_text, each)) for each in record.iterfind("author"))
        metadata = without_empty(
            authors=list(filter(None, names)),
            doi=text_at(record, "doi"),
            venue=text_at(record, "booktitle"),
            date=text_at(record, "year"),
            categories=texts_at(record, "keyword"),
            url=f"https://aclanthology.org/{paper_id}/" if paper_id else "",
        )
        paper_id = paper_id or text_at(record, "bibkey")
        abstract = text_at(record, "abstract")
        return build_entry(line, paper_id, text_at(record, "title"), abstract, metadata)
