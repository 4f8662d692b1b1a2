"""What a format gives back is what was written, for any schema and for none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from extractor.record import frame_schema, record_schema
from extractor.task import Prompt, Task
from extractor.writers import (
    Rereadable,
    infer_schema,
    open_output,
    read_records,
    writers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytest.importorskip("pyarrow")
_files_are_slow = settings(deadline=None, max_examples=60)
READABLE = [name for name, writer in writers().items() if isinstance(writer, Rereadable)]


class Part(BaseModel):
    name: str
    score: float | None
    tags: list[str]


class Vague(BaseModel):
    note: str | None
    tags: list[str] | None


class Everything(BaseModel):
    """One field of each kind that a user's schema may have."""

    text: str
    text_or_null: str | None
    count: int
    number: float
    flag: bool
    flag_or_null: bool | None
    choice: Literal["a", "b"] | None
    word_or_number: str | int
    words: list[str]
    words_or_null: list[str] | None
    numbers: list[float | None]
    parts: list[Part]
    parts_or_null: list[Part] | None
    parts_with_gaps: list[Part | None]
    part: Part
    part_or_null: Part | None
    vague_or_null: Vague | None
    lists: list[list[int]]
    mapping: dict[str, int]
    pair: tuple[int, str]
    anything: Any
    Text: str
    position: int


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_int = st.integers(-(2**63), 2**63 - 1)
_float = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _float | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_part = st.fixed_dictionaries(
    {"name": _text, "score": st.none() | _float, "tags": st.lists(_text, max_size=3)}
)
_vague = st.fixed_dictionaries(
    {"note": st.none() | _text, "tags": st.none() | st.lists(_text, max_size=2)}
)
_fields = st.fixed_dictionaries(
    {
        "text": _text,
        "text_or_null": st.none() | _text,
        "count": _int,
        "number": _float,
        "flag": st.booleans(),
        "flag_or_null": st.none() | st.booleans(),
        "choice": st.sampled_from([None, "a", "b"]),
        "word_or_number": _text | _int,
        "words": st.lists(_text, max_size=3),
        "words_or_null": st.none() | st.lists(_text, max_size=3),
        "numbers": st.lists(st.none() | _float, max_size=3),
        "parts": st.lists(_part, max_size=3),
        "parts_or_null": st.none() | st.lists(_part, max_size=3),
        "parts_with_gaps": st.lists(st.none() | _part, max_size=3),
        "part": _part,
        "part_or_null": st.none() | _part,
        "vague_or_null": st.none() | _vague,
        "lists": st.lists(st.lists(_int, max_size=2), max_size=2),
        "mapping": st.dictionaries(_text, _int, max_size=3),
        "pair": st.tuples(_int, _text).map(list),
        "anything": _json,
        "Text": _text,
        "position": _int,
    }
)
_refused = st.fixed_dictionaries({"path": _text, "value": _json, "reason": _text})
_frame = st.fixed_dictionaries(
    {
        "id": _text,
        "title": _text,
        "evidence": st.lists(
            st.fixed_dictionaries(
                {"path": _text, "source": _text, "start": _int, "end": _int},
            ),
            max_size=2,
        ),
        "meta": st.fixed_dictionaries(
            {
                "model": _text,
                "task": _text,
                "cached": st.booleans(),
                "prompt_tokens": _int,
                "completion_tokens": _int,
                "dropped": st.lists(_refused, max_size=2),
            }
        ),
    },
    optional={"source": st.dictionaries(_text, _json, max_size=3)},
)
_records = st.lists(
    st.builds(lambda frame, fields: {**frame, **fields}, _frame, _fields), max_size=3
)
_rows = st.lists(
    st.builds(
        lambda row, key: {**row, "id": key}, st.dictionaries(_text, _json, max_size=4), _text
    ),
    max_size=5,
)


def _schema() -> dict[str, Any]:
    return record_schema(Task("everything", Everything, Prompt("", "{{ abstract }}")))


def _through(
    name: str, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]
) -> list[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "records"
        with open_output(writers()[name], path, schema) as sink:
            for row in rows:
                sink.write(row)
        return list(read_records(path))


@pytest.mark.parametrize("name", READABLE)
@_files_are_slow
@given(rows=_records)
def test_records_of_a_known_schema_come_back_equal(name: str, rows: list[dict[str, Any]]) -> None:
    assert _through(name, rows, _schema()) == rows


@pytest.mark.parametrize("name", READABLE)
@_files_are_slow
@given(rows=_records)
def test_records_of_an_inferred_schema_come_back_equal(
    name: str, rows: list[dict[str, Any]]
) -> None:
    assert _through(name, rows, infer_schema(rows, frame_schema())) == rows


@pytest.mark.parametrize("name", READABLE)
@_files_are_slow
@given(rows=_rows)
def test_objects_of_any_keys_come_back_equal(name: str, rows: list[dict[str, Any]]) -> None:
    assert _through(name, rows, infer_schema(rows, frame_schema())) == rows
