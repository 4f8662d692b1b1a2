"""The report as people use it: in a real browser, with clicks, typing and keys.

Each test fails on anything that the browser's console has to say. The pictures of the docs are
taken here too: ``REPORT_PICTURES=docs/images pytest tests/test_report_page.py``.
"""

from __future__ import annotations

import base64
import csv
import importlib.util
import io
import itertools
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from browser import CONTRAST, Page
from helpers import write_jsonl

from extractor.publication import publication_of
from extractor.report import page, write_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from selenium.webdriver import Chrome

ROOT = Path(__file__).parent.parent
Json = dict[str, Any]


class Screen(Page):
    """A report in the browser, and what a person does with it."""

    def __init__(self, chrome: Chrome, folder: Path) -> None:
        super().__init__(chrome)
        self.folder = folder
        self.path = folder / "report.html"

    def make(
        self,
        records: Iterable[Json],
        papers: Iterable[Json] | None = None,
        failures: Iterable[Json] | None = None,
    ) -> Screen:
        """Write a report and open it."""
        inputs = {"dump": papers, "failures": failures}
        given = {name: self._lines(name, rows) for name, rows in inputs.items() if rows is not None}
        write_report(self._lines("records", records), self.path, **given)
        return self.open()

    def _lines(self, name: str, rows: Iterable[Json]) -> Path:
        return write_jsonl(self.folder / f"{name}.jsonl", rows)

    def open(self, hash_: str = "") -> Screen:
        """Open the report at a link, as if for the first time."""
        return self.load(self.path.as_uri() + hash_)

    def type(self, text: str) -> None:
        """Type into the search."""
        box = self.one("#search")
        box.clear()
        box.send_keys(text)

    @property
    def titles(self) -> list[str]:
        """The titles in the table's rows that exist."""
        return self.texts("#papers tbody .title-link")

    @property
    def hash(self) -> str:
        return str(self.js("return decodeURIComponent(location.hash.replaceAll('+', ' '))"))

    def paper(self, key: str) -> None:
        """Wait for the view of a paper."""
        self.until(lambda: self.js("return document.getElementById('paper').open"))
        self.until(lambda: key in self.text("#paper-title"))

    @property
    def is_paper_open(self) -> bool:
        return bool(self.js("return document.getElementById('paper').open"))


@pytest.fixture
def screen(chrome: Chrome, tmp_path: Path) -> Iterator[Screen]:
    shown = Screen(chrome, tmp_path).size(1440)
    chrome.get_log("browser")
    yield shown
    said = [entry["message"] for entry in chrome.get_log("browser")]
    assert said == []


META = {"model": "m1", "task": "paper@0123456789ab", "cached": False}
TOKENS = {"prompt_tokens": 900, "completion_tokens": 80, "dropped": []}


def record(number: int, title: str | None = None, **fields: Any) -> Json:
    named = {"id": str(number), "title": title or f"Title {number}"}
    return {**named, **fields, "evidence": [], "meta": {**META, **TOKENS}}


def claim(factor: float, kind: str = "runtime", **more: Any) -> Json:
    return {
        "quote": f"{factor}x",
        "value": factor,
        "unit": "x",
        "kind": kind,
        "factor": factor,
        **more,
    }


FIVE = [
    record(1, "Brisk Alpha", hardware=["A100"], claims=[claim(2), claim(30, "training")]),
    record(2, "Calm Beta", hardware=["A100", "H100"], claims=[claim(5, "training")]),
    record(3, "älter als Gamma", hardware=[], claims=[]),
    record(4, "Delta 10", hardware=["H100"], claims=[claim(12)]),
    record(5, "Delta 9", hardware=["TPU v4"], claims=[]),
]
FAILED = {
    "id": "6",
    "title": "Lost Epsilon",
    "error": "timeout",
    "message": "No answer.",
    "tries": 6,
}


class TestNeedsReview:
    def test_results_come_first_and_then_what_needs_review(self, screen: Screen) -> None:
        dropped = {"path": "hardware[0]", "value": "Cray-1", "reason": "not in the text"}
        rows = [record(1), record(2) | {"meta": {**META, "dropped": [dropped]}}]
        screen.make(rows, failures=[FAILED])
        assert screen.texts("main h2") == ["Summary", "Charts", "Papers", "Needs review"]
        assert screen.texts("#attention h3") == ["1 paper failed", "1 value rejected"]
        assert "No answer." in screen.text("#attention .bad")
        refused = screen.text("#attention .warn")
        assert "Cray-1" in refused
        assert "not in the text" in refused
        assert "Title 2" in refused
        assert "Needs review21 failed, 1 value rejected" in screen.texts("#summary .tile")

    def test_one_value_refused_in_many_papers_is_one_line(self, screen: Screen) -> None:
        def refused(value: str) -> Json:
            dropped = {"path": "hardware[0]", "value": value, "reason": "not in the text"}
            return {"meta": {**META, "dropped": [dropped]}}

        screen.make(record(n) | refused("Cray-2" if n == 7 else "Cray-1") for n in range(90))
        assert len(screen.all("#attention .entries > li")) == 2
        assert "Cray-1not in the text89 papers" in screen.texts("#attention .entries > li")[0]
        screen.click("#attention .papers-of summary")
        screen.until(lambda: len(screen.all("#attention .titles li")) == 4)
        screen.click("#attention .papers-of .more-button")
        assert len(screen.all("#attention .titles li")) == 44
        screen.click("#attention .papers-of button", "Show in the table")
        assert screen.text("#count") == "89 of 90 papers"
        assert screen.hash == "#is=@refused.field:hardware&is=@refused.value:Cray-1"

    def test_an_unfinished_run_says_so_at_the_top(self, screen: Screen) -> None:
        rows = write_jsonl(screen.folder / "run.jsonl.partial", [record(1), record(2)])
        papers = [{"id": str(n), "title": f"Title {n}", "abstract": "A."} for n in range(1, 6)]
        write_report(rows, screen.path, dump=screen._lines("dump", papers))
        screen.open()
        assert screen.one("#unfinished").is_displayed()
        assert screen.text("#unfinished").startswith(
            "This run is unfinished: it has 2 papers so far, "
            "3 papers of the dump are still to come."
        )
        screen.make(FIVE)
        assert not screen.one("#unfinished").is_displayed()

    def test_they_lead_to_the_table(self, screen: Screen) -> None:
        screen.make(FIVE, failures=[FAILED])
        screen.click("#attention button", "Show in the table")
        assert screen.titles == ["Lost Epsilon"]
        assert "failed: timeout" in screen.text("#papers tbody")
        assert screen.js("return document.activeElement.id") == "papers"

    def test_a_failed_paper_tells_why(self, screen: Screen) -> None:
        papers = [{"id": "6", "title": "Lost Epsilon", "abstract": "Still here."}]
        screen.make([], papers=papers, failures=[FAILED])
        screen.click("#attention .paper-link")
        screen.paper("Lost Epsilon")
        body = screen.text("#paper-body")
        assert "Failed: timeout" in body
        assert "No answer." in body
        assert "Tried 6 times" in body
        assert screen.text(".abstract") == "Still here."

    def test_long_lists_come_in_pieces(self, screen: Screen) -> None:
        screen.make([], failures=[{**FAILED, "id": str(n), "message": f"{n}"} for n in range(100)])
        assert len(screen.all("#attention .entries li")) == 4
        screen.click("#attention .more-button")
        assert len(screen.all("#attention .entries li")) == 44

    def test_all_well_is_said(self, screen: Screen) -> None:
        screen.make(FIVE)
        assert screen.text("#attention").startswith("Every paper has a record")

    def test_a_report_of_nothing_opens(self, screen: Screen) -> None:
        screen.make([])
        assert screen.text("#attention") == "There are no papers in this report."
        assert screen.text("#count") == "0 papers"
        assert screen.one("#no-paper").text == "There are no papers."


class TestSearchAndFilter:
    def test_the_table_follows_every_letter(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.type("delt")
        assert screen.titles == ["Delta 10", "Delta 9"]
        assert screen.text("#count") == "2 of 5 papers"
        assert screen.texts("#papers mark.hit") == ["Delt", "Delt"]
        screen.press("a", " ", "9")
        assert screen.titles == ["Delta 9"]
        screen.press("ESCAPE")
        assert len(screen.titles) == 5

    @pytest.mark.parametrize(
        ("query", "count"),
        [("alter", 1), ("ÄLTER ALS", 1), ("h100 beta", 1), ('"als gamma"', 1), ('"gamma als"', 0),
         ("-a100", 3), ("delta -9", 1), ("training", 2), ("  ", 5), ("-", 5), ('"', 5), ("(", 0)],
    )  # fmt: skip
    def test_queries(self, screen: Screen, query: str, count: int) -> None:
        screen.make(FIVE)
        screen.type(query)
        assert len(screen.titles) == count

    def test_nothing_found_is_said_and_can_be_undone(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.type("zzz")
        assert screen.one("#no-paper").is_displayed()
        screen.click("#no-paper-clear")
        assert len(screen.titles) == 5
        assert screen.one("#search").get_attribute("value") == ""

    def test_a_link_brings_its_filter_along(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.open("#q=a&is=hardware:A100&in=claims.factor:4..40&sort=-title")
        assert screen.titles == ["Calm Beta", "Brisk Alpha"]
        assert screen.one("#search").get_attribute("value") == "a"
        chips = screen.texts("#chips .condition")
        assert [chip.removesuffix("×, remove") for chip in chips] == [
            "hardware is A100",
            "claims › factor from 4 to 40",
        ]
        screen.click("#chips button", "claims")
        assert screen.hash == "#q=a&is=hardware:A100&sort=-title"
        screen.click("#clear")
        assert len(screen.titles) == 5

    def test_what_is_typed_and_clicked_becomes_a_link(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.type("a")
        screen.click(".bar-row", "H100")
        screen.until(lambda: screen.hash == "#q=a&is=hardware:H100")
        link = screen.js("return location.hash")
        seen = screen.titles
        assert screen.open(link).titles == seen == ["Calm Beta", "Delta 10"]

    def test_going_back_brings_back_what_was_shown(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click(".bar-row", "H100")
        screen.click(".bar-row", "TPU v4")
        assert len(screen.titles) == 3
        screen.chrome.back()
        screen.until(lambda: screen.titles == ["Calm Beta", "Delta 10"])
        screen.chrome.back()
        screen.until(lambda: len(screen.titles) == 5)

    def test_conditions_on_claims_must_hold_for_one_of_them(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.open("#is=claims.kind:runtime&in=claims.factor:10..")
        assert screen.titles == ["Delta 10"]

    def test_a_condition_on_what_is_not_there_finds_nothing(self, screen: Screen) -> None:
        screen.make(FIVE)
        assert screen.open("#is=colour:red").titles == []
        assert screen.open("#in=hardware:x..y&sort=nonsense&paper=77").titles != []

    def test_a_number_range_from_the_form(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click("summary", "Filter")
        self._choose(screen, "path", "claims.factor")
        self._choose(screen, "how", "in")
        screen.one("[name=low]").send_keys("10")
        screen.click("#filter-form [type=submit]")
        assert screen.titles == ["Brisk Alpha", "Delta 10"]

    def test_a_value_and_emptiness_from_the_form(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click("summary", "Filter")
        self._choose(screen, "path", "hardware")
        assert screen.one("#suggestions option").get_attribute("value") == "A100"
        screen.one("[name=value]").send_keys("H100")
        screen.press("ENTER")
        assert screen.titles == ["Calm Beta", "Delta 10"]
        screen.click("#clear")
        screen.click("summary", "Filter")
        self._choose(screen, "path", "claims")
        self._choose(screen, "how", "lacks")
        screen.click("#filter-form [type=submit]")
        assert screen.titles == ["älter als Gamma", "Delta 9"]

    def _choose(self, screen: Screen, name: str, value: str) -> None:
        from selenium.webdriver.support.ui import Select

        Select(screen.one(f"[name={name}]")).select_by_value(value)


class TestSorting:
    def test_titles_as_people_sort_them(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click("th[data-key=title] button")
        assert screen.titles == [
            "älter als Gamma", "Brisk Alpha", "Calm Beta", "Delta 9", "Delta 10",
        ]  # fmt: skip
        assert screen.one("th[data-key=title]").get_attribute("aria-sort") == "ascending"
        screen.click("th[data-key=title] button")
        assert screen.titles[0] == "Delta 10"
        screen.click("th[data-key=title] button")
        assert screen.titles[0] == "Brisk Alpha"

    def test_numbers_by_size_and_empty_ones_last(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click("th[data-key=claims] button")
        assert screen.titles == [
            "Brisk Alpha",
            "Delta 10",
            "Calm Beta",
            "älter als Gamma",
            "Delta 9",
        ]
        screen.click("th[data-key=claims] button")
        assert screen.titles == [
            "Calm Beta",
            "Delta 10",
            "Brisk Alpha",
            "älter als Gamma",
            "Delta 9",
        ]

    def test_the_focus_stays_on_the_head(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click("th[data-key=title] button")
        screen.press("ENTER")
        assert screen.one("th[data-key=title]").get_attribute("aria-sort") == "descending"

    def test_hidden_columns_are_kept_in_the_link(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click(".columns-menu summary")
        screen.click("#columns label", "Hardware")
        assert "Hardware" not in screen.texts("#papers th")
        assert screen.hash == "#hide=hardware"


class TestKeys:
    def test_from_the_search_to_a_paper_and_back_without_a_mouse(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.press("/")
        assert screen.js("return document.activeElement.id") == "search"
        screen.press(*"delta")
        screen.js("document.getElementById('papers').focus()")
        screen.press("ARROW_DOWN", "ENTER")
        screen.paper("Delta 9")
        assert "paper=5" in screen.hash
        screen.press("ARROW_LEFT")
        screen.paper("Delta 10")
        assert screen.text("#paper-place") == "1 of 2"
        screen.press("ESCAPE")
        screen.until(lambda: not screen.is_paper_open)
        assert screen.js("return document.activeElement.id") == "papers"
        screen.until(lambda: screen.hash == "#q=delta")

    def test_the_active_row_is_told_to_screen_readers(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.js("document.getElementById('papers').focus()")
        screen.press("END")
        active = screen.one("#papers").get_attribute("aria-activedescendant")
        assert "Delta 9" in screen.text(f"#{active}")
        assert screen.one(f"#{active}").get_attribute("aria-selected") == "true"
        screen.press("HOME", "j", "k", "ARROW_UP")
        active = screen.one("#papers").get_attribute("aria-activedescendant")
        assert "Brisk Alpha" in screen.text(f"#{active}")

    def test_skip_link_and_key_help(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.press("TAB", "ENTER")
        assert screen.js("return document.activeElement.id") == "papers"
        screen.press("?")
        assert screen.one("#keys").is_displayed()
        screen.press("ESCAPE")
        assert not screen.one("#keys").is_displayed()

    def test_a_chart_keeps_the_focus_when_it_is_drawn_anew(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.js("document.querySelector('.strip [role=button]').focus()")
        screen.press("ENTER")
        screen.until(lambda: screen.all(".strip [role=button][aria-pressed=true]"))
        assert screen.js("return document.activeElement.getAttribute('aria-pressed')") == "true"


# One emoji of two UTF-16 units, one of several code points, combining marks, and scripts that
# JavaScript and Python count differently or draw in another direction.
ODD = "🚀 We présent 👩🏽‍🔬 e\u0301tude 𝒜lpha: up to 3× faster than בסיס על GPU 🎉."


class TestPaper:
    def evidence(self, source: str, text: str, *words: tuple[str, str]) -> list[Json]:
        return [
            {
                "path": path,
                "source": source,
                "start": text.index(word),
                "end": text.index(word) + len(word),
            }
            for path, word in words
        ]

    def marked(self, screen: Screen, number: int) -> str:
        """The words that are marked for one piece of evidence."""
        script = """return [...document.querySelectorAll("#paper-body mark")]
            .filter((m) => m.dataset.evidence.split(" ").includes(arguments[0]))
            .map((m) => m.textContent).join("")"""
        return str(screen.js(script, str(number)))

    def test_marks_are_the_words_of_the_evidence_to_the_letter(self, screen: Screen) -> None:
        title = "😀 Émile: a 𝕏-ray of 👨‍👩‍👧"
        words = [
            ("name", "👩🏽‍🔬"), ("claims[0].quote", "up to 3× faster"), ("claims[0].value", "3"),
            ("baseline", "בסיס"), ("hardware[0]", "GPU"), ("hardware[1]", "𝒜lpha"),
            ("x", "e\u0301t"),
        ]  # fmt: skip
        evidence = self.evidence("abstract", ODD, *words)
        evidence += self.evidence("title", title, ("name", "👨‍👩‍👧"), ("x", "Émile"))
        row = record(1, title, name="👩🏽‍🔬", hardware=["GPU", "𝒜lpha"], claims=[claim(3)])
        paper = {"id": "1", "title": title, "abstract": ODD}
        screen.make([row | {"evidence": evidence}], papers=[paper]).open("#paper=1")
        screen.paper("Émile")
        assert screen.js("return document.querySelector('.abstract').textContent") == ODD
        for number, item in enumerate(evidence):
            text = title if item["source"] == "title" else ODD
            assert self.marked(screen, number) == text[item["start"] : item["end"]]

    def test_a_value_lights_up_its_words(self, screen: Screen) -> None:
        row = record(1, hardware=["A100"]) | {
            "evidence": self.evidence("abstract", "On an A100.", ("hardware[0]", "A100"))
        }
        papers = [{"id": "1", "title": "Title 1", "abstract": "On an A100."}]
        screen.make([row], papers=papers).open("#paper=1")
        screen.paper("Title 1")
        assert screen.one(".locate").get_attribute("title") == "abstract: “A100”"
        colours = "const c = (e) => [...e.classList].find((n) => /^c[0-9]/.test(n));"
        assert screen.js(
            f"{colours} return c(document.querySelector('.abstract mark')) === "
            "c(document.querySelector('.values dt'))"
        )
        screen.click(".locate")
        assert "flash" in (screen.one(".abstract mark").get_attribute("class") or "")

    def test_evidence_beyond_the_text_marks_nothing(self, screen: Screen) -> None:
        places = [(0, 99), (-1, 2), (3, 3), (5, 2)]
        evidence = [{"path": "a", "source": "abstract", "start": s, "end": e} for s, e in places]
        papers = [{"id": "1", "title": "Title 1", "abstract": "Short."}]
        screen.make([record(1, a="x") | {"evidence": evidence}], papers=papers).open("#paper=1")
        screen.paper("Title 1")
        assert screen.texts(".abstract mark") == []
        assert screen.text(".abstract") == "Short."

    def test_what_was_rejected_and_why(self, screen: Screen) -> None:
        dropped = [
            {"path": "claims[0]", "value": {"value": 9000}, "reason": "the number is not there"},
            {"path": "name", "value": None, "reason": ""},
        ]
        row = record(1, claims=[]) | {"meta": {**META, "dropped": dropped}}
        screen.make([row]).open("#paper=1")
        screen.paper("Title 1")
        assert (
            screen.texts(".refused-list li")[0] == 'claims[0]{"value":9000}the number is not there'
        )

    def test_without_a_dump_it_says_how_to_see_abstracts(self, screen: Screen) -> None:
        row = record(1, name="Title") | {
            "evidence": self.evidence("title", "Title 1", ("name", "Title"))
        }
        screen.make([row]).open("#paper=1")
        screen.paper("Title 1")
        assert "--dump" in screen.text("#paper-body")
        assert screen.texts("#paper-title mark") == ["Title"]

    def test_ids_that_stand_twice_are_both_reached(self, screen: Screen) -> None:
        screen.make([record(1, "First"), record(1, "Second")])
        screen.click("#papers tbody tr:nth-child(3)")
        screen.paper("Second")
        assert screen.hash == "#row=2"

    def test_every_paper_of_a_long_report_is_the_right_one(self, screen: Screen) -> None:
        screen.make(record(n) for n in range(1, 701))
        for number in (1, 128, 129, 256, 700):
            screen.open(f"#paper={number}")
            screen.paper(f"Title {number}")
            assert f'"id": "{number}"' in screen.text("#paper-body pre")


HOSTILE = [
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 2</script>",
    "An <img src=x onerror='window.hacked = 3'>",
    '" onmouseover="window.hacked = 4" x="',
    "javascript:window.hacked=5",
    "\u202edlrow olleh\u2066 {{ script }} <!-- ]]> &lt b&gt ${window.hacked = 6}",
    "__proto__",
]


class TestHostile:
    def test_nothing_in_the_data_runs(self, screen: Screen) -> None:
        rows = [self.row(number, text) for number, text in enumerate(HOSTILE, start=1)]
        papers = [
            {"id": row["id"], "title": row["title"], "abstract": row["title"]} for row in rows
        ]
        bad = HOSTILE[1]
        failure = {"id": bad, "title": bad, "error": bad, "message": bad, "tries": 1}
        screen.make(rows, papers=papers, failures=[failure])
        assert screen.titles == [*HOSTILE, bad]
        for number, text in enumerate(HOSTILE, start=1):
            screen.open(f"#paper={number}&q=hacked&is=name:<script>")
            screen.paper(text)
            assert screen.js("return document.querySelector('.abstract').textContent") == text
        screen.open("#is=name:" + "%3Cscript%3Ewindow.hacked%3D7%3C/script%3E")
        assert screen.js("return window.hacked") is None
        assert screen.js("return ({}).polluted") is None

    def row(self, number: int, text: str) -> Json:
        dropped = {"path": text, "value": text, "reason": text}
        evidence = {"path": text, "source": "title", "start": 0, "end": 5}
        fields = {
            "name": text,
            "tags": [text, text + "!"],
            "items": [{text: text, "__proto__": "y"}],
        }
        meta = {**META, "model": text, "task": text, "dropped": [dropped]}
        source = {"url": text, "doi": text, "venue": text, "year": 2020 + number}
        made = record(number, text, **fields, **{text + "?": text})
        return made | {"evidence": [evidence], "meta": meta, "source": source}

    def test_only_web_addresses_become_links(self, screen: Screen) -> None:
        urls = [
            "https://example.org/a?b=<c>",
            "javascript:alert(1)",
            "data:text/html,x",
            "//x.org",
            "http://",
        ]
        screen.make([record(n, url=url) for n, url in enumerate(urls, start=1)])
        links = screen.js(
            "return [...document.querySelectorAll('#papers td.value a')].map((a) => a.href)"
        )
        assert links == ["https://example.org/a?b=%3Cc%3E"]
        screen.open("#paper=2")
        screen.paper("Title 2")
        assert screen.all("#paper-body a") == []

    def test_marks_of_direction_stay_in_their_own_text(self, screen: Screen) -> None:
        screen.make([record(1, "\u202eabc", name="\u202exyz")]).open("#paper=1")
        screen.paper("abc")
        isolated = "return getComputedStyle(document.querySelector(arguments[0])).unicodeBidi"
        for css in ("#papers .title-link", "#paper-title", ".values bdi"):
            assert "isolate" in screen.js(isolated, css)

    def test_nothing_is_asked_of_a_network(self, screen: Screen) -> None:
        screen.make(FIVE)
        assert screen.js("return performance.getEntriesByType('resource').length") == 0


class TestCharts:
    def test_a_dot_opens_its_paper(self, screen: Screen) -> None:
        screen.make(FIVE)
        assert len(screen.all(".strip .dot")) == 4
        screen.click(".strip .dot")
        screen.paper("Brisk Alpha")

    def test_dragging_along_the_axis_keeps_what_lies_between(self, screen: Screen) -> None:
        from selenium.webdriver import ActionChains

        screen.make(FIVE)
        strip = screen.one(".strip")
        screen.js("arguments[0].scrollIntoView({block: 'center'})", strip)
        half = int(strip.size["width"]) // 2
        drag = ActionChains(screen.chrome).move_to_element_with_offset(strip, half // 6, 30)
        drag.click_and_hold().move_by_offset(half, 0).release().perform()
        screen.until(lambda: "in=claims.factor:" in screen.hash)
        assert "Brisk Alpha" in screen.titles
        assert "Calm Beta" not in screen.titles

    def test_groups_and_bars_filter(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click(".strip [role=button]", "training")
        assert screen.titles == ["Brisk Alpha", "Calm Beta"]
        screen.until(lambda: screen.text("#charts-of") == "of the 2 papers that match")
        screen.until(lambda: "TPU v4" not in screen.texts(".bar-label"))
        screen.click(".bar-row", "H100")
        assert screen.titles == ["Calm Beta"]

    def test_numbers_far_apart_stand_on_a_log_scale(self, screen: Screen) -> None:
        rows = [record(n, claims=[claim(factor)]) for n, factor in enumerate((1, 10, 100, 1000), 1)]
        screen.make(rows)
        places = [float(dot.get_attribute("cx") or 0) for dot in screen.all(".strip .dot")]
        steps = [right - left for left, right in itertools.pairwise(places)]
        assert max(steps) - min(steps) < 1
        assert "100×" in screen.texts(".strip .tick")

    def test_a_median_is_told_of_five_values_or_more(self, screen: Screen) -> None:
        rows = [record(n, claims=[claim(n, "training")]) for n in range(1, 6)]
        rows += [record(n, claims=[claim(n)]) for n in range(6, 10)]
        screen.make(rows)
        assert screen.texts(".strip .side") == ["median", "3×", "of 5", "4 values"]
        assert len(screen.all(".strip .median")) == 1
        assert screen.texts(".strip .axis-name") == ["factor (×)"]

    def test_many_numbers_become_shapes(self, screen: Screen) -> None:
        screen.make(record(n, claims=[claim(1 + n % 97)]) for n in range(1500))
        assert screen.all(".strip .ridge")
        assert not screen.all(".strip .dot")

    def test_years_and_venues(self, screen: Screen) -> None:
        rows = [record(n, name="x" if n % 2 else None) for n in range(8)]
        for n, row in enumerate(rows):
            row["source"] = {"year": 2020 + n // 4, "venue": f"V{n % 2}"}
        screen.make(rows)
        assert screen.texts("#charts h3")[-2:] == [
            "Fields filled by year",
            "Fields filled by venue",
        ]
        venue = screen.all(".heat")[1]
        assert [cell.text for cell in venue.find_elements("css selector", ".heat-share")] == [
            "0",
            "100",
        ]
        screen.click(".heat [role=button]", "2021")
        assert len(screen.titles) == 4
        assert screen.hash == "#is=@source.year:2021"

    def test_a_new_chart_is_one_file(self, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
        page_folder = screen.folder / "page"
        shutil.copytree(page.PAGE, page_folder)
        (page_folder / "charts" / "lengths.js").write_text(
            """
            class Lengths extends Chart {
              get title() { return "Titles"; }
              draw(host, mask) { fill(host, `${countRows(mask, mask.length, () => true)} titles`); }
            }
            registerChart(Lengths);
            function bar() { throw new Error("the name of another chart's function"); }
            """
        )
        docs = (ROOT / "docs" / "report.md").read_text("utf-8")
        shown = (
            docs.partition("```js\n")[2].partition("```")[0].replace("claimed_speedups", "claims")
        )
        (page_folder / "charts" / "of_the_docs.js").write_text(shown)
        monkeypatch.setattr(page, "PAGE", page_folder)
        rows = [row | {"source": {"year": 2020 + n}} for n, row in enumerate(FIVE)]
        screen.make(rows)
        assert screen.texts("#charts h3")[-2:] == ["Titles", "Papers with claims"]
        assert screen.texts("#charts .chart-body")[-2:] == ["5 titles", "3 papers"]
        assert screen.all(".heat .papers-bar")
        screen.click(".bar-row", "H100")
        screen.until(lambda: screen.texts("#charts .chart-body")[-2:] == ["2 titles", "2 papers"])

    def test_what_is_drawn_can_be_read(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.click(".chart:has(.strip) .numbers summary")
        assert "training" in screen.text(".chart:has(.strip) .numbers tbody")
        assert (
            screen.one(".strip").get_attribute("aria-label") == "claims: factor by kind: 4 values"
        )


class TestRanking:
    def claims(self) -> list[Json]:
        def paper(number: int, name: str | None, hardware: str, *claims: Json) -> Json:
            return record(number, method_name=name, hardware=[hardware], claims=list(claims))

        slow = claim(3, "training", quote="3x faster to train", baseline="Older", up_to=True)
        rows = [
            paper(1, "Swift", "NVidia H100", claim(2), claim(8, "training")),
            paper(2, "Rapid", "H100 GPU", slow),
            paper(3, None, "TPU v4", claim(40)),
        ]
        rows[0]["source"] = {"url": "https://example.org/1"}
        rows[1]["source"] = {"doi": "10.1000/two"}
        rows[1]["code_url"] = "https://example.org/code"
        return rows

    def names(self, screen: Screen) -> list[str]:
        return screen.texts(".ranking .rank-name")

    def choose(self, screen: Screen, path: str, text: str) -> None:
        chosen = """const select = document.querySelector(`.controls [data-key="${arguments[0]}"]`);
            const option = [...select.options].find((each) => each.text === arguments[1]);
            if (!option) return false;
            select.value = option.value;
            return select.dispatchEvent(new Event("change"));"""
        screen.until(lambda: screen.js(chosen, path, text))

    def test_methods_by_their_best_claim_with_links_and_words(self, screen: Screen) -> None:
        screen.make(self.claims())
        assert self.names(screen) == ["Title 3", "Swift", "Rapid"]
        assert screen.texts(".ranking .rank-value") == ["40×", "8×", "≤ 3×"]
        links = """return [...document.querySelectorAll('.rank-link')]
            .map((a) => `${a.textContent} ${a.getAttribute('href')}`)"""
        assert screen.js(links) == [
            "paper https://example.org/1",
            "code https://example.org/code",
            "paper https://doi.org/10.1000/two",
        ]
        assert screen.texts(".ranking .axis-name") == [
            "factor (×, log scale, 1× is as fast as the baseline)"
        ]
        screen.js("document.querySelectorAll('.ranking .paper-link')[2].focus()")
        tip = screen.text("#tip")
        assert "“3x faster to train”" in tip
        assert "against Older" in tip
        screen.press("ENTER")
        screen.paper("Title 2")

    def test_choices_are_in_the_address(self, screen: Screen) -> None:
        screen.make(self.claims())
        self.choose(screen, "claims.kind", "training (2)")
        screen.until(lambda: self.names(screen) == ["Swift", "Rapid"])
        assert screen.hash == "#is=claims.kind:training"
        self.choose(screen, "hardware", "H100 (2)")
        screen.until(lambda: screen.hash.endswith("&is=hardware:H100"))
        assert screen.texts("#chips .condition > span:first-child") == [
            "claims › kind is training",
            "hardware is H100, 2 spellings",
        ]
        self.choose(screen, "order", "lowest first")
        screen.until(lambda: self.names(screen) == ["Rapid", "Swift"])
        link = screen.js("return location.hash")
        screen.open(link)
        assert self.names(screen) == ["Rapid", "Swift"]
        self.choose(screen, "claims.kind", "any")
        screen.until(lambda: screen.texts(".ranking .rank-value") == ["2×", "≤ 3×"])

    def test_numbers_of_one_metric_and_unit_are_ranked(self, screen: Screen) -> None:
        def result(number: int, metric: str, value: float, unit: str) -> Json:
            item = {"metric": metric, "value": value, "unit": unit, "dataset": "D"}
            return record(number, results=[item])

        rows = [result(n, "F1", 80 + n, "%") for n in range(3)]
        screen.make([*rows, result(3, "F1", 0.9, ""), *(result(n, "ms", n, "s") for n in (4, 5))])
        assert screen.texts(".ranking .rank-value") == ["82%", "81%", "80%"]
        assert "1 value in other units than % is left out." in screen.text(".ranking ~ .more")
        self.choose(screen, "results.metric", "ms (2)")
        screen.until(lambda: screen.texts(".ranking .rank-value") == ["5 s", "4 s"])

    def test_what_cannot_be_compared_is_not_put_together(self, screen: Screen) -> None:
        def result(number: int, value: float, unit: str, *, relative: bool) -> Json:
            item = {"metric": f"m{number % 2}", "value": value, "unit": unit, "relative": relative}
            return record(number, results=[item])

        absolute = [result(2 * n, 80 + n, "%", relative=False) for n in range(5)]
        gains = [result(2 * n, n, "%", relative=True) for n in range(1, 3)]
        others = [result(2 * n + 1, n, "s" if n else "ms", relative=False) for n in range(6)]
        screen.make([*absolute, *gains, *others])
        assert screen.texts(".ranking .rank-value") == ["84%", "83%", "82%", "81%", "80%"]
        assert "2 relative values are left out." in screen.text(".ranking ~ .more")
        assert screen.texts(".strip .side") == [
            "7 values",
            "some relative",
            "6 values",
            "units differ",
        ]
        screen.open("#is=results.relative:true")
        assert screen.texts(".ranking .rank-value") == ["2%", "1%"]
        screen.make(absolute)
        assert screen.texts(".strip .side") == ["median", "82%", "of 5"]

    def test_more_are_shown_on_demand(self, screen: Screen) -> None:
        screen.make(record(n, claims=[claim(n + 1)]) for n in range(40))
        assert len(self.names(screen)) == 15
        screen.click(".chart [data-key=more]")
        screen.until(lambda: len(self.names(screen)) == 30)


class TestNames:
    ROWS = (
        record(1, hardware=["NVidia H100"]),
        record(2, hardware=["H100 GPU", "H200"]),
        record(3, hardware=["H200"]),
    )

    def test_spellings_count_as_one_and_can_be_split(self, screen: Screen) -> None:
        screen.make(self.ROWS)
        assert screen.texts(".bar-row") == ["H100, 2 spellings2", "H2002"]
        screen.click(".bar-row", "H100")
        assert screen.titles == ["Title 1", "Title 2"]
        assert screen.texts("#papers .chip") == ["NVidia H100", "H100 GPU", "H200"]
        screen.click("#clear")
        screen.click(".split", "H100, 2 spellings")
        screen.until(lambda: screen.texts(".bar-row") == ["H2002", "NVidia H1001", "H100 GPU1"])
        assert screen.hash == "#split=hardware:H100"
        screen.open(screen.js("return location.hash"))
        screen.click(".split", "H100")
        screen.until(lambda: screen.texts(".bar-row")[0] == "H100, 2 spellings2")

    def test_a_name_is_a_condition_under_what_it_is_shown_as(self, screen: Screen) -> None:
        screen.make(self.ROWS)
        screen.open("#is=hardware:H100")
        assert screen.titles == ["Title 1", "Title 2"]
        assert screen.texts("#chips .condition > span:first-child") == [
            "hardware is H100, 2 spellings"
        ]
        screen.click(".menu > summary", "Filter")
        offered = "return [...document.querySelectorAll('#suggestions option')].map((o) => o.value)"
        assert screen.js(offered) == ["H100", "H200"]
        screen.click(".menu > summary", "Filter")
        screen.click(".split", "H100, 2 spellings")
        screen.until(lambda: screen.hash.count("is=hardware:") == 2)
        assert screen.titles == ["Title 1", "Title 2"]
        screen.click("#chips button", "H100 GPU")
        assert screen.titles == ["Title 1"]
        screen.click(".split", "H100")
        screen.until(lambda: screen.titles == ["Title 1", "Title 2"])
        assert screen.hash == "#is=hardware:H100"


# Catches what the page would have the browser save: [name, type, text or length] of each file.
CATCH = """
window.saved = [];
download = async (blob, name) => {
  const bytes = async () => [...new Uint8Array(await blob.arrayBuffer())];
  window.saved.push([name, blob.type, await (blob.type === "image/png" ? bytes() : blob.text())]);
};
"""


class TestSaving:
    def saved(self, screen: Screen, count: int = 1) -> list[tuple[str, str, Any]]:
        screen.until(lambda: screen.js("return window.saved.length") == count)
        found: list[tuple[str, str, Any]] = screen.js("return window.saved")
        return found

    @pytest.mark.parametrize("dark", [False, True])
    def test_charts_as_svg_with_their_styles_in_light_colours(
        self, screen: Screen, dark: bool
    ) -> None:
        rows = [row | {"source": {"year": 2020 + n}} for n, row in enumerate(FIVE)]
        screen.size(900, dark=dark).make(rows).open("#is=hardware:A100")
        screen.js(CATCH)
        menus = len(screen.all(".save-menu"))
        assert menus == 5
        for chart in range(menus):
            screen.js("document.querySelectorAll('.save-menu')[arguments[0]].open = true", chart)
            screen.click(".save-menu[open] button", "SVG")
        for name, kind, text in self.saved(screen, menus):
            assert (name.startswith("records-"), name.endswith(".svg")) == (True, True)
            assert kind == "image/svg+xml"
            root = ElementTree.fromstring(text)
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert "class=" not in text
            assert "var(" not in text
            assert "oklch" not in text
            page = next(e for e in root.iter() if e.tag.endswith("rect"))
            assert page.get("fill") == "rgb(255, 255, 255)"
            words = [e.text or "" for e in root.iter() if e.tag.endswith("text")]
            assert any("2 of 5 papers; hardware is A100" in each for each in words)
            fills = {e.get("fill") for e in root.iter() if e.tag.endswith(("rect", "circle"))}
            assert len(fills) > 1
        assert screen.js("return document.documentElement.scrollWidth") <= 900

    def test_a_picture(self, screen: Screen) -> None:
        screen.make(FIVE)
        screen.js(CATCH)
        screen.click(".save-menu summary")
        screen.click(".save-menu[open] button", "PNG")
        ((name, kind, data),) = self.saved(screen)
        assert (name, kind) == ("records-ranking-by-factor-claims.png", "image/png")
        picture = bytes(data)
        width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
        assert width == 1800
        assert height > 300
        assert len(picture) > 10_000

    def test_a_figure_has_what_it_leaves_out_and_a_picture_no_links(self, screen: Screen) -> None:
        rows = [record(n, claims=[claim(n + 1)], tags=[f"t{n}"]) for n in range(13)]
        rows[0]["source"] = {"url": "https://example.org/1"}
        screen.make(rows)
        screen.js(CATCH)
        screen.js("picture = async (text) => new Blob([text], { type: 'image/svg+xml' })")
        for chart, kind in (("Ranking", "SVG"), ("Ranking", "PNG"), ("Top tags", "SVG")):
            menu = f".save-menu summary[aria-label^='Save {chart}']"
            screen.js("document.querySelector(arguments[0]).parentElement.open = true", menu)
            screen.click(".save-menu[open] button", kind)
        figure, image, bars = (text for _, _, text in self.saved(screen, 3))
        assert (">paper<" in figure, ">paper<" in image) == (True, False)
        assert "and 3 other values" in bars

    def test_the_filtered_rows_in_their_order(self, screen: Screen) -> None:
        rows = [
            record(1, '=SUM("a")', name="-x", tags=["a", "b,c"], score=-5, text="long " * 100),
            record(2, "Two\nlines", name=None, tags=[], score=2.5, text="é"),
            record(3, "Other", name="@y", tags=["d"], score=1, text=""),
        ]
        rows[1]["source"] = {"year": 2024, "url": "https://example.org/2"}
        screen.make(rows).open("#in=score:..2.6&sort=-score&hide=text")
        screen.js("document.querySelector('#clear')")
        screen.js(CATCH)
        screen.click("#save-rows")
        ((name, _, text),) = self.saved(screen)
        assert name == "records.csv"
        table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        assert table == [
            ["id", "title", "name", "tags", "score", "year", "url"],
            ["2", "Two\nlines", "", "", "2.5", "2024", "https://example.org/2"],
            ["3", "Other", "'@y", "d", "1", "", ""],
            ["1", '\'=SUM("a")', "'-x", "a | b,c", "-5", "", ""],
        ]
        screen.open()
        screen.js(CATCH)
        screen.click("#save-rows")
        ((_, _, text),) = self.saved(screen)
        assert "long " * 99 in text

    def test_an_address_is_one_wherever_it_stands(self, screen: Screen) -> None:
        rows = [record(n, claims=[claim(9 - n)], tags=["a"]) for n in (1, 2, 3)]
        for row, doi in zip(
            rows, ["10.1000/a,b", "https://doi.org/10.1000/c", "10.1/x"], strict=True
        ):
            row["source"] = {"doi": doi}
        expected = [publication_of(row["source"]).url or "" for row in rows]
        assert expected == ["https://doi.org/10.1000/a%2Cb", "https://doi.org/10.1000/c", ""]
        screen.make(rows).open("#hide=id&hide=claims")
        links = screen.js(
            "return [...document.querySelectorAll('.rank-link')].map((a) => a.href.baseVal)"
        )
        assert links == [each for each in expected if each]
        screen.js(CATCH)
        screen.click("#save-rows")
        screen.click(".save-menu summary")
        screen.click(".save-menu[open] button", "CSV")
        for _, _, text in self.saved(screen, 2):
            table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
            assert [row["url"] for row in table] == expected
            assert ("id" in table[0]) is ("factor" in table[0])
        screen.open("#paper=1")
        screen.paper("Title 1")
        link = screen.one("#paper-body .paper-facts a")
        assert (link.text, link.get_attribute("href")) == ("DOI", expected[0])

    def test_a_ranking_as_a_table(self, screen: Screen) -> None:
        screen.make(FIVE).open("#is=claims.kind:training")
        screen.js(CATCH)
        screen.click(".save-menu summary")
        screen.click(".save-menu[open] button", "CSV")
        ((_, _, text),) = self.saved(screen)
        table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        assert [(row["title"], row["factor"], row["hardware"]) for row in table] == [
            ("Brisk Alpha", "30", "A100"),
            ("Calm Beta", "5", "A100 | H100"),
        ]


class TestAnySchema:
    def test_a_schema_of_ones_own(self, screen: Screen) -> None:
        rows = [
            record(
                n, summary=f"It says {n}.", score=n / 2, open=n % 2 == 0, never=None,
                topics=["vision", f"t{n % 3}"], mixed=n if n % 2 else "x", nested={"a": {"b": n}},
                authors=[{"name": f"Ann {n}", "at": {"city": "Oslo", "tags": [1, 2]}}],
            )
            for n in range(1, 31)
        ]  # fmt: skip
        screen.make(rows)
        heads = ["Summary", "Score", "Open", "Never", "Topics", "Mixed", "Nested", "Authors"]
        assert screen.texts("#papers th .head-label") == ["Id", "Title", *heads]
        assert {"Score", "Top open", "Top topics"} <= set(screen.texts("#charts h3"))
        screen.open("#in=score:14..&is=open:true")
        assert screen.titles == ["Title 28", "Title 30"]
        screen.open("#sort=-score&paper=7")
        screen.paper("Title 7")
        values = screen.text(".values")
        for part in ("It says 7.", "3.5", "no", "vision", "Ann 7", "Oslo", "nothing"):
            assert part in values

    def test_results_are_compared_within_one_metric(self, screen: Screen) -> None:
        def result(n: int) -> Json:
            metric, data = ("F1", "SQuAD") if n % 2 else ("WER", f"D{n}")
            return {"task": "reading", "dataset": data, "metric": metric, "value": n, "unit": "%"}

        screen.make(record(n, results=[result(n)]) for n in range(1, 9))
        assert screen.texts("#charts h3") == [
            "Ranking by value (results)",
            "Results: value by metric",
            "Top results › dataset",
        ]
        assert screen.texts("#papers .chip")[0] == "1% F1 on SQuAD"
        assert screen.texts(".strip .axis-name") == ["value (%)"]
        screen.click(".bar-row", "SQuAD")
        assert len(screen.titles) == 4

    def test_records_without_any_field(self, screen: Screen) -> None:
        screen.make([record(1)])
        assert screen.titles == ["Title 1"]
        assert screen.all(".chart") == []


class TestManyRows:
    def test_only_rows_in_sight_exist_and_all_are_reached(self, screen: Screen) -> None:
        screen.make(record(n, name=f"N{n % 5}") for n in range(1, 5001))
        assert len(screen.titles) < 60
        assert screen.one("#papers").get_attribute("aria-rowcount") == "5001"
        screen.js("document.getElementById('papers').focus()")
        screen.press("END")
        screen.until(lambda: screen.titles[-1] == "Title 5000")
        screen.press("HOME")
        screen.until(lambda: screen.titles[0] == "Title 1")
        screen.js("document.getElementById('papers-scroll').scrollTop = 2500 * 46")
        screen.until(lambda: "Title 2501" in screen.titles)

    def test_more_rows_than_a_browser_has_pixels_for(self, screen: Screen) -> None:
        screen.make(record(n) for n in range(1, 5001))
        screen.js("Grid.tallest = 40000; document.getElementById('clear').click()")
        screen.js("document.getElementById('papers').focus()")
        screen.press("END")
        screen.until(lambda: screen.titles[-1] == "Title 5000")
        screen.press("PAGE_UP", "PAGE_UP")
        active = screen.one("#papers").get_attribute("aria-activedescendant")
        assert screen.one(f"#{active}").is_displayed()
        screen.js("document.getElementById('papers-scroll').scrollTop = 0")
        screen.until(lambda: screen.titles[0] == "Title 1")


class TestLooks:
    @pytest.mark.parametrize("width", [360, 900, 1440])
    def test_a_small_table_ends_with_its_last_row(self, screen: Screen, width: int) -> None:
        screen.size(width).make(FIVE)
        ends = """const end = (css) =>
                [...document.querySelectorAll(css)].at(-1).getBoundingClientRect().bottom;
            return [end('.papers-frame'), end('#papers tbody tr[data-place]')]"""
        frame, row = screen.js(ends)
        assert 0 <= frame - row <= 18

    def test_nothing_stands_alone_at_middle_width(self, screen: Screen) -> None:
        rows = [record(n, a=["x"], b=["y"], c=["z"], d=["w"]) for n in range(3)]
        for row in rows:
            row["meta"]["dropped"] = [{"path": "a", "value": "v", "reason": "r"}]
        screen.size(900).make(rows)
        gaps = """const box = (node) => node.getBoundingClientRect();
            const { right } = box(document.querySelector(arguments[0]));
            const boxes = [...document.querySelectorAll(arguments[1])].map(box);
            const rows = [...Map.groupBy(boxes, ({ top }) => Math.round(top)).values()];
            return rows.map((row) => right - Math.max(...row.map((each) => each.right)))"""
        for host, part in (("#charts", ".chart"), ("#summary", ".tile")):
            assert max(screen.js(gaps, host, part)) < 3

    def test_a_paper_is_as_wide_as_the_page_that_it_covers(self, screen: Screen) -> None:
        screen.size(390).make(FIVE)
        room = screen.js("return document.querySelector('.top').offsetWidth")
        screen.open("#paper=1")
        screen.paper("Brisk Alpha")
        assert screen.js("return document.getElementById('paper').offsetWidth") == room

    def test_labels_of_charts_stay_in_their_card(self, screen: Screen) -> None:
        names = ["WWWW QUANTIZATION", "decoding throughput of everything"]
        screen.size(390).make(
            record(
                n,
                very_long_name_of_a_field=[
                    {"kind": names[n % 2], "factor": 2 + 9**n, "quote": "q"}
                ],
                source={"year": 2020 + n % 3},
            )
            for n in range(8)
        )
        outside = """return [...document.querySelectorAll('.chart')].flatMap((card) => {
            const box = card.getBoundingClientRect();
            return [...card.querySelectorAll('svg:not(.bar) text')].filter((text) => {
              const { left, right, width } = text.getBoundingClientRect();
              return width && (left < box.left + 1 || right > box.right - 1);
            }).map((text) => text.textContent);
        })"""
        assert screen.js(outside) == []

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [360, 900, 1440])
    def test_nothing_sticks_out(self, screen: Screen, width: int, dark: bool) -> None:
        long = record(9, "W" * 300, hardware=["x" * 200], claims=[claim(1e9, "k" * 80)])
        screen.size(width, dark=dark).make([*FIVE, long], failures=[FAILED])
        for hash_ in ("", "#paper=9", "#is=hardware:A100&is=hardware:H100&q=x"):
            screen.open(hash_)
            assert screen.js("return document.documentElement.scrollWidth") <= width
        assert screen.js("return getComputedStyle(document.body).backgroundColor") == (
            "rgb(21, 23, 26)" if dark else "rgb(246, 246, 243)"
        )

    def test_the_theme_can_be_chosen_and_is_kept(self, screen: Screen) -> None:
        screen.make(FIVE)
        assert screen.one("#theme").get_attribute("aria-label") == "Theme: auto"
        screen.click("#theme")
        screen.click("#theme")
        assert (
            screen.js("return getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
        )
        screen.open()
        assert screen.one("#theme").get_attribute("aria-label") == "Theme: dark"
        screen.click("#theme")

    @pytest.mark.parametrize("dark", [False, True])
    def test_texts_stand_out_from_what_is_behind_them(self, screen: Screen, dark: bool) -> None:
        text = "On an A100."
        evidence = [{"path": "hardware[0]", "source": "abstract", "start": 6, "end": 10}]
        papers = [{"id": "1", "title": "Brisk Alpha", "abstract": text}]
        rows = [FIVE[0] | {"evidence": evidence}, *FIVE[1:]]
        screen.size(1440, dark=dark).make(rows, papers=papers, failures=[FAILED])
        screen.open("#is=hardware:A100")
        for css in (
            ".note",
            ".chip",
            ".condition",
            ".badge",
            ".bar-count",
            "th button",
            ".tag",
            ".why",
        ):
            for element in screen.all(css)[:8]:
                assert screen.js(CONTRAST, element) >= 4.5, (css, element.text)
        screen.open("#paper=1")
        screen.paper("Brisk Alpha")
        for css in (".abstract mark", ".values dt", ".paper-facts span", ".object dt"):
            assert screen.js(CONTRAST, screen.one(css)) >= 4.5, css

    def test_everything_that_can_be_used_has_a_name(self, screen: Screen) -> None:
        screen.make(FIVE, failures=[FAILED]).open("#is=hardware:A100")
        for hash_ in ("#is=hardware:A100", "#paper=1"):
            screen.open(hash_)
            nodes = screen.chrome.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
            used = {
                "button",
                "link",
                "textbox",
                "searchbox",
                "combobox",
                "grid",
                "checkbox",
                "dialog",
            }
            roles = [(node["role"]["value"], node) for node in nodes if not node.get("ignored")]
            found = [(role, node) for role, node in roles if role in used]
            assert len(found) >= 4
            nameless = [role for role, node in found if not node.get("name", {}).get("value")]
            assert nameless == []

    def test_it_prints(self, screen: Screen) -> None:
        screen.make(record(n, name="x") for n in range(300))
        screen.js("dispatchEvent(new Event('beforeprint'))")
        assert len(screen.titles) == 300
        screen.js("dispatchEvent(new Event('afterprint'))")
        assert len(screen.titles) < 60
        assert base64.b64decode(screen.chrome.print_page())[:5] == b"%PDF-"


# The contrast of an element's text against the nearest background behind it, by WCAG 2.
def synthetic() -> ModuleType:
    """The benchmark's maker of papers that never were."""
    path = ROOT / "benchmarks" / "report.py"
    spec = importlib.util.spec_from_file_location("benchmark_report", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PICTURES = {
    "report-overview": (1440, 1000, False, "", "summary-title"),
    "report-charts": (1440, 1130, True, "", "chart-claimed-speedups-factor-by-kind"),
    "report-table": (1440, 900, False, "#q=splice&sort=-claimed_speedups", "papers-section"),
    "report-paper": (1440, 900, False, "#paper=8", None),
    "report-phone": (360, 740, False, "#is=hardware:NVIDIA A100", "papers-section"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(screen: Screen, name: str) -> None:
    """A report of papers that never were, as the docs show it."""
    files = synthetic().write_synthetic(screen.folder, 400)
    write_report(files.records, screen.path, dump=files.dump, failures=files.failures)
    width, height, dark, hash_, place = PICTURES[name]
    screen.size(width, height, dark=dark).open(hash_)
    if place:
        screen.js("document.getElementById(arguments[0]).scrollIntoView()", place)
    else:
        screen.until(lambda: screen.is_paper_open)
    time.sleep(0.3)
    folder = Path(os.environ.get("REPORT_PICTURES") or screen.folder)
    picture = folder / f"{name}.png"
    assert screen.chrome.save_screenshot(str(picture))
    assert picture.stat().st_size > 10_000
