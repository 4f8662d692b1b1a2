"""Every fault of an endpoint: what is said, how often it is asked again, and that records and
failures hold every paper exactly once."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_runs import in_a_hurry, papers, run
from fault_server import Asked, FaultServer, Reply, answer, completion, refuse

from extractor.errors import (
    AuthenticationFailed,
    EndpointError,
    EndpointUnreachable,
    PaperError,
    QuotaSpent,
    UnknownModel,
)
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.faults import failed_reply
from extractor.llm.transport import Reply as HttpReply
from extractor.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[[Asked], Reply]

TRIES = 3
FAULTY = "Net3:"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with in_a_hurry(monkeypatch):
        yield


def faulty(fault: Reply | Callable[[Asked], Reply], *, times: int = 10**6) -> Script:
    """The fault for one paper of all, as often as it is asked, or the first ``times``."""

    def script(asked: Asked) -> Reply:
        if not asked.title.startswith(FAULTY) or asked.time > times:
            return answer(asked)
        return fault if isinstance(fault, Reply) else fault(asked)

    return script


HTML = Reply(b"<html><body>Bad Gateway</body></html>", headers={"Content-Type": "text/html"})
NONSENSE = Reply(b"\xff" * 10_000_000)
REFUSAL = completion({"role": "assistant", "content": None, "refusal": "I cannot help with that"})
SAID = {"role": "assistant", "content": '{"method_name": "Net'}


@dataclass(frozen=True)
class Fault:
    """A fault that one paper meets always: its failure, the requests it takes, what is said."""

    name: str
    reply: Reply | Callable[[Asked], Reply]
    kind: str
    requests: int
    said: str


ENDPOINT = Endpoint(model="m", identity="m", address="a.test")
GEMINI_DAY = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota. Quota exceeded for metric: x, limit: 20.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": "QuotaFailure", "violations": [{"quotaId": "RequestsPerDayPerModel"}]},
                {"@type": "RetryInfo", "retryDelay": "36s"},
            ],
        }
    }
]
ALWAYS = [
    Fault("500", refuse(500, "boom"), "server_error", TRIES, "HTTP 500"),
    Fault("502 in HTML", Reply(HTML.body, 502), "server_error", TRIES, "HTTP 502"),
    Fault("503", refuse(503, "busy"), "server_error", TRIES, "busy"),
    Fault("529", refuse(529, "overloaded"), "server_error", TRIES, "overloaded"),
    Fault("reset in mid-body", lambda a: Reply(answer(a).body, cut=40), "connection", TRIES, "c"),
    Fault("HTML with 200", HTML, "server_error", TRIES, "answered with a web page: "),
    Fault("10 MB of nonsense", NONSENSE, "server_error", TRIES, "too many bytes"),
    Fault("truncated JSON", lambda a: Reply(answer(a).body[:-30]), "server_error", TRIES, "JSON"),
    Fault("no choices", completion(None), "server_error", TRIES, "no chat completion"),
    Fault("a number", Reply(b"17"), "server_error", TRIES, "no chat completion"),
    Fault("400", refuse(400, "bad field"), "rejected", 1, "bad field"),
    Fault("403 for one", refuse(403, "blocked"), "rejected", 1, "rejects the request: blocked"),
    Fault("404 for one", refuse(404, "gone"), "rejected", 1, "gone"),
    Fault(
        "redirected",
        Reply(status=307, headers={"Location": "http://a.b"}),
        "rejected",
        1,
        "redirects to",
    ),
    Fault("a queue", refuse(202, "queued"), "server_error", TRIES, "HTTP 202"),
    Fault("no content", Reply(status=204), "server_error", TRIES, "answered with"),
    Fault("498", refuse(498, "capacity exceeded"), "server_error", TRIES, "capacity"),
    Fault("no answer", completion(SAID | {"content": " "}), "invalid_response", 2, "is empty"),
    Fault("prose", completion(SAID | {"content": "Sorry!"}), "invalid_response", 2, ": Sorry!"),
    Fault(
        "the longest model",
        refuse(400, "The prompt (length 9) is longer than the maximum model length of 2."),
        "too_long",
        1,
        "answer_tokens",
    ),
    Fault("413", refuse(413, "too large"), "too_long", 1, "too large"),
    Fault("context", refuse(400, "maximum context length is 9"), "too_long", 1, "context"),
    Fault("content filter", refuse(400, "no", "content_filter"), "refused", 1, "HTTP 400"),
    Fault("moderation", refuse(403, "your input was flagged"), "refused", 1, "flagged"),
    Fault("refusal", REFUSAL, "refused", 1, "I cannot help"),
    Fault("filtered", completion(SAID, finish_reason="content_filter"), "refused", 1, "filter"),
    Fault(
        "filtered, and why",
        completion(SAID, finish_reason="content_filter: PROHIBITED_CONTENT"),
        "refused",
        1,
        "filter",
    ),
    Fault("blocked", Reply(b'{"promptFeedback": {"blockReason": "OTHER"}}'), "refused", 1, "OTHER"),
    Fault("a model for one", refuse(400, "Model Not Exist"), "rejected", 1, "Model Not Exist"),
    Fault("cut off", completion(SAID, finish_reason="length"), "too_long", 1, "token limit"),
    # Asked again once, with the complaint: instructor's reask.
    Fault("invalid", lambda a: answer(a, "{'no'"), "invalid_response", 2, "does not fit"),
    Fault("schema", lambda a: answer(a, {"benchmarks": 7}), "invalid_response", 2, "benchmarks"),
    Fault("other keys", lambda a: answer(a, {"foo": 7}), "invalid_response", 2, "None of"),
    # Asked again, though with status 400: the model wrote JSON that its own server refuses.
    Fault(
        "bad JSON, says the server",
        refuse(400, "see 'failed_generation'", "json_validate_failed"),
        "invalid_response",
        TRIES,
        "failed_generation",
    ),
    Fault("500 of context", refuse(500, "exceeds the context size"), "too_long", 1, "context"),
    Fault("not of context", refuse(500, "CUDA context lost"), "server_error", TRIES, "CUDA"),
    Fault("odd tool calls", completion({"tool_calls": [{}]}), "server_error", TRIES, "completion"),
]


@pytest.mark.parametrize("fault", ALWAYS, ids=lambda fault: fault.name)
def test_one_paper_fails_and_the_others_are_done(fault: Fault) -> None:
    with FaultServer(faulty(fault.reply)) as server:
        ran = run(server.url, papers(8), tries=TRIES)
        requests = sum(asked.title.startswith(FAULTY) for asked in server.asked)
    assert [row["id"] for row in ran.records] == ["0", "1", "2", "4", "5", "6", "7"]
    (failure,) = ran.failures
    assert (failure["id"], failure["error"]) == ("3", fault.kind)
    assert fault.said in failure["message"]
    assert "\n" not in failure["message"]
    assert requests == fault.requests == failure["tries"]
    assert ran.spent.requests == 7 + fault.requests


def error_body(status: int, body: object) -> Reply:
    return Reply(json.dumps(body).encode(), status)


WORDS = "field 'x' is wrong"
BODIES = {
    "an object": {"error": {"message": WORDS}},
    "a list": [{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}],
    "no envelope": {"object": "error", "message": WORDS, "code": 400},
    "a string": {"error": WORDS},
    "a JSON string": WORDS,
    "detail": {"detail": WORDS},
    "FastAPI": {"detail": [{"loc": ["body", "x"], "msg": WORDS, "input": {"message": "paper"}}]},
    "nested": {"error": {"error": {"message": WORDS}}},
    "message in detail": {"detail": {"error": {"message": WORDS}}},
    "errors": {"errors": [{"message": WORDS, "code": 5007}], "success": False, "result": {}},
    "errors of text": {"errors": [WORDS]},
    "a gateway's": {"error": {"message": "Provider returned error", "metadata": {"raw": WORDS}}},
    "OAuth": {"error": "invalid_request", "error_description": WORDS},
    "problem+json": {"type": "about:blank", "title": "Bad Request", "detail": WORDS},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_the_words_of_a_provider_reach_the_user_in_any_body(body: object) -> None:
    with FaultServer(faulty(error_body(400, body))) as server:
        (failure,) = run(server.url, papers(8)).failures
    assert failure["error"] == "rejected"
    assert WORDS in failure["message"]
    assert "paper" not in failure["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no such thing here", "no such thing here"),
        (b"<!doctype html><html><head><title>Attention Required!</title>", "Attention Required!"),
        (b"<html><h1>Attention Required!</h1> Now.</html>", ": Attention Required! Now."),
        (json.dumps({"error": {"message": json.dumps({"error": {"msg": WORDS}})}}).encode(), WORDS),
        (b'data: {"error": {"message": "' + WORDS.encode() + b'"}}\n\ndata: [DONE]\n', WORDS),
        (b"\xef\xbb\xbf" + json.dumps({"error": WORDS}).encode(), WORDS),
        (b'{"error": "caf\xe9 is closed"}', "is closed"),
        (b"[" * 100_000, "[[["),
    ],
    ids=[
        "plain",
        "HTML",
        "HTML without a title",
        "passed on",
        "an event",
        "byte order mark",
        "Latin-1",
        "deep",
    ],
)
def test_words_that_are_not_in_json_reach_the_user(body: bytes, words: str) -> None:
    with FaultServer(faulty(Reply(body, 400))) as server:
        (failure,) = run(server.url, papers(8)).failures
    assert words in failure["message"]


@pytest.mark.parametrize(
    "odd",
    [
        lambda good: Reply(good.body, 201),
        lambda good: Reply(good.body + b"\n" + b'{"done": true}\n'),
        lambda good: Reply(b"\xef\xbb\xbf\n" + good.body.replace(b'"x"', b'"\xff"')),
        lambda good: Reply(good.body.replace(b"100", b"9" * 5000)),
        lambda good: Reply(good.body.replace(b"100", b"-1e999")),
    ],
    ids=["201", "a line behind", "bytes", "usage of 5000 digits", "infinite usage"],
)
def test_a_reply_that_is_odd_and_whole_is_read(odd: Callable[[Reply], Reply]) -> None:
    with FaultServer(lambda asked: odd(answer(asked))) as server:
        ran = run(server.url, papers(3))
        assert [row["method_name"] for row in ran.records] == ["Net0", "Net1", "Net2"]
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("body", "kind", "requests"),
    [
        ({"error": {"message": "idle", "code": 502}}, "server_error", TRIES),
        ({"error": {"message": "something"}}, "server_error", TRIES),
        (
            {"choices": [{"message": {"content": ""}, "error": {"code": 502}}]},
            "server_error",
            TRIES,
        ),
        ({"error": {"message": "maximum context length is 9 tokens"}}, "too_long", 1),
        ({"error": {"message": "no", "code": "content_filter"}}, "refused", 1),
        ({"choices": None, "error": {"message": "bad field", "code": 400}}, "rejected", 1),
        ({"error": {"message": "Forbidden", "code": 403}}, "rejected", 1),
    ],
)
def test_an_error_in_a_200_is_what_it_names(body: object, kind: str, requests: int) -> None:
    with FaultServer(faulty(error_body(200, body))) as server:
        ran = run(server.url, papers(8), tries=TRIES)
    (failure,) = ran.failures
    assert (failure["error"], failure["tries"]) == (kind, requests)
    assert ran.spent.requests == 7 + requests


@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [
        (429, {"error": "Rate limit of requests per minute. Please try again in 1m2.5s."}, 62.5),
        (429, {"error": "retry in 36s"}, 36.0),
        (429, {"error": "Please retry after 26 seconds."}, 26.0),
        (429, {"error": "Please wait 2 minutes"}, 120.0),
        (429, {"error": "try again in 120ms"}, 0.12),
        (429, {"error": "retry 5 more times"}, None),
        (429, [{"error": {"details": [{"@type": "x.RetryInfo", "retryDelay": "36s"}]}}], 36.0),
        (429, {"detail": "slow", "retry_after": 7}, 7.0),
        (503, {"error": "Loading. Try again in 20 seconds"}, 20.0),
        (200, {"error": {"message": "Rate limited, try again in 3s"}}, 3.0),
        (400, {"error": "wrong, do not try again in 3s"}, None),
    ],
)
def test_the_wait_that_a_body_asks_for(status: int, body: object, wait: float | None) -> None:
    reply = HttpReply(status, {}, json.dumps(body).encode())
    fault = failed_reply(reply, ENDPOINT)
    assert fault.wait == wait
    assert fault.overloaded == (status != 400)


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "Invalid schema: In context=(), 'additionalProperties' is required", "rejected"),
        (400, "failed to parse grammar in this context", "rejected"),
        (400, "the billing plan is not allowed to contain quota day", "rejected"),
        (400, "thinking budget exceeded", "rejected"),
        (400, "Unsupported parameter: 'safety_identifier'", "rejected"),
        (429, "Your organization is restricted to 3 requests per minute", "rate_limited"),
        (429, "limited to 20 API calls / minute", "rate_limited"),
        (429, "You have reached your usage limit. Retry in 5 s", "rate_limited"),
        (429, "Request too large for m on tokens per min (TPM): Limit 9, Requested 12", "too_long"),
        (422, "`inputs` must have less than 1024 tokens. Given: 1500", "too_long"),
        (400, "Trying to keep 5000 tokens when the context overflows", "too_long"),
        (400, "Content Exists Risk", "refused"),
        (400, "Input data may contain inappropriate content.", "refused"),
        (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", "refused"),
        (400, "Content violates usage guidelines.", "refused"),
        (500, "safety filter service crashed", "server_error"),
        (400, "The model has crashed without additional information.", "server_error"),
    ],
)
def test_the_class_of_an_error_by_its_words(status: int, words: str, kind: str) -> None:
    fault = failed_reply(HttpReply(status, {}, json.dumps({"error": words}).encode()), ENDPOINT)
    assert fault.error.kind == kind
    assert words.rstrip(".") in fault.error.message


def test_a_header_counts_more_than_the_body() -> None:
    reply = HttpReply(429, {"retry-after": "1m2.5s"}, b'{"error": "retry in 36s"}')
    assert failed_reply(reply, ENDPOINT).wait == 62.5


def test_a_limit_per_minute_is_waited_out_whatever_is_said_of_the_day() -> None:
    said = "Limit of 5 requests per minute. Pay for 1000 requests per day. Retry in 0.01s."
    quota = "You exceeded your current quota, check your plan and billing. Retry in 0.01s."
    for words in (said, quota):
        with FaultServer(faulty(refuse(429, words), times=3)) as server:
            ran = run(server.url, papers(8), tries=1)
        assert (len(ran.records), ran.failures) == (8, [])


def test_the_field_and_the_codes_that_an_error_names() -> None:
    openai = {"error": {"message": "no", "param": "max_tokens", "code": "unsupported_parameter"}}
    vllm = {"detail": [{"loc": ["body", "max_tokens"], "msg": "no", "type": "extra_forbidden"}]}
    for body, code in ((openai, "unsupported_parameter"), (vllm, "extra_forbidden")):
        reply = HttpReply(400, {}, json.dumps(body).encode())
        complaint = failed_reply(reply, ENDPOINT).complaint
        assert (complaint.param, complaint.codes) == ("max_tokens", (code,))


TRANSIENT = {
    "429 with Retry-After": refuse(429, "slow", headers={"Retry-After": "0.05"}),
    "429 with Retry-After-Ms": refuse(429, "slow", headers={"Retry-After-Ms": "50"}),
    "429 without": refuse(429, "slow"),
    "500": refuse(500),
    "503": refuse(503),
    "reset": Reply(b"{}", cut=1),
    "HTML with 200": HTML,
    "10 MB of nonsense": NONSENSE,
}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_what_passes_is_tried_again_and_no_paper_fails(fault: Reply) -> None:
    with FaultServer(faulty(fault, times=2)) as server:
        ran = run(server.url, papers(8), tries=TRIES)
    assert (len(ran.records), ran.failures) == (8, [])
    assert (ran.spent.requests, ran.spent.failed) == (10, 2)


def test_a_wrong_tool_is_no_answer_though_it_fits() -> None:
    def script(asked: Asked) -> Reply:
        return answer(asked, tool="search_the_web") if "Net3" in asked.title else answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(8), mode=Mode.TOOLS)
    (failure,) = ran.failures
    assert failure["error"] == "invalid_response"
    assert "search_the_web" in failure["message"]


@pytest.mark.parametrize(
    "reply", [Reply(hang=True), Reply(b"x" * 1000, drip=0.05)], ids=["hang", "drip"]
)
def test_a_time_out_bounds_a_request_however_slowly_it_drips(reply: Reply) -> None:
    with FaultServer(faulty(reply)) as server:
        ran = run(server.url, papers(8), tries=2, timeout=1.0)
    (failure,) = ran.failures
    assert (failure["error"], failure["tries"]) == ("timeout", 2)
    assert len(ran.records) == 7
    assert ran.spent.lost_tokens > 0, "they may have been charged for"
    assert server.overdue == 0


def test_a_rate_limit_is_waited_out_without_using_up_tries() -> None:
    with FaultServer(faulty(refuse(429), times=8)) as server:
        ran = run(server.url, papers(8), tries=1)
    assert (len(ran.records), ran.failures) == (8, [])


def test_a_wait_beyond_all_patience_fails_at_once() -> None:
    tomorrow = refuse(429, "slow", headers={"Retry-After": "86400"})
    with FaultServer(faulty(tomorrow)) as server:
        ran = run(server.url, papers(4)[3:])
    (failure,) = ran.failures
    assert (failure["error"], failure["tries"]) == ("rate_limited", 1)


def test_a_text_that_cannot_be_sent_costs_that_paper() -> None:
    broken = Paper("x", "Half of \ud800 a pair", "We present it.")
    with FaultServer() as server:
        ran = run(server.url, [*papers(2), broken])
    (failure,) = ran.failures
    assert (failure["error"], len(ran.records)) == ("rejected", 2)
    assert "surrogate" in failure["message"]


@pytest.mark.parametrize("status", [500, 503])
def test_no_paper_is_waited_for_beyond_all_patience(status: int) -> None:
    tomorrow = refuse(status, "later", headers={"Retry-After": "86400"})
    with FaultServer(some(tomorrow, each=4)) as server:
        ran = run(server.url, papers(8))
    assert [(row["error"], row["tries"]) for row in ran.failures] == [("server_error", 1)] * 2
    assert len(ran.records) == 6


def test_a_rate_limit_of_one_paper_is_not_waited_out_beyond_the_patience() -> None:
    with FaultServer(lambda _: refuse(429)) as server:
        ran = run(server.url, papers(1), patience=0.05)
    (failure,) = ran.failures
    assert failure["error"] == "rate_limited"
    assert failure["tries"] < 16


def some(fault: Reply | Callable[[Asked], Reply], *, each: int) -> Script:
    """The fault for every so many-th paper, always."""

    def script(asked: Asked) -> Reply:
        if int(asked.title.removeprefix("Net").split(":")[0]) % each != each - 1:
            return answer(asked)
        return fault if isinstance(fault, Reply) else fault(asked)

    return script


DEEP = "[" * 100_000 + "]" * 100_000
ODD_USAGE = {"prompt_tokens": float("inf"), "completion_tokens": 3}


@pytest.mark.parametrize("concurrency", [1, 2, 16])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refuse(500, "oops"), "server_error"),
        (Reply(b"{}", cut=1), "connection"),
        (refuse(503, "busy"), "server_error"),
        (refuse(429, "slow"), "rate_limited"),
        (refuse(429, "slow", headers={"Retry-After": "86400"}), "rate_limited"),
    ],
    ids=["500", "reset", "503", "429", "429 for a day"],
)
def test_papers_that_always_fail_hold_up_and_end_nothing(
    reply: Reply, kind: str, concurrency: int
) -> None:
    """They end last, in a row: that is no evidence against the endpoint."""
    with FaultServer(some(reply, each=35)) as server:
        ran = run(server.url, papers(108), tries=TRIES, concurrency=concurrency)
    assert ran.ended_by is None
    assert ran.told == [], "nobody waited for them"
    assert len(ran.records) == 105
    assert [row["error"] for row in ran.failures] == [kind] * 3
    assert ran.ids == sorted(str(i) for i in range(108))


@pytest.mark.parametrize("concurrency", [4, 64])
@pytest.mark.parametrize(
    "reply",
    [refuse(500, "oops"), refuse(503, "busy"), refuse(429, "slow"), Reply(b"{}", cut=1), HTML],
    ids=["500", "503", "429", "reset", "HTML"],
)
def test_an_outage_in_mid_run_is_waited_out(reply: Reply, concurrency: int) -> None:
    """It outlasts all the tries of a request."""
    began: list[float] = []

    def script(asked: Asked) -> Reply:
        if asked.number >= 100:
            began.append(time.monotonic())
            if began[-1] < began[0] + 0.4:
                return reply
        return answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(300), tries=4, concurrency=concurrency)
    assert (len(ran.records), ran.failures, ran.ended_by) == (300, [], None)


def test_an_outage_is_told_and_ends_the_run_when_the_patience_is_spent() -> None:
    def script(asked: Asked) -> Reply:
        if asked.number >= 100:
            return refuse(503, "maintenance", headers={"Retry-After": "5"})
        return answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(3000), patience=0.0)
    (told,) = ran.told
    assert "maintenance" in told
    assert isinstance(ran.ended_by, EndpointError)
    assert "maintenance" in str(ran.ended_by)
    assert len(ran.records) >= 60


@pytest.mark.parametrize(
    "reply",
    [
        lambda asked: answer(asked, DEEP),
        completion({"role": "assistant", "content": "{}"}, usage=ODD_USAGE),
    ],
    ids=["nested too deep", "infinite usage"],
)
def test_an_odd_answer_is_no_more_than_one_papers_failure(
    reply: Reply | Callable[[Asked], Reply], tmp_path: Path
) -> None:
    with FaultServer(faulty(reply)) as server:
        for _ in range(2):
            ran = run(server.url, papers(8), tmp_path)
            assert ran.ended_by is None
            assert ran.ids == [str(i) for i in range(8)]
            assert len(ran.records) >= 7


def test_limits_that_change_in_mid_run_lose_no_paper() -> None:
    """The server takes 40 requests and asks for a pause, later 10; it says what is left."""
    lock = threading.Lock()
    taken = [0]

    def script(asked: Asked) -> Reply:
        with lock:
            most = 40 if asked.number < 150 else 10
            taken[0] += 1
            left = most - taken[0]
            if left < 0:
                taken[0] = 0
        told = {
            "x-ratelimit-remaining-requests": str(max(0, left)),
            "x-ratelimit-reset-requests": "20ms",
        }
        if left < 0:
            return refuse(429, "slow", headers=told | {"Retry-After": "0.02"})
        good = answer(asked)
        return Reply(good.body, headers={**good.headers, **told})

    with FaultServer(script) as server:
        ran = run(server.url, papers(200))
        assert sum(asked.time == 1 for asked in server.asked) == 200
    assert (len(ran.records), ran.failures) == (200, [])


UNPAID = [
    (400, "Budget has been exceeded! Current cost: 10.5, Max budget: 10.0"),
    (400, "Spend limit reached: blocked because of your monthly spend limit"),
    (412, "Account x is suspended, possibly due to reaching the monthly spending limit"),
    (400, "The free tier is not available in your country. Please enable billing on your project"),
    (429, "Your prepayment credits are depleted. Please manage your billing."),
    (429, "余额不足或无可用资源包,请充值"),
    (403, "The free tier of the model has been exhausted."),
    (403, "This API method requires billing to be enabled. Billing is disabled"),
]
CLOSED = [
    (400, "Organization has been restricted. Please reach out to support."),
    (403, "Your workspace is disabled"),
    (400, "User location is not supported for the API use."),
    (400, "Your organization must be verified to stream this model."),
]
UNKNOWN_MODELS = [
    (400, "Invalid model: mistral-x"),
    (400, "Model Not Exist"),
    (400, "/chat/completions: Invalid model name passed in model=m."),
    (400, "The model `x` has been decommissioned and is no longer supported."),
    (400, "Unable to access non-serverless model x. Please start a dedicated endpoint"),
    (422, "Failed to deserialize the JSON body: model: unknown variant `x`"),
]


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (refuse(401, "Incorrect API key provided"), AuthenticationFailed, "Incorrect API key"),
        (refuse(403, "no access"), AuthenticationFailed, "no access"),
        (refuse(402, "credit"), AuthenticationFailed, "credit"),
        (refuse(429, "quota", "insufficient_quota"), AuthenticationFailed, "quota"),
        (
            refuse(429, "Limit 20 requests per day. Retry in 36s."),
            QuotaSpent,
            "20 requests per day",
        ),
        (refuse(429, "quota of TPD, retry in 9m2.5s"), QuotaSpent, "TPD"),
        (refuse(429, "free-models-per-day"), QuotaSpent, "free-models-per-day"),
        (refuse(400, "Your credit balance is too low"), AuthenticationFailed, "requires payment"),
        (refuse(404, "no such model"), UnknownModel, "'m'"),
        (refuse(400, "the account is closed"), EndpointError, "account is closed"),
        (refuse(400, "The model `m` does not exist", "model_not_found"), UnknownModel, "'m'"),
        (
            error_body(400, [{"error": {"message": "API key not valid"}}]),
            AuthenticationFailed,
            "not",
        ),
        (error_body(429, GEMINI_DAY), QuotaSpent, "Quota exceeded for metric"),
        (error_body(200, {"error": {"message": "Pay", "code": 402}}), AuthenticationFailed, "Pay"),
        (
            error_body(200, {"error": {"message": "Insufficient credits"}}),
            AuthenticationFailed,
            "pay",
        ),
        (error_body(200, {"error": {"message": "Invalid API key"}}), AuthenticationFailed, "key"),
        (error_body(200, [{"error": {"code": 404, "message": "gone"}}]), UnknownModel, "gone"),
        (refuse(400, "You have reached your specified API usage limits."), QuotaSpent, "usage"),
        (refuse(429, "a Trial key is limited to 1000 API calls / month"), QuotaSpent, "1000"),
        (
            refuse(403, "Out of call volume quota. It is replenished in 12.10:00:00."),
            QuotaSpent,
            "volu",
        ),
        *(
            (refuse(status, words), AuthenticationFailed, f"requires payment: {words[:20]}")
            for status, words in UNPAID
        ),
        *(
            (refuse(status, words), AuthenticationFailed, f"this account: {words[:20]}")
            for status, words in CLOSED
        ),
        (
            error_body(
                200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
            ),
            AuthenticationFailed,
            "requires payment: insufficient balance",
        ),
        *((refuse(status, words), UnknownModel, words[:20]) for status, words in UNKNOWN_MODELS),
        (HTML, EndpointError, "a web page"),
        (refuse(500, "boom"), EndpointError, "boom"),
        (refuse(429, "no", headers={"Retry-After": "86400"}), EndpointError, "has a rate limit"),
    ],
)
def test_a_fault_of_every_paper_stops_the_run_after_a_few(
    reply: Reply, error: type[Exception], said: str
) -> None:
    with FaultServer(lambda _: reply) as server:
        ran = run(server.url, papers(3000), tries=2)
        assert len(server.asked) <= 40
    assert isinstance(ran.ended_by, error)
    assert said in str(ran.ended_by)
    assert len(ran.failures) <= 20


def test_answers_that_never_fit_stop_the_run_too() -> None:
    with FaultServer(lambda asked: answer(asked, "no JSON at all")) as server:
        ran = run(server.url, papers(3000))
    assert isinstance(ran.ended_by, EndpointError)
    assert len(ran.failures) < 150


def test_nobody_there() -> None:
    with FaultServer() as server:
        server.hang_up()
        ran = run(server.url, papers(50), tries=4)
    assert isinstance(ran.error, EndpointUnreachable)
    assert server.url.split("/")[2] in str(ran.error)


def test_a_key_revoked_in_mid_run_keeps_what_is_done(tmp_path: Path) -> None:
    revoked = threading.Event()

    def script(asked: Asked) -> Reply:
        if revoked.is_set():
            return refuse(401, "revoked")
        if asked.number >= 100:
            revoked.set()
        return answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(3000), tmp_path)
        paid = len(ran.records)
        assert isinstance(ran.ended_by, AuthenticationFailed)
        assert paid >= 99
        assert ran.failures == []
        sent = len(server.asked)
        assert sent <= paid + 300
        revoked.clear()
        server.script = answer
        again = run(server.url, papers(3000), tmp_path)
    assert (len(again.records), again.spent.requests) == (3000, 3000 - paid)


def test_a_server_that_restarts_loses_no_paper(tmp_path: Path) -> None:
    with FaultServer(lambda asked: answer(asked, after=0.01)) as server:

        def restart() -> None:
            while len(server.asked) < 100:
                time.sleep(0.005)
            server.hang_up()
            time.sleep(0.1)
            server.listen()

        restarting = threading.Thread(target=restart)
        restarting.start()
        ran = run(server.url, papers(400), tmp_path, tries=8)
        restarting.join()
    assert (len(ran.records), ran.failures) == (400, [])


def test_every_fault_at_once_loses_and_doubles_no_paper() -> None:
    faults = [*TRANSIENT.values(), *(f.reply for f in ALWAYS if f.kind != "rejected")]

    def script(asked: Asked) -> Reply:
        number = int(asked.title.removeprefix("Net").split(":")[0])
        if number % 3 or asked.time > 1:
            return answer(asked)
        fault = faults[number // 3 % len(faults)]
        return fault if isinstance(fault, Reply) else fault(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(300), tries=TRIES)
    assert ran.ids == sorted(str(i) for i in range(300))
    assert ran.ended_by is None


EMPTY = {"role": "assistant", "content": ""}


@pytest.mark.parametrize(
    "failed",
    [
        completion(EMPTY),
        completion(EMPTY, finish_reason="length"),
        completion(SAID, finish_reason="length"),
        REFUSAL,
        lambda asked: answer(asked, {"benchmarks": 7}),
    ],
    ids=["empty", "empty and cut", "cut", "refusal", "wrong type"],
)
def test_an_answer_that_made_a_failure_is_asked_again_by_the_next_run(
    failed: Reply | Callable[[Asked], Reply], tmp_path: Path
) -> None:
    items = [*papers(8), papers(4)[3]]  # the paper that fails stands there twice
    with FaultServer(faulty(failed)) as server:
        before = run(server.url, items, tmp_path)
        asked = sum(each.title.startswith(FAULTY) for each in server.asked)
        assert ([row["id"] for row in before.failures], asked) == (
            ["3", "3"],
            before.failures[0]["tries"],
        )
        server.forget()
        again = run(server.url, items, tmp_path)
        assert (len(again.failures), len(server.asked)) == (2, asked)
        server.script = answer
        server.forget()
        healed = run(server.url, items, tmp_path)
        assert (len(healed.records), healed.failures) == (9, [])
        assert [each.title[:5] for each in server.asked] == [FAULTY]
        assert run(server.url, items, tmp_path).spent.requests == 0


def test_a_run_that_continues_asks_again_for_what_failed_and_nothing_else(tmp_path: Path) -> None:
    """The first attempt is stopped by a revoked key, after papers that failed and papers that did
    not: even papers that failed in this same run are asked again, and no record is paid twice."""

    def script(asked: Asked) -> Reply:
        if asked.number > 20:
            return refuse(401, "revoked")
        return completion(EMPTY) if asked.title.startswith(FAULTY) else answer(asked)

    with FaultServer(script) as server:
        ran = run(server.url, papers(40), tmp_path, concurrency=1)
        assert isinstance(ran.ended_by, AuthenticationFailed)
        assert [row["id"] for row in ran.failures] == ["3"]
        server.script = answer
        server.forget()
        again = run(server.url, papers(40), tmp_path)
        assert (len(again.records), again.failures) == (40, [])
        titles = [asked.title.split(":")[0] for asked in server.asked]
    assert sorted(titles) == sorted({"Net3"} | {f"Net{i}" for i in range(len(ran.records) + 1, 40)})


def test_the_page_names_every_kind_of_failure_and_no_other() -> None:
    page = Path(__file__).parent.parent / "docs" / "reliability.md"
    table = (
        page.read_text(encoding="utf-8")
        .split("| the endpoint |")[1]
        .split("\n", 1)[1]
        .split("\n\n")[0]
    )
    named = set(re.findall(r"`([a-z_]+)`", table))
    classes = (*PaperError.__subclasses__(), *EndpointError.__subclasses__())
    kinds = {each.kind for each in classes if each.__module__ == "extractor.errors"}
    assert named == kinds - {"unreadable"}
