"""The review as people use it: in a real browser, by keys, buttons and selected words.

Each test fails on anything that the browser's console has to say. The pictures of the docs are
taken here too: ``REVIEW_PICTURES=docs/images pytest tests/test_review_page.py``.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from browser import CONTRAST, Page
from pydantic import create_model
from reviews import CLAIM, PAPERS, RECORDS, Review, place, record

from extractor.grounding import Verbatim
from extractor.review import ReviewServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

    from extractor.review import Session

SELECT = """
const [source, words] = arguments;
const element = document.querySelector(`[data-source="${source}"]`);
const start = element.textContent.indexOf(words);
selectUnits(element, start, start + words.length);
document.dispatchEvent(new PointerEvent("pointerup"));
"""


WIDTHS = [(390, 844), (900, 900), (1440, 900)]
NUMBERS = {"value": 2019, "value_max": 3.14159}


class ReviewPage(Page):
    """The page of a review."""

    def __init__(self, chrome: Chrome, review: Review) -> None:
        super().__init__(chrome)
        self.review = review

    def open(self, session: Session) -> ReviewPage:
        self.session = session
        self.server = ReviewServer(session)
        threading.Thread(target=self.server.serve, daemon=True).start()
        return self.load(self.server.address)

    def close(self) -> None:
        self.chrome.get("about:blank")
        self.server.stop()
        self.server.close()
        self.session.close()

    @property
    def value(self) -> str:
        return self.text("#value")

    def decide(self, *keys: str) -> None:
        """Press keys, the last of which decides, and wait until it is on disk."""
        lines = self._lines()
        self.press(*keys)
        self.until(lambda: self._lines() > lines)
        self.until(lambda: not self.js("return document.getElementById('form')?.firstChild"))

    def _lines(self) -> int:
        path = self.review.path
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def select(self, words: str, source: str = "abstract") -> None:
        """Select words of the text, as with the mouse."""
        self.js(SELECT, source, words)
        self.until(lambda: self.js("return getSelection().toString()") == words)

    def shows(self, words: str) -> None:
        self.until(lambda: words in self.text("main"))


@pytest.fixture
def page(chrome: Chrome, tmp_path: Path) -> Iterator[ReviewPage]:
    shown = ReviewPage(chrome, Review(tmp_path)).size(1440)
    chrome.get_log("browser")
    yield shown
    shown.close()
    said = [entry["message"] for entry in chrome.get_log("browser")]
    assert said == []


def test_one_key_decides_and_the_least_certain_value_of_a_paper_comes_first(
    page: ReviewPage,
) -> None:
    page.open(page.review.session())
    assert page.value == "SlowNet"
    assert page.texts("mark.pointed")[0] == "SlowNet"
    page.decide("r")
    page.until(lambda: page.value == "Acme T9")  # it has no confidence
    page.decide("a")
    page.shows("not in the text")
    assert "Leave out" in page.text("#card")
    page.decide("r")
    page.shows("3.5x faster")
    page.decide("a")
    page.until(lambda: page.text("#count") == "4 of 6 decided")
    assert [each[:2] for each in page.review.decided()] == [
        ("method_name", "reject"),
        ("hardware[0]", "accept"),
        ("hardware[1]", "reject"),
        ("claimed_speedups[0]", "accept"),
    ]


def test_selected_words_correct_a_value_by_one_key(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.select("Brisk")
    page.decide("c")
    ((path, verdict, new),) = page.review.decided()
    assert (path, verdict, new) == ("method_name", "correct", "Brisk")
    (line,) = page.review.path.read_text().splitlines()
    assert f'"start":{PAPERS[0]["abstract"].index("Brisk")}' in line  # not the one in the title


def test_words_of_the_title_count_code_points(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.select("Brisk", "title")
    page.decide("c")
    assert '"source":"title","start":0,"end":5' in page.review.path.read_text()


def test_what_the_text_does_not_support_is_refused_with_the_reason(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.press("j", "j", "j")
    page.shows("3.5x faster")
    page.press("c")
    page.until(lambda: page.all("[data-key=baseline] textarea"))
    box = page.one("[data-key=baseline] textarea")
    box.clear()
    box.send_keys("FastNet")
    page.press("ENTER")
    page.until(lambda: "not in the text" in page.text("#problem"))
    assert page.all(".value-form")  # what was filled in is still there
    assert not page.review.path.exists()


def test_a_claim_is_corrected_in_a_form_that_reads_the_selected_words(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.press("j", "j", "j")
    page.shows("3.5x faster")
    page.select("up to 20% faster in inference")
    page.press("c")
    page.until(lambda: page.all(".value-form"))
    read = "return [...document.querySelectorAll('.value-form label')].map((each) => {"
    read += "const i = each.querySelector('input, select, textarea');"
    read += "return [each.dataset.key, i.type === 'checkbox' ? i.checked : i.value]; })"
    form = dict(page.js(read))
    assert form["value"] == "20"
    assert form["unit"] == '"%"'
    assert form["up_to"] is True
    assert form["baseline"] == "SlowNet"
    page.js(
        "const s = document.querySelector('[data-key=kind] select'); s.value = '\"inference\"';"
        "document.querySelector('[data-key=quote] textarea').focus()"
    )
    page.decide("ENTER")
    ((_, verdict, new),) = page.review.decided()
    assert verdict == "correct"
    assert new == CLAIM | {
        "quote": "up to 20% faster in inference",
        "value": 20.0,
        "unit": "%",
        "up_to": True,
        "kind": "inference",
        "factor": 1.2,
    }


def test_words_selected_while_a_form_is_open_go_into_the_chosen_key(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.press("j", "j", "j")
    page.shows("3.5x faster")
    page.press("c")
    page.until(lambda: page.all("[data-key=baseline] textarea"))
    page.js("document.querySelector('[data-key=baseline] textarea').focus()")
    page.js(SELECT, "abstract", "Acme T9 board")
    box = "return document.querySelector('[data-key=baseline] textarea').value"
    page.until(lambda: page.js(box) == "Acme T9 board")
    page.decide("ENTER")
    assert page.review.decided()[0][2]["baseline"] == "Acme T9 board"


def test_a_missing_value_is_added_by_selecting_it(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.select("Foxglove")
    page.press("n")
    page.until(lambda: page.all(".chooser"))
    page.decide("3")
    page.select("https://example.org/brisk")
    page.press("n")
    page.until(lambda: page.all(".chooser"))
    page.decide("5")
    assert page.review.decided() == [
        ("benchmarks[1]", "add", "Foxglove"),
        ("code_url", "add", "https://example.org/brisk"),
    ]
    page.until(lambda: "Foxglove" in " ".join(page.texts("#values .add")))


def test_undo_goes_back_to_the_value_and_other_keys_only_move(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.decide("r")
    page.until(lambda: page.value == "Acme T9")
    page.decide("u")
    page.until(lambda: page.value == "SlowNet")
    assert page.review.decided() == []
    page.press("ARROW_RIGHT")
    page.until(lambda: page.value == "Acme T9")
    page.press("k")
    page.until(lambda: page.value == "SlowNet")
    page.press("u")
    page.until(lambda: "nothing to undo" in page.text("#problem"))


def test_a_key_counts_while_the_page_looks_for_what_others_decided(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.js(
        "const fetched = fetch;"
        "window.fetch = async (path, ...more) => {"
        "  if (path === 'api/version') await new Promise((resolve) => setTimeout(resolve, 400));"
        "  return fetched(path, ...more); };"
    )
    with page.review.session("bob") as bob:
        bob.actions["decide"]({"paper": 0, "index": 3, "verdict": "accept"})
    page.js("dispatchEvent(new Event('focus'))")
    page.decide("r")
    page.until(lambda: page.value == "Acme T10")  # the next one is bob's
    assert [each[1] for each in page.review.decided()] == ["accept", "reject"]
    page.until(lambda: page.text("#count") == "2 of 6 decided")


def test_undo_takes_back_all_that_done_decided_and_goes_back_to_the_paper(
    page: ReviewPage,
) -> None:
    page.open(page.review.session())
    page.decide("r")
    page.until(lambda: page.value == "Acme T9")
    page.decide("d")
    page.until(lambda: page.value == "Calm")
    page.decide("u")
    page.until(lambda: "4 values decided by it are undecided again" in page.text("#problem"))
    assert page.value == "Acme T9"
    assert page.text("#count") == "1 of 6 decided"
    assert page.review.decided() == [("method_name", "reject", None)]


def test_the_number_of_a_field_is_never_taken_for_another(page: ReviewPage) -> None:
    """Of twelve fields, 1 waits for Enter or its second digit; 2 is chosen at once."""
    names = [f"name_{at}" for at in range(1, 13)]
    fields: Any = dict.fromkeys(names, (Annotated[str | None, Verbatim()], None))
    schema = create_model("Twelve", **fields)
    ends = {"evidence": [], "meta": {"task": "own@1", "dropped": []}}
    row = {"id": "1", "title": PAPERS[0]["title"], **dict.fromkeys(names), **ends}
    page.review.records.write_text(json.dumps(row | {"name_3": "Brisk"}) + "\n")
    page.open(page.review.session(schema=schema))
    for words, keys in (("SlowNet", "12"), ("Acme T9", "2"), ("Foxglove", "1")):
        page.select(words)
        page.press("n")
        page.until(lambda: page.all(".chooser"))
        if keys == "1":
            page.press("1", "7")  # there is no 17
            assert "1: press Enter" in page.text(".chooser h3")
            page.decide("ENTER")
        else:
            page.decide(*keys)
    assert [each[::2] for each in page.review.decided()] == [
        ("name_12", "SlowNet"),
        ("name_2", "Acme T9"),
        ("name_1", "Foxglove"),
    ]


def test_what_another_one_decided_is_seen_when_the_page_is_shown_again(page: ReviewPage) -> None:
    page.open(page.review.session())
    with page.review.session("bob") as bob:
        bob.decide({"paper": 0, "index": 0, "verdict": "accept"})
    page.js("document.dispatchEvent(new Event('visibilitychange'))")
    page.until(lambda: page.text("#count") == "1 of 6 decided")


def test_numbers_are_shown_as_they_are(page: ReviewPage) -> None:
    row = json.dumps(RECORDS[0] | {"method_name": None, "claimed_speedups": [CLAIM | NUMBERS]})
    page.review.records.write_text(row + "\n")
    page.open(page.review.session())
    page.press("j", "j")
    page.shows("3.5x faster")
    assert {"2019", "3.14159"} <= set(page.texts("#value dd"))


def test_all_words_of_a_value_are_in_sight(page: ReviewPage) -> None:
    """Words far apart, in a text that is longer than its part of the screen."""
    filler = "It has many words that say nothing of it. "
    first, rest = str(PAPERS[0]["abstract"]).split(" It samples")
    text = f"{filler * 12}{first} {filler * 5}It samples{rest} {filler * 12}"
    page.review.dump.write_text(json.dumps(PAPERS[0] | {"abstract": text}) + "\n")
    words = {"quote": CLAIM["quote"], "baseline": "SlowNet"}
    evidence = [
        place(0, f"claimed_speedups[0].{key}", said)
        | {"start": text.index(said), "end": text.index(said) + len(said)}
        for key, said in words.items()
    ]
    row = record(0, evidence, claimed_speedups=[CLAIM])
    page.review.records.write_text(json.dumps(row) + "\n")
    for width, height in WIDTHS:
        page.size(width, height)
        page.open(page.review.session())
        assert len(page.all("mark.pointed")) == 2
        hidden = page.js(
            "const seen = document.getElementById('text').getBoundingClientRect();"
            "return [...document.querySelectorAll('mark.pointed')].filter((mark) => {"
            "const r = mark.getBoundingClientRect();"
            "return r.top < Math.max(0, seen.top) - 1"
            " || r.bottom > Math.min(innerHeight, seen.bottom) + 1; }).length"
        )
        assert hidden == 0, width
        if (width, height) != WIDTHS[-1]:
            page.close()


def test_words_are_selected_by_keys_alone(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.press("s", "ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT")
    assert page.js("return getSelection().toString()") == "Brisk"
    page.decide("c")
    assert page.review.decided() == [("method_name", "correct", "Brisk")]


def test_a_filter_shows_one_field(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.js("f = document.getElementById('field'); f.value = 'benchmarks';"
            "f.dispatchEvent(new Event('change'))")  # fmt: skip
    page.until(lambda: page.value == "Larkspur-2K")
    assert page.text("#count") == "0 of 1 decided"
    page.press("TAB")
    page.js("document.activeElement.blur()")
    page.decide("a")
    page.shows("All of these are decided")


def test_a_sample_of_papers_is_gone_through_whole(page: ReviewPage) -> None:
    page.open(page.review.session(sample=3))
    papers = {page.text(".paper-facts")}
    for _ in range(3):
        page.decide("d")
        papers.add(page.text(".paper-facts") if page.all(".paper-facts") else "")
    page.shows("All of these are decided")
    verdicts = [verdict for _, verdict, _ in page.review.decided()]
    assert verdicts.count("complete") == 3
    assert verdicts.count("accept") == 5
    assert verdicts.count("reject") == 1  # what was refused is confirmed


def test_a_value_in_markup_stays_text(page: ReviewPage) -> None:
    page.review.records.write_text(
        page.review.records.read_text().replace("Acme T10", "<img src=x onerror=alert(1)>")
    )
    page.open(page.review.session())
    page.press("j", "j")
    page.until(lambda: page.value == "<img src=x onerror=alert(1)>")


def test_a_server_that_ended_is_told(page: ReviewPage) -> None:
    page.open(page.review.session())
    page.js("window.fetch = () => Promise.reject(new TypeError('refused'))")
    page.press("a")
    page.until(lambda: "does not answer" in page.text("#problem"))
    assert page.value == "SlowNet"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_it_fits_every_width(page: ReviewPage, width: int, height: int, dark: bool) -> None:
    folder = os.environ.get("REVIEW_PICTURES")
    for file in (page.review.records, page.review.dump) if folder else ():
        file.write_text(file.read_text().replace(" \\ud83d\\ude80", ""))  # fonts may lack it
    page.size(width, height, dark=dark).open(page.review.session())
    page.press("j", "j", "j")
    page.shows("3.5x faster")
    wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.js(wide)
    visible: Any = page.js(
        "return ['mark.pointed', '.act.accept', '.act.reject'].map((css) => {"
        "const r = document.querySelector(css).getBoundingClientRect();"
        "return r.top >= 0 && r.bottom <= innerHeight && r.left >= 0 && r.right <= innerWidth; })"
    )
    assert visible == [True, True, True]
    for css in (".act.accept", ".act.correct", ".act.reject", ".place", ".row-field",
                ".row-value.refused", "mark", "mark.pointed", ".tag"):  # fmt: skip
        assert page.js(CONTRAST, page.one(css)) >= 4.5, css
    for colour in range(8):
        page.js("document.querySelector('mark.pointed').className = arguments[0]",
                f"hued c{colour} pointed")  # fmt: skip
        assert page.js(CONTRAST, page.one("mark.pointed")) >= 4.5, colour
    if folder:
        name = f"review-{width}-{'dark' if dark else 'light'}.png"
        page.chrome.save_screenshot(str(Path(folder) / name))
