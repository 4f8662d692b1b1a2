"""Endpoints that refuse a field: the run changes what it sends, once, and says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import in_a_hurry, papers, run
from fault_server import Asked, FaultServer, Reply, answer, refuse

from extractor.llm.endpoint import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine_runs import Ran

    Body = Mapping[str, Any]


def form(body: Body) -> str:
    """How a request asks for the schema."""
    return "tools" if "tools" in body else body.get("response_format", {}).get("type", "text")


def system(body: Body) -> bool:
    return any(each["role"] in ("system", "developer") for each in body["messages"])


@dataclass(frozen=True)
class Quirk:
    """An endpoint that refuses some bodies, and the words of the lines that say what is changed."""

    name: str
    mode: Mode
    refuses: Callable[[Body], bool]
    refusal: Reply
    told: tuple[str, ...]


def quirk(
    name: str, mode: Mode, refuses: Callable[[Body], bool], refusal: Reply | str, *told: str
) -> Quirk:
    reply = refuse(400, refusal) if isinstance(refusal, str) else refusal
    return Quirk(name, mode, refuses, reply, told)


def validation(field: str) -> Reply:
    """What FastAPI answers to a field that it does not know."""
    detail = {"type": "extra_forbidden", "loc": ["body", field], "msg": "Extra inputs are ..."}
    return Reply(json.dumps({"detail": [detail]}).encode(), 422)


GEMINI = json.dumps(
    [{"error": {"code": 400, "message": "Unknown name 'temperature': Cannot find"}}]
)

QUIRKS = [
    quirk(
        "max_tokens",
        Mode.TOOLS,
        lambda body: "max_tokens" in body,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "max_completion_tokens",
    ),
    quirk(
        "max_tokens, FastAPI",
        Mode.JSON,
        lambda body: "max_tokens" in body,
        validation("max_tokens"),
        "max_completion_tokens",
    ),
    quirk(
        "limit, OpenAI",
        Mode.TOOLS,
        lambda body: body["max_tokens"] > 1024,
        "max_tokens is too large: 2048. This model supports at most 1024 completion tokens.",
        "1,024",
    ),
    quirk(
        "limit, Groq",
        Mode.JSON,
        lambda body: body["max_tokens"] > 1024,
        "`max_tokens` must be less than or equal to `1024`, the maximum value for `max_tokens` is "
        "less than the `context_window` for this model",
        "1,024",
    ),
    quirk(
        "limit, Anthropic",
        Mode.JSON,
        lambda body: body["max_tokens"] > 1024,
        "max_tokens: 2048 > 1024, which is the maximum allowed number of output tokens",
        "1,024",
    ),
    quirk(
        "temperature",
        Mode.TOOLS,
        lambda body: body.get("temperature") not in (None, 1),
        "Unsupported value: 'temperature' does not support 0.0 with this model.",
        "temperature",
    ),
    quirk(
        "temperature, locked",
        Mode.JSON,
        lambda body: "temperature" in body,
        "Sampling parameters such as temp are locked for this model",
        "temperature",
    ),
    quirk(
        "strict schema",
        Mode.JSON_SCHEMA,
        lambda body: form(body) == "json_schema",
        "Invalid schema for response_format: In context=(), 'additionalProperties' is required to "
        "be supplied and to be false.",
        "json_object",
    ),
    quirk(
        "temperature above zero",
        Mode.JSON,
        lambda body: body.get("temperature") == 0,
        Reply(
            b'{"error":"`temperature` must be strictly positive","error_type":"validation"}', 422
        ),
        "temperature",
    ),
    quirk(
        "temperature, a list",
        Mode.JSON,
        lambda body: "temperature" in body,
        Reply(GEMINI.encode(), 400),
        "temperature",
    ),
    quirk(
        "system role",
        Mode.TOOLS,
        system,
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "user message",
    ),
    quirk(
        "system role, vLLM", Mode.JSON_SCHEMA, system, "System role not supported", "user message"
    ),
    quirk(
        "roles alternate",
        Mode.MD_JSON,
        lambda body: [each["role"] for each in body["messages"]] != ["user"],
        Reply(b"Conversation roles must alternate user/assistant/user/assistant/...", 500),
        "user message",
    ),
    quirk(
        "no tools",
        Mode.TOOLS,
        lambda body: form(body) == "tools",
        "registry.ollama.ai/library/m does not support tools",
        "json_schema",
    ),
    quirk(
        "no tool_choice, as an unknown model",
        Mode.TOOLS,
        lambda body: form(body) == "tools",
        refuse(404, "No endpoints found that support the provided 'tool_choice' value."),
        "json_schema",
    ),
    quirk(
        "no tools, llama.cpp",
        Mode.TOOLS,
        lambda body: form(body) == "tools",
        refuse(500, "tools param requires --jinja flag"),
        "json_schema",
    ),
    quirk(
        "no json_schema",
        Mode.JSON_SCHEMA,
        lambda body: form(body) == "json_schema",
        "This response_format type is unavailable now",
        "json_object",
    ),
    quirk(
        "no json_object",
        Mode.JSON,
        lambda body: form(body) == "json_object",
        Reply(b"{\"error\": \"'response_format.type' must be 'json_schema' or 'text'\"}", 400),
        "prompt alone",
    ),
    quirk(
        "no form at all",
        Mode.TOOLS,
        lambda body: form(body) != "text",
        Reply(b'{"detail":"tools, tool_choice and response_format are not supported"}', 422),
        "json_schema",
        "json_object",
        "prompt alone",
    ),
    quirk(
        "several at once",
        Mode.TOOLS,
        lambda body: "max_tokens" in body or "temperature" in body or system(body),
        "Extra inputs are not permitted: max_tokens, temperature, system role",
        "max_completion_tokens",
        "temperature",
        "user message",
    ),
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_a_field_that_is_refused_is_changed_once_for_the_run(quirk: Quirk, tmp_path: Path) -> None:
    told: list[str] = []

    def script(asked: Asked) -> Reply:
        return quirk.refusal if quirk.refuses(asked.body) else answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(40), tmp_path, mode=quirk.mode, model={"tell": told.append})
        assert [row["method_name"] for row in ran.records] == named(ran)
        assert len(ran.records) == 40
        assert len(told) == len(quirk.told)
        assert all(word in line for word, line in zip(quirk.told, told, strict=True)), told
        # Only what was in flight before it was known is refused: the first 16 papers.
        assert ran.spent.failed <= 16 * len(told)
        assert len(server.asked) == 40 + ran.spent.failed
        server.forget()
        again = run(server.url, reversed(papers(42)), tmp_path, mode=quirk.mode)
        assert len(again.records) == 42
        assert sum(row["meta"]["cached"] for row in again.records) == 40
        assert {asked.title for asked in server.asked} == {"Net40: a study", "Net41: a study"}


def named(ran: Ran) -> list[str]:
    return [f"Net{row['id']}" for row in ran.records]


def test_the_schema_is_still_in_what_is_sent() -> None:
    bodies: list[Body] = []

    def script(asked: Asked) -> Reply:
        if form(asked.body) != "text" or system(asked.body):
            refused = "system role" if system(asked.body) else "response_format"
            return refuse(400, f"{refused} is not supported")
        bodies.append(asked.body)
        return answer(asked)

    with FaultServer(script) as server:
        assert len(run(server.url, papers(1), mode=Mode.TOOLS).records) == 1
    (message,) = bodies[0]["messages"]
    assert message["role"] == "user"
    assert "Title: Net0: a study" in message["content"]
    assert '"claimed_speedups"' in message["content"]  # a field of the JSON Schema


def test_a_refusal_of_one_paper_changes_nothing_for_the_others() -> None:
    told: list[str] = []

    def script(asked: Asked) -> Reply:
        if asked.title == "Net7: a study":
            return refuse(400, "messages[1]: 'temperature and tools are not supported' is odd")
        return answer(asked)

    with FaultServer(script) as server:
        settings = {"tell": told.append}
        ran = run(server.url, papers(20), mode=Mode.TOOLS, concurrency=1, model=settings)
        assert [row["error"] for row in ran.failures] == ["rejected"]
        assert len(ran.records) == 19
        assert not told
        assert all(form(asked.body) == "tools" for asked in server.asked)


def test_an_effort_that_is_refused_is_not_sent() -> None:
    told: list[str] = []

    def script(asked: Asked) -> Reply:
        if "reasoning_effort" in asked.body:
            return refuse(400, "Unrecognized request argument supplied: reasoning_effort")
        return answer(asked)

    with FaultServer(script) as server:
        model = {"tell": told.append, "reasoning_effort": "low"}
        assert len(run(server.url, papers(9), model=model).records) == 9
    assert len(told) == 1
    assert "no reasoning_effort is sent" in told[0]


LIMITS = ("max_tokens", "max_completion_tokens")


@pytest.mark.parametrize("answers_first", [True, False])
def test_backends_that_accept_different_fields_lose_no_paper(answers_first: bool) -> None:
    """One after the other answers, and each refuses the field that the other one wants."""

    def script(asked: Asked) -> Reply:
        refused = LIMITS[(asked.number + answers_first) % 2]
        if refused not in asked.body:
            return answer(asked)
        other = LIMITS[(asked.number + answers_first + 1) % 2]
        return refuse(400, f"Unsupported parameter: {refused}. Use {other}")

    with FaultServer(script) as server:
        ran = run(server.url, papers(20), concurrency=1)
    assert (len(ran.records), ran.failures) == (20, [])


def test_a_field_that_is_refused_in_every_form_is_given_up() -> None:
    def script(asked: Asked) -> Reply:
        (sent,) = asked.body.keys() & set(LIMITS)
        return refuse(400, f"Unsupported parameter: {sent}.")

    with FaultServer(script) as server:
        ran = run(server.url, papers(1), tries=3)
        assert [row["error"] for row in ran.failures] == ["rejected"]
        assert len(server.asked) <= 2 + 2 + 3


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("max_tokens must be at least 1, got -1042.", "too_long"),
        ("Unrecognized request argument supplied: seed", "rejected"),
        ("invalid character in request", "rejected"),
    ],
)
def test_what_no_change_can_help_is_sent_once(message: str, error: str) -> None:
    with FaultServer(lambda _: refuse(400, message)) as server:
        ran = run(server.url, papers(1), mode=Mode.TOOLS)
        assert [(row["error"], row["tries"]) for row in ran.failures] == [(error, 1)]
        assert "answer_tokens=" in ran.failures[0]["message"]
        assert len(server.asked) == 1


def test_the_name_of_the_model_is_no_field() -> None:
    with FaultServer(lambda _: refuse(400, "temperature-tools is not supported")) as server:
        run(server.url, papers(1), mode=Mode.TOOLS, model={"model": "temperature-tools"})
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("mode", "message", "code"),
    [
        (Mode.JSON, "Failed to generate JSON. See 'failed_generation'.", "json_validate_failed"),
        (Mode.TOOLS, "tool call validation failed: parameters did not match", "tool_use_failed"),
    ],
)
def test_an_answer_that_the_endpoint_finds_unfit_is_asked_for_again(
    mode: Mode, message: str, code: str
) -> None:
    def script(asked: Asked) -> Reply:
        good = asked.time > 1 and asked.title != "Net1: a study"
        return answer(asked) if good else refuse(400, message, code=code)

    with FaultServer(script) as server:
        ran = run(server.url, papers(4), mode=mode, tries=3)
        assert ran.ids == ["0", "1", "2", "3"]
        assert [(row["id"], row["error"], row["tries"]) for row in ran.failures] == [
            ("1", "invalid_response", 3)
        ]
        assert len(server.asked) == 3 * 2 + 3
        assert {form(asked.body) for asked in server.asked} == {form(server.asked[0].body)}


def events(reply: Reply, *, size: int = 7, end: bytes = b"data: [DONE]\n\n") -> Reply:
    """A reply as a stream of events that carry a few characters each."""
    completion = json.loads(reply.body)
    (choice,) = completion["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": message["content"]}]
    if not message.get("tool_calls"):
        text = message["content"]
        deltas = [{"content": text[i : i + size]} for i in range(0, len(text), size)]
    for call in message.get("tool_calls", ()):
        text = call["function"]["arguments"]
        parts = [text[i : i + size] for i in range(0, len(text), size)]
        first = {**call, "function": {**call["function"], "arguments": ""}}
        named = ({"function": {"name": "", "arguments": part}} for part in parts)
        deltas += [{"tool_calls": [{"index": 0, **each}]} for each in (first, *named)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
    said = [{"choices": [each], "usage": None} for each in choices]
    said.append({"choices": [], "usage": completion["usage"]})
    lines = b"".join(b"data: " + json.dumps(each).encode() + b"\r\n\r\n" for each in said)
    return Reply(b": ping\n\n" + lines + end, headers={"Content-Type": "text/event-stream"})


@pytest.mark.parametrize("mode", [Mode.TOOLS, Mode.JSON])
def test_an_endpoint_that_only_streams_is_read_as_a_stream(mode: Mode) -> None:
    told: list[str] = []

    def script(asked: Asked) -> Reply:
        if not asked.body.get("stream"):
            return refuse(400, "This model only support stream mode, please enable the stream.")
        return events(answer(asked))

    with FaultServer(script) as server:
        ran = run(server.url, papers(5), mode=mode, model={"tell": told.append})
        assert [row["method_name"] for row in ran.records] == named(ran)
        assert ran.records[0]["meta"]["prompt_tokens"] == 100
        assert len(told) == 1
        assert "streamed" in told[0]
        assert server.asked[-1].body["stream_options"] == {"include_usage": True}


def test_a_stream_that_nobody_asked_for_is_read_and_one_that_breaks_off_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def script(asked: Asked) -> Reply:
        whole = events(answer(asked))
        return Reply(whole.body[:250]) if asked.time == 1 else whole

    with in_a_hurry(monkeypatch), FaultServer(script) as server:
        ran = run(server.url, papers(3), mode=Mode.JSON)
        assert [row["method_name"] for row in ran.records] == named(ran)
        assert len(server.asked) == 6
