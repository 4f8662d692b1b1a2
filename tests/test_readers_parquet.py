"""Parquet as Hugging Face, pandas and Spark write it."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump, read_dump

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.readers import Item

INVALID = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\5\0\0\0"), pa.py_buffer(b"Caf\xe9s")]
)


def items_of(path: Path, table: dict[str, Any] | pa.Table) -> list[Item]:
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), path)
    with open_dump(path) as dump:
        assert dump.format == "parquet"
        return list(dump)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (pa.array(["v"], pa.large_string()), "v"),
        (pa.array(["v"], pa.string_view()), "v"),
        (pa.array(["v"]).dictionary_encode(), "v"),
        (pa.array([["v", "w"]]), ["v", "w"]),
        (pa.array([["v"]], pa.large_list(pa.large_string())), ["v"]),
        (pa.array([[{"name": "v", "n": 1}]]), [{"name": "v", "n": 1}]),
        (pa.array([datetime.date(2024, 3, 1)]), "2024-03-01"),
        (pa.array([math.nan]), None),
        (pa.array([None], pa.null()), None),
        (pa.array([[0.5, 0.25]]), None),
        (pa.array([b"\x89PNG"]), None),
        (pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())), None),
        (INVALID, "Cafés"),
        (pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), INVALID), ["Cafés"]),
    ],
)
def test_kinds_of_columns(column: pa.Array, value: object, tmp_path: Path) -> None:
    table = pa.table({"title": ["T"], "abstract": ["A."], "other": column})
    metadata = {} if value is None else {"other": value}
    assert items_of(tmp_path / "dump", table) == [Paper("1", "T", "A.", metadata)]


def test_title_and_abstract_may_be_bytes_and_categories(tmp_path: Path) -> None:
    titles = pa.array(["T", "T"]).dictionary_encode()
    table = pa.table({"title": titles, "abstract": [b"A.", b"B."], "id": [7, 8]})
    assert items_of(tmp_path / "dump", table) == [
        Paper("7", "T", "A.", {}),
        Paper("8", "T", "B.", {}),
    ]


def test_fields_within_structs(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    inner = {"id": "a", "title": "T", "abstract": {"text": "A."}, "authors": [{"name": "Ada"}]}
    first, second = items_of(path, {"paper": [inner, None], "score": [3, 4]})
    assert first == Paper("a", "T", "A.", {"paper.authors": [{"name": "Ada"}], "score": 3})
    assert isinstance(second, Unreadable)
    assert second.line == 2
    with pytest.raises(DumpError, match=r"nope.*paper\.id, paper\.title, paper\.abstract\.text"):
        list(read_dump(path, options={"title_column": "nope"}))
    [paper] = read_dump(path, options={"title_column": "paper.id", "id_column": "score"})
    assert (paper.id, paper.title) == ("3", "a")


def test_columns_of_one_name(tmp_path: Path) -> None:
    columns = [pa.array(["T"]), pa.array(["U"]), pa.array(["A."])]
    table = pa.Table.from_arrays(columns, names=["title", "title", "abstract"])
    assert items_of(tmp_path / "dump", table) == [Paper("1", "T", "A.", {})]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1", "not a Parquet file that can be read"),
        (b"PAR1" + b"\xff" * 50 + b"\xff\xff\xff\x7fPAR1", "not a Parquet file that can be read"),
        (b"ARROW1\0\0" + bytes(50), "Arrow"),
        (b"\xff\xff\xff\xff" + bytes(50), "Arrow"),
    ],
)
def test_what_is_no_parquet(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(data)
    with pytest.raises(DumpError, match=said):
        list(read_dump(path))


def test_column_that_inflates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    table = pa.table({"title": ["T"], "abstract": ["x" * 2**25]})
    pq.write_table(table, path, compression="zstd")
    with pytest.raises(DumpError, match=r"column abstract of .* would fill the memory"):
        list(read_dump(path))


def test_table_without_abstracts_is_told_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"is the abstract\. It has: title, year, vector\."):
        items_of(tmp_path / "dump", {"title": ["T"], "year": [2024], "vector": [[0.5]]})
