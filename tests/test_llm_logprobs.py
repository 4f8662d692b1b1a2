"""Token probabilities: when they are asked for, what of them is kept, and what that costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import Ran, papers, run
from fault_server import Asked, FaultServer, Reply, answer, refuse
from hypothesis import given
from hypothesis import strategies as st

from extractor.llm.answer import Answer
from extractor.llm.endpoint import Mode
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.llm.stream import joined
from extractor.llm.token_logprobs import UnsureToken, unsure_tokens

if TYPE_CHECKING:
    from pathlib import Path

OPENAI = "https://api.openai.com/v1"
LOCAL = "http://localhost:8000/v1"


def tokens(*said: tuple[str, float]) -> dict[str, Any]:
    """A choice's ``logprobs`` as OpenAI and llama.cpp tell them."""
    rows = [
        {"token": text, "logprob": chance, "bytes": list(text.encode()), "top_logprobs": []}
        for text, chance in said
    ]
    return {"content": rows}


def telling(asked: Asked, chance: float = -0.7) -> Reply:
    """The good answer, with the probability of its name's token where they are asked for."""
    reply = answer(asked)
    body = json.loads(reply.body)
    if asked.body.get("logprobs"):
        head, name, tail = body["choices"][0]["message"]["content"].partition("Net")
        number, rest = tail[:1], tail[1:]
        told = tokens((head, 0.0), (name + number, chance), (rest, 0.0))
        body["choices"][0]["logprobs"] = told
    return Reply(json.dumps(body).encode(), headers=reply.headers)


def ask(server: FaultServer, cache: Path | None = None, mode: Mode = Mode.JSON_SCHEMA) -> Ran:
    return run(server.url, papers(3), cache, concurrency=1, mode=mode)


def confidences(ran: Ran) -> list[float | None]:
    return [each.get("confidence") for row in ran.records for each in row["evidence"]]


def test_a_local_server_is_asked_and_every_value_gets_a_confidence() -> None:
    with FaultServer(telling) as server:
        sure, unsure = ask(server), None
        server.script = lambda asked: telling(asked, -2.5)
        unsure = ask(server)
    assert all(each.body["logprobs"] is True for each in server.asked)
    assert {each.body["top_logprobs"] for each in server.asked} == {1}
    high, low = confidences(sure), confidences(unsure)
    assert None not in high + low
    assert min(high) > max(low)  # type: ignore[type-var]


def test_calls_of_tools_are_asked_for_no_probabilities() -> None:
    with FaultServer(telling) as server:
        ran = ask(server, mode=Mode.TOOLS)
    assert not any("logprobs" in each.body for each in server.asked)
    assert set(confidences(ran)) == {None}


REFUSALS = {
    "OpenAI": "You are not allowed to request logprobs from this model",
    "a reasoning model": "logprobs are not supported with reasoning models.",
    "Mistral": '{"type":"extra_forbidden","loc":["body","logprobs"],"msg":"Extra inputs"}',
    "Groq": "property 'logprobs' is unsupported",
    "vLLM": "Requested sample logprobs of 1, which is greater than max allowed: 0",
    "llama-cpp-python": "logprobs is not supported for models created with logits_all=False",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_an_endpoint_that_refuses_is_asked_without_from_then_on(name: str) -> None:
    def script(asked: Asked) -> Reply:
        return refuse(400, REFUSALS[name]) if "logprobs" in asked.body else telling(asked)

    with FaultServer(script) as server:
        ran = ask(server)
    refused = [each for each in server.asked if "logprobs" in each.body]
    assert (len(ran.records), len(refused), len(server.asked)) == (3, 1, 4)
    assert not any("top_logprobs" in each.body for each in server.asked[1:])
    assert set(confidences(ran)) == {None}
    assert any("no token probabilities" in line for line in ran.told)


def test_an_answer_paid_for_before_is_found_whether_it_tells_or_not(tmp_path: Path) -> None:
    with FaultServer(answer) as server:  # which ignores the field, as servers before it did
        ask(server, tmp_path)
        server.script = telling
        again = ask(server, tmp_path)
    assert (len(server.asked), again.summary.cached) == (3, 3)
    assert set(confidences(again)) == {None}


def test_what_was_told_is_kept_with_the_answer(tmp_path: Path) -> None:
    with FaultServer(telling) as server:
        first, second = ask(server, tmp_path), ask(server, tmp_path)
    assert len(server.asked) == 3
    assert confidences(first) == confidences(second) != [None, None, None]


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"model": "gpt-4o-mini", "base_url": OPENAI, "mode": Mode.JSON_SCHEMA}, True),
        ({"model": "ft:gpt-4.1:me", "base_url": OPENAI, "mode": Mode.JSON}, True),
        ({"model": "gpt-4o-mini", "base_url": OPENAI}, False),  # calls a tool
        ({"model": "gpt-5-mini", "base_url": OPENAI, "mode": Mode.JSON_SCHEMA}, False),
        ({"model": "o3", "base_url": OPENAI, "mode": Mode.JSON_SCHEMA}, False),
        ({"model": "any", "base_url": LOCAL}, True),
        ({"model": "any", "base_url": LOCAL, "answer_tokens": 32768}, False),
        ({"model": "any", "base_url": LOCAL, "extra_body": {"logprobs": False}}, False),
        ({"model": "any", "base_url": "https://llm.example/v1", "mode": Mode.JSON}, False),
        ({"model": None}, True),
        ({"model": None, "extra_body": {"logprobs": False}}, False),
    ],
)
def test_only_endpoints_that_probably_tell_are_asked(settings: dict[str, Any], asked: bool) -> None:
    endpoint = provider_for(ModelSettings(**settings)).endpoint
    assert ("logprobs" in endpoint.fields_for(None, token_logprobs=True)) is asked
    assert "logprobs" not in endpoint.fields_for(None)


def test_a_stream_adds_them_up() -> None:
    first, second = tokens(("{", -0.1)), tokens(("}", -0.2))
    events = [
        {"choices": [{"delta": {"content": "{"}, "logprobs": first}]},
        {"choices": [{"delta": {"content": "}"}, "logprobs": second}]},
        {"choices": [{"delta": {}, "finish_reason": "stop", "logprobs": None}]},
    ]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    told = Answer.from_completion(joined(stream.encode()), tries=1, now=0.0)
    assert told.unsure == (UnsureToken(0, 1, -0.1), UnsureToken(1, 2, -0.2))


def test_fences_and_thoughts_that_the_server_took_away_are_no_part_of_it() -> None:
    told = tokens(
        ("so {} it is ", -3.0), ("```json\n", -1.0), ('{"a', -0.5), ('"}', 0), ("```", -9)
    )
    assert unsure_tokens(told, '{"a"}') == (UnsureToken(0, 3, -0.5),)


def test_a_character_in_several_tokens_counts_in_each() -> None:
    said = [b'"\xc3', b'\xa9"']
    rows = [{"token": "\ufffd", "logprob": -0.3, "bytes": list(part)} for part in said]
    assert unsure_tokens({"content": rows}, '"é"') == (
        UnsureToken(0, 2, -0.3),
        UnsureToken(1, 3, -0.3),
    )


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        {},
        {"content": None},
        {"content": [{"token": "{}"}]},
        {"content": [{"token": "{}", "logprob": "low"}]},
        {"content": ["{}"]},
        {"content": [{"token": "another text", "logprob": -1, "bytes": None}]},
        {"tokens": ["{}"], "token_logprobs": [-1.0]},
    ],
)
def test_what_does_not_tell_of_the_answer_tells_nothing(logprobs: Any) -> None:
    assert unsure_tokens(logprobs, "{}") is None
    choice = {"message": {"content": "{}"}, "logprobs": logprobs}
    assert Answer.from_completion({"choices": [choice]}, tries=1, now=0.0).said == "{}"


@given(st.lists(st.tuples(st.text(min_size=1), st.floats(-9, -0.1)), min_size=1))
def test_the_places_are_those_of_the_text(parts: list[tuple[str, float]]) -> None:
    text = "".join(part for part, _ in parts)
    found = unsure_tokens(tokens(*parts), text) or ()
    assert [text[each.start : each.end] for each in found] == [part for part, _ in parts]
    assert [each.logprob for each in found] == [round(chance, 2) for _, chance in parts]


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=50))
def test_a_stored_answer_comes_back_in_a_few_bytes_a_token(chances: list[float]) -> None:
    text = "word " * len(chances)
    told = tokens(*(("word ", chance) for chance in chances))
    choice = {"message": {"content": text}, "logprobs": told}
    stored = Answer.from_completion({"choices": [choice]}, tries=1, now=0.0)
    bare = Answer(stored.message, None, stored.usage, 0.0)
    assert Answer.from_json(stored.to_json()).unsure == stored.unsure
    assert len(stored.to_json()) - len(bare.to_json()) <= 20 + 16 * len(chances)
