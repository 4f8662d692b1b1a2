"""Results as dictionaries, as a DataFrame and as a notebook shows them."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from extractor import ArgumentError, Extractor, Results, UsageError, Verbatim
from extractor.grounding import Evidence
from extractor.notebook import marked
from extractor.testing import FakeModel

if TYPE_CHECKING:
    from extractor.record import Record

PAPERS = [
    {"title": "Bees & <b>", "abstract": "We saw Apis mellifera on <i>12</i> days.", "year": 2020},
    {"title": "Ants", "abstract": None, "year": 2021},
    {"title": "Fog", "abstract": "We saw Apis mellifera.", "species": "what the source says"},
]


class Seen(BaseModel):
    days: Annotated[str | None, Verbatim()] = None


class Sightings(BaseModel):
    species: Annotated[str | None, Verbatim()] = None
    seen: list[Seen] = Field(default_factory=list)


def _results(papers: Any = PAPERS) -> Results[Sightings]:
    model = FakeModel({"species": "Apis mellifera", "seen": [{"days": "12"}]}, reasks=0)
    with Extractor(Sightings, model=model, cache=False) as extractor:
        return extractor.run(papers)


@pytest.fixture(scope="module")
def results() -> Results[Sightings]:
    return _results()


def test_dictionaries_are_those_of_the_files(results: Results[Sightings]) -> None:
    rows = results.to_dicts()
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["source"] == {"year": 2020}
    assert rows[1].keys() == {"id", "title", "error", "message", "tries", "line"}
    assert results.failures[0].source == {"year": 2021}


def test_a_row_is_a_paper(results: Results[Sightings]) -> None:
    pytest.importorskip("pandas")
    frame = results.to_pandas()
    columns = ["id", "title", "species", "seen", "year", "source_species", "error", "message"]
    assert list(frame.columns) == columns
    assert list(frame["year"])[:2] == [2020, 2021], "what failed keeps what the source says"
    assert frame["source_species"][2] == "what the source says"
    assert list(frame["species"])[::2] == ["Apis mellifera"] * 2
    assert frame["seen"][0] == [{"days": "12"}]
    assert list(frame["error"].dropna()) == ["unreadable"]


def test_the_index_is_that_of_the_papers() -> None:
    pandas = pytest.importorskip("pandas")
    papers = pandas.DataFrame(PAPERS, index=[7, 9, 11])
    results = _results(papers)
    assert list(results.to_pandas().index) == [7, 9, 11]
    assert list(results[1:].to_pandas().index) == [9, 11]
    assert papers.assign(found=results.to_pandas()["species"])["found"][7] == "Apis mellifera"


def test_the_items_of_a_list_are_rows(results: Results[Sightings]) -> None:
    pytest.importorskip("pandas")
    rows = results.to_pandas(explode="seen")
    assert list(rows.columns)[:3] == ["id", "title", "days"]
    assert (rows["days"][0], rows["year"][0]) == ("12", 2020)
    twice = _results([{**PAPERS[0], "days": "Monday"}]).to_pandas(explode="seen")
    assert (twice["days"][0], twice["source_days"][0]) == ("12", "Monday")
    with pytest.raises(ArgumentError, match=r"no list 'days'. Lists: seen\."):
        results.to_pandas(explode="days")


def test_without_pandas_it_says_what_to_install(
    results: Results[Sightings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pip install"):
        results.to_pandas()


def test_it_is_a_list(results: Results[Sightings]) -> None:
    assert len(results) == 3
    assert results[-1].id == "3"
    assert repr(results) == "<Results: 2 records, 1 failure>"
    assert repr(results[:2]) == "<Results: 1 record, 1 failure>"


class _Page(HTMLParser):
    """The text of a page, the marked parts of it, and whether its elements are closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.marked, self.open = "", [""], []
        self.titles: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)
        if tag == "mark":
            self.marked.append("")
            self.titles.append(dict(attrs).get("title"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked[-1] += data


def test_a_record_shows_its_evidence(results: Results[Sightings]) -> None:
    record: Record[Sightings] = results.records[0]
    page = _Page(record._repr_html_())
    assert page.marked[1:] == ["Apis mellifera", "12"]
    assert page.titles == ["species", "seen[0].days"]
    assert "Bees & " in page.text
    assert "<i>" not in record._repr_html_(), "what a paper holds is no HTML here"
    refused = _Page(results.records[1]._repr_html_())
    assert "refused" in refused.text


def test_a_failure_and_a_table_show_what_went_wrong(results: Results[Sightings]) -> None:
    assert "There is no abstract." in _Page(results.failures[0]._repr_html_()).text
    page = _Page(results._repr_html_())
    assert "2 records, 1 failure" in page.text
    assert "There is no abstract." in page.text
    assert "and 10 more" in _Page(Results([*results] * 10)._repr_html_()).text


@given(
    st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5)
)
def test_marks_never_change_the_text(text: str, places: list[tuple[int, int]]) -> None:
    evidence = [Evidence(f"f{n}", "abstract", *place) for n, place in enumerate(places)]
    page = _Page(marked(text.replace("\r", " "), evidence))
    assert page.text == text.replace("\r", " ")
    assert page.open == []
