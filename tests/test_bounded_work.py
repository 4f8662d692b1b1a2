"""Texts made to be slow: the work is counted, in calls and candidates, and never timed."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from engine_runs import papers
from fault_server import FaultServer, answer
from helpers import calls
from pydantic import BaseModel

from extractor.candidates.claims import read_claim
from extractor.candidates.classifier import Classifier
from extractor.candidates.document import Document
from extractor.candidates.spans import (
    MOST_NAMES,
    MOST_PLACES,
    MOST_QUANTITIES,
    MOST_URLS,
    find_names,
    find_quantities,
    find_urls,
)
from extractor.grounding import NumberIn, SourceText, UnitIn, Url, Verbatim, find, ground
from extractor.grounding.text import source_text
from extractor.llm.settings import ModelSettings
from extractor.readers import read_dump
from extractor.readers._paragraphs import is_people
from extractor.record import Record
from extractor.run import engine as engine_module
from extractor.run.batch import Watcher, run_batch
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.run.state import open_run_state
from extractor.sentences import sentence_spans
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from extractor.paper import Paper

PATTERNS = [
    "1x ", "A1 ", "A-", "(A", "A/", "C++ ", "A (AB) ", "A, B and C on D. ", "2 to 3 times ", "[[",
    "{", "and ", "http://a.b/ ", "a.github.io ", '"A" ', "with respectively ", "the A of ", "* ",
]  # fmt: skip
CLASSIFIER = Classifier.load()


def decide(text: str) -> None:
    scored = CLASSIFIER.score("A title", text)
    CLASSIFIER.decide(scored)
    for quantity in scored.quantities:
        read_claim(scored.document, quantity)


class Claim(BaseModel):
    quote: Annotated[str, Verbatim()]
    value: Annotated[float, NumberIn("quote")]
    unit: Annotated[str, UnitIn("quote")]


class Fields(BaseModel):
    name: Annotated[str | None, Verbatim()] = None
    names: list[Annotated[str, Verbatim()]] = []
    claims: list[Claim] = []
    url: Annotated[str | None, Url()] = None


def ground_value(value: str, text: str) -> None:
    source_text.cache_clear()
    values = {"name": value, "claims": [{"quote": value, "value": 9.5, "unit": "x"}], "names": []}
    ground(Fields, values, title="T", abstract=text)


def ground_half(text: str) -> None:
    ground_value(text[: len(text) // 2 - 1], text)


def ground_what_is_not_there(text: str) -> None:
    ground_value(f"{text} zebra", text)


@pytest.mark.parametrize("work", [decide, ground_half, ground_what_is_not_there])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_four_times_the_text_is_at_most_four_times_the_work(
    pattern: str, work: Callable[[str], object]
) -> None:
    short, long = (pattern * size for size in (1500 // len(pattern), 6000 // len(pattern)))
    work(short)  # fills the caches
    allowed = 1.3 * 4 * max(2_000, calls(lambda: work(short), 3_000_000))
    assert calls(lambda: work(long), allowed) <= allowed


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_text_has_more_candidates_than_the_caps(pattern: str) -> None:
    document = Document("A title", pattern * 30_000)
    names = find_names(document).candidates
    assert len(names) <= MOST_NAMES
    assert all(len(name.spans) <= MOST_PLACES for name in names)
    assert len(find_quantities(document)) <= MOST_QUANTITIES
    assert len(find_urls(document)) <= MOST_URLS
    assert len(document.text) < 25_000


def test_distinct_names_have_a_cap_too() -> None:
    text = " ".join(f"Net{i}a, and" for i in range(2_000))
    assert len(find_names(Document("", text)).candidates) == MOST_NAMES


def test_an_answer_of_endless_items_is_cut_and_says_so() -> None:
    values = {"names": [f"Net{i}" for i in range(100_000)]}
    grounded = ground(Fields, values, title="T", abstract="We present Net7 and Net5000.")
    assert grounded.values["names"] == ["Net7"]
    assert len(grounded.dropped) == 1_000
    assert "more than 1,000 items" in grounded.dropped[-1].reason


def test_a_value_longer_than_any_is_refused_with_the_reason() -> None:
    values = {"name": "Net " * 6_000, "names": []}
    grounded = ground(Fields, values, title="T", abstract="We present Net.")
    assert grounded.dropped[0].reason == "longer than 20,000 characters"


@pytest.mark.parametrize("said", ["a\n/", "/   ", "_ - "])
def test_what_may_stand_within_a_url_is_read_in_one_way(said: str) -> None:
    """It would not end in this century where each blank could belong to either side."""
    text = "https://x.org/" + said * 60 + "other"
    assert find("x.org/" + "".join(said.split()) * 60 + "z", SourceText(text), url=True) is None


def test_a_url_with_a_hyphen_is_still_found_over_a_line_break() -> None:
    text = "Code: https://github.com/foo/long-\nname."
    span = find("https://github.com/foo/long-name", SourceText(text), url=True)
    assert span is not None
    assert text[slice(*span)] == "https://github.com/foo/long-\nname"


def test_blank_lines_are_read_once() -> None:
    """It would take minutes where each of them were tried as the first."""
    assert sentence_spans("One." + "\n" * 300_000) == [(0, 300_004)]


def test_blanks_between_names_are_read_once() -> None:
    """It would take minutes where each of them may belong to the name, the comma or the *and*."""
    assert not is_people("Ann Able" + " " * 4000 + "x, y")


@pytest.mark.parametrize(
    "opened", ["<!--", "<!-- ", "<a ", "<![CDATA[", "<![if x[", "<?x ", "</a "]
)
def test_a_page_ends_where_a_browser_ends_it(opened: str, tmp_path: Path) -> None:
    page = "<html><h1>Heron: Sparse Attention</h1><p>Abstract: We ask.</p>"
    (tmp_path / "page.html").write_text(page + opened * 50_000 + "<p>Abstract: No")
    (paper,) = read_dump(tmp_path / "page.html")
    assert (paper.title, paper.abstract) == ("Heron: Sparse Attention", "We ask.")


async def test_a_signal_is_heard_between_two_papers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(engine_module, "_TURN_SECONDS", 0.0)

    def items() -> Iterator[Paper]:
        os.kill(os.getpid(), signal.SIGINT)
        yield from papers(500)

    written: list[Any] = []

    class Rows:
        def write(self, row: Any) -> None:
            written.append(row)

    settings = CallSettings(cache_dir=tmp_path)
    with open_run_state(settings) as state:
        async with open_engine(
            load_task("paper"), ModelSettings(model="none"), settings, state
        ) as engine:
            summary = await run_batch(
                engine, items(), records=Rows(), failures=Rows(), watcher=Watcher()
            )
    assert summary.interrupted
    # One a turn; without turns it was 209.
    assert len(written) < 16


async def test_a_signal_is_heard_between_two_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of answers that arrive together, only one is worked on in a turn that is over."""
    turn, turns = 0, []
    worked_on = Record.of

    def of(*args: Any, **labels: Any) -> Any:
        turns.append(turn)
        return worked_on(*args, **labels)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    monkeypatch.setattr(engine_module, "_TURN_SECONDS", 0.0)
    monkeypatch.setattr(Record, "of", of)
    with FaultServer(lambda asked: answer(asked, after=0.3)) as server:
        settings = ModelSettings(model="m", base_url=server.url)
        async with open_engine(
            load_task("paper"), settings, CallSettings(cache_dir=None)
        ) as engine:
            counting = asyncio.ensure_future(count_turns())
            results = [result async for _, result in engine.run(papers(16))]
            counting.cancel()
        assert server.most_in_flight == 16
    assert len(results) == len(set(turns)) == 16
