"""JATS: articles of PubMed Central, publishers and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, first_text, prose_at, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


_META = "front/article-meta/"


class Jats(XmlReader):
    """Articles; what stands in their text and references is passed over."""

    name = "jats"
    title = "JATS XML (PubMed Central)"
    suffixes = (".nxml",)
    roots = ("article", "pmc-articleset")
    records = ("article",)
    mark = b"article-meta"

    def build(self, line: int, record: Element) -> Item:
        def own(kind: str) -> str:
            return text_at(record, f"{_META}article-id[@pub-id-type='{kind}']")

        names = (
            first_text(each, "collab")
            or f"{text_at(each, 'name/given-names')} {text_at(each, 'name/surname')}".strip()
            for each in record.iterfind(f"{_META}contrib-group/contrib[@contrib-type='author']")
        )
        metadata = without_empty(
            authors=list(filter(None, names)),
            categories=texts_at(record, f"{_META}kwd-group/kwd"),
            doi=own("doi"),
            venue=text_at(record, "front/journal-meta//journal-title"),
            date=text_at(record, f"{_META}pub-date/year"),
        )
        paper_id = next(filter(None, map(own, ("pmcid", "pmc", "pmid", "doi"))), "")
        title = text_at(record, f"{_META}title-group/article-title")
        abstract = next(
            filter(None, (prose_at(record, path) for path in _abstracts(record))),
            "",
        )
        return build_entry(line, paper_id, title, abstract, metadata)


def _abstracts(record: Element) -> list[str]:
    """Return the paths of the abstracts, those of a special kind (graphical, teaser) last."""
    kinds = [each.get("abstract-type") for each in record.iterfind(f"{_META}abstract")]
    order = sorted(range(len(kinds)), key=lambda place: bool(kinds[place]))
    return [f"{_META}abstract[{place + 1}]" for place in order]
