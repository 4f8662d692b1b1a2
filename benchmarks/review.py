"""What a review asks of a person: keys and movements of the mouse a value, words to be read, and
how long the page makes them wait.

    python benchmarks/review.py DUMP [--records RECORDS]

Runs over DUMP without a language model, unless records are given, and goes through every value in
a headless Chromium: of ten values seven are accepted, two rejected and one corrected. Prints the
tables of docs/review.md. Needs Chromium with its driver, and the package's ``test`` extra.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extractor.review import ReviewServer, Session
from extractor.sentences import sentence_spans
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

FLAGS = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-dev-shm-usage")
VALUES = 200
KEY, MENTAL, DRAG, HOMING = 0.28, 1.35, 1.3, 0.4
"""Seconds of the keystroke-level model (Card, Moran and Newell 1980): a key, a thought before it,
selecting words with the mouse, a hand that goes between keys and mouse."""
WORDS_A_MINUTE = 238
"""Silent reading of English non-fiction (Brysbaert 2019)."""

WATCH = """
window.waits = [];
let pressed = 0;
addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
new MutationObserver(() => waits.push(performance.now() - pressed))
  .observe(document.documentElement, { attributeFilter: ["data-shown"] });
"""
SELECT = """
const { source, start, end } = arguments[0];
const element = document.querySelector(`[data-source="${source}"]`);
const points = [...element.textContent];
const units = (at) => points.slice(0, at).join("").length;
selectUnits(element, units(start), units(end));
document.dispatchEvent(new PointerEvent("pointerup"));
"""

Steps = dict[str, list[tuple[int, int, float]]]


class Person:
    """Goes through the queue; counts keys, selections and milliseconds for each verdict."""

    def __init__(self, chrome: Chrome, session: Session) -> None:
        self.chrome = chrome
        self.session = session
        self.steps: Steps = defaultdict(list)
        self.keys = self.drags = 0

    def go(self) -> None:
        self.chrome.execute_script(WATCH)
        for number, item in enumerate(self.session.items):
            shown = f"{item.paper}.{item.value}"
            self._until(partial(self._shows, shown))
            self.keys = self.drags = 0
            verdict = self._verdict(number, item)
            self._until(partial(self._shows, shown, is_it=False))
            wait = self.chrome.execute_script("return waits.at(-1)")
            self.steps[verdict].append((self.keys, self.drags, wait))

    def _verdict(self, number: int, item: Any) -> str:
        from selenium.webdriver import Keys

        value = self.session.paper(item.paper)["values"][item.value]
        if number % 10 == 9 and value["field"] != "code_url":
            is_object = isinstance(value["value"], dict)
            place = value["evidence"][0]
            if not is_object:
                place = self._other_word(item.paper) or place
            self.chrome.execute_script(SELECT, place)
            self.drags += 1
            self._press("c")
            if not is_object:
                return "correct a name"
            self._until(lambda: self.chrome.execute_script("return document.forms.length") > 0)
            focused = "return document.activeElement.closest('label')?.dataset.key"
            self._until(lambda: self.chrome.execute_script(focused) == "quote")
            while self.chrome.execute_script(focused) != "kind":
                self._press(Keys.TAB)
            self._press("l" if value["value"]["kind"] != "latency" else "t")  # another kind
            self._press(Keys.ENTER)
            return "correct a claim's words and kind"
        self._press("r" if number % 10 in (3, 6) else "a")
        return "reject" if number % 10 in (3, 6) else "accept"

    def _other_word(self, paper: int) -> dict[str, Any] | None:
        """A word that stands for the right one: a long one that is no value yet."""
        read = self.session.paper(paper)
        known = {str(value["value"]) for value in read["values"]}
        for word in re.finditer(r"(?<= )[A-Za-z]{7,}(?= )", read["abstract"]):
            if word[0] not in known:
                return {"source": "abstract", "start": word.start(), "end": word.end()}
        return None

    def _press(self, key: str) -> None:
        from selenium.webdriver import ActionChains

        self.keys += 1
        ActionChains(self.chrome).send_keys(key).perform()

    def _shows(self, step: str, *, is_it: bool = True) -> bool:
        shown = self.chrome.execute_script("return document.documentElement.dataset.shown")
        return (shown == step) is is_it

    def _until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not holds():
            if time.monotonic() > end:
                problem = "return document.getElementById('problem')?.textContent"
                raise SystemExit(f"The page hangs: {self.chrome.execute_script(problem)!r}")
            time.sleep(0.01)


def words_to_read(session: Session) -> tuple[int, int, int]:
    """Papers of the queue, the words of their texts, and of titles and sentences with evidence."""
    papers = sorted({item.paper for item in session.items})
    whole = needed = 0
    for number in papers:
        paper = session.paper(number)
        title, abstract = len(paper["title"].split()), paper["abstract"]
        places = [each for value in paper["values"] for each in value["evidence"]]
        starts = [each["start"] for each in places if each["source"] == "abstract"]
        sentences = [
            abstract[start:end]
            for start, end in sentence_spans(abstract)
            if any(start <= at < end for at in starts)
        ]
        whole += title + len(abstract.split())
        needed += title + sum(len(sentence.split()) for sentence in sentences)
    return len(papers), whole, needed


def report(person: Person) -> None:
    """Print the tables."""
    print("| | values | keys | selections | wait, median | wait, slowest |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    hands = 0.0
    for verdict, steps in sorted(person.steps.items()):
        keys, drags, waits = zip(*steps, strict=True)
        each, drag = statistics.mean(keys), statistics.mean(drags)
        hands += len(steps) * (MENTAL + each * KEY + drag * (DRAG + 2 * HOMING))
        print(
            f"| {verdict} | {len(steps)} | {each:g} | {drag:g} "
            f"| {statistics.median(waits):.0f} ms | {max(waits):.0f} ms |"
        )
    count = sum(map(len, person.steps.values()))
    papers, whole, needed = words_to_read(person.session)
    scale = VALUES / count
    print(f"\n{count} values in {papers} papers; for {VALUES} values:\n")
    print("| | minutes |\n| --- | ---: |")
    waited = sum(wait for steps in person.steps.values() for _, _, wait in steps) / 1000
    read, read_all = needed / WORDS_A_MINUTE, whole / WORDS_A_MINUTE
    rows = {
        "keys, selections and a thought before each": hands / 60,
        "waiting for the page": waited / 60,
        f"reading titles and the sentences with evidence ({needed * scale:,.0f} words)": read,
        "together": hands / 60 + waited / 60 + read,
        f"together, where whole abstracts are read ({whole * scale:,.0f} words)": hands / 60
        + waited / 60
        + read_all,
    }
    for name, minutes in rows.items():
        print(f"| {name} | {minutes * scale:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s DUMP [options]")
    parser.add_argument("dump", type=Path)
    parser.add_argument("--records", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records.jsonl"
        if given.records:
            shutil.copy(given.records, records)  # its decisions are left alone
        else:
            command = [sys.executable, "-m", "extractor", "run", str(given.dump), "-q"]
            environment = {**os.environ, "EXTRACTOR_CACHE_DIR": folder}
            subprocess.run(
                [*command, "--model", "none", "-o", str(records)], check=True, env=environment
            )
        _measure(records, given.dump, Path(folder))


def _measure(records: Path, dump: Path, folder: Path) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"user-data-dir={folder / 'profile'}"):
        options.add_argument(f"--{flag}")
    schema = load_task("paper").schema
    with Session(records, dump, schema, reviewer="benchmark") as session:
        server = ReviewServer(session)
        threading.Thread(target=server.serve, daemon=True).start()
        chrome = webdriver.Chrome(options, Service(shutil.which("chromedriver") or ""))
        try:
            chrome.get(server.address)
            person = Person(chrome, session)
            person.go()
            report(person)
        finally:
            chrome.quit()
            server.stop()
            server.close()


if __name__ == "__main__":
    main()
