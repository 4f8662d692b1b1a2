"""Workbooks as Excel opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import OutputError
from extractor.writers import choose_writer, infer_schema, open_output, xlsx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KNOWN = {"type": "object", "properties": {"id": {"type": "string"}}}


def write(out: Path, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write a workbook; returns what the user is told."""
    with open_output(choose_writer("xlsx", out), out, infer_schema(rows, KNOWN)) as sink:
        for row in rows:
            sink.write(row)
    return list(sink.notes())


def cells(out: Path, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The cells of the last column, below the head."""
    write(out, rows)
    sheet = openpyxl.load_workbook(out).worksheets[0]
    return [row[-1] for row in sheet.iter_rows(min_row=2)]


def column(*values: object) -> list[dict[str, Any]]:
    return [{"id": f"{n}.10", "value": value} for n, value in enumerate(values)]


def test_numbers_are_numbers_and_years_have_no_separator(tmp_path: Path) -> None:
    found = cells(tmp_path / "r.xlsx", column(2024, 1.5, -3, 10**14, 1e300))
    assert [cell.value for cell in found] == [2024, 1.5, -3, 10**14, 1e300]
    assert {cell.number_format for cell in found} == {"General"}
    assert {cell.data_type for cell in found} == {"n"}
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0]
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("0.10", "s")


def test_true_and_false_and_what_excel_has_no_number_for(tmp_path: Path) -> None:
    found = cells(tmp_path / "r.xlsx", column(True, False))
    assert [(cell.value, cell.data_type) for cell in found] == [(True, "b"), (False, "b")]
    found = cells(tmp_path / "r.xlsx", column(1.0, float("nan"), float("inf"), 2**60 + 1))
    assert [cell.value for cell in found] == [1, None, None, "1152921504606846977"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "@x", "#N/A", "TRUE", "1e5", "<r><t>x</t></r>", "_x0041_", "{=1}", " a "]
)
def test_text_stays_text(text: str, tmp_path: Path) -> None:
    [cell] = cells(tmp_path / "r.xlsx", column(text))
    assert cell.data_type == "s"
    assert cell.value.replace("_x005F_", "_") == (f"{text} " if text.startswith("<r>") else text)


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    found = cells(tmp_path / "r.xlsx", column("a\x00b\x1bc", "half \ud800", "a\r\nb\rc", "\uffff"))
    replaced = ["a\ufffdb\ufffdc", "half \ufffd", "a\nb\nc", "\ufffd"]
    assert [cell.value for cell in found] == replaced


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_any_text_can_be_read_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    found = cells(tmp_path_factory.mktemp("book") / "r.xlsx", column(*texts, "last"))
    assert len(found) == len(texts) + 1
    assert all(cell.data_type in "sn" and cell.hyperlink is None for cell in found)


def test_addresses_are_links(tmp_path: Path) -> None:
    long = f"https://example.org/{'a' * 3000}"
    values = ["https://example.org/a?b=c", "see https://example.org", "javascript:alert(1)", long]
    found = cells(tmp_path / "r.xlsx", column(*values))
    assert [cell.value for cell in found] == values
    assert [cell.hyperlink.target if cell.hyperlink else None for cell in found] == [
        values[0],
        *(None, None, None),
    ]


def test_more_links_than_a_sheet_may_have_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "_MOST_LINKS", 2)
    rows = column(*(f"https://example.org/{n}" for n in range(3)))
    [note] = write(tmp_path / "r.xlsx", rows)
    assert "addresses beyond the 2 links that a sheet has: 1" in note
    found = cells(tmp_path / "r.xlsx", rows)
    assert [cell.value for cell in found] == [row["value"] for row in rows]


def test_a_text_that_is_too_long_is_cut_and_told(tmp_path: Path) -> None:
    long = "\U0001f600" * 16_384
    [note] = write(tmp_path / "r.xlsx", column(long, "b" * 32_767))
    assert "cells cut to the 32,767 characters that Excel keeps of one: 1" in note
    first, second = cells(tmp_path / "r.xlsx", column(long, "b" * 32_767))
    assert first.value == "\U0001f600" * 16_383 + "…"
    assert second.value == "b" * 32_767


def test_more_rows_than_a_sheet_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "_MOST_ROWS", 3)
    write(tmp_path / "r.xlsx", column("a", "b"))
    before = (tmp_path / "r.xlsx").read_bytes()
    with pytest.raises(OutputError, match=r"sheet papers would have more .* Write \.csv"):
        write(tmp_path / "r.xlsx", column("a", "b", "c"))
    assert (tmp_path / "r.xlsx").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["r.xlsx"]


def test_the_head_is_frozen_has_a_filter_and_columns_fit(tmp_path: Path) -> None:
    write(tmp_path / "r.xlsx", column("a" * 30, "b" * 500))
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:C3"
    assert sheet["A1"].font.bold
    assert 60 <= sheet.column_dimensions["C"].width < 62


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write(tmp_path / name, column("a", "https://example.org", 2024))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_names_of_sheets_are_what_excel_takes(tmp_path: Path) -> None:
    long = "parts_of_the_experiment_that_were_measured"
    rows = [{"id": "1", "history": [{"a": 1}], long: [{"a": 1}], f"{long}_again": [{"a": 1}]}]
    write(tmp_path / "r.xlsx", rows)
    names = openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames
    assert names == ["papers", "history_2", long[:28], f"{long[:28]}_2"]
