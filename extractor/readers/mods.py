"""MODS: records of the Library of Congress, also a Zotero export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._markup import without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import XmlReader, first_prose, first_text, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_WRITES = {"aut", "author", "cre", "creator"}


class Mods(XmlReader):
    """Records; the host's title is the venue."""

    name = "mods"
    title = "MODS XML"
    suffixes = (".mods",)
    roots = ("modsCollection", "mods", "searchRetrieveResponse")
    records = ("mods",)
    mark = b"<mods"

    def build(self, line: int, record: Element) -> Item:
        metadata = without_empty(
            authors=list(_authors(record)),
            categories=texts_at(record, "subject/topic"),
            doi=doi_in(text_at(record, "identifier[@type='doi']")),
            venue=text_at(record, "relatedItem[@type='host']/titleInfo/title"),
            date=first_text(
                record,
                *("originInfo/dateIssued", "relatedItem/originInfo/dateIssued", "part/date"),
                *("relatedItem/part/date", "originInfo/copyrightDate", "originInfo/dateCreated"),
            ),
            url=first_text(record, "location/url", "identifier[@type='uri']"),
        )
        paper_id = record.get("ID") or first_text(
            record, "recordInfo/recordIdentifier", "identifier[@type='citekey']"
        )
        abstract = without_marks(first_prose(record, "abstract[@lang='eng']", "abstract"))
        title = without_marks(_title(record))
        return build_entry(line, paper_id, title, abstract, metadata)


def _title(record: Element) -> str:
    titles = record.findall("titleInfo")
    own = next((each for each in titles if not each.get("type")), titles[0] if titles else None)
    if own is None:
        return ""
    title = " ".join(filter(None, (text_at(own, "nonSort"), text_at(own, "title"))))
    return ": ".join(filter(None, (title.rstrip(" :"), text_at(own, "subTitle"))))


def _authors(record: Element) -> Iterator[str]:
    for name in record.iterfind("name"):
        if (roles := set(texts_at(name, "role/roleTerm"))) and not roles & _WRITES:
            continue
        parts = [text_at(name, f"namePart[@type='{kind}']") for kind in ("given", "family")]
        whole = next(
            (text_at(each, ".") for each in name.iterfind("namePart") if not each.get("type")), ""
        )
        yield from filter(None, [" ".join(filter(None, parts)) or given_first(whole)])
