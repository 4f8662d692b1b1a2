"""In every format each entry that begins is a paper or is listed, and none is invented."""

from __future__ import annotations

import csv
import io
import json
import string
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_readers_tagged import (
    FORMATS,
    Entry,
    endnote,
    lines_of,
    ovid,
    pubmed_text,
    ris,
    web_of_science,
)

from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump, readers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from extractor.readers import Item


class Listed(str):
    """The text of an entry that is broken."""

    __slots__ = ()


class Between(str):
    """Text between entries that is none itself."""

    __slots__ = ()


Piece = Entry | Listed | Between

ABSENT = (None, "", "  ")
NO_ABSTRACT = (*ABSENT, "[No abstract available]", "nan")
NONE: tuple[str | None, ...] = ()


def joined(pieces: list[str]) -> bytes:
    return "".join(pieces).encode()


@dataclass(frozen=True)
class Layout:
    """How dumps of a format are written, and in which ways their entries can be broken.

    ``titles`` and ``abstracts`` are what an entry may have in place of them, ``listed`` are entries
    that cannot be read, and ``between`` is what may stand between entries.
    """

    format: str
    entry: Callable[[Entry, int], str]
    join: Callable[[list[str]], bytes] = joined
    titles: tuple[str | None, ...] = ABSENT
    abstracts: tuple[str | None, ...] = NO_ABSTRACT
    listed: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return f"{self.format}-{self.entry.__name__}-{self.name}".removesuffix("-")

    def write(self, pieces: list[Piece]) -> bytes:
        return self.join(
            [
                self.entry(piece, number) if isinstance(piece, Entry) else str(piece)
                for number, piece in enumerate(pieces, 1)
            ]
        )


def within(before: str, after: str = "", separator: str = "") -> Callable[[list[str]], bytes]:
    return lambda pieces: f"{before}{separator.join(pieces)}{after}".encode()


def fields_of(entry: Entry, title: str = "title", abstract: str = "abstract") -> dict[str, str]:
    both = {title: entry.title, abstract: entry.abstract}
    return {name: text for name, text in both.items() if text is not None}


# JSON, tables and YAML


def json_line(entry: Entry, number: int) -> str:
    return json.dumps({"id": f"a{number}", **fields_of(entry)}) + "\n"


def arxiv(entry: Entry, number: int) -> str:
    fields = {"id": f"2401.{number:05}", "categories": "cs.LG", "versions": []}
    return json.dumps(fields | fields_of(entry)) + "\n"


def openalex(entry: Entry, number: int) -> str:
    words = (entry.abstract or "").split()
    index: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        index.setdefault(word, []).append(place)
    fields = {"id": f"https://openalex.org/W{number}", "abstract_inverted_index": index or None}
    return json.dumps(fields | fields_of(entry._replace(abstract=None))) + "\n"


def semantic_scholar(entry: Entry, number: int) -> str:
    return json.dumps({"paperId": f"{number}", "externalIds": {}, **fields_of(entry)}) + "\n"


def json_object(entry: Entry, number: int) -> str:
    return json_line(entry, number).strip()


def comma_row(entry: Entry, number: int) -> str:
    row = io.StringIO()
    csv.writer(row).writerow([f"a{number}", entry.title, entry.abstract])
    return row.getvalue()


def tab_row(entry: Entry, number: int) -> str:
    return f"a{number}\t{entry.title or ''}\t{entry.abstract or ''}\n"


def parquet(pieces: list[str]) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    table = pytest.importorskip("pyarrow.parquet")
    names = ("id", "title", "abstract")
    rows = [json.loads(piece) for piece in pieces]
    columns = {name: [row.get(name) for row in rows] for name in names}
    file = io.BytesIO()
    table.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def workbook(pieces: list[str]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["id", "title", "abstract"])
    for row in map(json.loads, pieces):
        sheet.append([row.get("id"), row.get("title"), row.get("abstract")])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def yaml_item(entry: Entry, number: int) -> str:
    lines = (f"  {name}: {json.dumps(text)}\n" for name, text in fields_of(entry).items())
    return f"- id: a{number}\n{''.join(lines)}"


# Tagged lines


def bibtex(entry: Entry, number: int) -> str:
    fields = (f"  {name} = {{{text}}},\n" for name, text in fields_of(entry).items())
    return f"@article{{a{number},\n{''.join(fields)}  year = {{2024}}\n}}\n"


def eric(entry: Entry, number: int) -> str:
    lines = ["OWN - ERIC", *lines_of(entry, "TI  - ", "AB  - "), f"OID - EJ{number}"]
    return "\n".join(lines) + "\n\n"


def web_of_science_row(entry: Entry, number: int) -> str:
    return f"J\tAble, A\t{entry.title or ''}\t{entry.abstract or ''}\t2024\tWOS:{number}\n"


def scopus_text(entry: Entry, number: int) -> str:
    abstract = "" if entry.abstract is None else f"ABSTRACT: {entry.abstract}\n"
    lines = f"Able, A.\n570{number}\n{entry.title}\n(2024) Journal of Moss, 3, pp. 1-2.\n\n"
    return f"{lines}{abstract}DOCUMENT TYPE: Article\nSOURCE: Scopus\n\n\n"


def endnote_without_blank_lines(entry: Entry, number: int) -> str:
    return endnote(entry, number).rstrip("\n") + "\n"


# XML: the element of a record, and within it what holds title and abstract


def embase(entry: Entry, number: int) -> str:
    rows = io.StringIO()
    fields = [("TITLE", entry.title), ("SOURCE", "J"), ("ABSTRACT", entry.abstract)]
    csv.writer(rows).writerows((name, text) for name, text in fields if text is not None)
    return rows.getvalue() + "\n"


def xml(
    format_name: str,
    root: str,
    record: str,
    title: str,
    abstract: str,
    *,
    around: tuple[str, str] = ("", ""),
    namespaces: str = "",
) -> Layout:
    """Return the layout of an XML format; ``title`` and ``abstract`` are paths of elements."""

    def entry(entry: Entry, number: int) -> str:
        inner = "".join(
            f"{opened(path)}{escape(text)}{closed(path)}"
            for path, text in fields_of(entry, title, abstract).items()
        )
        return f"<{record}>{around[0]}{inner}{around[1]}</{record}>\n"

    return Layout(
        format_name,
        entry,
        within(f"<?xml version='1.0'?>\n<{root}{namespaces}>\n", f"</{root}>\n"),
        listed=(f"<{record}/>", f"<{record}>{around[0]}{around[1]}Words.</{record}>\n"),
        between=("<!-- an entry? -->\n", "words\n", "<other><title>T</title></other>\n"),
        name=record,
    )


def opened(path: str) -> str:
    return "".join(f"<{tag}>" for tag in path.split("/"))


def closed(path: str) -> str:
    return "".join(f"</{tag.split(' ')[0]}>" for tag in reversed(path.split("/")))


# Pages


def heading(entry: Entry, number: int) -> str:
    return f"## {entry.title}\n\n*Jane Doe*\n\n{entry.abstract or ''}\n\n"


def labelled(entry: Entry, number: int) -> str:
    abstract = f"Abstract: {entry.abstract}\n\n" if entry.abstract is not None else ""
    return f"## {entry.title}\n\n*Jane Doe*\n\n{abstract}"


def table_row(entry: Entry, number: int) -> str:
    return f"| {entry.title or ''} | {entry.abstract or ''} |\n"


def paragraphs(entry: Entry, number: int) -> str:
    return f"{entry.title}\n\nJane Doe, Max Moss\n\n{entry.abstract or ''}\n\n"


def article(entry: Entry, number: int) -> str:
    return f"<div>{entry.title}</div>\n<p>{entry.abstract or ''}</p>\n"


LAYOUTS = [
    Layout(
        "jsonl",
        json_line,
        listed=(
            '{"title": "Moss", "abstract": \n',
            '{"title": "Moss" "abstract": "It grows."}\n',
            '{"title": "Moss"}\n',
            "no JSON\n",
            "[1, 2]\n",
            "null\n",
            "{}\n",
        ),
        between=("\n", "  \n"),
    ),
    Layout("arxiv", arxiv, listed=('{"id": "x", \n',), between=("\n",)),
    Layout("openalex", openalex, listed=("{}}\n",), between=("\n",)),
    Layout("semantic-scholar", semantic_scholar, listed=("{,\n",), between=("\n",)),
    Layout(
        "json",
        json_object,
        within("[", "]", ",\n"),
        listed=(
            *('{"title": "Moss" "abstract": "It grows."}', "{}", '{"a": [{}]}', '{"a": 1,}'),
            *("null", "7", '"{"'),
        ),
        between=("[]",),
    ),
    Layout(
        "json",
        json_object,
        within('{"count": 2, "papers": [\n', '\n], "authors": [{"name": "Ann"}]}', ",\n"),
        listed=('{"title": "Moss" "abstract": "It grows."}',),
        name="within",
    ),
    Layout(
        "csv",
        comma_row,
        within("id,title,abstract\r\n"),
        listed=(
            "x,Moss,It grows.,and grows\r\n",
            'x,"Moss,It grows.\r\n',
            "id,title,abstract\r\n",
            "x\r\n",
        ),
        between=("\r\n", ",,\r\n"),
    ),
    Layout(
        "tsv",
        tab_row,
        within("id\ttitle\tabstract\n"),
        listed=("x\tMoss\tIt grows.\tMore\n", "id\ttitle\tabstract\n", "x\n"),
        between=("\n", "\t\t\n"),
    ),
    Layout("parquet", json_line, parquet),
    Layout("xlsx", json_line, workbook),
    Layout(
        "yaml",
        yaml_item,
        within("# Papers\n"),
        listed=("- title: Moss\n  abstract: *nowhere\n", "- title: [Moss\n", "- title: Moss\n"),
        between=("# a comment\n", "\n"),
    ),
    Layout(
        "bibtex",
        bibtex,
        listed=(
            "@article{k}\n",
            "@article{k, title = {Moss}}\n",
            "@article{nocomma\n title = {Moss},\n abstract = {It grows.}\n}\n",
            "@article{k, title = {Moss}, abstract = {It {{grows.}\n}\n",
            '@article{k, title = {Moss}, abstract = "It grows.}\n}\n',
            "@article{k, title = {Moss\n",
        ),
        between=("@comment{x}\n", "@string{a = {b}}\n", "% a line\n", "words\n", "@preamble{{}}\n"),
    ),
    Layout(
        "ris",
        ris,
        listed=(
            "TY  - JOUR\nER  - \n\n",
            "TY  - JOUR\nAB  - It grows.\nAB  - And grows.\nER  - \n",
            "TY  - JOUR\nTI  - Moss\n",
        ),
        between=("\n", "Search strategy: moss\n"),
        name="damaged",
    ),
    *(Layout(format_name, write) for write, format_name in FORMATS.items()),
    Layout("ris", eric),
    Layout(
        "web-of-science",
        web_of_science,
        within("FN Clarivate\nVR 1.0\n", "EF\n"),
        listed=("PT J\nER\n\n", "PT J\nTI Moss\nER\n\n"),
        between=("\n",),
        name="damaged",
    ),
    Layout(
        "web-of-science-tab",
        web_of_science_row,
        within("PT\tAU\tTI\tAB\tPY\tUT\n"),
        listed=("J\tAble, A\tMoss\tIt grows.\t2024\tWOS:1\tmore\tand more\n", "J\tAble, A\tMoss\n"),
        between=("\n",),
    ),
    Layout("endnote", endnote, listed=("%0 Book\n\n",), name="damaged"),
    Layout("endnote", endnote_without_blank_lines, titles=NONE),
    Layout("ovid", ovid, listed=("<7>\nAccession Number\n  8\n\n",), name="damaged"),
    Layout("scopus-text", scopus_text, within("Scopus\nEXPORT DATE:05 May 2024\n\n"), titles=NONE),
    Layout("pubmed-text", pubmed_text, titles=NONE, abstracts=(None,)),
    xml("atom", "feed", "entry", "title", "summary"),
    xml("atom", "rss", "item", "title", "description", namespaces=" version='2.0'"),
    xml("oai", "ListRecords", "record", "title", "abstract", around=("<metadata>", "</metadata>")),
    xml("oai", "OAI-PMH", "record", "dc:title", "dc:description", namespaces=" xmlns:dc='d'"),
    xml(
        "pubmed",
        "PubmedArticleSet",
        "PubmedArticle",
        "ArticleTitle",
        "Abstract/AbstractText",
        around=("<MedlineCitation><PMID>1</PMID><Article>", "</Article></MedlineCitation>"),
    ),
    xml(
        "pubmed",
        "PubmedArticleSet",
        "PubmedBookArticle",
        "ArticleTitle",
        "Abstract/AbstractText",
        around=("<BookDocument><PMID>1</PMID>", "</BookDocument>"),
    ),
    xml("acl-anthology", "collection", "paper", "title", "abstract", around=("<volume/>", "")),
    xml(
        "jats",
        "pmc-articleset",
        "article",
        "title-group/article-title",
        "abstract/p",
        around=("<front><article-meta>", "</article-meta></front>"),
    ),
    xml(
        "tei",
        "teiCorpus",
        "TEI",
        "fileDesc/titleStmt/title",
        "profileDesc/abstract/div/p",
        around=("<teiHeader>", "</teiHeader>"),
    ),
    xml(
        "endnote-xml",
        "records",
        "record",
        "titles/title",
        "abstract",
        around=("<ref-type name='Book'>6</ref-type>", ""),
    ),
    xml("mods", "modsCollection", "mods", "titleInfo/title", "abstract"),
    xml(
        "zotero-rdf",
        "rdf:RDF",
        "bib:Article",
        "dc:title",
        "dcterms:abstract",
        namespaces=(
            " xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
            "xmlns:bib='http://purl.org/net/biblio#' xmlns:dc='d' xmlns:dcterms='t'"
        ),
    ),
    xml("nsf", "rootTag", "Award", "AwardTitle", "AbstractNarration"),
    Layout(
        "markdown",
        heading,
        titles=NONE,
        abstracts=(None,),
        between=("![moss](m.png)\n\n",),
    ),
    Layout("markdown", labelled, titles=NONE, abstracts=NO_ABSTRACT),
    Layout("markdown", table_row, within("# Papers\n\n| Title | Abstract |\n| --- | --- |\n")),
    Layout(
        "text",
        paragraphs,
        titles=NONE,
        abstracts=(None,),
        between=("42\n\n", "Mar 12\n\n"),
    ),
    Layout(
        "html",
        article,
        within("<!doctype html><html><body>\n", "</body></html>"),
        titles=NONE,
        abstracts=(None,),
        between=("<nav>Home</nav>\n", "<p>42</p>\n"),
    ),
    xml("services", "projects", "project", "title", "objective"),
    xml(
        "marc",
        "collection",
        "record",
        "datafield tag='245'/subfield code='a'",
        "datafield tag='520'/subfield code='a'",
    ),
    Layout("embase", embase, titles=("", "  ")),
]

words = st.text(string.ascii_lowercase, min_size=2, max_size=12)
abstracts = st.lists(words, min_size=30, max_size=60).map(
    lambda each: f"Here {' '.join(each[:15])}. Then {' '.join(each[15:])}, which we explain here."
)
titles = st.lists(words.map(str.title), min_size=3, max_size=8).map(
    lambda each: f"On {' '.join(each)} of Lanterns"
)
papers = st.builds(Entry, titles, abstracts)


def pieces(layout: Layout) -> st.SearchStrategy[list[Piece]]:
    kinds: list[st.SearchStrategy[Piece]] = [
        papers,
        st.builds(Entry, titles, st.sampled_from(layout.abstracts)),
    ]
    if layout.titles:
        kinds.append(st.builds(Entry, st.sampled_from(layout.titles), abstracts))
    if layout.listed:
        kinds.append(st.sampled_from(layout.listed).map(Listed))
    if layout.between:
        kinds.append(st.sampled_from(layout.between).map(Between))
    return st.tuples(papers, st.lists(st.one_of(kinds), max_size=8), papers).map(
        lambda parts: [parts[0], *parts[1], parts[2]]
    )


def said(item: Item) -> tuple[str, str] | None:
    return (item.title, item.abstract) if isinstance(item, Paper) else None


def expected(piece: Piece) -> tuple[str, str] | None:
    whole = isinstance(piece, Entry) and (piece.title or "").strip()
    if not whole or piece.abstract in NO_ABSTRACT:
        return None
    return (piece.title, piece.abstract)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("counts") / "dump"


def test_every_format_has_a_layout() -> None:
    assert sorted(set(readers()) - {layout.format for layout in LAYOUTS}) == []


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@settings(max_examples=20, database=None)
@given(st.data())
def test_every_entry_that_begins_is_a_paper_or_is_listed(
    path: Path, layout: Layout, data: st.DataObject
) -> None:
    written = data.draw(pieces(layout))
    path.write_bytes(layout.write(written))
    with open_dump(path) as dump:
        assert dump.format == layout.format
        items = list(dump)
    begun = [piece for piece in written if not isinstance(piece, Between)]
    assert list(map(said, items)) == list(map(expected, begun))
    known = (item.title for item in items if isinstance(item, Unreadable))
    assert all(title is None or isinstance(title, str) for title in known)
