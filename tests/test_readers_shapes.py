"""JSON, XML and YAML whose papers are not at the top, and the marks in their texts."""

from __future__ import annotations

import json
import plistlib
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
    from collections.abc import Callable
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
        ("a &lt; b &amp;amp; x &#215; y", "a < b & x × y"),
        ("Bold is <b> there", "Bold is <b> there"),
        ("1 < 2 and <unknown> stay, p<0.05", "1 < 2 and <unknown> stay, p<0.05"),
        ("<mml:math><mml:mi>x</mml:mi></mml:math> is", "x is"),
        ("In <i>vivo</i>, s<i or t>u; <a\n href='y'>x</a><b >y</b >", "In vivo, s<i or t>u; xy"),
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
    assert only(tmp_path / "dump", page).source["authors"] == ["Ann Able"]


def read_all(path: Path, text: str | bytes, **options: str) -> list[Paper]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with open_dump(path, options=dict(options)) as dump:
        papers = list(dump)
    assert all(isinstance(each, Paper) for each in papers), papers
    return papers  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("fields", "paper_id"),
    [
        ({"_id": "h", "fields": {"title": [TITLE], "abstract": [ABSTRACT]}}, "h"),
        ({"lens_id": "l", "title": TITLE, "abstract": ABSTRACT}, "l"),
        ({"dcdocid": "c", "dctitle": TITLE, "dcdescription": ABSTRACT}, "c"),
        ({"id": "o", "mainTitle": TITLE, "descriptions": [ABSTRACT]}, "o"),
        ({"identifier": "i", "title": TITLE, "abstract": {"h1": "Abstract", "p": ABSTRACT}}, "i"),
        (
            {"id": "z", "metadata": {"title": TITLE, "description": ABSTRACT, "creators": []}},
            "z",
        ),
        (
            {
                "id": "n",
                "metadata": {
                    "titles": [{"title": TITLE}, {"title": "Another"}],
                    "abstracts": [{"value": ABSTRACT}, {"value": "Another one."}],
                },
            },
            "n",
        ),
        (
            {
                "corpusid": 5,
                "content": {
                    "text": f"{TITLE}\n{ABSTRACT}\nMore.",
                    "annotations": {
                        "title": json.dumps([{"start": 0, "end": len(TITLE)}]),
                        "abstract": json.dumps(
                            [{"start": len(TITLE) + 1, "end": len(TITLE) + 1 + len(ABSTRACT)}]
                        ),
                    },
                },
            },
            "5",
        ),
        ({"@type": "ScholarlyArticle", "headline": TITLE, "description": ABSTRACT, "id": "s"}, "s"),
    ],
)
@pytest.mark.parametrize("layout", ["line", "pretty", "page"])
def test_catalogues(tmp_path: Path, fields: dict[str, Any], paper_id: str, layout: str) -> None:
    test_one_level_down(tmp_path, fields, paper_id, layout)


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        (
            {"DOI": "10.5555/a", "author": [{"given": "Ann", "family": "Able"}, {"name": "Team"}]},
            ["Ann Able", "Team"],
        ),
        ({"doi": "https://doi.org/10.5555/a", "creators": [{"name": "Able, Ann"}]}, ["Ann Able"]),
        (
            {"DOI": "10.5555/a", "creators": [{"firstName": "Ann", "lastName": "Able"}]},
            ["Ann Able"],
        ),
        (
            {"identifier": [{"type": "doi", "id": "10.5555/a"}], "author": [{"name": "Ann Able"}]},
            ["Ann Able"],
        ),
        ({"doi": ["10.5555/a"], "bibcode": "b", "author": ["Able, Ann"]}, ["Ann Able"]),
        ({"doi": "10.5555/a", "authors": {"value": ["Ann Able"]}}, ["Ann Able"]),
        (
            {"doi": "10.5555/a", "authors": [{"first": "Ann", "middle": ["B."], "last": "Able"}]},
            ["Ann B. Able"],
        ),
        ({"doi": "10.5555/a", "authors": "As it is, plain"}, "As it is, plain"),
        ({"doi": "10.5555/a", "authors": ["Able, Ann"]}, ["Able, Ann"]),
    ],
)
def test_metadata_of_catalogues(tmp_path: Path, fields: dict[str, Any], authors: object) -> None:
    paper = only(tmp_path / "dump", json.dumps({"title": TITLE, "abstract": ABSTRACT} | fields))
    assert paper.source["authors"] == authors
    assert paper.source["doi"] == "10.5555/a"


def test_dates_and_venues_of_crossref(tmp_path: Path) -> None:
    fields = {"issued": {"date-parts": [[2024, 1, 3]]}, "container-title": ["Roofs"]}
    paper = only(tmp_path / "dump", json.dumps({"title": TITLE, "abstract": ABSTRACT} | fields))
    assert (paper.source["date"], paper.source["venue"]) == ("2024-01-03", "Roofs")


ROWS = [
    {"id": "a", "title": TITLE, "abstract": ABSTRACT},
    {"id": "b", "title": "Moss", "abstract": ABSTRACT},
]
LINES = [json.dumps(row) for row in ROWS]


@pytest.mark.parametrize(
    "text",
    [
        "".join(LINES),
        "\0".join(LINES),
        "\r".join(LINES),
        ",\n".join(LINES),
        "".join(f"\x1e{json.dumps(row, indent=1)}\n" for row in ROWS),
        "[[" + "],[".join(LINES) + "]]",
        "\n".join(json.dumps({"results": [row]}) for row in ROWS),
        json.dumps([{"results": [row]} for row in ROWS]),
        json.dumps({"papers": {row["id"]: row for row in ROWS}, "version": 1}),
        json.dumps({name: {row["id"]: row[name] for row in ROWS} for name in ROWS[0]}),
        json.dumps({"a": {"b": {"c": {"d": {"e": ROWS}}}}}),
        "// one { comment\n[" + ", /* two } */".join(LINES) + "]",
        "[" + ",".join(line[:-1] + ",}" for line in LINES) + ",]",
        f"var papers = {json.dumps(ROWS)};",
        f"callback({json.dumps({'papers': ROWS})});",
        f")]}}'\n{json.dumps(ROWS)}",
        "\n".join(json.dumps(line) for line in LINES),
        "\n".join(f'{{"index": {{"_id": "{row["id"]}"}}}}\n{json.dumps(row)}' for row in ROWS),
        "".join(f'{{"index": {{"_id": "{r["id"]}"}}}}\n{{"title": "{r["title"]}", '
                f'"abstract": "{ABSTRACT}"}}\n' for r in ROWS),
        str(ROWS),
        "\n".join(str(row | {"x": float("nan"), "y": -1, "z": None}) for row in ROWS),
        "\n".join(str(row)[:-1] + ", 'at': datetime.date(2024, 1, 3)}" for row in ROWS),
        json.dumps(ROWS).encode("utf-16"),
        json.dumps(ROWS).encode("utf-32"),
    ],
)  # fmt: skip
def test_layouts(tmp_path: Path, text: str | bytes) -> None:
    papers = read_all(tmp_path / "dump", text)
    assert [(each.id, each.title) for each in papers] == [("a", TITLE), ("b", "Moss")]
    assert {each.abstract for each in papers} == {ABSTRACT}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["references", "isPartOf", "citation"])
def test_what_a_paper_cites_is_no_paper(tmp_path: Path, name: str, indent: int | None) -> None:
    other = {"id": "z", "title": "Another", "abstract": "This one is cited."}
    for fields in ({name: [other]}, {name: other}):
        only(tmp_path / "dump", json.dumps(fields | ROWS[0], indent=indent))


def test_not_a_number_is_null(tmp_path: Path) -> None:
    row = ROWS[0] | {"score": float("nan"), "most": float("inf")}
    for text in (json.dumps([row]), json.dumps(row)):
        assert only(tmp_path / "dump", text).source == {"score": None, "most": None}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"title_column": "x.nope"}, r"'x\.nope'.* has: id, title, abstract, x\.y\[0\]\.z"),
        ({"id_column": "nope"}, "'nope'.* has: id"),
    ],
)
@pytest.mark.parametrize("layout", [json.dumps, lambda row: json.dumps([row])])
def test_paths_that_are_not_there(
    tmp_path: Path, options: dict[str, str], said: str, layout: Callable[[Any], str]
) -> None:
    text = layout(ROWS[0] | {"x": {"y": [{"z": 1}]}}) + "\n"
    with pytest.raises(DumpError, match=said):
        read_all(tmp_path / "dump", text, **options)


@pytest.mark.parametrize("path", ["$.a.t[0]", ".a.t[0]", "a.t.0", "/a/t/0", "a['t'][0]", "a.t[*]"])
def test_paths_as_other_tools_write_them(tmp_path: Path, path: str) -> None:
    text = json.dumps({"rows": [{"a": {"t": [TITLE]}, "b": ABSTRACT}]})
    only(tmp_path / "dump", text, title_column=path, abstract_column="b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps([[1, TITLE, ABSTRACT]]), "records"),
        (json.dumps({"error": {"code": 429}}), r"has: error\.code"),
        (json.dumps({"hit": [{"info": {"title": TITLE}}]}), "is the abstract"),
    ],
)
def test_why_nothing_is_read(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DumpError, match=said):
        read_all(tmp_path / "dump", text)


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("10<sup>6</sup> and x<sup>2</sup>", "10^6 and x2"),
        ("p &amp;lt; 0.05, R&D, ?a=1&copy=2", "p < 0.05, R&D, ?a=1&copy=2"),
        ("a<b>c, <LOD, <https://x.org/a>, <i>x</i>", "a<b>c, <LOD, <https://x.org/a>, x"),
        ("tokens <s>, </s> and <pad>", "tokens <s>, </s> and <pad>"),
        ("$a<b$ and vector<int> <i>here</i>", "$a<b$ and vector<int> here"),
        ("<![CDATA[One <b>two</b>]]>", "One two"),
        ("<!--[if x]><o:p>Normal 0</o:p><![endif]--><p>Text.</p>", "Text."),
        ("<p>One. <p>Two.", "One. Two."),
        (
            "<mml:math><mml:mi>x</mml:mi><mml:annotation encoding='t'>y</mml:annotation>"
            "</mml:math> is",
            "x is",
        ),
        (
            "<tex-math>\\documentclass{minimal}\\begin{document}$x$\\end{document}</tex-math> is",
            "$x$ is",
        ),
        ("<title>Moss</title>", "Moss"),
    ],
)
def test_marks_in_pairs(marked: str, plain: str) -> None:
    assert without_marks(marked) == plain


@given(
    st.text(alphabet="ab1 .<>/", max_size=80), st.sampled_from(["i", "sub", "jats:p", "jats:sec"])
)
def test_letters_and_digits_survive(text: str, name: str) -> None:
    inner = text.replace("<", "< ")
    marked = f"<{name}>x{inner}</{name}>y"
    kept = [each for each in without_marks(marked) if each.isalnum()]
    assert kept == [each for each in f"x{inner}y" if each.isalnum()]


LONG = ABSTRACT + " We tell what kinds there are, and on which side of each roof they are found."


def page_of(head: str = "", body: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def article(**fields: object) -> str:
    value = {"@type": "ScholarlyArticle", "headline": TITLE, "description": LONG} | fields
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


TAGS = f'<meta name="citation_title" content="{TITLE}">'
CUT = '<meta property="og:description" content="We count the moss on…">'
BODY = f"<h2>Abstract</h2><p>{LONG}</p><h2>Introduction</h2><p>{'It is long, and more. ' * 40}</p>"


@pytest.mark.parametrize(
    "page",
    [
        page_of(f'{TAGS}<meta name="citation_abstract" content="&lt;p&gt;{LONG}&lt;/p&gt;">'),
        page_of(f'{TAGS}{CUT}<meta name="DC.Description" content="{LONG}">'),
        page_of(
            f'<meta name="DC.title" content="{TITLE}"><meta name="DC.description" content="{LONG}">'
        ),
        page_of(f'{TAGS}<meta name="description" content="{LONG}">'),
        page_of(TAGS + CUT, BODY),
        page_of(article()),
        page_of(article(citation=[{"@type": "Article", "name": "Other", "abstract": LONG * 2}])),
        page_of(article() + TAGS, BODY),
        page_of(
            "",
            f"<script>x.metadata={json.dumps({'title': TITLE, 'abstract': LONG})};</script>",
        ),
        "From: <Saved by Blink>\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{page_of(article())}\r\n--b--\r\n",
        plistlib.dumps({"WebMainResource": {"WebResourceData": page_of(article()).encode()}}),
    ],
)
def test_pages_of_one_paper(tmp_path: Path, page: str | bytes) -> None:
    [paper] = read_all(tmp_path / "dump", page)
    assert (paper.title, paper.abstract) == (TITLE, LONG)


def test_pages_without_a_whole_abstract(tmp_path: Path) -> None:
    with pytest.raises(DumpError):
        read_all(tmp_path / "dump", page_of(TAGS + CUT, "<p>Buy it now.</p>"))
    with pytest.raises(DumpError):
        read_all(tmp_path / "dump", page_of(article(**{"@type": "Organization"})))


def test_pages_of_several_papers(tmp_path: Path) -> None:
    tag = '<meta name="citation_title" content="{}"><meta name="citation_abstract" content="{}">'
    for head in (tag.format("A", LONG) + tag.format("B", LONG), article() + article(headline="B")):
        assert len(read_all(tmp_path / "dump", page_of(head))) == 2


ENTRIES = {
    "paper": json.dumps(ROWS[0]),
    "no abstract": json.dumps({"title": TITLE, "references": [ROWS[0]]}),
    "broken": '{"title": "Moss", x}',
    "no title": '{"abstract": "It grows."}',
}


@given(st.lists(st.sampled_from(sorted(ENTRIES)), min_size=1, max_size=8), st.booleans())
def test_every_object_of_an_array_is_a_paper_or_listed(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], is_array: bool
) -> None:
    kinds = ["paper", *kinds]
    texts = [ENTRIES[kind] for kind in kinds]
    path = tmp_path_factory.mktemp("json") / "dump"
    path.write_text("[" + ",\n".join(texts) + "]" if is_array else "\n".join(texts))
    with open_dump(path) as dump:
        assert [isinstance(each, Paper) for each in dump] == [kind == "paper" for kind in kinds]


def test_a_first_entry_longer_than_the_head(tmp_path: Path) -> None:
    """What the first 64 KiB do not show is found out as the dump is read."""
    many = [{"author": {"display_name": f"Author {number}"}} for number in range(4000)]
    work = {"id": "W1", "title": TITLE, "authorships": many}
    work["abstract_inverted_index"] = {word: [at] for at, word in enumerate(["We", "see", "moss"])}
    rest = [{"title": TITLE, "reference": [{"key": "k" * 70}]}] * 1000
    page = {"message": {"items": [*rest, {"title": TITLE, "abstract": ABSTRACT}]}}
    for text, abstract in ((json.dumps(work), "We see moss"), (json.dumps(page), ABSTRACT)):
        path = tmp_path / "dump"
        path.write_text(text + "\n")
        with open_dump(path) as dump:
            assert [each.abstract for each in dump if isinstance(each, Paper)] == [abstract]


def test_a_doi_with_angle_brackets(tmp_path: Path) -> None:
    doi = "10.5555/(sici)1097(1998)66:4<261::aid>3.0.co;2-t"
    fields = {"DOI": doi, "title": TITLE, "abstract": ABSTRACT}
    paper = only(tmp_path / "dump", json.dumps(fields))
    assert (paper.id, paper.source["doi"]) == (doi, doi)


def test_one_printed_dict_alone(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_text(str(ROWS[0]))
    (paper,) = open_dump(dump)
    assert isinstance(paper, Paper)
    assert paper.title == ROWS[0]["title"]
