"""Atom and RSS feeds: arXiv's API and daily feeds, journals, repositories."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.readers._markup import without_blocks, without_marks
from extractor.readers._metadata import doi_in, given_first
from extractor.readers._xml import (
    XmlReader,
    all_text,
    first_text,
    names_in,
    prose_at,
    text_at,
    texts_at,
)
from extractor.readers._xml_records import xml_root
from extractor.readers.base import NO, Item, Unreadable, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ARXIV = re.compile(r"(?:.*arxiv\.org/abs/|oai:arXiv\.org:)")
_ANNOUNCED = re.compile(r"^arXiv:\S+\s+Announce Type:.*?\bAbstract:\s*", re.DOTALL)
_ONLINE = re.compile(r"^[^.;]{0,100}Published online: [^;]{0,40}; ?doi: ?\S+\s*")
_YEAR = r"\b(?:19|20)\d\d\b"
_NOT_IN_ISSUE = (
    r"(?:EarlyView|Early View|Ahead of Print|(?:Accepted|Advance) (?:Article|Manuscript)s?"
    r"|Advance Access|Just Accepted|Online First|OnlineFirst|FirstView|First View"
    r"|Latest Articles|Early Access|In Press|Not yet published)"
)
_IN_VOLUME = r"Vol(?:ume|\.)? ?\w{1,9}\b[.,:]?"
_IN_ISSUE = (
    r"(?:\W*(?:https?://\S+|\w*\d\w*|doi|issue|number|no|part|pages?|pp?|article|id|special"
    r"|supplement|suppl|spring|summer|autumn|fall|winter|first|last|jan\w*|feb\w*|mar|march|apr"
    r"|april|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*)\b){0,20}\W*"
)
# What feeds of publishers say of an article besides its abstract, each a block.
_CITATION = re.compile(
    r"(?:publication date|available online|published online|first published|source|authors?"
    r"|author\(s\)|editors?|pages?|doi|pmid|issn)\s?:.{1,2000}"
    rf"|(?:.{{0,200}}, )?{_IN_VOLUME}(?:.{{0,60}}Pages? [\w-]{{1,20}}: .{{1,500}}|{_IN_ISSUE})"
    rf"|(?:.{{0,200}}, )?{_NOT_IN_ISSUE}\b.{{0,60}}"
    rf"|.{{0,200}}{_YEAR}.{{0,100}}\bdoi:? ?(?:https?://\S+/)?10\.\S+(?: .{{0,40}})?"
    r"|.{0,100}\bdoi: ?10\.\S+"
    rf"|.{{1,80}}, {_YEAR}(?:, ?\d{{1,5}})?, ?[\w-]{{1,20}}\.?"
    r"|https?://\S+|\[[^\[\]]{1,100}\] Published .{1,40}"
    r"|\W+|open access|the content of this rss feed .{0,100}|(?:abstract|summary)[.:]?",
    re.IGNORECASE,
)
# The same in front of the abstract, without a break.
_CITED = re.compile(
    rf"(?:[^.]{{0,200}}, )?(?:Volume \w{{1,9}}, (?:Issue|Number|Page).{{0,100}}?{_YEAR}\."
    rf"|{_NOT_IN_ISSUE}\.)\s+(?=\S)"
)
_TEXTS = ("summary", "description", "content", "encoded")
_LONGEST_CITATION = 2000
_LONGEST_NAME = 100
_CUT_OFF = re.compile(r"\s*(?:\u2026|\.{3,}|\[\s*(?:\u2026|\.{3,})\s*\])\s*$")
_NUMBERED = re.compile(r"\.? \(arXiv:(\S+) \[[^\]]*\][A-Z ]*\)$")
_MAIL = re.compile(r"\S+@\S+ \((.+)\)")


class Atom(XmlReader):
    """Entries or items; the abstract is the summary, or the description."""

    name = "atom"
    title = "Atom and RSS feeds (arXiv's API)"
    suffixes = (".atom", ".rss")
    roots = ("feed", "rss", "RDF", "entry")
    records = ("entry", "item")

    def sniff(self, head: bytes) -> float:
        root = xml_root(head)
        if root and root.name == "RDF" and not re.search(rb"<(?:\w+:)?item[\s>]", head):
            return NO
        if root and root.name == "entry" and b"w3.org/2005/Atom" not in head:
            return NO
        return super().sniff(head)

    def build(self, line: int, record: Element) -> Item:
        address = first_text(record, "id", "guid", "link") or record.get("about") or ""
        if "arxiv.org/api/errors" in address:
            return Unreadable(line, f"arXiv answered with an error: {text_at(record, 'summary')}")
        link = text_at(record, "link") or next(
            (each.get("href", "") for each in record.iterfind("link")), ""
        )
        url = address if address.startswith("http") else link
        paper_id = _ARXIV.sub("", address)
        title = without_marks(text_at(record, "title"))
        if numbered := _NUMBERED.search(title):
            title, paper_id = title[: numbered.start()], numbered[1]
        abstract = _abstract(record)
        terms = (each.get("term") or all_text(each) for each in record.iterfind("category"))
        metadata = without_empty(
            authors=_authors(record, from_arxiv="arxiv.org" in url),
            categories=list(filter(None, terms)) or texts_at(record, "subject"),
            doi=doi_in(first_text(record, "doi", "identifier") or url.partition("?")[0]),
            venue=first_text(record, "journal_ref", "publicationName"),
            comments=text_at(record, "comment"),
            date=first_text(record, "published", "pubDate", "date", "publicationDate", "updated"),
            url=url,
        )
        return build_entry(line, paper_id, title, abstract, metadata)


def _abstract(record: Element) -> str:
    """Return the first text that is more than a citation, or what it is a part of."""
    found = (each for path in _TEXTS for each in record.iterfind(path))
    texts = [text for each in found if (text := _without_citation(prose_at(each, ".")))]
    first = next(iter(texts), "")
    teaser = _CUT_OFF.sub("", first)
    return next((text for text in texts if len(text) > len(first) and teaser in text), first)


def _without_citation(marked: str) -> str:
    text = _ANNOUNCED.sub("", without_blocks(marked, _is_citation))
    text = _CITED.sub("", _ONLINE.sub("", text), count=1)
    if len(text) < _LONGEST_NAME and text[-1:].isalnum() and text != without_marks(marked):
        # The name of the journal, which stood beside the citation.
        return ""
    return text


def _is_citation(block: str) -> bool:
    return len(block) <= _LONGEST_CITATION and _CITATION.fullmatch(block) is not None


def _authors(record: Element, *, from_arxiv: bool) -> list[str]:
    people = (*record.iterfind("author"), *record.iterfind("creator"))
    names = [text_at(each, "name") or without_marks(all_text(each)) for each in people]
    if from_arxiv and len(names) == 1:
        names = names_in(names[0])
    mail = (_MAIL.fullmatch(name) for name in names)
    names = [found[1] if found else name for found, name in zip(mail, names, strict=True)]
    return list(filter(None, map(given_first, names)))
