"""The way to an endpoint: what openai prepares once, and every request has."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, run
from fault_server import Asked, FaultServer, Reply, answer

from extractor.errors import UsageError
from extractor.llm.http_transport import LONGEST_REPLY, open_http

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_requests_are_openais(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its user agent, and what its environment variables add."""
    monkeypatch.setenv("OPENAI_ORG_ID", "my-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "my-project")
    with FaultServer() as server:
        run(server.url, papers(3), key="k")
        for asked in server.asked:
            assert asked.headers["authorization"] == "Bearer k"
            assert asked.headers["openai-organization"] == "my-organisation"
            assert asked.headers["openai-project"] == "my-project"
            assert "OpenAI" in asked.headers["user-agent"]
            assert asked.headers["content-type"] == "application/json"


def test_it_is_prepared_once_however_many_ask_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from extractor.llm import http_transport

    prepared = []
    prepare = http_transport._prepare

    async def counted(base_url: str, *given: Any) -> object:
        prepared.append(base_url)
        await asyncio.sleep(0.05)
        return await prepare(base_url, *given)

    monkeypatch.setattr(http_transport, "_prepare", counted)
    with FaultServer() as server:
        run(server.url, papers(20))
    assert len(prepared) == 1


@pytest.mark.parametrize("length", [LONGEST_REPLY, LONGEST_REPLY + 1])
def test_a_reply_is_read_as_far_as_the_limit(length: int) -> None:
    async def fetch(url: str) -> bytes | None:
        async with open_http(url, "k") as http:
            return (await http.send("/chat/completions", b'{"messages": []}')).content

    with FaultServer(lambda _: Reply(b"x" * length)) as server:
        content = asyncio.run(fetch(server.url))
    assert (content is None) == (length > LONGEST_REPLY)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A proxy that answers everything itself and notes what it was asked for."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            asked = Asked(1, 1, json.loads(self.rfile.read(length)), {})
            seen.append((self.path, self.headers["proxy-authorization"]))
            body = answer(asked).body
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_environments_proxy_is_used(
    proxy: tuple[str, list[tuple[str, str | None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, seen = proxy
    monkeypatch.setenv("http_proxy", f"http://me:secret@{address}")
    ran = run("http://models.example/v1", papers(2), key="k", concurrency=1)
    assert len(ran.records) == 2
    assert seen[0][0] == "http://models.example/v1/chat/completions"
    assert seen[0][1] is not None


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with FaultServer() as server:
        assert len(run(server.url, papers(2)).records) == 2


def test_a_proxy_of_another_kind_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with FaultServer() as server:
        error = run(server.url, papers(2)).error
    assert isinstance(error, UsageError)
    assert "socks5" in str(error)
