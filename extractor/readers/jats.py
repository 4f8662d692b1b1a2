"""JATS: articles of PubMed Central, publishers and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.readers._xml import XmlReader, all_text, first_text, prose_at, text_at, texts_at
from extractor.readers.base import Item, build_entry, without_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METAS = ("front/article-meta", "front-stub", "book-part-meta", ".//article-meta")
_IDS = ("pmcid", "pmc", "pmid", "doi")
_NO_TEXT = ("object-id", "fn", "graphic", "inline-graphic")
_PICTURES = ("graphical", "video")
_FOOTNOTES = ("fn", "author-notes", "corresp")


class Jats(XmlReader):
    """Articles and chapters; what stands in their text and references is passed over."""

    name = "jats"
    title = "JATS XML (PubMed Central)"
    suffixes = (".nxml",)
    roots = ("article", "articles", "pmc-articleset", "book", "book-part", "book-part-wrapper")
    records = ("article", "book-part")
    mark = b"-meta>"

    def build(self, line: int, record: Element) -> Item:
        meta = next((found for path in _METAS if (found := record.find(path)) is not None), record)

        def own(kind: str) -> str:
            return first_text(
                meta,
                f"article-id[@pub-id-type='{kind}']",
                f"book-part-id[@book-part-id-type='{kind}']",
            )

        for each in (*meta.iterfind("title-group"), *meta.iterfind("abstract")):
            _drop(each)
        metadata = without_empty(
            authors=list(filter(None, map(_name, _authors(meta)))),
            categories=texts_at(meta, "kwd-group/kwd")
            or texts_at(meta, "article-categories//subject"),
            doi=own("doi"),
            venue=text_at(record, "front/journal-meta//journal-title"),
            date=text_at(meta, "pub-date/year"),
        )
        paper_id = next(filter(None, map(own, _IDS)), "") or text_at(meta, "article-id")
        title = text_at(meta, "title-group/title") or prose_at(meta, "title-group/article-title")
        abstract = next(filter(None, (prose_at(each, ".") for each in _abstracts(meta))), "")
        return build_entry(line, paper_id, title, abstract, metadata)


def _abstracts(meta: Element) -> list[Element]:
    """Return the abstracts, those of a special kind (a summary, a teaser) and translations last."""
    kinds = [(each.get("abstract-type") or "", each) for each in meta.iterfind("abstract")]
    of_text = [(kind, each) for kind, each in kinds if kind not in _PICTURES]
    plain_first = [each for _, each in sorted(of_text, key=lambda pair: bool(pair[0]))]
    return [*plain_first, *meta.iterfind("trans-abstract")]


def _drop(element: Element) -> None:
    """Empty what is printed elsewhere than in the text."""
    for each in element.iter():
        if each.tag in _NO_TEXT or each.get("ref-type") in _FOOTNOTES:
            tail = each.tail
            each.clear()
            each.tail = tail


def _authors(meta: Element) -> list[Element]:
    people = meta.findall("contrib-group/contrib")
    kinds = {person.get("contrib-type") for person in people}
    return [
        each for each in people if each.get("contrib-type") == "author" or "author" not in kinds
    ]


def _name(person: Element) -> str:
    for path in ("name", "name-alternatives/name", "string-name", "name-alternatives/string-name"):
        if (name := person.find(path)) is not None:
            parts = (text_at(name, part) for part in ("given-names", "surname", "suffix"))
            return " ".join(filter(None, parts)) or all_text(name)
    # A group may list its members below its name.
    collab = person.find("collab")
    return (
        ""
        if collab is None
        else text_at(collab, "institution")
        or (" ".join((collab.text or "").split()) or text_at(collab, "named-content"))
    )
