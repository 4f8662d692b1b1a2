"""ACL Anthology XML: a file for each event, from the Anthology's repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


_YEAR = re.compile(r"((?:19|20)\d\d)\.|[A-Z](\d\d)-")


class AclAnthology(XmlReader):
    """Papers of a collection; the id is the one in the Anthology's addresses."""

    name = "acl-anthology"
    title = "ACL Anthology XML"
    roots = ("collection",)
    records = ("paper",)
    mark = b"<volume"

    def build(self, line: int, record: Element) -> Item:
        paper_id = text_at(record, "url")
        names = (
            " ".join(filter(None, (text_at(each, "first"), text_at(each, "last"))))
            or text_at(each, ".")
            for each in record.iterfind("author")
        )
        metadata = without_empty(
            authors=list(filter(None, names)),
            doi=text_at(record, "doi"),
            venue=text_at(record, "booktitle"),
            date=text_at(record, "year") or _year(paper_id),
            categories=texts_at(record, "keyword"),
            url=f"https://aclanthology.org/{paper_id}/" if paper_id else "",
        )
        paper_id = paper_id or text_at(record, "bibkey")
        abstract = text_at(record, "abstract")
        return build_entry(line, paper_id, text_at(record, "title"), abstract, metadata)


def _year(paper_id: str) -> str:
    """Return the year in an id of the Anthology, ``2020.acl-main.1`` or ``P19-1001``."""
    found = _YEAR.match(paper_id)
    if found is None:
        return ""
    return found[1] or f"{'19' if found[2] > '60' else '20'}{found[2]}"
