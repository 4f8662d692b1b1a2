"""Tables as spreadsheets and databases write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump, read_dump

if TYPE_CHECKING:
    from extractor.readers import Item

TABLE = "id;title;abstract\r\n1;Lanterns;They glöw.\r\n2;Caches;They forget.\r\n"
PAPERS = [Paper("1", "Lanterns", "They glöw.", {}), Paper("2", "Caches", "They forget.", {})]


def items_of(path: Path, data: bytes) -> list[Item]:
    path.write_bytes(data)
    with open_dump(path) as dump:
        assert dump.format in ("csv", "tsv")
        return list(dump)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "above", ["", "sep=;\r\n", '"Exported on 1 March; 2 papers"\r\n', "Search\r\n\r\n2 papers\r\n"]
)
def test_what_is_above_the_header_and_how_it_is_encoded(
    above: str, encoding: str, tmp_path: Path
) -> None:
    assert items_of(tmp_path / "dump", (above + TABLE).encode(encoding)) == PAPERS


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_lines_that_end_in_carriage_returns_alone(delimiter: str, tmp_path: Path) -> None:
    table = TABLE.replace("\r\n", "\r").replace(";", delimiter)
    assert items_of(tmp_path / "dump", table.encode()) == PAPERS


def test_lines_that_end_in_different_ways(tmp_path: Path) -> None:
    table = b'id,title,abstract\r\n1,T,"A\rb"\n2,U,B\r3,V,C\r\n4,W,D\r\r\n'
    papers = items_of(tmp_path / "dump", table)
    assert papers == [
        Paper(str(n), title, abstract, {})
        for n, title, abstract in ((1, "T", "A\rb"), (2, "U", "B"), (3, "V", "C"), (4, "W", "D"))
    ]


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    *papers, wrong = items_of(tmp_path / "dump", f"sep=;\r\n{TABLE}3;T\r\n".encode())
    assert papers == PAPERS
    assert isinstance(wrong, Unreadable)
    assert wrong.line == 5


def test_tables_that_were_joined_with_their_headers(tmp_path: Path) -> None:
    first, second, wrong, *again = items_of(tmp_path / "dump", TABLE.encode() * 2)
    assert [first, second] == again == PAPERS
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.message) == (4, "The row is the header once more.")


def test_rows_of_empty_cells_are_nothing(tmp_path: Path) -> None:
    assert items_of(tmp_path / "dump", f"{TABLE};;\r\n\r\n;;;;\r\n".encode()) == PAPERS


def test_quotation_mark_that_is_not_closed_costs_its_row(tmp_path: Path) -> None:
    good = '{0};"A ""title""";"An abstract\nof two lines"\n'
    rows = [*map(good.format, range(3)), '3;"Not closed;A\n', *map(good.format, range(4, 9))]
    *items, last = items_of(tmp_path / "dump", f'id;title;abstract\n{"".join(rows)}9;"T;A'.encode())
    assert [getattr(item, "id", None) for item in items] == ["0", "1", "2", None, *"45678"]
    assert isinstance(wrong := items[3], Unreadable)
    assert wrong.line == 8
    assert isinstance(last, Unreadable)


def test_quotation_marks_that_break_the_rules(tmp_path: Path) -> None:
    table = b'id,title,abstract\n1,"A" title ,The "best" of us\n2,T,A\n'
    first, second = items_of(tmp_path / "dump", table)
    assert first == Paper("1", "A title ", 'The "best" of us', {})
    assert second == Paper("2", "T", "A", {})


@pytest.mark.parametrize(
    ("table", "paper"),
    [
        ("titles,summaries,terms\nT,A.,x\n", Paper("1", "T", "A.", {"terms": "x"})),
        ("Titel;Zusammenfassung;Jahr\nT;A.;2024\n", Paper("1", "T", "A.", {"Jahr": "2024"})),
        ("标题,摘要\nT,A.\n", Paper("1", "T", "A.", {})),
        ("Abstract Title,Abstract Body\nT,A.\n", Paper("1", "T", "A.", {})),
        (",id,title,abstract,\n0,a,T,A.,x\n", Paper("a", "T", "A.", {})),
        ("title,abstract,title,id,id\nT,A.,B,a,b\n", Paper("a", "T", "A.", {})),
        ("title,abstract,title\n,A.,B\n", Paper("1", "B", "A.", {})),
        ("title,abstract,summary\nT,nan,A.\n", Paper("1", "T", "A.", {"abstract": "nan"})),
        ("title,has_abstract,abstract_en\nT,1,A.\n", Paper("1", "T", "A.", {"has_abstract": "1"})),
        ('id, title, abstract\n1, "T, U", "A, b."\n', Paper("1", "T, U", "A, b.", {})),
        ('id,title,abstract\n1,T,"A \\"b\\", c."\n', Paper("1", "T", 'A "b", c.', {})),
        (
            "cord_uid,doi,title,abstract\nx1,10.1/a,T,A.\n",
            Paper("x1", "T", "A.", {"doi": "10.1/a"}),
        ),
        ("EID,Title,Abstract\n2-s2.0-1,T,A.\n", Paper("2-s2.0-1", "T", "A.", {})),
        ("UT (Unique WOS ID),Title,Abstract\nWOS:1,T,A.\n", Paper("WOS:1", "T", "A.", {})),
    ],
)
def test_columns_as_they_are_called_and_written(table: str, paper: Paper, tmp_path: Path) -> None:
    assert items_of(tmp_path / "dump.csv", table.encode()) == [paper]


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("dump.csv", '2401.1,"On Titles, and so on",{0},cs.LG\n', "no header"),
        ("dump.txt", '2401.1,"On Titles, and so on",{0},cs.LG\n', "no header"),
        ("dump.tsv", "a\tTitles\t{0} An abstract.\n", "no header"),
        ("dump.tsv", 'a\t{{"title": "T", "abstract": "A."}}\n', "no header"),
        ("dump.csv", "title\n{0}\n", "is the abstract. It has: title."),
        ("dump.csv", 'Abstract\n"{0}"\n', "is the title. It has: Abstract."),
        ("dump.csv", "id,title_abstract\n1,{0}\n", "It has: id, title_abstract."),
        ("dump.csv", "title,abstract_url\nT,https://e.org/a\n", "It has: title, abstract_url."),
    ],
)
def test_table_that_does_not_name_its_columns(
    name: str, table: str, said: str, tmp_path: Path
) -> None:
    dump = tmp_path / name
    dump.write_text(table.format("They forget what they were told and ask once more. " * 3) * 9)
    with pytest.raises(DumpError, match=said):
        list(read_dump(dump))


def test_named_column_tells_the_header_from_what_is_above(tmp_path: Path) -> None:
    dump = tmp_path / "dump.csv"
    dump.write_text("Exported today\nKopf,Text,id\nT,A.,a\n")
    options = {"title_column": "Kopf", "abstract_column": "Text"}
    assert list(read_dump(dump, format="csv", options=options)) == [Paper("a", "T", "A.", {})]


@pytest.mark.parametrize("cell", ["-", "—", "n.a.", "abstract", "Without Abstract", "TBA"])
def test_cell_that_says_nothing(cell: str, tmp_path: Path) -> None:
    wrong, paper = items_of(tmp_path / "dump", f"title,abstract\nT,{cell}\nU,A b\n".encode())
    assert isinstance(wrong, Unreadable)
    assert wrong.message == "There is no abstract."
    assert paper == Paper("1", "U", "A b", {})


def test_embase_with_a_field_in_each_row(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_text(
        '"TITLE","Lanterns"\n"AUTHOR NAMES","Roe R.","Doe J."\n"ABSTRACT","They ""glow"""\n\n'
        '"TITLE","Caches"\n"SOURCE","Annals (2024)"\n\n'
        '"TITLE","Foxes"\n"ABSTRACT","Hidden.","© 2024"\n"PUI","L38"\n"DOI","10.1234/a"\n'
    )
    with open_dump(dump) as opened:
        assert opened.format == "embase"
        first, wrong, last = opened
    assert first == Paper("1", "Lanterns", 'They "glow"', {"authors": ["Roe R.", "Doe J."]})
    assert last == Paper("L38", "Foxes", "Hidden. © 2024", {"doi": "10.1234/a"})
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.title) == (5, "Caches")


cells = st.text(st.sampled_from("ab ,;\"'\n\r|"), max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(cells, min_size=1, max_size=5), max_size=6))
def test_every_row_is_a_paper_or_listed(rows: list[list[str]]) -> None:
    table = io.StringIO(newline="")
    csv.writer(table).writerows([["id", "title", "abstract"], *rows, ["z", "T", "A"]])
    with TemporaryDirectory() as folder:
        items = items_of(Path(folder) / "dump", table.getvalue().encode())
    assert len(items) == sum(any(row) for row in rows) + 1
    assert items[-1] == Paper("z", "T", "A", {})


@pytest.mark.parametrize("field", ["title", "abstract", "id"])
def test_column_that_the_user_names_and_is_not_there(field: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.csv"
    dump.write_text(TABLE, encoding="utf-8")
    said = rf"no column 'nope'. It has: id, title, abstract\..*{field}_column="
    with pytest.raises(DumpError, match=said):
        list(read_dump(dump, options={f"{field}_column": "nope"}))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("PMID,Title,Authors,Citation,Create Date", "PubMed leaves them out"),
        ("Item Title,Publication Title,Item DOI", "SpringerLink leaves them out"),
    ],
)
def test_exports_without_abstracts_are_told(header: str, said: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.csv"
    dump.write_text(f"{header}\n{header.lower()}\n{header.upper()}\n", encoding="utf-8")
    with pytest.raises(DumpError, match=said):
        list(read_dump(dump))


@pytest.mark.parametrize("prose", ["", "# Papers\n\n"])
@pytest.mark.parametrize(
    "table",
    ["| Title | Abstract |\n|---|---|\n| T | A. |\n", "Title | Abstract\n:--|--:\nT | A.\n"],
)
def test_a_table_in_markdown_is_no_csv(prose: str, table: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.md"
    dump.write_text(prose + table)
    with open_dump(dump) as opened:
        assert opened.format != "csv"


def test_keywords_of_web_of_science_are_no_id(tmp_path: Path) -> None:
    dump = tmp_path / "wos.csv"
    dump.write_text('TI,AB,ID,UT\nLanterns,We ask.,"LIGHT; LAKE",WOS:1\n')
    (paper,) = read_dump(dump)
    assert (paper.id, paper.source) == ("WOS:1", {"ID": "LIGHT; LAKE"})
