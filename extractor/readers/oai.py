"""OAI-PMH: what arXiv and nearly every repository answer to a harvester."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, all_text, text_at
from extractor.readers.base import Item, Unreadable, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class OaiPmh(XmlReader):
    """Records in Dublin Core or in arXiv's own metadata formats."""

    name = "oai"
    title = "OAI-PMH XML (arXiv and other repositories)"
    suffixes = (".oai",)
    roots = ("OAI-PMH", "ListRecords", "GetRecord")
    records = ("record",)

    def build(self, line: int, record: Element) -> Item:
        def texts(name: str) -> list[str]:
            return list(filter(None, map(all_text, record.iter(name))))

        paper_id = text_at(record, ".//id") or text_at(record, "header/identifier")
        header = record.find("header")
        if header is not None and header.get("status") == "deleted":
            return Unreadable(line, "The repository has deleted this record.", paper_id or None)
        # Dublin Core has comments beside the abstract: the longest description is the abstract.
        abstract = text_at(record, ".//abstract") or max(texts("description"), key=len, default="")
        names = (
            f"{text_at(author, 'forenames')} {text_at(author, 'keyname')}".strip()
            for author in record.iterfind(".//author")
        )
        metadata = without_empty(
            authors=[*names, *texts("creator")],
            categories=text_at(record, ".//categories").split() or texts("subject"),
            doi=text_at(record, ".//doi"),
            venue=text_at(record, ".//journal-ref") or text_at(record, ".//publisher"),
            date=text_at(record, ".//created") or text_at(record, ".//date"),
            url=next((each for each in texts("identifier") if each.startswith("http")), ""),
        )
        paper_id = paper_id.removeprefix("oai:arXiv.org:")
        return build_entry(line, paper_id, text_at(record, ".//title"), abstract, metadata)
