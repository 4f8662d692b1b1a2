"""JSON, XML and YAML whose papers are not at the top, and the marks in their texts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import open_dump
from extractor.readers._markup import without_marks
from extractor.readers._shapes import at_path, index_in, text_of_index

if TYPE_CHECKING:
    from pathlib import Path

TITLE, ABSTRACT = "Moss on Roofs", "We count the moss on 12 roofs. It grows."


def only(path: Path, text: str, **options: str) -> Paper:
    path.write_text(text, encoding="utf-8")
    with open_dump(path, options=dict(options)) as dump:
        [paper] = dump
    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)
    return paper


@pytest.mark.parametrize(
    ("fields", "paper_id"),
    [
        ({"id": "f", "content": {"title": TITLE, "abstract": ABSTRACT}}, "f"),
        ({"id": "d", "bibjson": {"title": TITLE, "abstract": ABSTRACT}}, "d"),
        ({"key": "K", "data": {"key": "K", "title": TITLE, "abstractNote": ABSTRACT}}, "K"),
        ({"row_idx": 0, "row": {"id": "r", "title": TITLE, "abstract": ABSTRACT}}, "r"),
        ({"_id": "e", "_source": {"title": TITLE, "abstract": ABSTRACT}}, "e"),
        ({"paper": {"id": "p", "title": TITLE, "summary": ABSTRACT}, "numComments": 1}, "p"),
        ({"paper": {"id": "p"}, "title": TITLE, "summary": ABSTRACT}, "p"),
        ({"paper_id": "s", "metadata": {"title": TITLE}, "abstract": [{"text": ABSTRACT}]}, "s"),
        ({"_id": "b", "title": TITLE, "text": ABSTRACT, "metadata": {}}, "b"),
        ({"doc_id": 7, "title": TITLE, "abstract": ABSTRACT.split(" ")}, "7"),
        ({"bibcode": "2024m", "title": [TITLE], "abstract": ABSTRACT}, "2024m"),
        ({"message": {"DOI": "10.5/a", "title": [TITLE], "abstract": ABSTRACT}}, "10.5/a"),
    ],
)
@pytest.mark.parametrize("layout", ["line", "pretty", "page"])
def test_one_level_down(tmp_path: Path, fields: dict[str, Any], paper_id: str, layout: str) -> None:
    value = {"total": 1, "results": [fields]} if layout == "page" else fields
    text = json.dumps(value, indent=1 if layout == "pretty" else None)
    assert only(tmp_path / "dump", text).id == paper_id


def test_paths_of_columns(tmp_path: Path) -> None:
    text = json.dumps({"a": {"b": [{"c": TITLE}]}, "d": [{"k": "x"}, {"k": "y", "v": ABSTRACT}]})
    only(tmp_path / "dump.jsonl", text, title_column="a.b[0].c", abstract_column="d[k=y].v")
    assert at_path({"a": [{"b": 1}, {}]}, "a.b") == [1, None]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        (
            "<jats:title>Abstract</jats:title><jats:p>One.</jats:p><jats:p>Two.</jats:p>",
            "One. Two.",
        ),
        ("<h4>Background</h4>We see H<sub>2</sub>O.", "We see H2O."),
        ("<h4>Aim</h4>One.<h4>Result</h4>Two.", "Aim: One. Result: Two."),
        ("a &lt; b &amp;amp; x &#215; y", "a < b &amp; x × y"),
        ("Bold is <b> there", "Bold is <b> there"),
        ("1 < 2 and <unknown> stay, p<0.05", "1 < 2 and <unknown> stay, p<0.05"),
        ("<mml:math><mml:mi>x</mml:mi></mml:math> is", "x is"),
    ],
)
def test_marks_go_and_text_stays(marked: str, plain: str) -> None:
    assert without_marks(marked) == plain


@given(st.text(alphabet="ab<>/ p&;", max_size=60))
def test_marks_take_no_words(text: str) -> None:
    inner = text.replace("<", "").replace("&", "")
    assert without_marks(f"<p>{inner}</p>").split() == inner.split()


@pytest.mark.parametrize("hostile", ["<p " * 50_000, "<title>" * 50_000, "<tex-math>" * 50_000])
def test_marks_take_linear_time(hostile: str) -> None:
    begun = time.process_time()
    without_marks(hostile + "</p>")
    assert time.process_time() - begun < 5


def test_index_as_text() -> None:
    assert text_of_index(index_in("{'We': [0], 'see': [1]}")) == "We see"
    assert index_in('{"a": 1}') is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("<?xml version='1.0'?><dblp></dblp>", "no abstracts"), ("<?xml ?>\n<moss/>", "<moss>")],
)
def test_unknown_xml_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "dump"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DumpError, match=said):
        open_dump(path)


def test_a_page_with_citation_tags(tmp_path: Path) -> None:
    page = (
        f'<!doctype html><head><meta name="citation_title" content="{TITLE}">'
        '<meta name="citation_author" content="Able, Ann"></head>'
        f"<body><h4>Authors</h4><p>Ann Able</p><h4>Abstract</h4><p>{ABSTRACT}</p></body>"
    )
    assert only(tmp_path / "dump", page).source["authors"] == ["Able, Ann"]
