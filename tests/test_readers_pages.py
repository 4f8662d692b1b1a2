"""Web pages without data of their own, and texts that only look like dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from extractor.errors import DumpError
from extractor.paper import Paper
from extractor.readers import Unreadable, open_dump

if TYPE_CHECKING:
    from pathlib import Path

PAPERS = [
    (
        "Kites That Measure the Wind Above Small Farms",
        "Wind above farms is rarely measured. We fly kites with a cheap sensor over twelve farms "
        "and show that the results agree with a mast to within 4% on all but the calmest days.",
    ),
    (
        "Sorting Letters by the Weight of Their Ink",
        "Scales became precise enough to weigh ink. We propose a model that sorts letters by it, "
        "and evaluate it on an archive of nine thousand letters from two centuries.",
    ),
    (
        "Bread Crust as a Record of Oven Temperature",
        "Ovens drift. We study the colour of 800 crusts and find that it records the temperature "
        "better than the oven's own dial, as experiments with three bakers demonstrate.",
    ),
]
LONELY = "Why Some Bells Ring Twice"


def items(path: Path, text: str, name: str) -> list[Paper | Unreadable]:
    dump = path / name
    dump.write_text(text, encoding="utf-8")
    with open_dump(dump) as opened:
        return list(opened)


def found(entries: list[Paper | Unreadable]) -> list[tuple[str, str]]:
    return [(each.title, each.abstract) for each in entries if isinstance(each, Paper)]


def listed(entries: list[Paper | Unreadable]) -> list[str | None]:
    return [each.title for each in entries if isinstance(each, Unreadable)]


def page(body: str) -> str:
    return f"<!doctype html><html><body>{body}</body></html>"


ADDRESS = "https://papers.example.org/abs/17"
ABOVE = f"<h2>{PAPERS[0][0]}</h2><p>{PAPERS[0][1]}</p>"
BELOW = f"<p>{PAPERS[1][1]}</p>"
LINKED = PAPERS[1][0]


@pytest.mark.parametrize(
    ("heading", "address"),
    [
        (f'<h2><a href="{ADDRESS}">{LINKED}</a></h2>', ADDRESS),
        (f'<a href="{ADDRESS}"><h2>{LINKED}</h2></a>', ADDRESS),
        (f'<h2>2. <a href="{ADDRESS}"><em>{LINKED}</em></a></h2>', ADDRESS),
        (f'<h2><a href="{ADDRESS}">{LINKED}</a> <a href="/pdf/17">pdf</a></h2>', ADDRESS),
        (f'<h2><a href="abs/17">{LINKED}</a></h2>', ADDRESS),  # relative to the page
        (f'<h2>{LINKED}</h2><p><a href="{ADDRESS}">PDF</a></p>', None),
        (f'<h2>{LINKED} <a href="{ADDRESS}">#</a></h2>', None),
        (f'<h2><a href="#paper-17">{LINKED}</a></h2>', None),
        (f'<h2><a href="javascript:open(17)">{LINKED}</a></h2>', None),
        (f'<h2><a href="http://[17">{LINKED}</a></h2>', None),
    ],
)
def test_the_link_of_a_title_is_the_papers(
    tmp_path: Path, heading: str, address: str | None
) -> None:
    saved = "<!doctype html><!-- saved from url=(0027)https://papers.example.org/list -->"
    entries = items(tmp_path, f"{saved}<html><body>{ABOVE}{heading}{BELOW}</body></html>", "a.html")
    first, second = (each for each in entries if isinstance(each, Paper))
    assert second.source.get("url") == address
    assert "url" not in first.source


def test_the_link_of_a_title_in_a_table(tmp_path: Path) -> None:
    rows = f'<tr><td><a href="/abs/17">{LINKED}</a><td>{PAPERS[1][1]}'
    table = f"<table><tr><th>Title<th>Abstract{rows}</table>"
    base = '<base href="https://papers.example.org/">'
    (paper,) = items(tmp_path, page(base + table), "a.html")
    assert isinstance(paper, Paper)
    assert paper.source == {"url": ADDRESS}


def test_rows_of_a_table(tmp_path: Path) -> None:
    rows = "".join(
        f"<tr><td>{title}<td>Ann Able, Bo Best<td><p>{abstract}</p>" for title, abstract in PAPERS
    )
    header = "<tr><th>Title</th><th>Authors</th><th>Abstract</th></tr>"
    body = f"<h1>Accepted papers</h1><table>{header}{rows}{header}<tr><td>Lost cell</table>"
    entries = items(tmp_path, page(body), "table.html")
    assert found(entries) == PAPERS
    assert entries[0].source == {"authors": ["Ann Able", "Bo Best"]}
    assert [each.message for each in entries if isinstance(each, Unreadable)] == [
        "The row has 1 cell, the table 3 columns."
    ]


@pytest.mark.parametrize("tag", ["h3", "b"])
def test_what_is_marked_up_as_titles_are_is_one(tag: str, tmp_path: Path) -> None:
    entry = f"<div><{tag}>{{}}</{tag}><br>Ann Able, Bo Best<p>{{}}</p></div>"
    entries = [entry.format(*paper) for paper in PAPERS]
    entries.insert(1, entry.format(LONELY, ""))
    read = items(tmp_path, page("<h1>Accepted papers</h1>" + "".join(entries)), "list.html")
    assert found(read) == PAPERS
    assert listed(read) == [LONELY]


@pytest.mark.parametrize("name", ["parts.html", "parts.txt", "parts.md"])
def test_parts_of_a_structured_abstract(name: str, tmp_path: Path) -> None:
    parts = ["Background: {}", "Methods: We baked.", "Results: It works in two of three kitchens."]
    marks = {"parts.html": ("<h3>{}</h3>", "<h4>Abstract</h4>", "<p><b>{}:</b>{}</p>")}
    title, label, part = marks.get(name, ("{}", "Abstract", "{}:{}"))
    if name == "parts.md":
        title, label, part = "## {}", "**Abstract:** ", "**{}:**{}"
    blocks = []
    for paper in PAPERS[:2]:
        blocks += [title.format(paper[0]), label]
        blocks += [part.format(*each.format(paper[1]).split(":", 1)) for each in parts]
    text = "\n\n".join(blocks).replace("**Abstract:** \n\n", "**Abstract:** ")
    read = items(tmp_path, page(text) if name == "parts.html" else text, name)
    whole = "\n\n".join(parts)
    assert found(read) == [(title, whole.format(abstract)) for title, abstract in PAPERS[:2]]


def test_names_of_parts_on_lines_of_their_own(tmp_path: Path) -> None:
    text = "\n\n".join(
        f"{title}\n\nAbstract\n\nOBJECTIVE\n{abstract}\n\nMETHODS\nWe baked on two days."
        for title, abstract in PAPERS
    )
    assert found(items(tmp_path, text, "parts.txt")) == [
        (title, f"OBJECTIVE: {abstract}\n\nMETHODS: We baked on two days.")
        for title, abstract in PAPERS
    ]


@pytest.mark.parametrize(
    "record",
    [
        "Abstract: {1}\nTitle: {0}",
        "Title: {0}\nSummary: {1}\nURL: https://example.org/a",
        "Title: {0}\nPublished: 2020-01-01\nSummary: {1}\nPDF: https://example.org/a.pdf",
        "[Title] {0}\n[Abstract] {1}",
    ],
)
def test_labels_of_a_record(record: str, tmp_path: Path) -> None:
    text = "\n\n".join(record.format(*paper) for paper in PAPERS)
    assert found(items(tmp_path, text, "records.txt")) == PAPERS


def test_short_titles_and_no_blank_lines(tmp_path: Path) -> None:
    papers = list(
        zip(["Kites in the wind", "Weighed ink", "Bread"], dict(PAPERS).values(), strict=True)
    )
    text = "\n".join(f"{title}\n{abstract}" for title, abstract in papers)
    assert found(items(tmp_path, text, "lines.txt")) == papers


def test_an_abstract_that_opens_is_read_once(tmp_path: Path) -> None:
    body = "".join(
        f"<p>{title}</p><p>Abstract: <span>{abstract[:60]}&hellip; <a>&#9661; More</a></span>"
        f"<span style='display: none'>{abstract} <a>&#9651; Less</a></span></p>"
        for title, abstract in PAPERS
    )
    assert found(items(tmp_path, page(body), "search.html")) == PAPERS


RESULTS = "We ran the experiments with the new model, and the results show that it is faster."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail.txt", f"From: Ann <a@example.org>\nSubject: Our results\n\n{RESULTS}\n"),
        ("minutes.txt", f"Minutes of the board\n\nPresent: Able, Best\n\n1. Ovens\n\n{RESULTS}"),
        ("notes.md", f"# Release notes\n\n## Version 2.0\n\n{RESULTS}\n\n## 1.9\n\n{RESULTS}"),
        ("jobs.txt", f"A Post in Baking\n\nWe are looking for a baker of bread. {RESULTS}"),
        ("bars.txt", "\n".join(" | ".join(paper) for paper in PAPERS)),
        ("marks.txt", "\n".join(" ### ".join(paper) for paper in PAPERS)),
        ("news.html", page(f"<h1>Bridge</h1><p>{RESULTS}</p><h2>Rain</h2><p>{'It rains. ' * 9}")),
    ],
)
def test_text_of_another_kind_is_refused(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="looks like"):
        items(tmp_path, text, name)
