"""Papers written in a format and read again are the same papers."""

from __future__ import annotations

import csv
import io
import json
import string
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import open_dump
from extractor.readers.base import Source, build_entry, decode_text, printable
from extractor.readers.json_stream import JsonObject, json_objects
from extractor.readers.openalex import text_of_index

unhurried = settings(deadline=None)

# Any text that holds something to read; control characters are another test's matter.
anything = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: isinstance(build_entry(1, "", text, text, {}), Paper)
)
ids = st.text(st.characters(categories=["L", "N"], include_characters="./:-"), min_size=1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=5,
)
metadata = st.dictionaries(
    st.text(string.ascii_lowercase, min_size=2).map("x_{}".format), json_values, max_size=3
)
papers = st.builds(Paper, ids, anything, anything, metadata)
plain_papers = st.builds(Paper, ids, anything, anything)

words = st.text(string.ascii_lowercase, min_size=2, max_size=12)
sentences = st.lists(words, min_size=30, max_size=80).map(
    lambda each: f"Here {' '.join(each[:15])}. Then {' '.join(each[15:])}, which we explain here."
)
titles = st.lists(words.map(str.title), min_size=3, max_size=12).map(
    lambda each: f"On {' '.join(each)} of Lanterns"
)


def read(data: bytes, format_name: str) -> list[object]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data)
        with open_dump(path) as dump:
            assert dump.format == format_name
            return list(dump)


def as_object(paper: Paper) -> dict[str, object]:
    return {"id": paper.id, "title": paper.title, "abstract": paper.abstract, **paper.source}


@unhurried
@given(st.lists(papers, min_size=1, max_size=5), st.booleans())
def test_json_lines(written: list[Paper], escaped: bool) -> None:
    lines = (json.dumps(as_object(paper), ensure_ascii=escaped) + "\n" for paper in written)
    assert read("".join(lines).encode(), "jsonl") == written


@unhurried
@given(st.lists(papers, min_size=1, max_size=5), st.none() | st.integers(0, 4), st.booleans())
def test_json_array(written: list[Paper], indent: int | None, within_object: bool) -> None:
    array: object = list(map(as_object, written))
    document = {"count": len(written), "papers": array, "next": None} if within_object else array
    assert read(json.dumps(document, indent=indent).encode(), "json") == written


@unhurried
@given(st.lists(plain_papers, min_size=1, max_size=5), st.sampled_from([",", ";", "|"]))
def test_csv(written: list[Paper], delimiter: str) -> None:
    table = io.StringIO()
    rows = csv.writer(table, delimiter=delimiter)
    rows.writerow(["abstract", "id", "title"])
    rows.writerows((paper.abstract, paper.id, paper.title) for paper in written)
    assert read(table.getvalue().encode(), "csv") == written


@unhurried
@given(st.lists(st.tuples(titles, sentences), min_size=1, max_size=5), st.integers(60, 120))
def test_text(written: list[tuple[str, str]], width: int) -> None:
    unwrapped = "\n\n".join(f"{title}\n\n{abstract}" for title, abstract in written)
    expected = [Paper(str(n), *paper) for n, paper in enumerate(written, 1)]
    assert read(unwrapped.encode(), "text") == expected
    assert read("\n".join(wrapped(unwrapped, width)).encode(), "text") == expected


def wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for paragraph in text.split("\n"):
        for word in paragraph.split():
            if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        lines.append("")
    return lines


@unhurried
@given(st.lists(st.tuples(titles, sentences), min_size=1, max_size=3), st.data())
def test_page_with_boilerplate_anywhere(
    written: list[tuple[str, str]], data: st.DataObject
) -> None:
    pieces = st.lists(
        st.sampled_from(["42", "Mar 12", "Upvote", "1.2k", "Subscribe", "· 3 authors", "Next"]),
        max_size=3,
    )
    page = data.draw(pieces)
    for title, abstract in written:
        page += [title, *data.draw(pieces), abstract, *data.draw(pieces)]
    expected = [Paper(str(n), *paper) for n, paper in enumerate(written, 1)]
    assert read("\n\n".join(page).encode(), "text") == expected


@unhurried
@given(st.lists(st.tuples(titles, sentences), min_size=1, max_size=3))
def test_markdown(written: list[tuple[str, str]]) -> None:
    headings = "".join(f"## {title}\n\n*Jane Doe*\n\n{abstract}\n\n" for title, abstract in written)
    items = "".join(f"- **{title}**: {abstract}\n" for title, abstract in written)
    expected = [Paper(str(n), *paper) for n, paper in enumerate(written, 1)]
    assert read(headings.encode(), "markdown") == expected
    assert read(items.encode(), "markdown") == expected


@unhurried
@given(st.lists(words, min_size=1, max_size=50))
def test_inverted_index(written: list[str]) -> None:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(written):
        index.setdefault(word, []).append(place)
    assert text_of_index(index) == " ".join(written)


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_become_text(data: bytes) -> None:
    text = printable(decode_text(data))
    text.encode()
    assert len(text) == len(decode_text(data))


@unhurried
@given(st.text())
def test_utf_8_is_read_as_it_is(text: str) -> None:
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert decode_text(text.encode()) == text


@settings(deadline=None, max_examples=300)
@given(st.text('[]{}",:\\ab1\n', max_size=60))
def test_any_brackets_are_survived(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_text(f"[{text}", encoding="utf-8")
        source = Source(path)
        found: list[JsonObject] = []
        # Not all brackets may be closed.
        with suppress(DumpError):
            found.extend(json_objects(source))
        source.close()
    for element in found:
        assert element.text is not None
        assert element.stray or element.text.startswith("{")
        assert element.text in text
        assert 1 <= element.line <= text.count("\n") + 1
