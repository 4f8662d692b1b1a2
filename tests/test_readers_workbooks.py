"""Excel workbooks, of Excel, of libraries and of those who mean no good."""

from __future__ import annotations

import datetime
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump, read_dump

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from extractor.readers import Item

HEADER = ["id", "title", "abstract"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT = "http://schemas.openxmlformats.org/package/2006/content-types"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLE = 'fontId="0" fillId="0" borderId="0" xfId="0"'
STRINGS = "<si><t>title</t></si><si><t>abstract</t></si>"
NAMES = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{CONTENT}">'
    + "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{SHEET}.{kind}+xml"/>'
        for part, kind in (
            ("workbook", "sheet.main"),
            ("worksheets/sheet1", "worksheet"),
            ("sharedStrings", "sharedStrings"),
            ("styles", "styles"),
        )
    )
    + "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr date1904="1"/>'
    '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
    f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="r3" Type="{OFFICE}/styles" Target="./styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" '
    'formatCode="[Red]yyyy&quot; x&quot;"/><numFmt numFmtId="171" formatCode="0.0&quot;day&quot;"/>'
    "</numFmts><cellXfs>"
    + "".join(f'<xf numFmtId="{number}" {STYLE}/>' for number in (0, 170, 171))
    + "</cellXfs></styleSheet>",
}


def write_parts(path: Path, rows: Iterable[str], strings: Iterable[str] = (STRINGS,)) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        for name, root, pieces in (
            ("sharedStrings.xml", "sst", strings),
            ("worksheets/sheet1.xml", "worksheet", ("<sheetData>", *rows, "</sheetData>")),
        ):
            with archive.open(f"xl/{name}", "w") as part:
                for piece in (f'<{root} xmlns="{MAIN}">', *pieces, f"</{root}>"):
                    part.write(piece.encode())
    return path


def write_sheets(path: Path, *sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def items_of(path: Path) -> list[Item]:
    with open_dump(path) as dump:
        assert dump.format == "xlsx"
        return list(dump)


def test_every_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    path = write_sheets(
        tmp_path / "dump",
        [["About this file"], ["Lanterns and caches"]],
        [["Search: lanterns"], [], HEADER, ["a", "T", "A."], [], ["b", "T"], HEADER],
        [],
        [[None, *HEADER[1:], "n"], [0, "U", "B.", 3], [1, "V", "#N/A", 4], [None, " "]],
    )
    paper, short, again, other, without = items_of(path)
    assert [paper, other] == [Paper("a", "T", "A.", {}), Paper("2", "U", "B.", {"n": 3})]
    assert isinstance(short, Unreadable)
    assert (short.line, short.id, short.title) == (6, "b", "T")
    assert isinstance(again, Unreadable)
    assert "header once more" in again.message
    assert isinstance(without, Unreadable)
    assert without.message == "There is no abstract."


def test_values_of_cells(tmp_path: Path) -> None:
    row = ["T", "A_x000D_\nb", datetime.date(2024, 1, 2), 1.5, 3.0, True, "=1+1", "x"]
    path = write_sheets(tmp_path / "dump", [["title", "abstract", *"dnibf", None, "t"], row])
    [paper] = items_of(path)
    assert paper == Paper("1", "T", "A\r\nb", {"d": "2024-01-02", "n": 1.5, "i": 3, "b": True})


def test_workbook_with_shared_strings_as_excel_writes_it(tmp_path: Path) -> None:
    strings = (
        *("<si><t>title</t></si><si><t>abstract</t></si><si><t>d</t></si><si><t>n</t></si>"),
        "<si><r><t>A </t></r><r><t xml:space='preserve'>bold</t></r>"
        "<rPh sb='0' eb='1'><t>x</t></rPh></si>",
    )
    names = "".join(f'<c r="{place}2" t="s"><v>{n}</v></c>' for n, place in enumerate("BCDE"))
    rows = (
        f'<row r="2">{names}</row>',
        '<row r="4"><c r="B4" t="str"><f>x</f><v>T</v></c><c r="C4" t="s"><v>4</v></c>'
        '<c r="D4" s="1"><v>0.5</v></c><c r="E4" s="2"><v>7</v></c><c r="XFE4"><v>1</v></c></row>',
        '<row><c t="e"><v>#REF!</v></c><c t="inlineStr"><is><t>T</t></is></c>'
        '<c/><c s="1"><v>366.25</v></c><c><v>7</v></c></row>',
    )
    paper, wrong = items_of(write_parts(tmp_path / "dump", rows, strings))
    assert paper == Paper("1", "T", "A bold", {"d": "12:00:00", "n": 7})
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.title, wrong.message) == (5, "T", "There is no abstract.")


@pytest.mark.parametrize(
    ("rows", "strings", "said"),
    [
        ([NAMES, "<row>", *["<c/>" * 500_000] * 60, "</row>"], [STRINGS], "fill the memory"),
        ([NAMES], [STRINGS, *["<si><t>a</t></si>" * 100_000] * 60], "fill the memory"),
        ([NAMES, '<row r="4"><c'], [STRINGS], "that can be read: not well-formed"),
    ],
)
def test_hostile_workbooks_are_refused(
    rows: list[str], strings: list[str], said: str, tmp_path: Path
) -> None:
    path = write_parts(tmp_path / "dump", rows, strings)
    with pytest.raises(DumpError, match=said):
        items_of(path)


def test_rows_that_are_wide_or_far_below_cost_little(tmp_path: Path) -> None:
    rows = (
        NAMES,
        *(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 100)),
        '<row r="100"><c r="A100" t="str"><v>T</v></c><c r="B100"><v>5</v></c></row>',
        '<row r="999999999"><c r="A999999999"><v>5</v></c></row>',
    )
    *wrong, paper = items_of(write_parts(tmp_path / "dump", rows))
    assert len(wrong) == 98
    assert paper == Paper("1", "T", "5", {})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook"),
        (b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0mimetype" + b"application/vnd.oasis.opendocument"
         b".spreadsheet", "an OpenDocument spreadsheet"),
        (b"PK\x03\x04" + bytes(22) + b"\x03\0\0\0xl/", "not a zip file"),
    ],
)  # fmt: skip
def test_other_spreadsheets_are_told(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(data)
    with pytest.raises(DumpError, match=said):
        items_of(path)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["Name", "Year"]], "It has: Name, Year."),
        ([["2401.1", "Lanterns", "They glow. " * 9]], "no header"),
        ([], "nothing in its sheets"),
    ],
)
def test_sheet_without_a_header(rows: list[list[object]], said: str, tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "dump", rows)
    with pytest.raises(DumpError, match=said):
        items_of(path)


def test_column_that_the_user_names(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "dump", [["Kopf", "Text"], ["T", "A."]])
    options = {"title_column": "Kopf", "abstract_column": "Text"}
    assert list(read_dump(path, options=options)) == [Paper("1", "T", "A.", {})]
    with pytest.raises(DumpError, match=r"no column .nope.\. It has: Kopf, Text"):
        list(read_dump(path, options={"title_column": "nope"}))


def test_workbook_that_begins_with_other_data_of_the_office_is_no_archive(tmp_path: Path) -> None:
    book = write_sheets(tmp_path / "book", [HEADER, ["a", "T", "A."]])
    with (
        zipfile.ZipFile(book) as before,
        zipfile.ZipFile(tmp_path / "dump", "w") as after,
    ):
        after.writestr("customXml/item1.xml", "<x/>")
        for part in before.infolist():
            after.writestr(part, before.read(part))
    assert items_of(tmp_path / "dump") == [Paper("a", "T", "A.", {})]
