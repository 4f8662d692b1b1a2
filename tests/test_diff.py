"""``extractor diff`` as a person and as CI uses it, its JSON as docs/diff.md has it, its page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Page
from helpers import write_jsonl

if TYPE_CHECKING:
    from helpers import Invoke
    from selenium.webdriver import Chrome

DOCS = Path(__file__).parent.parent / "docs" / "diff.md"
ABSTRACT = "🚀 FooNet is 3x faster than Bar on an A100 & (a < b) is tried on COCO."


def record(paper_id: str, **values: Any) -> dict[str, Any]:
    return {"id": paper_id, "title": f"On {paper_id}", "hardware": [], "claims": [], **values}


def rests(path: str, words: str) -> dict[str, Any]:
    start = ABSTRACT.index(words)
    return {"path": path, "source": "abstract", "start": start, "end": start + len(words)}


CLAIM = {"quote": "is 3x faster", "value": 3, "unit": "x", "baseline": None}
BEFORE = [
    record("1", claims=[CLAIM], evidence=[rests("claims[0].quote", "is 3x faster")]),
    record("2", hardware=["A100"], evidence=[rests("hardware[0]", "A100")]),
    record("3", hardware=["TPU"]),
]
AFTER = [
    record(
        "1",
        hardware=["A100"],
        claims=[{**CLAIM, "baseline": "Bar"}],
        evidence=[
            rests("hardware[0]", "A100"),
            rests("claims[0].quote", "is 3x faster"),
            rests("claims[0].baseline", "Bar"),
        ],
    ),
    record("2"),
    record("4"),
]


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [
        write_jsonl(tmp_path / "before.jsonl", BEFORE),
        write_jsonl(tmp_path / "after.jsonl", AFTER),
    ]


def test_the_difference_is_told(invoke: Invoke, runs: list[Path]) -> None:
    code, out, err = invoke("diff", *runs)
    assert (code, err) == (0, "")
    assert out.rstrip().endswith(
        """\
only before: 1 paper: 3
only after: 1 paper: 4

2 of 2 papers in both differ.

1  On 1
  hardware
    + A100
  claims
    ~ quote=is 3x faster, value=3, unit=x
      baseline: nothing -> Bar

2  On 2
  hardware
    - A100"""
    )
    assert "On 1" not in invoke("diff", *runs, "--show", "0").out


def test_the_exit_code_says_whether_they_differ(
    invoke: Invoke, runs: list[Path], tmp_path: Path
) -> None:
    assert invoke("diff", *runs, "--exit-code").code == 4
    assert invoke("diff", runs[0], runs[0], "--exit-code").code == 0
    other = tmp_path / "records.sqlite"
    assert invoke("convert", runs[0], other).code == 0
    assert invoke("diff", runs[0], other, "--exit-code").code == 0
    with runs[0].open("a") as file:
        file.write("not a record\n")
    code, _, err = invoke("diff", runs[0], other, "--exit-code")
    assert code == 3
    assert "Left out: " in err
    assert invoke("diff", *runs, "--exit-code").code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.jsonl"], 1, "missing.jsonl"),
        (["README.md"], 1, "not a file of records"),
        (["before.jsonl", "--price", "m"], 2, "MODEL=IN,OUT"),
        (["before.jsonl", "--dump", "papers.txt"], 2, "--html"),
        (["before.jsonl", "--html", "before.jsonl"], 2, "before.jsonl"),
        (["before.jsonl", "--html", "-"], 2, "Name a file"),
        (["before.jsonl", "--html", "out.html", "--dump", "missing.txt"], 1, "missing.txt"),
    ],
)
def test_an_error_is_one_line(
    invoke: Invoke,
    runs: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(runs[0].parent)
    Path("README.md").write_text("# Papers\n")
    got, out, err = invoke("diff", "before.jsonl", *arguments)
    assert (got, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not Path("out.html").exists()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_value_acts_on_the_terminal(invoke: Invoke, tmp_path: Path, form: list[str]) -> None:
    title = "M \x1b]0;pwned\x07\x9b2J \u202egpj.exe\nNo difference in 9 papers."
    old = {"title": title, title: "a", "hardware": [title]}
    paths = [
        write_jsonl(tmp_path / "a.jsonl", [record(title, **old), record(f"{title}1")]),
        write_jsonl(tmp_path / "b.jsonl", [record(title, **{**old, title: "b", "hardware": []})]),
    ]
    _, out, _ = invoke("diff", *paths, *form)
    lines = out.split("\n")
    assert all(line.isprintable() for line in lines)
    assert "No difference in 9 papers." not in lines
    if form:
        assert json.loads(out)["papers"][0]["title"] == title


def test_the_json_has_the_documented_form(invoke: Invoke, runs: list[Path]) -> None:
    row = json.loads(invoke("diff", *runs, "--json").out)
    assert row["version"] == 1
    assert row["same"] is False
    assert row["fields"]["hardware"]["lost"] == 1
    assert row["papers"][1]["fields"]["hardware"] == [
        {"kind": "lost", "before": "A100", "after": None, "before_path": "hardware[0]"}
        | {"after_path": None}
    ]
    assert row["only_after"] == [{"id": "4", "title": "On 4"}]
    text = DOCS.read_text(encoding="utf-8")
    said = set(re.findall(r"`(\w+)`", text[text.index("## JSON") :]))
    parts = (row, row["before"], row["fields"]["hardware"], row["papers"][0])
    keys = {key for part in parts for key in part}
    keys |= row["papers"][0]["fields"]["claims"][0].keys()
    assert keys <= said, keys - said


@pytest.fixture
def page(invoke: Invoke, chrome: Chrome, runs: list[Path]) -> Page:
    """The page of the runs, open in a browser."""
    dump = write_jsonl(
        runs[0].parent / "papers.jsonl",
        [{"id": n, "title": f"On {n}", "abstract": ABSTRACT} for n in "123"],
    )
    out = runs[0].parent / "diff.html"
    code, _, err = invoke("diff", *runs, "--html", out, "--dump", dump)
    assert code == 0
    assert err.startswith(f"{out}: 2 papers in which they differ, ")
    return shown(chrome, out)


def shown(chrome: Chrome, out: Path) -> Page:
    chrome.get_log("browser")
    return Page(chrome).load(out.as_uri())


def test_the_page_shows_every_change_with_its_words(page: Page) -> None:
    assert page.texts(".change-card h3") == ["On 1", "On 2"]
    assert page.texts(".change-card ins") == ["A100", "Bar"]
    assert page.texts(".change-card del") == ["nothing", "A100"]
    assert "1 paper only before" in page.text("#unmatched")
    assert page.texts(".field-table tbody tr:first-child td")[:7] == list("1101102")
    page.click(".words summary")
    page.until(lambda: page.all(".words mark"))
    assert page.text(".words .abstract") == ABSTRACT
    marks = dict(zip(page.texts(".abstract mark"), page.js(_COLOURS), strict=True))
    assert marks == {"is 3x faster": "both", "Bar": "after", "A100": "after"}
    assert page.texts(".legend mark") == ["after", "before and after"]
    assert page.chrome.get_log("browser") == []


_COLOURS = """return [...document.querySelectorAll(".abstract mark")].map(
    (mark) => mark.title.split(":")[0])"""


def test_the_page_filters_by_field_kind_and_words(page: Page) -> None:
    page.click(".kind", "added")
    assert page.texts(".change-card h3") == ["On 1", "On 2"]
    assert page.texts(".change-card dt") == ["claims", "baseline", "hardware"]
    page.click(".kind", "changed")
    assert page.texts(".change-card h3") == ["On 2"]
    page.click(".kind", "lost")
    assert page.text("#changes") == "No change matches."
    assert not page.all(".calm")
    for kind in ("added", "lost", "changed"):
        page.click(".kind", kind)
    page.click(".field-table button", "claims")
    assert page.texts(".change-card h3") == ["On 1"]
    page.click(".field-table button", "claims")
    page.one("#search").send_keys("bar")
    page.until(lambda: page.texts(".change-card h3") == ["On 1"])
    assert page.text("#count") == "1 of 2 papers"
    assert page.chrome.get_log("browser") == []


@pytest.mark.parametrize("width", [390, 900, 1400])
def test_the_page_fits_its_width(page: Page, width: int) -> None:
    page.size(width, dark=width == 900)
    assert page.js("return document.documentElement.scrollWidth <= innerWidth")
    assert page.js(
        "const box = document.querySelector('.field-scroll');"
        "return box.scrollWidth <= box.clientWidth"
    )


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([{"id": "1", "title": "On 1", "speed": 3}], "No field is in both runs"),
        ([record("9")], "No paper has a record in both runs"),
    ],
)
def test_a_page_of_runs_that_cannot_be_compared(
    invoke: Invoke, chrome: Chrome, runs: list[Path], records: list[Any], said: str
) -> None:
    other, out = write_jsonl(runs[0].parent / "other.jsonl", records), runs[0].parent / "no.html"
    invoke("diff", runs[0], other, "--html", out)
    page = shown(chrome, out)
    assert page.text("#changes") == f"{said}: no value was compared."
    assert not page.all(".calm")


def test_a_long_title_is_cut(invoke: Invoke, chrome: Chrome, tmp_path: Path) -> None:
    rows = [record("1", title="long " * 1000, hardware=[name]) for name in ("A", "B")]
    rows.append(record("2", title="long " * 1000))
    runs = [write_jsonl(tmp_path / "a.jsonl", [rows[0], rows[2]])]
    runs.append(write_jsonl(tmp_path / "b.jsonl", [rows[1]]))
    invoke("diff", *runs, "--html", tmp_path / "long.html")
    page = shown(chrome, tmp_path / "long.html")
    height = "return document.querySelector(arguments[0]).offsetHeight"
    for title in (".change-card h3", "#unmatched .entries bdi"):
        assert page.chrome.execute_script(height, title) < 60


def test_a_page_of_runs_that_are_the_same(invoke: Invoke, chrome: Chrome, runs: list[Path]) -> None:
    out = runs[0].parent / "same.html"
    assert invoke("diff", runs[0], runs[0], "--html", out, "--quiet").err == ""
    page = shown(chrome, out)
    assert page.text("#changes") == "No value differs."
    assert page.all(".calm")
    assert not page.one("#unmatched-section").is_displayed()
    assert not page.one("#filter").is_displayed()


def test_the_page_tells_keys_apart_as_the_text_does(
    invoke: Invoke, chrome: Chrome, tmp_path: Path
) -> None:
    """Null is as good as an empty text, and the order of a list within an object says nothing."""
    old = {**CLAIM, "unit": None, "datasets": ["COCO", "Cora"]}
    new = {**CLAIM, "unit": "", "datasets": ["Cora", "COCO"], "baseline": "Bar"}
    before = write_jsonl(tmp_path / "before.jsonl", [record("1", claims=[old])])
    after = write_jsonl(tmp_path / "after.jsonl", [record("1", claims=[new])])
    out = tmp_path / "diff.html"
    text = invoke("diff", before, after, "--html", out).out
    assert re.findall(r"^ {6}(\w+): ", text, re.M) == ["baseline"]
    assert shown(chrome, out).texts(".change-card .keys dt") == ["baseline"]
