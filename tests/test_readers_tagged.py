"""Formats of tagged lines: where their entries begin, and what their tags hold.

That each entry is a paper or is listed is tested with `FORMATS` in test_readers_counts.py.
"""

from __future__ import annotations

import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Item, Unreadable, open_dump

unhurried = settings(deadline=None)
words = st.lists(st.text(string.ascii_lowercase, min_size=2, max_size=9), min_size=1, max_size=8)
texts = words.map(" ".join).map("On {}".format)


class Entry(NamedTuple):
    """What an entry says; a field that is None is not there."""

    title: str | None
    abstract: str | None


def lines_of(entry: Entry, title: str, abstract: str) -> list[str]:
    both = ((title, entry.title), (abstract, entry.abstract))
    return [f"{tag}{text}" for tag, text in both if text is not None]


def ris(entry: Entry, number: int) -> str:
    lines = ["TY  - JOUR", *lines_of(entry, "TI  - ", "AB  - "), f"PY  - {number}", "ER  - "]
    return "\n".join(lines) + "\n\n"


def ris_without_end(entry: Entry, number: int) -> str:
    return ris(entry, number).replace("ER  - \n", "")


def ovid_ris(entry: Entry, number: int) -> str:
    trailer = (
        "Link to the text: http://example.org\n\nC1  - Database: X\n\nSearch Strategy:\n1 a (2)\n"
    )
    return f"{number}.\n{ris(entry, number)}{trailer}\n"


def cochrane(entry: Entry, number: int) -> str:
    return f"Record #{number} of 9\nProvider: A Press\nContent: text/plain\n\n{ris(entry, number)}"


def cochrane_without_end(entry: Entry, number: int) -> str:
    return cochrane(entry, number).replace("ER  - \n", "")


def narrow_ris(entry: Entry, number: int) -> str:
    return ris(entry, number).replace("  - ", " - ")


def medline(entry: Entry, number: int) -> str:
    lines = [f"PMID- {number}", "OWN - NLM", *lines_of(entry, "TI  - ", "AB  - "), "ISSN - 1-2"]
    return "\n".join(lines) + "\n\n"


def medlars(entry: Entry, number: int) -> str:
    lines = [f"<{number}. >", "UI  - 7", *lines_of(entry, "TI  - ", "AB  - "), "SO  - J"]
    return "\n".join(lines) + "\n\n"


def web_of_science(entry: Entry, number: int) -> str:
    lines = ["PT J", "AU Able, A", "   Baker, B", *lines_of(entry, "TI ", "AB "), f"PY {number}"]
    return "\n".join(lines) + "\nER\n\n"


def web_of_science_without_end(entry: Entry, number: int) -> str:
    return web_of_science(entry, number).replace("\nER\n", "\n")


def endnote(entry: Entry, number: int) -> str:
    lines = ["%0 Journal Article", *lines_of(entry, "%T ", "%X "), f"%D {number}"]
    return "\n".join(lines) + "\n\n"


def ovid(entry: Entry, number: int) -> str:
    lines = [f"<{number}>", "Accession Number\n  7", *lines_of(entry, "Title\n  ", "Abstract\n  ")]
    return "\n".join(lines) + "\nReferences\n  Able A.\n\n  Baker B.\n\n"


def proquest(entry: Entry, number: int) -> str:
    lines = [f"{'_' * 60}", f"Document {number} of 9", *lines_of(entry, "Title: ", "Abstract: ")]
    return "\n\n".join([*lines, f"Publication year: {number}"]) + "\n\n"


def noteexpress(entry: Entry, number: int) -> str:
    lines = lines_of(entry, "{Title}: ", "{Abstract}: ")
    return "\n".join(["{Reference Type}: Thesis", *lines, f"{{Year}}: {number}"]) + "\n\n"


def cnki(entry: Entry, number: int) -> str:
    lines = lines_of(entry, "Title-题名: ", "Summary-摘要: ")
    return "\n".join(["SrcDatabase-来源库: 期刊", *lines, f"Year-年: {number}"]) + "\n\n"


def refworks(entry: Entry, number: int) -> str:
    lines = ["RT Journal Article", f"ID {number}", *lines_of(entry, "T1 ", "AB ")]
    return "\n".join([*lines, f"YR {number}"]) + "\n\n"


def cochrane_text(entry: Entry, number: int) -> str:
    lines = [f"Record #{number} of 9", "ID: CN-1", *lines_of(entry, "TI: ", "AB: ")]
    return "\n".join([*lines, f"YR: {number}"]) + "\n\n\n"


FORMATS = {
    noteexpress: "noteexpress",
    cnki: "noteexpress",
    refworks: "refworks",
    cochrane_text: "cochrane",
    ris: "ris",
    ris_without_end: "ris",
    ovid_ris: "ris",
    cochrane: "ris",
    cochrane_without_end: "ris",
    narrow_ris: "ris",
    medline: "ris",
    web_of_science: "web-of-science",
    web_of_science_without_end: "web-of-science",
    endnote: "endnote",
    ovid: "ovid",
    proquest: "proquest",
}


def read(text: str, format_name: str) -> list[Item]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_text(text, encoding="utf-8")
        with open_dump(path) as dump:
            assert dump.format == format_name
            return list(dump)


def said(item: Item) -> tuple[str | None, str | None]:
    return (item.title, item.abstract) if isinstance(item, Paper) else (item.title, None)


@unhurried
@given(st.lists(st.tuples(texts, texts), min_size=2, max_size=6), st.booleans())
def test_entries_of_a_dump_without_leading_tags(
    written: list[tuple[str, str]], owned: bool
) -> None:
    entry = (
        "OWN - ERIC\nTI  - {}\nOID - EJ1\nAB  - {}\n" if owned else "AU  - A\nTI  - {}\nAB  - {}\n"
    )
    items = read("DP  - 1\n" * 4 + "\n\n".join(entry.format(*each) for each in written), "ris")
    assert list(map(said, items)) == written


def pubmed_text(entry: Entry, number: int) -> str:
    blocks = [f"{number}. J Ex. 2024;1:2.", f"{entry.title}", "Able A(1), Baker B.", entry.abstract]
    return "\n\n".join([*filter(None, blocks), f"PMID: {number}"]) + "\n\n\n"


@pytest.mark.parametrize(
    ("line", "doi"),
    [
        ("DO  - https://doi.org/10.5555/ex.1", "10.5555/ex.1"),
        ("DO  - doi:10.5555/ex.1", "10.5555/ex.1"),
        ("AID - http://dx.doi.org/10.5555/ex(1)2", "10.5555/ex(1)2"),
        ("LID - S0378-1119(15)01297-4 [pii]\nAID - 10.5555/ex.1 [doi]", "10.5555/ex.1"),
        ("M3  - doi:10.5555/ex.1", "10.5555/ex.1"),
        ("UR  - https://doi.org/10.5555/ex.1", "10.5555/ex.1"),
        ("UR  - https://doi.org/10.5555%2Fex%281%292", "10.5555/ex(1)2"),
        ("UR  - https://example.org/articles/10.5555/ex.1/full", "10.5555/ex.1"),
        ("UR  - https://example.org/pdf/10.5555/ex.1.pdf?download=true", "10.5555/ex.1"),
        ("UR  - https://example.org/10.5555/ex.1#section-2", "10.5555/ex.1"),
        ("UR  - https://example.org/r?doi=10.5555%2fex.1&source=40", "10.5555/ex.1"),
        ("UR  - https://example.org/10.5555/2020.02.03.456789v3.full", "10.5555/2020.02.03.456789"),
        ("DO  - 10.5555/ex.1;https://example.org", "10.5555/ex.1"),
        ("DO  - (see 10.5555/ex.1.)", "10.5555/ex.1"),
        ("DO  - 10.5555/ex.12.v2", "10.5555/ex.12.v2"),
        (
            "UR  - /10.5555/(SICI)1-2(1996)1:4<1::X>2.CO;2-#",
            "10.5555/(SICI)1-2(1996)1:4<1::X>2.CO;2-#",
        ),
        ("DO  - https://doi.org/10.5555/a#part-1", "10.5555/a#part-1"),
    ],
)
def test_doi_in_any_dress(line: str, doi: str) -> None:
    first = "PMID- 1" if "ID - " in line else "TY  - JOUR"
    (paper,) = read(f"{first}\nTI  - A\nAB  - B\n{line}\n", "ris")
    assert isinstance(paper, Paper)
    assert paper.source["doi"] == doi


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        ("PY  - 2024\nDA  - JAN 1", "2024 JAN 1"),
        ("PY  - 2024/05/01/", "2024/05/01"),
        ("Y1  - 2024//", "2024"),
        ("DA  - 2023/07\nPY  - 2024", "2023/07"),
        ("DP  - 2024 Jan", "2024 Jan"),
    ],
)
def test_a_date_has_a_year(lines: str, date: str) -> None:
    (paper,) = read(f"TY  - JOUR\nTI  - A\nAB  - B\n{lines}\nER  - \n", "ris")
    assert isinstance(paper, Paper)
    assert paper.source["date"] == date


RIS = "TY  - JOUR\nTI  - On Heat\nAB  - One two.\nPY  - 2024\nER  - \n\n" * 2


@pytest.mark.parametrize(
    "text",
    [
        RIS.replace("\n", "\r\n"),
        RIS.replace("\n", "\r"),
        "\ufeff" + RIS,
        RIS.replace("  - ", "   - "),
        RIS.replace("  - ", "  -"),
        RIS.replace("  - ", "\t- "),
        RIS.replace("  - ", "  -\t"),
        RIS.replace("  - ", "\u00a0\u00a0- "),
        RIS.replace("  - ", "  \u2013 "),
        RIS.replace("TY  ", "ty  ").replace("TI  ", "ti  ").replace("AB  ", "ab  "),
        RIS.replace("On Heat", "On\n      Heat").replace("One two", "One\n\n      two"),
        RIS.replace("AB  - One two.", "AB  - One\nAB  - two.\nN2  - One two."),
        RIS.replace("TI  - ", "T1  - ").replace("AB  - ", "N2  - "),
        RIS.replace("On Heat", "On <i>Heat</i>").replace("One two.", "<jats:p>One two.</jats:p>"),
        RIS.replace("TI  - On Heat", "TI  - On Heat\nTI  - Sobre el calor"),
    ],
)
def test_ris_as_programs_write_it(text: str) -> None:
    assert list(map(said, read(text, "ris"))) == [("On Heat", "One two.")] * 2


@pytest.mark.parametrize(
    ("text", "format_name"),
    [
        ("%0 Thesis\r%T On Heat\r%X One two.\r\r", "endnote"),
        ("%0\tThesis\n%T\tOn Heat\n%X\tOne two.\n", "endnote"),
        ("%0 Thesis\n%T On <i>Heat</i>\n%X <p>One two.</p>\n", "endnote"),
        (f"{'_' * 60}\n\nDocument 1 of 1\n\nOn Heat\n\nAbstract (English): One two.\n", "proquest"),
        ("%R 2024Tide..1\n%T On Heat\n%A Able, A.; Baker, B.\n%J J\n%B One two.\n", "endnote"),
        ("PMID- 1\nTI  - On Heat\nOAB - Publisher: One two.\nOABL- fre\n", "ris"),
    ],
)
def test_neighbours_of_the_usual_layouts(text: str, format_name: str) -> None:
    assert list(map(said, read(text, format_name))) == [("On Heat", "One two.")]


def test_entities_become_what_they_name() -> None:
    (paper,) = read("TY  - JOUR\nTI  - A &amp; B\nAB  - p &lt; 0.05, x<y>z\nER  - \n", "ris")
    assert said(paper) == ("A & B", "p < 0.05, x<y>z")


def test_initials_come_first() -> None:
    text = "PMID- 1\nTI  - A\nAB  - B\nAU  - Able AB Jr\nAU  - van der Berg C\nAU  - Wei Ming\n"
    text += "AU  - Örn ÅÉ\nAU  - Łoś Ż\n"
    (paper,) = read(text, "ris")
    assert isinstance(paper, Paper)
    assert paper.source["authors"] == [
        *("AB Able Jr", "C van der Berg", "Wei Ming", "ÅÉ Örn", "Ż Łoś"),
    ]


def test_scopus_text_without_an_abstract_and_without_an_end() -> None:
    head = "Scopus\nEXPORT DATE:05 May 2024\n\n"
    entry = "Able, A., Baker, B.\n1; 2\nOn {0}, Tides\n(2024) Journal, 3, pp. 1-2.\n\n"
    end = "DOCUMENT TYPE: Article\nSOURCE: Scopus\n\n\n"
    text = head + (entry + "ABSTRACT: One\ntwo.\n" + end).format("Heat")
    text += (entry + end).format("Fire") + (entry + "ABSTRACT: Three.\n").format("Sea")
    assert list(map(said, read(text, "scopus-text"))) == [
        ("On Heat, Tides", "One two."),
        ("On Fire, Tides", None),
        ("On Sea, Tides", "Three."),
    ]


def test_hyphen_of_a_wrapped_line_is_no_tag() -> None:
    (paper,) = read("TY  - JOUR\nTI  - A\nAB  - Water of\nAIM - rich cells\nER  - \n", "ris")
    assert said(paper) == ("A", "Water of AIM - rich cells")


def test_ovid_entries_without_leading_tags() -> None:
    written = [Entry("On Heat", "On tides."), Entry("On Tides", "On heat.")]
    text = "".join(medlars(entry, number) for number, entry in enumerate(written, 1))
    assert list(map(said, read(text, "ris"))) == written


def test_psycinfo_has_both_leading_tags() -> None:
    (paper,) = read("TY  - JOUR\nPMID  - 7\nTI  - A\nAB  - B\nER  - \n", "ris")
    assert paper == Paper("7", "A", "B")


def test_web_of_science_row_with_too_many_cells_is_listed() -> None:
    text = 'PT\tTI\tAB\tUT\nJ\tA\tB "c" d\tW1\nJ\tA\tB\tW2\tmore\n'
    paper, row = read(text, "web-of-science-tab")
    assert paper == Paper("W1", "A", 'B "c" d')
    assert isinstance(row, Unreadable)
    assert row.line == 3


SOMETHING = "A sentence that is long enough to be an abstract goes on and on. " * 5


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("XX  - a\nYY  - b\nZZ  - " + SOMETHING, "RIS"),
        ("%G a\n%Q b\n\n%G " + SOMETHING, "EndNote"),
        ("AB " + SOMETHING + "\nSO a\nTI A Title of Words\nPY 2024\nUT 1\n", "Web of Science"),
        ("  title = {A},\n  abstract = {B},\n  year = {1}\n", "BibTeX"),
        (
            "<paper>\n<title>A</title>\n<abstract>\n" + SOMETHING + "\n</abstract>\n</paper>\n",
            "XML",
        ),
        ("- title: A\n  abstract: " + SOMETHING + "\n  year: 1\n", "YAML"),
        ("[{'title': 'A', 'abstract': '" + SOMETHING + "'}]\n", "Python"),
        (
            "".join(f"Title of the {n}th Paper of Many\n\n\n" for n in range(30)) + SOMETHING,
            "29 pieces",
        ),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_last_resorts_refuse_what_is_no_text(
    text: str, what: str, format_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_text(text, encoding="utf-8")
    with open_dump(path, format=format_name) as dump, pytest.raises(DumpError, match=what):
        list(dump)


def test_placeholders_are_no_abstract() -> None:
    said_nothing = [
        *("[No abstract available]", "nan", "N/A", "Abstract", "No abstract available."),
        *("None available.", "Abstract available from the publisher.", "Abstract:", "Summary -"),
        *("There is no abstract for this paper.", "This paper does not have an abstract."),
        *("An abstract is not available.", "Summary not provided by the journal", "Not applicable"),
        *("No abstract available (French).", "The abstract for this item is missing."),
        *("[ABSTRACT FROM PUBLISHER]", "(C) 2019 Example Press Ltd. All rights reserved."),
        *("© 2020 The Authors.", "Copyright © The Author(s) 2021. Published by Example Press."),
        "© 2022 Example B.V. All rights reserved",
    ]
    text = "".join(ris(Entry("A", each), 1) for each in [*said_nothing, "On heat."])
    *listed, _ = read(text, "ris")
    assert list(map(said, listed)) == [("A", None)] * len(said_nothing)


@pytest.mark.parametrize(
    "abstract",
    [
        *("Nan is a city.", "No abstract notion is as old as heat.", "Copyright in 2020 was odd."),
        *("© 2020 Example Press. Tides are slow.", "This paper has no abstract ideas in it."),
        *("An abstract is not enough to tell heat from tides.", "No abstract by a model is ours."),
    ],
)
def test_a_short_abstract_is_one(abstract: str) -> None:
    (paper,) = read(ris(Entry("A", abstract), 1), "ris")
    assert said(paper) == ("A", abstract)


def test_scopus_text_with_full_names_and_parts_in_capitals() -> None:
    text = (
        "Scopus\nEXPORT DATE: 05 May 2024\n\nAble A.; Baker B.-C.\n"
        "AUTHOR FULL NAMES: Able, Ann (11); Baker, Bob-Carl (12)\n11; 12\nHEAT: ON TIDES\n"
        "(2024) Journal of Heat, Tides, 3 (1), pp. 1 - 2, Cited 4 times.\nDOI: 10.5555/ex.1\n"
        "https://example.org/1\n\nABSTRACT: AIM: One.\nMETHODS: Two.\nEND: Three.\n"
        "FUNDING TEXT 1: Four.\nSOURCE: Scopus\n\n"
        "[No author name available]\nEcho: A sea\n(2023) Annals\nABSTRACT: Six.\n"
        "SOURCE: Scopus\n\n(2023) Annals\nABSTRACT: Seven.\nSOURCE: Scopus\n"
    )
    first, second, untitled = read(text, "scopus-text")
    metadata = {
        "authors": ["Ann Able", "Bob-Carl Baker"],
        "doi": "10.5555/ex.1",
        "venue": "Journal of Heat, Tides",
        "date": "2024",
        "url": "https://example.org/1",
    }
    assert first == Paper("1", "HEAT: ON TIDES", "AIM: One. METHODS: Two. END: Three.", metadata)
    assert second == Paper("2", "Echo: A sea", "Six.", {"venue": "Annals", "date": "2023"})
    assert isinstance(untitled, Unreadable)


@pytest.mark.parametrize("between", ["\n", "\n\n", "\n\nAuthor-作者: 甲\n"])
def test_cnki_without_types(between: str) -> None:
    entry = "Title-题名: {0}\nAuthor-作者: 甲;乙\nSummary-摘要: On {0}."
    text = between.join(map(entry.format, ("heat", "tides")))
    assert list(map(said, read(text, "noteexpress"))) == [
        ("heat", "On heat."),
        ("tides", "On tides."),
    ]


@pytest.mark.parametrize(
    ("people", "authors"),
    [
        ("HEAT Study Group.", ["HEAT Study Group"]),
        ("Society for Heat and Tides(1); Able A(2).", ["Society for Heat and Tides", "A Able"]),
        ("ISLE-2 Trial Group, Able A; and Örn Å(1)(2).", ["ISLE-2 Trial Group", "A Able"]),
    ],
)
def test_groups_are_authors(people: str, authors: list[str]) -> None:
    head = f"1. J Ex. 2024;1:2.\n\nOn heat.\n\n{people}\n\n"
    text = f"{head}Heat, Tides and others are slow.\n\nPMID: 1\n\n\n{head}PMID: 2\n"
    paper, other = read(text, "pubmed-text")
    assert said(paper) == ("On heat.", "Heat, Tides and others are slow.")
    assert said(other) == ("On heat.", None)
    assert isinstance(paper, Paper)
    found = paper.source["authors"]
    assert isinstance(found, list)
    assert found[: len(authors)] == authors


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("refworks", "RT Journal Article\nT1 On Heat\nAB One.\nUK tides.\nIT seas.\nYR 2024\n"),
        ("cochrane", "Record #1 of 1\nTI: On Heat\nAB: One.\nCI: tides.\nRR: seas.\nYR: 2024\n"),
        (
            "proquest",
            f"{'_' * 60}\n\nDocument 1 of 1\n\nOn Heat\n\nAbstract: One.\nLocation: tides.\n"
            "Source: seas.\n\nYear: 2024\n",
        ),
        ("ris", "TY  - JOUR\nTI  - On Heat\nAB  - One.\n\nContent: tides.\n\n2.\n\nPY  - 2024\n"),
    ],
)
def test_what_looks_like_a_field_within_an_abstract(format_name: str, text: str) -> None:
    (paper,) = read(text, format_name)
    lines = {"refworks": "UK {}IT {}", "cochrane": "CI: {}RR: {}", "ris": "Content: {}2."}
    said_there = lines.get(format_name, "Location: {}Source: {}").format("tides. ", "seas.")
    assert said(paper) == ("On Heat", f"One. {said_there}")
    assert isinstance(paper, Paper)
    assert paper.source["date"] == "2024"


@pytest.mark.parametrize("kind", ["[Review]", " [Review] [12 refs]", ".[Article]", " [Refs: 3]."])
def test_kind_of_paper_is_no_part_of_an_ovid_title(kind: str) -> None:
    text = f"<1>\nUnique Identifier\n  1\nTitle\n  On Heat{kind}\nAbstract\n  One.\n"
    assert list(map(said, read(text, "ovid"))) == [("On Heat", "One.")]
