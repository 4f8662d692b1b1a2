"""docs/tutorial.md: each command runs and prints what the page shows, and each picture is of it.

The pictures are taken here: ``TUTORIAL_PICTURES=docs/images pytest tests/test_tutorial.py``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import open_chrome

from extractor.review import Session
from extractor.schemas.paper import PaperFields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Invoke

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
DUMP = "fast-inference.html"
MISSED = {"4": "Long Range Arena", "6": "LMSYS-Chat-1M"}
_FENCE = re.compile(r"^```(console|python)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.M | re.S)
_SECONDS = re.compile(r"\d+\.\d s")
_TIME = re.compile(r"(?<=^  time {9}).+|(?<=^  time: )[\d.e-]+(?= seconds a paper)", re.M)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(ROOT / "examples" / DUMP, tmp_path / DUMP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def steps() -> Iterator[tuple[str, str, str]]:
    """What the page tells to type: a command or a program, and what it is to print."""
    for language, code, shown in _FENCE.findall(PAGE):
        if language == "python":
            yield "python", code, shown
            continue
        for block in code.removeprefix("$ extractor ").split("\n$ extractor "):
            command, _, printed = block.partition("\n")
            yield "extractor", command, printed


def without_times(text: str) -> str:
    return _SECONDS.sub("1.1 s", _TIME.sub("...", text)).strip("\n")


def reviewed(command: str, shown: str) -> None:
    """What the reader does on the page: one value rejected, three accepted, two added."""
    records, dump = shlex.split(command)[1], shlex.split(command)[3]
    with Session(Path(records), dump, PaperFields, reviewer="ana") as session:
        papers = {item.paper for item in session.items}
        assert shown.startswith(f"{len(session.items)} steps in {len(papers)} papers.\n")
        for item, verdict in zip(session.items, ("reject", *["accept"] * 3), strict=False):
            decided = {"paper": item.paper, "index": item.value, "verdict": verdict}
            values = session.actions["decide"](decided)["values"]
            assert item.value is not None
            wrong = values[item.value]["evidence"][0]["path"].startswith("claimed_speedups[0]")
            assert wrong == (verdict == "reject")
        for id_, words in MISSED.items():
            number = next(n for n in papers if session.paper(n)["id"] == id_)
            added = {"field": "benchmarks", "value": words, "places": {}}
            session.actions["add"]({"paper": number, **added})


def take(folder: Path, pictures: Path) -> None:
    """Take the plot, and the rankings of the reports before and after the review."""
    shutil.copyfile("claims.png", pictures / "tutorial-plot.png")
    with open_chrome(folder / "profile") as chrome:
        screen = {"width": 1000, "height": 800, "deviceScaleFactor": 2, "mobile": False}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        for report, picture in (("records", "tutorial-ranking"), ("reviewed", "ranking")):
            chrome.get((folder / f"{report}.html").as_uri())
            chart = chrome.find_element("css selector", "#charts > *")
            chart.screenshot(str(pictures / f"{picture}.png"))


def test_tutorial(folder: Path, invoke: Invoke) -> None:
    for module in ("pandas", "matplotlib"):
        if not os.environ.get("CI"):
            pytest.importorskip(module)
    names: dict[str, Any] = {}
    for what, code, shown in steps():
        if what == "python":
            with redirect_stdout(io.StringIO()) as printed:
                exec(code, names)
            assert printed.getvalue() == shown, code
        elif code.startswith("review "):
            reviewed(code, shown)
        else:
            done = invoke(*shlex.split(code))
            assert done.code == 0, done.err
            assert without_times(done.err + done.out) == without_times(shown)
    for table, rows in (("claims.csv", 14), ("reviewed.csv", 13)):
        with Path(table).open(encoding="utf-8-sig", newline="") as lines:
            assert len(list(csv.DictReader(lines))) == rows
    assert Path("claims.png").stat().st_size > 5_000
    if pictures := os.environ.get("TUTORIAL_PICTURES"):
        invoke("convert", "records.jsonl", "reviewed.jsonl")
        invoke("report", "reviewed.jsonl", "--dump", DUMP)
        take(folder, ROOT / pictures)


def test_page_is_as_a_browser_saves_it_and_invented() -> None:
    text = (ROOT / "examples" / DUMP).read_text(encoding="utf-8")
    assert text.count('<p class="abstract">') == json.loads(text.split('"hits": ')[1].split("}")[0])
    assert "All papers on this page are invented." in text
