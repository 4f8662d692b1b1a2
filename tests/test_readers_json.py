"""JSON and YAML in which papers lie beside, within or among other things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump
from extractor.readers._shapes import at_path, has_path

if TYPE_CHECKING:
    from pathlib import Path

FERNS = {"title": "Ferns in Wells", "abstract": "We count the ferns in 40 wells. They thrive."}
MOSS = {"title": "Moss on Roofs", "abstract": "We count the moss on 12 roofs. It grows."}
NEITHER = {"title": "Ivy on Walls"}
NO_TITLE = "There is no title."
NO_ABSTRACT = "There is no abstract."


def read(path: Path, text: str, **options: str) -> list[str | None]:
    """Return the titles of papers, and why the other entries are none."""
    path.write_text(text, encoding="utf-8")
    with open_dump(path, options=dict(options)) as dump:
        return [item.title if isinstance(item, Paper) else item.message for item in dump]


def only(path: Path, fields: dict[str, Any]) -> Paper:
    path.write_text(json.dumps(fields), encoding="utf-8")
    with open_dump(path) as dump:
        [paper] = dump
    assert isinstance(paper, Paper)
    return paper


DIGEST = {"title": "News of Tuesday", "summary": "Two papers on plants.", "papers": [FERNS, MOSS]}
SESSION = {"session": 3, "title": "Walls and wells", "papers": [FERNS, NEITHER, MOSS]}
FOLDER = {"type": "folder", "title": "Plants", "children": [{"title": "Wet", "items": [FERNS]}]}


@pytest.mark.parametrize("layout", ["line", "lines", "pretty", "array", "within"])
@pytest.mark.parametrize(
    ("collection", "found"),
    [
        (DIGEST, ["Ferns in Wells", "Moss on Roofs"]),
        (SESSION, ["Ferns in Wells", NO_ABSTRACT, "Moss on Roofs"]),
        (FOLDER, ["Ferns in Wells"]),
    ],
)
def test_a_collection_is_no_paper(
    tmp_path: Path, collection: dict[str, Any], found: list[str], layout: str
) -> None:
    text, expected = {
        "line": (json.dumps(collection), found),
        "lines": ("\n".join(map(json.dumps, [MOSS, collection])), ["Moss on Roofs", *found]),
        "pretty": (json.dumps(collection, indent=1), found),
        "array": (json.dumps([collection, MOSS]), [*found, "Moss on Roofs"]),
        "within": (
            json.dumps({"total": 2, "items": [collection, MOSS]}),
            [*found, "Moss on Roofs"],
        ),
    }[layout]
    assert read(tmp_path / "dump", text) == expected


@pytest.mark.parametrize("indent", [None, 1])
def test_a_paper_that_cites_is_no_collection(tmp_path: Path, indent: int | None) -> None:
    citing = MOSS | {"references": [FERNS], "items": ["figure 1"], "data": [{"title": "Counts"}]}
    assert read(tmp_path / "dump", json.dumps([citing], indent=indent)) == ["Moss on Roofs"]
    assert read(tmp_path / "dump", json.dumps(citing, indent=indent)) == ["Moss on Roofs"]


def test_what_is_no_object_is_listed(tmp_path: Path) -> None:
    array = json.dumps([MOSS, "retracted, [1]", 7, None, FERNS, True])
    no_object = "This is JSON, but not an object."
    expected = ["Moss on Roofs", *[no_object] * 3, "Ferns in Wells", no_object]
    assert read(tmp_path / "dump", array) == expected
    around = f'{{"keywords": ["a", 1], "papers": {array}, "years": [2023, 2024]}}'
    assert read(tmp_path / "dump", around) == expected
    below = f'{{"papers": ["retracted", 7, {json.dumps(MOSS)}]}}'
    assert read(tmp_path / "dump", below) == [NO_ABSTRACT, NO_ABSTRACT, "Moss on Roofs"]
    assert read(tmp_path / "dump", f"[{json.dumps(MOSS)}, /* one, or */ {json.dumps(FERNS)}]") == [
        "Moss on Roofs",
        "Ferns in Wells",
    ]
    assert read(tmp_path / "dump", f"[{json.dumps(MOSS)}, moss, {json.dumps(FERNS)}]")[::2] == [
        "Moss on Roofs",
        "Ferns in Wells",
    ]


def test_a_value_across_chunks_is_one(tmp_path: Path) -> None:
    between = '"' + "moss " * 2**18 + '"'
    found = read(tmp_path / "dump", f"[{json.dumps(MOSS)}, {between}, {json.dumps(FERNS)}]")
    assert (found[0], found[-1], len(found)) == ("Moss on Roofs", "Ferns in Wells", 3)


def test_every_key_is_an_entry_where_keys_are_ids(tmp_path: Path) -> None:
    capitals = {"Title": "Algae in Ponds", "Abstract": "We count algae in 9 ponds. They bloom."}
    keyed = {"a": {"abstract": "We count."}, "b": MOSS, "c": capitals, "d": NEITHER, "e": None}
    path = tmp_path / "dump"
    assert read(path, json.dumps(keyed)) == [
        *(NO_TITLE, "Moss on Roofs", "Algae in Ponds", NO_ABSTRACT, NO_TITLE)
    ]
    with open_dump(path) as dump:
        assert [item.id for item in dump] == ["a", "b", "c", "d", "e"]
    # Plain values that outnumber the objects tell of these.
    about = {"status": "ok", "took": 3, "page": 1, "b": MOSS, "c": FERNS}
    assert read(path, json.dumps(about)) == ["Moss on Roofs", "Ferns in Wells"]


def test_columns_of_unequal_length(tmp_path: Path) -> None:
    titles, abstracts = zip(MOSS.values(), FERNS.values(), strict=True)
    columns = {"title": titles, "abstract": abstracts, "doi": ["10.5555/a"]}
    path = tmp_path / "dump"
    assert read(path, json.dumps(columns)) == ["Moss on Roofs", "Ferns in Wells"]
    columns["abstract"] = abstracts[:1]
    path.write_text(json.dumps(columns))
    with open_dump(path) as dump, pytest.raises(DumpError, match=NO_ABSTRACT):
        assert [item.title for item in dump] == list(titles)


def test_the_first_of_several_languages(tmp_path: Path) -> None:
    titles, abstracts = ["Mousses", MOSS["title"]], ["Nous comptons.", MOSS["abstract"]]
    fields = {"docid": "1", "title_s": titles, "abstract_s": abstracts, "authFullName_s": ["Ann B"]}
    paper = only(tmp_path / "dump", {"response": {"docs": [fields]}})
    assert (paper.title, paper.abstract) == ("Mousses", "Nous comptons.")
    assert paper.source == {"title_s": titles, "abstract_s": abstracts, "authors": ["Ann B"]}
    # Paragraphs are one abstract.
    paper = only(tmp_path / "dump", {"title": ["Moss"], "abstract": ["We count.", "It grows."]})
    assert (paper.title, paper.abstract) == ("Moss", "We count. It grows.")


@pytest.mark.parametrize("title", ["nan", "None", "N/A", "-", "~", "[Not Available].", "...", "?"])
def test_what_says_nothing_is_no_title(tmp_path: Path, title: str) -> None:
    lines = [json.dumps(MOSS | {"title": title}), json.dumps(MOSS)]
    assert read(tmp_path / "dump", "\n".join(lines)) == [NO_TITLE, "Moss on Roofs"]


@pytest.mark.parametrize("title", ["None of the Above", "Untitled", "C", "N/A in Tables", "无"])
def test_short_titles(tmp_path: Path, title: str) -> None:
    assert only(tmp_path / "dump", MOSS | {"title": title}).title == title


@pytest.mark.parametrize(
    "text",
    [
        f'[{json.dumps(MOSS)}, {{"title": "Ferns", "abstract": "We co',
        f'{{"papers": [{json.dumps(MOSS)}',
        f'{{"papers": [{json.dumps(MOSS)}]',
    ],
)
def test_a_document_that_is_cut_off(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dump"
    path.write_text(text)
    items: list[Paper | Unreadable] = []
    with open_dump(path) as dump, pytest.raises(DumpError, match="breaks off"):
        items.extend(dump)
    assert items[0].title == "Moss on Roofs"


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        ({"authorString": "Able A, Best-Cole BC."}, ["A Able", "BC Best-Cole"]),
        ({"author": ["Ann Able"]}, ["Ann Able"]),
        ({"authors": [{"preferredName": "Ann Able", "id": 3}]}, ["Ann Able"]),
    ],
)
def test_authors_of_services(tmp_path: Path, fields: dict[str, Any], authors: list[str]) -> None:
    assert only(tmp_path / "dump", MOSS | fields).source == {"authors": authors}


@pytest.mark.parametrize("path", ["[", "]", "$", "."])
def test_paths_without_a_step(tmp_path: Path, path: str) -> None:
    assert not has_path(MOSS, path)
    assert at_path(MOSS, path) is None
    with pytest.raises(DumpError, match="there is no field"):
        read(tmp_path / "dump", json.dumps([MOSS, FERNS]), title_column=path)


def block(**fields: str) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def test_labels_in_lower_case_are_no_yaml(tmp_path: Path) -> None:
    text = "We propose a model of moss and show in experiments that it is 3 times as fast. "
    moss = block(id="1", title="Moss: A Model", authors="Ann Able", abstract=text, year="2024")
    ferns = block(id="2", title="Ferns on Wet Walls", abstract=text)
    path = tmp_path / "dump.txt"
    assert read(path, f"{moss}\n{ferns}") == ["Moss: A Model", "Ferns on Wet Walls"]
    assert read(path, moss + ferns) == ["Moss: A Model", "Ferns on Wet Walls"]
    with open_dump(path) as dump:
        first = next(iter(dump))
    assert isinstance(first, Paper)
    assert (first.abstract, first.source["authors"]) == (text.strip(), ["Ann Able"])
    with open_dump(path, format="yaml") as dump, pytest.raises(DumpError, match="not YAML"):
        list(dump)


ITEM = "- title: Moss\n  abstract: We count moss.\n"
NO_OBJECT = "This is YAML, but not an object."
TWICE = "This is not YAML: 'title' occurs twice in one object."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            f"taken:\n{ITEM}left:\n{ITEM}- only text\n- title: Ivy\n",
            ["Moss", "Moss", NO_OBJECT, NO_ABSTRACT],
        ),
        (f"{ITEM}- abstract: We count ferns.\n", ["Moss", NO_TITLE]),
        (f"- abstract: We count ferns.\n{ITEM}", [NO_TITLE, "Moss"]),
        (f"{ITEM}  title: Ferns\n{ITEM}", [TWICE, "Moss"]),
        (f"title: A list\nabstract: Of papers.\npapers:\n{ITEM}{ITEM}", ["Moss", "Moss"]),
        (f"papers:\n{ITEM}count: 1\nby:\n- Ann\n", ["Moss"]),
        ("tags:\n- a\n- b\ntitle: Moss\nabstract: We count moss.\n", ["Moss"]),
        ("authors:\n  - name: A\n  - name: B\ntitle: Moss\nabstract: We count.\n", ["Moss"]),
        ("---\ntitle: Moss\nabstract: We count.\n---\n\nText.\n\n- one\n- two\n", ["Moss"]),
        (
            "- title: Moss\n  abstract: ~\n- title: null\n  abstract: We.\n" + ITEM,
            [NO_ABSTRACT, NO_TITLE, "Moss"],
        ),
        (
            "a:\n  title: Moss\n  abstract: We count.\nb:\n  abstract: We count.\n",
            ["Moss", NO_TITLE],
        ),
    ],
)
def test_yaml(tmp_path: Path, text: str, found: list[str]) -> None:
    assert read(tmp_path / "dump.yaml", text) == found


def test_yaml_longer_than_the_head(tmp_path: Path) -> None:
    keyed = "".join(
        f"k{i}:\n  title: Moss {i}\n  abstract: {'We count. ' * 9}\n" for i in range(900)
    )
    assert read(tmp_path / "dump", keyed) == [f"Moss {i}" for i in range(900)]
    no_key = "a: 1\n---\n {title: Moss,\n title: x, abstract: We count." + " moss" * 2**14 + "}\n"
    (tmp_path / "dump").write_text(no_key)
    with open_dump(tmp_path / "dump") as dump:
        assert dump.format
