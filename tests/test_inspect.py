"""``extractor inspect``: what a dump holds, and a forecast that asks no model."""

from __future__ import annotations

import gzip
import json
import random
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, write_dump
from fault_server import FaultServer, answer, refuse
from helpers import write_jsonl
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from extractor.cli.figures import money
from extractor.decisions import Decision, DecisionLog
from extractor.inspection.forecast import Range, forecast
from extractor.inspection.survey import Lengths, Repeats, Survey
from extractor.inspection.tokens import TOKEN_ERROR, answer_tokens, count_tokens, request_tokens
from extractor.llm.answer import Request
from extractor.llm.settings import ModelSettings
from extractor.llm.weights.catalog import DEFAULT_MODEL
from extractor.paper import Paper
from extractor.readers import Unreadable, read_dump
from extractor.run.settings import CallSettings
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import Generator

    from helpers import Invoke


EXAMPLE = Path(__file__).parent.parent / "examples" / "papers.txt"
# Tokens of title, two line ends and abstract of each example paper, as the tokenisers count.
QWEN = (229, 188, 205, 214, 194, 197, 171, 208, 203, 188, 185, 197)
O200K = (222, 183, 204, 204, 191, 193, 165, 197, 197, 180, 183, 191)


def paper(number: int, words: int = 60) -> Paper:
    return Paper(str(number), f"Paper {number}", "word " * words)


def test_it_says_what_a_dump_holds(invoke: Invoke) -> None:
    code, out, err = invoke("inspect", EXAMPLE)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == f"{EXAMPLE}: saved web pages and plain text (text), 10,881 bytes"
    assert "papers 12" in lines
    assert "no abstract 0" in lines
    assert "repeated none" in lines
    assert "ids running numbers" in lines
    assert "abstract 786 characters (median), 711 to 966; about 171 tokens" in lines
    assert "1: SpliceCache: Sharing Key-Value Prefixes Across Tenants for Low-Cost L..." in lines
    assert "and 7 more" in lines


def test_it_says_what_is_wrong_with_a_dump(invoke: Invoke, tmp_path: Path) -> None:
    text = "We present Foo, which is fast. " * 8
    dump = write_jsonl(
        tmp_path / "dump.jsonl",
        [
            {"id": "a", "title": "One", "abstract": text, "doi": "10.1/1"},
            {"id": "b", "title": "Two", "abstract": ""},
            {"id": "a", "title": "Three", "abstract": text, "venue": "X"},
            {"id": "d", "title": "One", "abstract": text, "doi": "10.1/2"},
            {"id": "e", "abstract": text},
        ],
    )
    code, out, _ = invoke("inspect", dump)
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "papers 3" in lines
    assert "no abstract 1" in lines
    assert "unreadable 1" in lines
    assert "line 2: There is no abstract. Two" in lines
    assert "line 5: There is no title. e" in lines
    assert "repeated 1 (the same title and abstract): One" in lines
    assert "ids the dump's own; repeated: 1 (used by another paper): a" in lines
    assert "metadata doi 2, venue 1" in lines
    assert any(line.startswith("Forecast") and line.endswith(" 2 papers:") for line in lines)


def test_json_says_the_same(invoke: Invoke, tmp_path: Path) -> None:
    dump = write_jsonl(
        tmp_path / "dump.jsonl",
        [
            {"id": "a", "title": "Één", "abstract": "We present Foo. " * 9, "year": 2024},
            {"id": "b", "title": "Two", "file": None},
        ],
    )
    _, out, _ = invoke(
        "inspect", dump, "--json", "--model", "m", "--base-url", "http://localhost:9/v1"
    )
    said = json.loads(out)
    run = said.pop("forecast")
    assert said == {
        "dump": str(dump),
        "format": "jsonl",
        "bytes": dump.stat().st_size,
        "files": [{"name": str(dump), "format": "jsonl", "papers": 1, "unreadable": 1}],
        "papers": 1,
        "without_abstract": 1,
        "unreadable": {"There is no abstract.": 1},
        "repeated": 0,
        "ids": {"own": True, "repeated": 0, "such_as": []},
        "title": {"min": 3, "median": 3, "max": 3},
        "abstract": {"min": 144, "median": 144, "max": 144},
        "abstract_tokens": {"min": 36, "median": 36, "max": 36},
        "metadata": {"year": 1},
        "first": [{"id": "a", "title": "Één", "abstract": 144}],
        "cached": {"papers": 0, "exact": True},
        "left_out": 0,
        "out": None,
        "first_unreadable": [
            {"line": 2, "message": "There is no abstract.", "id": "b", "title": "Two", "file": None}
        ],
    }
    assert (run["model"], run["papers"], run["sample"], run["requests"]) == ("m", 1, 1, 1)
    assert run["prompt_tokens"].keys() == {"low", "expected", "high"}
    assert run["cost"] is None


DECIDED = Decision("2026-01-02T03:04:05.678Z", "ana", "1", "T", "0" * 16, "name", "accept", "A")


def _options(command: str) -> set[str]:
    page = (EXAMPLE.parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")
    section = page.split(f"## `extractor {command}`")[1].split("\n## ")[0]
    return set(re.findall(r"^\* `.*?(--[a-z-]+)", section, re.M))


def test_it_takes_every_option_of_a_run() -> None:
    assert _options("run") <= _options("inspect")


def test_a_command_for_a_run_is_looked_at_and_nothing_is_written(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(3)), tmp_path / "new" / "r.csv"
    how = ["--min-confidence", 0.5, "--view", "claims", "--max-requests", 9, "--progress", "none"]
    code, said, err = invoke("inspect", dump, "-o", out, "--model", "none", *how, "-v")
    assert (code, str(tmp_path / "new") in said) == (0, True)
    assert " would be written" in said
    assert "option     --min-confidence 0.5 (command line)" in err
    assert [path.name for path in tmp_path.iterdir()] == ["dump.jsonl"]
    code, _, err = invoke("inspect", dump, "-o", tmp_path / "r.unknown", "--progress", "json")
    assert (code, json.loads(err)["event"]) == (2, "error")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("r.jsonl", "exists, and would be replaced"),
        ("dump.jsonl", "cannot be written: it would overwrite"),
        ("folder.jsonl", "is a folder"),
        ("dump.jsonl/r.jsonl", "nothing can be written to"),
        ("r.review.jsonl", "holds decisions"),
    ],
)
def test_what_becomes_of_the_output_is_told(
    invoke: Invoke, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    write_jsonl(tmp_path / "r.jsonl", [{"id": "0", "title": "T"}])
    DecisionLog(tmp_path / "r.review.jsonl").append(DECIDED)
    how = ["inspect", dump, "--model", "none", "-o", tmp_path / name]
    code, text, _ = invoke(*how)
    assert (code, said in text.splitlines()[-1]) == (0, True)
    found = json.loads(invoke(*how, "--json").out)["out"]
    assert (found["problem"] is None) is (name == "r.jsonl")


def test_papers_that_a_run_does_not_ask_about_are_left_out(invoke: Invoke, tmp_path: Path) -> None:
    some, every = tmp_path / "some.jsonl", tmp_path / "every.jsonl"
    write_dump(some, papers(3))
    write_dump(every, papers(5))
    out, failing = tmp_path / "r.jsonl", papers(3)[1].title
    reply = lambda asked: refuse(400, "no") if asked.title == failing else answer(asked)  # noqa: E731
    with FaultServer(reply) as server:
        asked = ["--model", "m", "--base-url", server.url, "-o", out, "--no-cache"]
        assert invoke("run", some, *asked).code == 3
        server.forget()
        before = out.read_bytes()
        _, said, _ = invoke("inspect", every, *asked, "--append")
        assert "2 papers left out, which have a record before" in said
        assert "r.jsonl (jsonl) would be added to" in said
        added = json.loads(invoke("inspect", every, *asked, "--append", "--json").out)
        assert (added["papers"], added["left_out"], added["forecast"]["papers"]) == (3, 2, 3)
        again = json.loads(invoke("inspect", every, *asked, "--retry-failed", "--json").out)
        assert (again["papers"], again["left_out"], again["forecast"]["requests"]) == (1, 4, 1)
        assert invoke("inspect", every, *asked, "--append", "--retry-failed").code == 2
        assert not server.asked
    assert out.read_bytes() == before


def test_the_forecast_is_made_from_so_many_papers(invoke: Invoke, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(9))
    how = ["--model", "m", "--base-url", "http://localhost:9/v1", "--json"]
    run = json.loads(invoke("inspect", dump, *how, "--forecast-from", 4).out)["forecast"]
    assert (run["papers"], run["sample"]) == (9, 4)


HOSTILE = "A\x1b[31m B\x9b2J \u202egnp.exe\u2066 \x07 C\u2028D <script> [bold]"


@given(st.text(min_size=1))
def test_nothing_of_a_dump_acts_on_the_screen(title: str) -> None:
    from extractor.cli.commands.inspect import _shown

    shown = _shown(title)
    assert shown.isprintable()
    assert len(shown) <= 76


def test_hostile_titles_ids_and_keys_are_neutralised(invoke: Invoke, tmp_path: Path) -> None:
    text = "We present Foo, which is fast. " * 8
    dump = write_jsonl(
        tmp_path / "dump.jsonl",
        [
            {"id": HOSTILE, "title": HOSTILE, "abstract": text, HOSTILE: 1},
            {"id": HOSTILE, "title": HOSTILE, "abstract": ""},
            {"id": HOSTILE, "title": HOSTILE, "abstract": text},
        ],
    )
    _, out, err = invoke("inspect", dump)
    assert out.replace("\n", "").isprintable()
    assert "[bold]" in out
    assert "\x1b" not in err
    _, out, _ = invoke("inspect", dump, "--json")
    assert out.isascii()
    assert out.replace("\n", "").isprintable()


def test_a_dump_that_breaks_off_is_told_as_far_as_it_goes(invoke: Invoke, tmp_path: Path) -> None:
    rows = (
        {"id": str(n), "title": f"T{n}", "abstract": random.Random(n).randbytes(400).hex()}
        for n in range(400)
    )
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
    dump = tmp_path / "dump.jsonl.gz"
    dump.write_bytes(whole[: len(whole) // 2])
    code, out, err = invoke("inspect", dump)
    assert code == 1
    assert "0: T0" in out
    assert err.startswith("extractor: ")


def test_a_dump_without_papers_is_an_error_that_shows_what_was_seen(
    invoke: Invoke, tmp_path: Path
) -> None:
    code, out, err = invoke(
        "inspect", write_jsonl(tmp_path / "dump.jsonl", [{"id": "1", "title": "One"}])
    )
    assert code == 1
    assert "line 1: There is no abstract. One" in out
    assert "No paper was found" in err


def test_limit_is_that_of_a_run(invoke: Invoke) -> None:
    _, out, _ = invoke("inspect", EXAMPLE, "--limit", 3, "--json")
    said = json.loads(out)
    assert (said["papers"], said["forecast"]["papers"]) == (3, 3)


def forecast_of(invoke: Invoke, *options: object, dump: Path = EXAMPLE) -> dict[str, Any]:
    code, out, err = invoke("inspect", dump, "--json", *options)
    assert (code, err) == (0, "")
    run: dict[str, Any] = json.loads(out)["forecast"]
    return run


def test_the_embedded_model_costs_nothing_and_has_a_measured_speed(invoke: Invoke) -> None:
    form = ("--approach", "full-schema")
    run = forecast_of(invoke, "--model", "qwen2.5-coder-0.5b", *form)
    assert forecast_of(invoke)["model"] == DEFAULT_MODEL
    assert run["cost"] == {"low": 0, "expected": 0, "high": 0}
    slower = forecast_of(invoke, "--model", "qwen2.5-coder-1.5b", *form)
    assert slower["seconds"]["low"] > run["seconds"]["low"]
    assert forecast_of(invoke, "--model", "smollm2-135m", *form)["seconds"] is None


def test_the_approach_is_that_of_a_run(invoke: Invoke) -> None:
    choices, form = forecast_of(invoke), forecast_of(invoke, "--approach", "full-schema")
    assert (choices["approach"], form["approach"]) == ("candidates", "full-schema")
    assert choices["answer_tokens"]["high"] < form["answer_tokens"]["expected"]
    assert forecast_of(invoke, "--schema", "results")["approach"] == "constrained"
    code, _, err = invoke("inspect", EXAMPLE, "--schema", "results", "--approach", "candidates")
    assert (code, err.count("\n")) == (2, 1)


def test_without_a_model_the_time_is_measured_on_few_papers(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("extractor.inspection.forecast._DRAW_SECONDS", 0.0)
    monkeypatch.setattr("extractor.cli.progress._EVENT_SECONDS", 0.0)
    how = ["--model", "none", "--cache-dir", tmp_path / "cache"]
    code, out, err = invoke("inspect", EXAMPLE, *how, "--json", "--progress", "json")
    run = json.loads(out)["forecast"]
    assert (code, run["sample"]) == (0, 8)
    assert 0 < run["seconds"]["low"] < run["seconds"]["expected"] < run["seconds"]["high"]
    assert "measured here on 7 papers" in run["basis"][1]
    told = [json.loads(line) for line in err.splitlines()]
    assert {each["event"] for each in told} == {"progress"}


def test_a_hosted_model_needs_no_key_to_be_forecast(invoke: Invoke) -> None:
    run = forecast_of(invoke, "--model", "gpt-4o-mini", "--price-in", 1, "--price-out", 4)
    prompt, answer = run["prompt_tokens"], run["answer_tokens"]
    for end in ("low", "expected", "high"):
        assert run["cost"][end] == pytest.approx((prompt[end] + 4 * answer[end]) / 1e6)
    assert "$1 and $4" in run["basis"][-1]


def test_known_prices_are_taken_and_unknown_ones_never_guessed(invoke: Invoke) -> None:
    assert forecast_of(invoke, "--model", "gpt-4o-mini")["cost"]["expected"] > 0
    local = ("--model", "mine", "--base-url", "http://localhost:9/v1")
    assert forecast_of(invoke, *local)["cost"] is None
    _, out, _ = invoke("inspect", EXAMPLE, *local)
    assert "--price-in" in out
    code, _, err = invoke("inspect", EXAMPLE, *local, "--price-in", 1)
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("rpm", "shown"), [(2, "unknown; at least 6 min within the rate limits"), (None, "unknown")]
)
def test_the_least_time_within_the_rate_limits_is_shown(
    invoke: Invoke, rpm: int | None, shown: str
) -> None:
    _, out, _ = invoke(
        "inspect", EXAMPLE, "--model", "gpt-4o-mini", *(["--rpm", rpm] if rpm else [])
    )
    assert f"  time         {shown}" in out.splitlines()


def test_the_time_of_an_endpoint_is_not_guessed_but_limits_set_the_least(invoke: Invoke) -> None:
    hosted = ("--model", "m", "--base-url", "http://localhost:9/v1")
    free = forecast_of(invoke, *hosted)
    assert (free["seconds"], free["least_seconds"]) == (None, None)
    assert forecast_of(invoke, *hosted, "--rpm", 2)["least_seconds"] >= 360
    tokens = free["prompt_tokens"]["expected"] + free["answer_tokens"]["expected"]
    least = forecast_of(invoke, *hosted, "--tpm", 1000)["least_seconds"]
    assert least == pytest.approx(60 * tokens / 1000)


def test_it_follows_the_schema_and_the_prompt(invoke: Invoke, tmp_path: Path) -> None:
    small = forecast_of(invoke, "--schema", "name, accuracy float")
    large = forecast_of(invoke, "--schema", "results", "--approach", "full-schema")
    assert small["answer_tokens"]["high"] < large["answer_tokens"]["high"]
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Say. " * 500 + "\n---\n{{ abstract }}", encoding="utf-8")
    longer = forecast_of(invoke, "--schema", "name, accuracy float", "--prompt", prompt)
    assert longer["fixed_tokens"] > small["fixed_tokens"] + 900
    assert longer["prompt_tokens"]["low"] > small["prompt_tokens"]["high"]


def test_a_schema_that_is_read_by_the_model_is_counted(invoke: Invoke) -> None:
    local, any_address = (
        forecast_of(invoke, "--model", "m", "--base-url", f"http://{host}:9/v1")
        for host in ("localhost", "0.0.0.0")
    )
    assert any_address["fixed_tokens"] == local["fixed_tokens"]
    hosted = forecast_of(invoke, "--model", "m", "--base-url", "https://example.org/v1")
    assert hosted["fixed_tokens"] > local["fixed_tokens"] + 300
    assert local["fixed_tokens"] == forecast_of(invoke, "--approach", "full-schema")["fixed_tokens"]


CALLS = CallSettings(cache_dir=None)


def foretold(sample: list[Paper], papers: int, schema: Any = None) -> Any:
    settings = ModelSettings(approach="full-schema")
    return forecast(load_task(schema), settings, CALLS, sample, papers)


def test_the_interval_holds_what_all_papers_take() -> None:
    draw = random.Random(1)
    papers = [paper(number, draw.randint(40, 400)) for number in range(2000)]
    truth = foretold(papers, len(papers)).prompt_tokens.expected
    survey = Survey(sample_size=200)
    for each in papers:
        survey.take(each)
    guess = foretold(survey.sample, len(papers)).prompt_tokens
    assert guess.low < truth < guess.high
    assert guess.high - guess.low < 0.25 * truth
    assert guess.expected == pytest.approx(truth, rel=0.1)
    narrow = foretold(survey.sample[:20] * 10, len(papers)).prompt_tokens
    assert narrow.low <= narrow.expected <= narrow.high


def test_a_model_is_never_asked_a_second_time_about_an_answer_it_did_not_give() -> None:
    class Needed(BaseModel):
        name: str
        year: int

    run = forecast(
        load_task(Needed),
        ModelSettings(model="m", base_url="http://localhost:9/v1"),
        CALLS,
        [paper(1), paper(2)],
        100,
    )
    assert run.requests == 100


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 10))
def test_a_survey_draws_and_measures(lengths: list[int], size: int) -> None:
    survey, measured = Survey(sample_size=size), Lengths(lengths)
    papers = [paper(number, length) for number, length in enumerate(lengths)]
    for each in papers:
        survey.take(each)
    assert len(survey.sample) == min(size, len(papers))
    assert {each.id for each in survey.sample} <= {each.id for each in papers}
    assert len({each.id for each in survey.sample}) == len(survey.sample)
    middle = statistics.median_low(lengths)
    assert measured.to_dict() == {"min": min(lengths), "median": middle, "max": max(lengths)}


def test_every_paper_is_as_likely_to_be_drawn() -> None:
    survey = Survey(sample_size=100)
    for number in range(1000):
        survey.take(paper(number, 1))
    middle = statistics.fmean(int(each.id) for each in survey.sample)
    assert 400 < middle < 600


def test_repeats_are_counted_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extractor.inspection.survey.REMEMBERED", 2)
    repeats = Repeats()
    for each in "abacc":
        repeats.add(each, each)
    assert (repeats.count, repeats.examples, repeats.overflowed) == (1, ["a"], True)


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [(1234.5, "1,234.50"), (1, "1.00"), (0.1, "0.10"), (0.0222, "0.022"), (0.000123, "0.00012")],
)
def test_money_has_digits_that_say_something(dollars: float, shown: str) -> None:
    assert money(dollars) == shown


def test_what_is_wrong_is_counted_by_its_kind() -> None:
    survey = Survey()
    for line in range(9):
        survey.take(Unreadable(line, f"An abstract without a title: {line}"))
    assert survey.unreadable == {"An abstract without a title": 9}
    assert len(survey.first_unreadable) == 5


def test_tokens_are_counted_nearly_as_tokenisers_do() -> None:
    texts = [f"{each.title}\n\n{each.abstract}" for each in read_dump(EXAMPLE)]
    counted = [count_tokens(text) for text in texts]
    for known in (QWEN, O200K):  # a dozen papers full of names that nobody has heard of
        assert sum(counted) == pytest.approx(sum(known), rel=0.04 + TOKEN_ERROR)
        for ours, theirs in zip(counted, known, strict=True):
            assert ours == pytest.approx(theirs, rel=0.15)


@given(st.text(), st.text())
def test_tokens_add_up(one: str, other: str) -> None:
    assert count_tokens(f"{one} {other}") == count_tokens(one) + count_tokens(other)
    assert count_tokens(one) <= len(one)


def test_an_answer_lies_between_an_empty_form_and_a_full_one() -> None:
    schema = load_task("paper").schema
    empty, full = answer_tokens(schema.model_json_schema())
    found = schema.model_validate({"method_name": "Foo", "benchmarks": ["GLUE", "COCO"]})
    said = count_tokens(found.model_dump_json(exclude={"claimed_speedups": {"factor"}}))
    assert empty == count_tokens(schema().model_dump_json())
    assert empty < said < full


def test_a_schema_that_contains_itself_has_an_end() -> None:
    class Tree(BaseModel):
        name: str
        parts: list[Tree] = []

    empty, full = answer_tokens(Tree.model_json_schema())
    assert 0 < empty < full


def test_only_the_last_message_is_a_papers_own() -> None:
    messages = [{"role": "system", "content": "one two"}, {"role": "user", "content": "three"}]
    fixed, own = request_tokens({"messages": messages}, schema_is_read=True)
    assert fixed == own + 1


class _TwoQuestions:
    """An approach that asks two short questions about each paper, in plain completions."""

    name = "two-questions"

    def __init__(self, *_: object) -> None: ...

    def steps(self, paper: Paper) -> Generator[Request, Any, None]:
        for name in ("one", "other"):
            yield Request({"prompt": f"Read: {paper.abstract} {name}?"}, limit=1)

    requests = steps


def test_an_approach_may_ask_many_small_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [paper(1), paper(2)]
    monkeypatch.setattr("extractor.approaches.choose_approach", lambda *_: _TwoQuestions)
    run = foretold(papers, 2)
    assert run.requests == 4
    assert run.answer_tokens.expected == 4
    assert run.prompt_tokens.expected > 4 * 60
    assert run.fixed_tokens == 0
    # The second question begins like the first, and is read from where it differs.
    assert run.seconds.expected < run.prompt_tokens.expected / 92


def test_ranges_add_and_grow() -> None:
    assert Range(1, 2, 3).times(10, 0.5) == Range(5, 20, 45)
    assert Range(1, 2, 3).plus(Range(1, 1, 1)) == Range(2, 3, 4)


@pytest.mark.parametrize("approach", ["full-schema", "candidates"])
def test_it_says_how_many_papers_are_cached_without_asking(
    invoke: Invoke, tmp_path: Path, approach: str
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(9))
    with FaultServer() as server:
        how = ["--model", "m", "--base-url", server.url, "--approach", approach]
        how += ["--where", "title!~Net8"]
        before = json.loads(invoke("inspect", dump, *how, "--json")[1])
        assert before["cached"] == {"papers": 0, "exact": True}
        assert (before["papers"], before["forecast"]["papers"]) == (8, 8)
        assert not (tmp_path / "answers").exists()
        if approach == "candidates":  # the server fills in forms only
            return
        assert invoke("run", dump, *how, "--limit", 5, "-q")[0] == 0
        server.forget()
        code, out, _ = invoke("inspect", dump, *how)
        assert code == 0
        assert "  cached       5 of 8 papers; the forecast is of the others" in out.splitlines()
        assert "full-schema, 3 papers:" in out
        assert "8 of 9 papers selected" in out
        out = invoke("inspect", dump, *how, "--limit", 5)[1]
        assert "cached       5 of 5 papers: a run asks for nothing" in out
        assert "Forecast" not in out
        assert "cached       0 of 8 papers" in invoke("inspect", dump, *how, "--no-cache")[1]
        assert not server.asked
    assert json.loads(invoke("inspect", dump, "--model", "none", "--json")[1])["cached"] is None
