"""Options for what an endpoint needs and nobody can guess: fields, headers, addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, run, write_dump
from fault_server import Asked, FaultServer, Reply, answer, completion

from extractor import Extractor
from extractor.errors import TooLong, UsageError
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Invoke

TEXT = {"title": "Net0: a study", "abstract": "We present Net0."}


def test_the_command_sends_what_its_options_say(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "the-key")
    dump = write_dump(tmp_path / "papers.jsonl", papers(1))
    with FaultServer() as server:
        done = invoke(
            *("run", dump, "--model", "m", "--base-url", server.url, "--temperature", "0.5"),
            *("--answer-tokens", 9000, "--reasoning-effort", "low", "--extra-body", '{"top_k": 3}'),
            *("--extra-header", "X-Team: one: two", "--extra-header", "X-Title:papers"),
            *("--api-version", "2024-10-21", "--key-header", "X-Key"),
        )
        assert done.code == 0, done.err
        (asked,) = server.asked
    sent = {"max_tokens": 9000, "temperature": 0.5, "reasoning_effort": "low", "top_k": 3}
    assert sent.items() <= asked.body.items()
    assert asked.target == "/v1/chat/completions?api-version=2024-10-21"
    assert (asked.headers["x-team"], asked.headers["x-title"]) == ("one: two", "papers")
    assert asked.headers["x-key"] == "the-key"
    assert "authorization" not in asked.headers


def test_the_api_has_the_same_options() -> None:
    with FaultServer() as server:
        with Extractor(
            model="m",
            base_url=f"{server.url}/chat/completions?a=1",
            answer_tokens=9000,
            temperature=0.5,
            reasoning_effort="low",
            extra_body={"top_k": 3},
            extra_headers={"X-Team": "one"},
            api_version="v",
            key_header="X-Key",
            api_key="the-key",
            cache=False,
        ) as extractor:
            extractor.extract(**TEXT)
        (asked,) = server.asked
    sent = {"max_tokens": 9000, "temperature": 0.5, "reasoning_effort": "low", "top_k": 3}
    assert sent.items() <= asked.body.items()
    assert asked.target == "/v1/chat/completions?a=1&api-version=v"
    assert (asked.headers["x-team"], asked.headers["x-key"]) == ("one", "the-key")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"extra_body": {"max_tokens": 3}}, "answer_tokens="),
        ({"extra_body": {"messages": []}}, "prompt="),
        ({"extra_headers": {"X Y": "v"}}, "X Y"),
        ({"extra_headers": {"X-Y": "secret\nX-Z: 1"}}, "X-Y"),
        ({"extra_headers": {"X-Y": "sécret"}}, "X-Y"),
        ({"key_header": "X:Y"}, "X:Y"),
        ({"key_header": ""}, "''"),
        ({"key_header": "Content-Type"}, "Content-Type"),
        ({"extra_headers": {"Content-Length": "3"}}, "Content-Length"),
        ({"extra_headers": {"host": "a.test"}}, "host"),
        ({"extra_headers": {"Transfer-Encoding": "chunked"}}, "Transfer-Encoding"),
        ({"extra_headers": {"Connection": "close"}}, "Connection"),
        ({"extra_headers": {"X-Y": 3}}, "X-Y"),
        ({"extra_headers": ["X-Y: 3"]}, "headers"),
        ({"extra_body": [1]}, "extra_body="),
        ({"extra_body": {"a": object()}}, "extra_body="),
        ({"extra_body": {"a": float("nan")}}, "extra_body="),
        ({"temperature": float("inf")}, "temperature="),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(options: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError) as refused:
        ModelSettings(model="m", **options)
    assert named in str(refused.value)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"answer_tokens": 0}, "answer_tokens= is 0. Give a whole number of at least 1."),
        ({"answer_tokens": "8"}, "answer_tokens= is '8'."),
        ({"answer_tokens": 8.5}, "answer_tokens= is 8.5."),
        ({"concurrency": 0}, "concurrency= is 0."),
        ({"temperature": -1}, "temperature= is -1. Give a number of at least 0."),
        ({"temperature": float("nan")}, "temperature= is nan."),
        ({"patience": -1}, "patience= is -1."),
        ({"patience": float("nan")}, "patience= is nan."),
        ({"patience": None}, "patience= is None."),
        ({"timeout": 0}, "timeout= is 0. Give a number of at least 0.1."),
        ({"tries": 0}, "tries= is 0."),
        ({"tries": True}, "tries= is True."),
        ({"answer_token": 3}, "no option 'answer_token'. Did you mean 'answer_tokens'?"),
        ({"qqq": 3}, "no option 'qqq'. Options: prompt, model, "),
    ],
)
def test_the_api_refuses_what_the_command_refuses(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        Extractor(model="m", cache=False, **options)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--patience", "nan", "--patience"),
        ("--tries", "0", "--tries"),
        ("--extra-header", "Content-Length: 3", "The header Content-Length"),
        ("--key-header", "Content-Type", "The header Content-Type"),
    ],
)
def test_the_command_names_what_it_refuses(
    option: str, value: str, said: str, invoke: Invoke, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "papers.jsonl", papers(1))
    done = invoke("run", dump, "--model", "m", "--base-url", "http://127.0.0.1:9/v1", option, value)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("name", ["z.GGUF", "z.Gguf"])
def test_a_model_file_is_one_in_any_case_of_its_ending(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        provider_for(ModelSettings(model=str(tmp_path / name)))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--extra-header", "a secret without a colon"),
        ("--extra-body", "not json"),
        ("--extra-body", "[1]"),
    ],
)
def test_a_malformed_option_is_named_and_not_shown(
    option: str, value: str, invoke: Invoke, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "papers.jsonl", papers(1))
    done = invoke("run", dump, "--model", "m", "--base-url", "http://127.0.0.1:9/v1", option, value)
    assert done.code == 2
    assert option in done.err
    assert value not in done.err


@pytest.mark.parametrize(
    ("base_url", "version", "address", "query"),
    [
        (
            "https://my.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            None,
            "https://my.openai.azure.com/openai/deployments/d",
            {"api-version": "2024-10-21"},
        ),
        (
            "https://my.openai.azure.com/",
            "2025-01-01-preview",
            "https://my.openai.azure.com/openai/deployments/gpt",
            {"api-version": "2025-01-01-preview"},
        ),
        ("https://my.openai.azure.com", None, "https://my.openai.azure.com/openai/v1", {}),
        (
            "https://my.services.ai.azure.com/openai/v1/",
            None,
            "https://my.services.ai.azure.com/openai/v1",
            {},
        ),
    ],
)
def test_azure_openai_is_reached_at_its_own_addresses(
    base_url: str, version: str | None, address: str, query: dict[str, str]
) -> None:
    settings = ModelSettings(model="gpt", base_url=base_url, api_version=version)
    provider = provider_for(settings)
    assert provider.endpoint.base_url == address
    # The version of the API is no part of what finds an answer again.
    assert provider.endpoint.identity == f"gpt@{address}"
    assert vars(provider)["_query"] == query
    assert vars(provider)["_key_header"] == "api-key"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "", "reasoning_content": "thinking so long"},
        {"role": "assistant", "content": None, "reasoning": "thinking so long"},
        {"role": "assistant", "content": "<think>\nthinking so long"},
        {"role": "assistant", "content": ""},
    ],
)
def test_an_answer_that_was_all_thinking_names_the_option(message: dict[str, Any]) -> None:
    with (
        FaultServer(lambda _: completion(message, finish_reason="length")) as server,
        Extractor(model="m", base_url=server.url, answer_tokens=300, cache=False) as extractor,
        pytest.raises(TooLong) as failed,
    ):
        extractor.extract(**TEXT)
    assert "its token limit of 300, all of it spent on thinking" in str(failed.value)
    assert "answer_tokens=" in str(failed.value)


def test_an_answer_that_was_cut_names_the_option_and_no_thinking() -> None:
    with FaultServer(lambda asked: answer(asked, '{"me', finish_reason="length")) as server:
        (failure,) = run(server.url, papers(1)).failures
    assert "thinking" not in failure["message"]
    assert "answer_tokens=" in failure["message"]


def test_a_higher_limit_pays_only_for_the_answers_that_were_cut(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        most = asked.body["max_tokens"]
        if asked.title != "Net2: a study" or most >= 4000:
            return answer(asked)
        cut = json.loads(answer(asked, '{"me', finish_reason="length").body)
        cut["usage"]["completion_tokens"] = most
        return Reply(json.dumps(cut).encode())

    with FaultServer(script) as server:

        def ran(most: int | None) -> tuple[int, int, int]:
            server.forget()
            done = run(server.url, papers(5), tmp_path, model={"answer_tokens": most})
            return len(done.records), len(done.failures), len(server.asked)

        assert ran(None) == (4, 1, 5)
        assert ran(1000)[:2] == (4, 1)
        assert ran(4000) == (5, 0, 1)
        assert ran(100) == (5, 0, 0)


def test_what_may_change_an_answer_is_part_of_its_key(tmp_path: Path) -> None:
    with FaultServer() as server:
        for settings in (
            {},
            {"temperature": 0.7},
            {"reasoning_effort": "high"},
            {"extra_body": {"seed": 1}},
        ):
            for expected in (1, 0):
                server.forget()
                run(server.url, papers(1), tmp_path, model=settings)
                assert len(server.asked) == expected, settings
        server.forget()
        how = {"extra_headers": {"X-A": "1"}, "key_header": "X-K", "api_version": "v"}
        run(server.url, papers(1), tmp_path, model=how)
        assert not server.asked
