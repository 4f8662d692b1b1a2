"""Papers in memory in the forms that people have them in."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor import ArgumentError, Paper
from extractor.api.papers import open_papers, read_entry
from extractor.readers import Unreadable
from extractor.readers.base import Columns

if TYPE_CHECKING:
    from collections.abc import Callable

BEES = "We saw Apis mellifera."


@dataclass(slots=True)
class Card:
    title: str
    abstract: str
    shelf: int = 3


class Work:
    def __init__(self) -> None:
        self.title, self.summary, self.entry_id = "Bees", BEES, "w1"
        self._secret = "x"


class Dataset:
    """As `datasets.Dataset` behaves: rows are dictionaries, and it knows its columns."""

    column_names = ("title", "abstract")

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return self._rows[place]

    def __iter__(self) -> Any:
        return iter(self._rows)


def _frame() -> Any:
    pandas = pytest.importorskip("pandas")
    rows = {"title": ["Bees", "Ants"], "abstract": [BEES, None], "year": [2020, 2021]}
    return pandas.DataFrame(rows)


class Polars:
    """As a DataFrame of Polars behaves: iterated, it yields columns."""

    columns = ("title", "abstract")

    def iter_rows(self, *, named: bool) -> Any:
        yield from [{"title": "Bees", "abstract": BEES}] if named else [("Bees", BEES)]

    def __iter__(self) -> Any:
        raise AssertionError

    def __len__(self) -> int:
        return 1


def _arrow() -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({"title": ["Bees"], "abstract": [BEES]})


def _sqlite() -> Any:
    base = sqlite3.connect(":memory:")
    base.row_factory = sqlite3.Row
    rows = base.execute("SELECT 'Bees' AS title, ? AS abstract", (BEES,)).fetchall()
    base.close()
    return rows


_INDEX = {word: [place] for place, word in enumerate(BEES.split())}

FORMS: dict[str, Callable[[], Any]] = {
    "dictionaries": lambda: [{"title": "Bees", "abstract": BEES}],
    "tuples": lambda: [("Bees", BEES)],
    "lists": lambda: [["Bees", BEES]],
    "texts": lambda: [f"Bees\n\n{BEES}"],
    "a generator": lambda: (each for each in [("Bees", BEES)]),
    "Paper": lambda: [Paper("", "Bees", BEES)],
    "a DataFrame": lambda: _frame().head(1),
    "rows by iterrows": lambda: _frame().head(1).iterrows(),
    "rows by itertuples": lambda: _frame().head(1).itertuples(),
    "a Series": lambda: [_frame().iloc[0]],
    "a table of pyarrow": _arrow,
    "a DataFrame of Polars": Polars,
    "columns": lambda: {"title": ["Bees"], "abstract": [BEES]},
    "a Dataset": lambda: Dataset([{"title": "Bees", "abstract": BEES}]),
    "named tuples": lambda: [namedtuple("Row", "title abstract")("Bees", BEES)],
    "dataclasses": lambda: [Card("Bees", BEES)],
    "objects": lambda: [Work()],
    "rows of sqlite3": _sqlite,
    "catalogues": lambda: [{"title": "Bees", "abstract_inverted_index": _INDEX}],
}


def _read(papers: Any, **reading: Any) -> list[Any]:
    with open_papers(papers, reading) as entries:
        return list(entries)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_read(form: str) -> None:
    (paper,) = _read(FORMS[form]())
    assert (paper.title, paper.abstract) == ("Bees", BEES)
    assert paper.id in ("1", "w1")


def test_other_columns_ride_along_as_json_values() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "pmid": [7, 8],
            "title": ["Bees", "Ants"],
            "abstract": [BEES, "We saw ants."],
            "year": [2020, None],
            "seen": [pandas.Timestamp("2020-01-02"), pandas.NaT],
            "tags": [["a"], []],
            "kind": pandas.Series(["x", pandas.NA], dtype="string"),
        }
    )
    bees, ants = _read(frame)
    assert bees.id == "7"
    assert bees.source == {
        "year": 2020.0,
        "seen": "2020-01-02T00:00:00",
        "tags": ["a"],
        "kind": "x",
    }
    assert ants.source == {"tags": []}
    (card,) = _read([{"title": "T", "abstract": "A.", "on": date(2020, 1, 2), "by": {"Ann"}}])
    assert card.source == {"on": "2020-01-02", "by": ["Ann"]}


def test_an_id_may_come_first_and_a_title_may_be_missing() -> None:
    first, second = _read([(17, "Bees", BEES), ("", BEES)])
    assert (first.id, second.id, second.title) == ("17", "2", "")


def test_columns_may_be_named() -> None:
    rows = [{"name": "Bees", "text": BEES, "nr": 4}]
    (paper,) = _read(rows, title_column="name", abstract_column="text", id_column="nr")
    assert paper == Paper("4", "Bees", BEES, {})


@pytest.mark.parametrize(
    ("papers", "said"),
    [
        (5, "of the type int"),
        ([5], "Entry 1 of the papers is of the type int, not a paper: 5."),
        ([BEES], "a text without a title on a line of its own"),
        ([(1, 2)], r"a tuple \(int, int\)"),
        ([("only",)], r"a tuple \(str\)"),
        ([{}], "an empty dict"),
        ([{"title": "T", "body": "B"}], "no field that is the abstract. It has: title, body."),
        ({"title": "Bees", "abstract": BEES}, "a single paper"),
        (Paper("1", "Bees", BEES), "a single paper"),
        ({"train": Dataset([]), "test": Dataset([])}, r"such as papers\['train'\]"),
        ([object()], "of the type object"),
    ],
)
def test_what_is_no_paper_shows_the_form(papers: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said) as raised:
        _read(papers)
    assert isinstance(raised.value, TypeError)
    assert "--" not in str(raised.value)
    if "single" not in said and "train" not in said:
        assert "(title, abstract)" in str(raised.value)


def test_one_wrong_entry_costs_no_other() -> None:
    items = _read([("Bees", BEES), None, {"x": 1}, ("Fog", ""), ("Ants", "We saw ants.")])
    assert [type(each) for each in items] == [Paper, Unreadable, Unreadable, Unreadable, Paper]
    assert [each.id for each in items] == ["1", "2", "3", "4", "5"]


def test_a_first_entry_of_the_right_form_may_lack_its_abstract() -> None:
    (entry,) = _read(_frame().tail(1))
    assert isinstance(entry, Unreadable)
    assert entry.message == "There is no abstract."


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4), VALUES)
def test_any_entry_is_a_paper_or_told(values: list[object], other: object) -> None:
    named = {f"key{n}": value for n, value in enumerate(values)}
    entries = [*values, named, {**named, "title": "T", "abstract": other}, tuple(values)]
    for number, entry in enumerate(entries, start=2):
        assert isinstance(read_entry(number, entry, Columns()), Paper | Unreadable)
