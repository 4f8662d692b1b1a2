"""What a paper's metadata say of where it appeared, whatever their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.publication import publication_of


@pytest.mark.parametrize(
    ("source", "year", "venue"),
    [
        ({"year": 2023, "venue": "ICML"}, 2023, "ICML"),
        ({"Year": "2024.0", "Publication Title": "ICoX"}, 2024, "ICoX"),
        ({"date": "2021-05-04", "journal": " TMLR "}, 2021, "TMLR"),
        ({"versions": [{"created": "Mon, 2 Apr 2007"}], "update_date": "2015-01-01"}, 2007, None),
        ({"Publication-Date": "12/1999", "venue": {"name": "Nature"}}, 1999, "Nature"),
        ({"issued": {"date-parts": [[2020, 11, 26]]}, "container-title": ["JX"]}, 2020, "JX"),
        ({"PY": "1987", "SO": "J. OF X"}, 1987, "J. OF X"),
        ({"date": "in press", "venue": [], "doi": "10.1000/2020"}, None, None),
        ({"date": 20240101, "venue": 5}, None, None),
        ({}, None, None),
    ],
)
def test_year_and_venue(source: dict[str, object], year: int | None, venue: str | None) -> None:
    found = publication_of(source)
    assert (found.year, found.venue) == (year, venue)


@pytest.mark.parametrize(
    ("source", "doi", "url"),
    [
        (
            {"url": "https://example.org/a", "doi": "10.1000/x"},
            "10.1000/x",
            "https://example.org/a",
        ),
        ({"DOI": "https://doi.org/10.1000/X(1)"}, "10.1000/X(1)", "https://doi.org/10.1000/X(1)"),
        ({"doi": "10.1000/a#b?c"}, "10.1000/a#b?c", "https://doi.org/10.1000/a%23b%3Fc"),
        ({"URL": "http://dx.doi.org/10.1000/x"}, "10.1000/x", "http://dx.doi.org/10.1000/x"),
        ({"eprint": "2401.10010v2"}, None, "https://arxiv.org/abs/2401.10010v2"),
        ({"arxiv_id": "arXiv:cs.LG/0102003"}, None, "https://arxiv.org/abs/cs.LG/0102003"),
        (
            {"PDF Link": "https://example.org/a.pdf", "abs": "https://example.org/a"},
            None,
            "https://example.org/a",
        ),
        ({"pdf": "https://example.org/a.pdf"}, None, "https://example.org/a.pdf"),
        ({"url": "javascript:alert(1)", "link": "see https://example.org"}, None, None),
        ({"DOI Link": 0.0, "eprint": "2401"}, None, None),
    ],
)
def test_doi_and_address(source: dict[str, object], doi: str | None, url: str | None) -> None:
    found = publication_of(source)
    assert (found.doi, found.url) == (doi, url)


def test_an_id_is_of_arxiv_only_where_the_metadata_look_like_it() -> None:
    of_arxiv = publication_of({"categories": ["cs.LG"]}, "2401.10010")
    assert of_arxiv.url == "https://arxiv.org/abs/2401.10010"
    assert publication_of({"categories": ["cs.LG"]}, "2413.10010").url is None
    assert publication_of({"year": 2024}, "2401.10010").url is None


def test_an_id_may_be_the_address() -> None:
    """Markdown has no other id of a paper whose title leads to no archive."""
    assert publication_of({}, "https://example.org/abs/1").url == "https://example.org/abs/1"
    assert publication_of({}, "https://doi.org/10.1000/182").doi == "10.1000/182"
    assert publication_of({}, "a://b c").url is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["year", "Venue", "DOI", "url", "eprint", "pdf"]), _json))
def test_any_metadata_are_read(source: dict[str, object]) -> None:
    found = publication_of(source, "1")
    assert found.year is None or 1800 <= found.year < 2200
    assert found.url is None or found.url.startswith(("http://", "https://", "HTTP"))
