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


FORMATS = {
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
    said_nothing = ["[No abstract available]", "nan", "N/A", "Abstract", "No abstract available."]
    text = "".join(ris(Entry("A", each), 1) for each in [*said_nothing, "Nan is a city."])
    *listed, paper = read(text, "ris")
    assert [item.title for item in listed if isinstance(item, Unreadable)] == ["A"] * 5
    assert said(paper) == ("A", "Nan is a city.")
