"""Damaged dumps of every format: papers, listed entries and DumpErrors come out, nothing else.

    DAMAGED_DUMPS=5000 pytest tests/test_readers_damage.py

tries that many dumps of each format, other ones each time.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers import calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import open_dump, readers
from extractor.readers.base import Source, Unreadable, build_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractor.readers import Item

    Damage = Callable[[bytes, int, int, bytes], bytes]

DUMPS = Path(__file__).parent / "fixtures" / "dumps"
TRIED = int(os.environ.get("DAMAGED_DUMPS", "0"))

CALLS_A_BYTE = 60
CALLS_AT_LEAST = 200_000
"""What a library calls on being loaded, and a reader on its first look."""


@cache
def fixtures() -> dict[str, list[bytes]]:
    """Every fixture by its format: as it lies there, and decompressed."""
    found: dict[str, list[bytes]] = {name: [] for name in readers()}
    for path in sorted(DUMPS.iterdir()):
        with open_dump(path) as dump:
            found[dump.format].append(path.read_bytes())
        source = Source(path)
        if source.codec:
            found[dump.format].append(source.stream.read())
        source.close()
    return found


def ends(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + filler[:1]


def begins(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return filler[:1] + data[at:]


def changed(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + filler[:1] + data[at + 1 :]


def deleted(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + data[other:]


def inserted(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + filler + data[at:]


def inserted_everywhere(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    step = max(1, other - at, len(data) // 200)
    return filler.join(data[i : i + step] for i in range(0, len(data), step))


def duplicated(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:other] + data[at:]


def swapped(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[other:] + data[at:other] + data[:at]


def lines_joined(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + data[at:other].replace(b"\n", filler[:1]) + data[other:]


def line_dropped(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[at % len(lines)]
    return b"".join(lines)


def lines_shuffled(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    step = 1 + at % len(lines)
    return b"".join(line for first in range(step) for line in lines[first::step])


def lines_indented(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + data[at:other].replace(b"\n", b"\n" + filler) + data[other:]


def line_ends_changed(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data.replace(b"\n", (b"\r", b"\r\n", b"\n\n", b"\x0b")[at % 4])


def misread(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return data[:at] + data[at:other].decode("cp1252", "replace").encode() + data[other:]


def recoded(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    encoding = ("utf-16", "utf-16-be", "utf-32", "cp1252", "utf-7", "utf-8-sig")[at % 6]
    return data.decode("utf-8", "replace").encode(encoding, "replace")


def value_replaced(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    """Empty a value, or put something else there."""
    values = list(re.finditer(rb"[^\n\"{}<>,\t|]{4,}", data)) or [re.match(rb"", data)]
    value = values[at % len(values)]
    assert value
    return data[: value.start()] + filler + data[value.end() :]


def enormous(data: bytes, at: int, other: int, filler: bytes) -> bytes:
    return value_replaced(data, at, other, filler * (8000 // max(len(filler), 1)))


DAMAGES: list[Damage] = [
    *(ends, begins, changed, deleted, inserted, inserted_everywhere, duplicated, swapped),
    *(lines_joined, line_dropped, lines_shuffled, lines_indented, line_ends_changed),
    *(misread, recoded, value_replaced, value_replaced, enormous),
]
FILLERS = [
    *(b"", b" ", b"\n", b"\n\n", b"\t", b"\0", b"\x1b[2J", b"\xff", b"\xc3", b"\xed\xa0\x80"),
    *(b'"', b"'", b"{", b"}", b"[", b"]", b"\\", b"<", b">", b"&", b"&#0;", b"&x;", b"]]>"),
    *(b"<!--", b"<![CDATA[", b"</p>", b"<p ", b"@a{", b"@comment", b"%", b"#", b"$", b"~", b"="),
    *(b": ", b"- ", b"* ", b"|", b";", b",", b"TY  - ", b"ER  - ", b"%0 ", b"PT J\n", b"ER\n"),
    *(b"<1>\n", b"1. ", b"null", b"NaN", b"nan", b"-1", b"1e999", b"9" * 400, b"[]", b"{}"),
    *(b'"a": ', b"*a ", b"&a ", b"!!python/object:a ", b"\\href{", b"\\begin{", b"Abstract: "),
    *(b"Title: ", b"http://a.b/"),
    *"\u2028 \u200b \u202e \ufeff \U0001f600 e\u0301 \u0085".encode().split(b" "),
]  # fmt: skip
thorough = settings(
    deadline=None,
    max_examples=TRIED or 12,
    derandomize=not TRIED,
    database=None,
    suppress_health_check=list(HealthCheck),
)
places = st.integers(0, 2**16)
fillers = st.sampled_from(FILLERS) | st.binary(min_size=1, max_size=6)
damages = st.lists(
    st.tuples(st.sampled_from(DAMAGES), places, places, fillers), min_size=1, max_size=4
)


def fixture(data: st.DataObject, format_name: str) -> bytes:
    found = fixtures()[format_name]
    return found[data.draw(st.integers(0, len(found) - 1))]


def damaged(data: bytes, written: list[tuple[Damage, int, int, bytes]]) -> bytes:
    for damage, one, other, filler in written:
        at, end = sorted((one % (len(data) + 1), other % (len(data) + 1)))
        data = damage(data, at, end, filler) or b"\n"
    return data


def read(path: Path, format_name: str | None) -> tuple[list[Item], DumpError | None]:
    items: list[Item] = []
    refused: list[DumpError] = []

    def work() -> None:
        try:
            with open_dump(path, format=format_name) as dump:
                items.extend(dump)
                assert dump.position == dump.size
        except DumpError as error:
            refused.append(error)

    calls(work, CALLS_A_BYTE * path.stat().st_size + CALLS_AT_LEAST)
    return items, refused[0] if refused else None


def check_item(item: Item, lines: int) -> None:
    if isinstance(item, Unreadable):
        assert 1 <= item.line <= lines, item
        assert item.message.strip(), item
        assert "\n" not in item.message
        assert item.id is None or isinstance(item.id, str)
        assert item.title is None or isinstance(item.title, str)
        json.dumps([item.id, item.title, item.message]).encode()
    else:
        again = build_entry(1, item.id, item.title, item.abstract, item.source)
        assert again == item, "blank, or a placeholder, or not printable"
        assert item.id.strip()
        f"{item.id}{item.title}{item.abstract}".encode()
        written = json.dumps(item.source, ensure_ascii=False, allow_nan=False)
        assert json.loads(written) == item.source
        written.encode()


def check(path: Path, format_name: str | None) -> None:
    items, refused = read(path, format_name)
    data = path.read_bytes()
    is_text = b"\0" not in data and not data.startswith((b"\x1f\x8b", b"BZh"))
    lines = len(re.findall(rb"\r\n?|\n", data)) + 1 if is_text else sys.maxsize
    for item in items:
        check_item(item, lines)
    if refused:
        assert "\n" not in str(refused)
        assert 10 < len(str(refused)) < 3000
    else:
        assert any(isinstance(item, Paper) for item in items)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "dump"


def test_every_format_has_a_fixture() -> None:
    assert [name for name, found in fixtures().items() if not found] == []


@pytest.mark.parametrize("format_name", readers())
@thorough
@given(st.data(), damages)
def test_damaged_dump(
    path: Path, format_name: str, data: st.DataObject, written: list[tuple[Damage, int, int, bytes]]
) -> None:
    own = fixture(data, format_name)
    path.write_bytes(damaged(own, written))
    check(path, format_name)
    check(path, None)


@pytest.mark.parametrize("format_name", readers())
@thorough
@given(st.data(), places, places, damages | st.just([]))
def test_two_dumps_in_one(
    path: Path,
    format_name: str,
    data: st.DataObject,
    at: int,
    from_: int,
    written: list[tuple[Damage, int, int, bytes]],
) -> None:
    own = fixture(data, format_name)
    other = fixture(data, data.draw(st.sampled_from(list(readers()))))
    spliced = own[: at % (len(own) + 1)] + other[from_ % (len(other) + 1) :]
    path.write_bytes(damaged(spliced, written) or b"\n")
    check(path, format_name)
    check(path, None)


@pytest.mark.parametrize("unit", [b"\n", b" ", b"# \n", b"---\n", b"[", b"<", b"<!--", b'"', b"a:"])
@pytest.mark.parametrize("format_name", readers())
def test_recognising_takes_linear_time(format_name: str, unit: bytes) -> None:
    started = time.process_time()
    readers()[format_name].sniff(unit * (2**16 // len(unit)))
    assert time.process_time() - started < 10, "processor time, whatever else the machine does"


def items_of(path: Path, data: bytes, format_name: str | None = None) -> list[Item]:
    path.write_bytes(data)
    with open_dump(path, format=format_name) as dump:
        return list(dump)


def test_abstract_above_every_title_has_its_line(path: Path) -> None:
    text = "\n**Abstract**: Moss.\n\n" + "## On Moss\n\n**Abstract**: It grows.\n\n" * 2
    assert items_of(path, text.encode())[0] == Unreadable(2, "There is no title.")


def test_blank_id_is_none(path: Path) -> None:
    [paper] = items_of(path, b"id\ttitle\tabstract\n   \tOn Moss\tIt grows.\n")
    assert isinstance(paper, Paper)
    assert paper.id == "1"


def test_running_number_that_another_paper_has_as_its_id(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items_of(path, b"id,title,abstract\n2,On Moss,It grows.\n,On Heat,It goes.\n")
    assert [record.message for record in caplog.records] == [
        f"{path}: more than one paper has the id '2'"
    ]


def test_table_of_very_many_columns_is_refused_in_few_words(path: Path) -> None:
    with pytest.raises(DumpError, match=r"It has: x, x, .*, \.\.\.\. Name") as refused:
        items_of(path, b"x," * 5000 + b"abstract\n", "csv")
    assert len(str(refused.value)) < 1000


def test_document_with_an_object_a_line_is_no_json_lines(path: Path) -> None:
    line = '{"title": "On Moss", "abstract": "It grows."}'
    items = items_of(path, f'{{"count": 2, "papers": [\n{line},\n{line}\n]}}'.encode())
    assert [item.title for item in items] == ["On Moss", "On Moss"]
