"""docs/providers.md: each command runs at a server that behaves like its provider.

Only the address is another one: the provider's family, the path, the headers and the body of each
request are those that it would get.
"""

from __future__ import annotations

import json
import re
import shlex
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import in_a_hurry, papers, write_dump
from fault_server import Asked, FaultServer, Reply
from helpers import Invoked, read_jsonl

import extractor.llm.http_transport as http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from helpers import Invoke

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
KEY = "sk-mine"


def sections() -> dict[str, list[str]]:
    """The commands under each heading of the page."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        commands = re.findall(r"^\$ (extractor run .*)$", section, re.M)
        if commands:
            found[section.partition("\n")[0]] = commands
    return found


def words(asked: Asked) -> str:
    """A good answer to a question about the paper of `papers`."""
    return json.dumps({"method_name": asked.title.split(":")[0]})


def said(status: int, body: Any, **how: Any) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(content, status, headers={"Content-Type": "application/json"}, **how)


def error(status: int, message: str, /, **more: Any) -> Reply:
    """An error as OpenAI, vLLM, Ollama and llama.cpp nest it."""
    return said(status, {"error": {"message": message, **more}})


def completed(message: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": more.pop("finish_reason", "stop")}
    usage = {"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930}
    made = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**made, "choices": [choice], "usage": usage, **more}


def called(asked: Asked, **more: Any) -> Reply:
    """The tool of the request is called, as OpenAI does it."""
    (tool,) = asked.body["tools"]
    function = {"name": tool["function"]["name"], "arguments": words(asked)}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": calls, "refusal": None}
    return said(200, completed(message, finish_reason="tool_calls", **more))


def written(asked: Asked, reasoning: str | None = None, **more: Any) -> Reply:
    """JSON as the response format asks for it; thoughts are in the field ``reasoning``."""
    message = {"role": "assistant", "content": words(asked)}
    if reasoning:
        message[reasoning] = 'Is it {"method_name": "Other"}? No.'
    return said(200, completed(message, **more))


def has_schema(asked: Asked) -> bool:
    form = asked.body.get("response_format", {})
    return form.get("type") == "json_schema" and "properties" in form["json_schema"]["schema"]


def openai(asked: Asked) -> Reply:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return error(401, "Incorrect API key provided", code="invalid_api_key")
    if "max_tokens" in asked.body:
        return error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")
    if asked.body.get("temperature", 1) != 1:
        return error(400, "Unsupported value: 'temperature' does not support 0.")
    return called(asked, service_tier="default", system_fingerprint="fp_1")


def azure(asked: Asked) -> Reply:
    if asked.headers.get("api-key") != KEY or "authorization" in asked.headers:
        return error(401, "Access denied due to invalid subscription key", code="401")
    if asked.body["model"] != "my-deployment":
        return error(404, "The API deployment does not exist.", code="DeploymentNotFound")
    filtered = {"hate": {"filtered": False, "severity": "safe"}}
    return called(asked, prompt_filter_results=[{"content_filter_results": filtered}])


def openrouter(asked: Asked) -> Reply:
    if asked.headers.get("authorization") != f"Bearer {KEY}":
        return error(401, "No auth credentials found", code=401)
    if "/" not in asked.body["model"]:
        return error(400, f"{asked.body['model']} is not a valid model ID", code=400)
    if asked.title.startswith("Net1:") and asked.time == 1:
        metadata = {"provider_name": "Somebody", "raw": "upstream connect error"}
        return said(
            200,
            {"error": {"code": 502, "message": "Provider returned error", "metadata": metadata}},
        )
    reply = called(asked, provider="Somebody")
    return said(200, b"\n         \n         \n" + reply.body)


def ollama(asked: Asked) -> Reply:
    if asked.body["model"] != "qwen3:8b":
        what = f"model {asked.body['model']!r} not found, try pulling it first"
        return error(404, what, type="not_found_error", param=None, code=None)
    assert has_schema(asked)  # what it does not know, it ignores
    return written(asked, reasoning="reasoning", system_fingerprint="fp_ollama")


def vllm(asked: Asked) -> Reply:
    if asked.body["model"] != "Qwen/Qwen3-8B":
        what = f"The model `{asked.body['model']}` does not exist."
        return error(404, what, type="NotFoundError", param="model", code=404)
    if asked.body["max_tokens"] > 4096 - 1000:
        what = (
            f"'max_tokens' or 'max_completion_tokens' is too large: {asked.body['max_tokens']}. "
            "This model's maximum context length is 4096 tokens and your request has 1000 input"
        )
        return error(400, what, type="BadRequestError", param=None, code=400)
    assert has_schema(asked)
    more = {"prompt_logprobs": None, "kv_transfer_params": None}
    return written(asked, reasoning="reasoning_content", **more)


def lm_studio(asked: Asked) -> Reply:
    kind = asked.body.get("response_format", {}).get("type", "text")
    if kind not in ("json_schema", "text"):
        return said(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    return written(asked, stats={}, system_fingerprint="qwen3-8b")


def llama_cpp(asked: Asked) -> Reply:
    if asked.number <= 2:
        return error(503, "Loading model", type="unavailable_error", code=503)
    assert has_schema(asked)
    return written(asked, reasoning="reasoning_content", timings={"predicted_per_second": 40.1})


@dataclass(frozen=True)
class Provider:
    """How a provider behaves: its answers, where it listens, whether the reader sets a key."""

    answers: Callable[[Asked], Reply]
    address: str
    paths: tuple[str, ...]
    keyed: bool = False


PROVIDERS = {
    "OpenAI": Provider(openai, "https://api.openai.com", ("/v1/chat/completions",), keyed=True),
    "Azure OpenAI": Provider(
        azure,
        "https://NAME.openai.azure.com",
        (
            "/openai/v1/chat/completions",
            "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21",
        ),
        keyed=True,
    ),
    "OpenRouter": Provider(
        openrouter, "https://openrouter.ai", ("/api/v1/chat/completions",), keyed=True
    ),
    "Ollama": Provider(ollama, "http://localhost:11434", ("/v1/chat/completions",)),
    "vLLM": Provider(vllm, "http://localhost:8000", ("/v1/chat/completions",)),
    "LM Studio": Provider(lm_studio, "http://localhost:1234", ("/v1/chat/completions",)),
    "llama.cpp's server": Provider(llama_cpp, "http://localhost:8080", ("/v1/chat/completions",)),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with in_a_hurry(monkeypatch):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of the page works."""
    write_dump(tmp_path / "papers.txt", papers(4))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def standing_in(
    monkeypatch: pytest.MonkeyPatch, provider: Provider, answers: Callable[[Asked], Reply]
) -> Iterator[FaultServer]:
    """A server to which the provider's address leads."""
    open_http = http.open_http
    with FaultServer(answers) as server, monkeypatch.context() as patch:

        def redirected(base_url: str, *rest: Any, **more: Any) -> Any:
            assert base_url.startswith(f"{provider.address}/"), base_url
            local = f"http://127.0.0.1:{server.port}"
            return open_http(base_url.replace(provider.address, local, 1), *rest, **more)

        if provider.keyed:
            patch.setenv("OPENAI_API_KEY", KEY)
        patch.setattr(http, "open_http", redirected)
        yield server


def ran(invoke: Invoke, command: str, *more: str) -> Invoked:
    return invoke(*shlex.split(command)[1:], *more)


def at(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    invoke: Invoke,
    reply: Callable[[Asked], Reply | None],
    *more: str,
) -> Invoked:
    """Run a provider's first command where it replies so to some requests."""
    provider = PROVIDERS[name]

    def answers(asked: Asked) -> Reply:
        return reply(asked) or provider.answers(asked)

    with standing_in(monkeypatch, provider, answers):
        return ran(invoke, sections()[name][0], *more)


def about(number: int, reply: Reply) -> Callable[[Asked], Reply | None]:
    """The reply for one paper."""
    return lambda asked: reply if asked.title.startswith(f"Net{number}:") else None


def always(reply: Reply | None) -> Callable[[Asked], Reply | None]:
    """The reply for every paper; None for the provider's own."""
    return lambda _: reply


def names() -> list[str]:
    return [record["method_name"] for record in read_jsonl(Path("records.jsonl"))]


def test_every_provider_has_its_server() -> None:
    assert set(sections()) == set(PROVIDERS)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", PROVIDERS)
def test_command_gives_records(
    name: str, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = PROVIDERS[name]
    assert len(sections()[name]) == len(provider.paths)
    for number, command in enumerate(sections()[name]):
        monkeypatch.setenv("EXTRACTOR_CACHE_DIR", str(tmp_path / f"answers{number}"))
        with standing_in(monkeypatch, provider, provider.answers) as server:
            done = ran(invoke, command)
        assert done.code == 0, done.err
        assert names() == ["Net0", "Net1", "Net2", "Net3"]
        assert {asked.target for asked in server.asked} == {provider.paths[number]}


FILTERED = error(
    400,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy. Please modify your prompt and retry.",
    type=None,
    param="prompt",
    code="content_filter",
    status=400,
    innererror={"code": "ResponsibleAIPolicyViolation"},
)
LLAMA_TOO_LONG = error(
    400,
    "request (9001 tokens) exceeds the available context size (8192 tokens), try increasing it",
    code=400,
    type="exceed_context_size_error",
    n_prompt_tokens=9001,
    n_ctx=8192,
)
VLLM_TOO_LONG = error(
    400,
    "This model's maximum context length is 4096 tokens. However, your request has 5000 input "
    "tokens. Please reduce the length of the input messages.",
    type="BadRequestError",
    param=None,
    code=400,
)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "reply", "kind"),
    [
        ("Azure OpenAI", FILTERED, "refused"),
        ("vLLM", VLLM_TOO_LONG, "too_long"),
        ("llama.cpp's server", LLAMA_TOO_LONG, "too_long"),
    ],
)
def test_paper_that_is_refused_is_a_failure_of_its_own(
    name: str, reply: Reply, kind: str, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = at(name, monkeypatch, invoke, about(2, reply))
    assert done.code == 3
    assert names() == ["Net0", "Net1", "Net3"]
    (failure,) = read_jsonl(Path("records.failures.jsonl"))
    assert (failure["id"], failure["error"]) == ("2", kind)


QUOTA = error(
    429,
    "You exceeded your current quota, please check your plan and billing details.",
    type="insufficient_quota",
    code="insufficient_quota",
)
NO_CREDITS = error(402, "Insufficient credits. Add more using the account's page", code=402)
NO_DEPLOYMENT = error(
    404, "The API deployment for this resource does not exist.", code="DeploymentNotFound"
)
NO_KEY = said(401, {"error": "Unauthorized"})


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "reply", "more", "message"),
    [
        ("OpenAI", QUOTA, (), "requires payment"),
        ("OpenRouter", NO_CREDITS, (), "requires payment"),
        ("Azure OpenAI", NO_DEPLOYMENT, (), "does not know the model 'my-deployment'"),
        ("Ollama", None, ("--model", "absent:8b"), "does not know the model 'absent:8b'"),
        ("vLLM", None, ("--model", "absent"), "does not know the model 'absent'"),
        ("vLLM", NO_KEY, (), "Set OPENAI_API_KEY"),
    ],
)
def test_what_concerns_all_papers_stops_the_run(
    name: str,
    reply: Reply | None,
    more: tuple[str, ...],
    message: str,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = at(name, monkeypatch, invoke, always(reply), *more)
    assert done.code == 1
    assert message in done.err
    assert not Path("records.jsonl").exists()


@pytest.mark.usefixtures("folder")
def test_answer_too_long_for_vllm_says_which_option_to_lower(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = at("vLLM", monkeypatch, invoke, always(None), "--answer-tokens", "4000")
    assert done.code == 1
    assert "too_long 4" in done.err
    assert "lower --answer-tokens" in done.err


@pytest.mark.usefixtures("folder")
def test_json_at_lm_studio_is_asked_for_in_the_prompt(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = at("LM Studio", monkeypatch, invoke, always(None), "--mode", "json")
    assert done.code == 0, done.err
    assert len(names()) == 4
    assert "the schema is part of the prompt alone" in done.err


def streamed(asked: Asked) -> Reply | None:
    """A backend of OpenRouter that only streams, with comments between the events."""
    if not asked.body.get("stream"):
        return error(400, "This model only supports streaming: set stream to true", code=400)
    name = asked.body["tools"][0]["function"]["name"]
    call = {"index": 0, "id": "c", "type": "function"}
    parts = [
        {"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": words(asked)}}]},
    ]
    events: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": part}]} for part in parts]
    events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}]
    text = "".join(f": OPENROUTER PROCESSING\n\ndata: {json.dumps(each)}\n\n" for each in events)
    return Reply(f"{text}data: [DONE]\n\n".encode(), headers={"Content-Type": "text/event-stream"})


@pytest.mark.usefixtures("folder")
def test_comments_of_openrouter_are_skipped(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = at("OpenRouter", monkeypatch, invoke, streamed)
    assert done.code == 0, done.err
    assert len(names()) == 4
    assert "answers are streamed" in done.err


NO_TOOLS = error(404, "No endpoints found that support tool use.", code=404)


@pytest.mark.usefixtures("folder")
def test_model_without_tools_at_openrouter_is_asked_with_a_schema(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = at(
        "OpenRouter",
        monkeypatch,
        invoke,
        lambda asked: NO_TOOLS if "tools" in asked.body else written(asked),
    )
    assert done.code == 0, done.err
    assert len(names()) == 4
    assert "response_format json_schema instead of a tool" in done.err


@pytest.mark.usefixtures("folder")
def test_server_of_another_machine_needs_the_mode_and_any_key(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider(vllm, "http://gpu-box:8000", ("/v1/chat/completions",), keyed=True)
    (command,) = sections()["vLLM"]
    with standing_in(monkeypatch, provider, provider.answers) as server:
        there = command.replace("localhost", "gpu-box")
        done = ran(invoke, there, "--mode", "json_schema")
    assert done.code == 0, done.err
    assert all(has_schema(asked) for asked in server.asked)
