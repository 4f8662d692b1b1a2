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
    said = rf"no column 'nope'. It has: id, title, abstract\..*--{field}-column"
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
