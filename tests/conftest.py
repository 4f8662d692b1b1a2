"""What every test shares: no model and no network by accident, and replayed HTTP.

Cassettes are recorded from the real embedded server with ``pytest --record``; otherwise its
engine is never started and every request must be in the test's cassette.
"""

from __future__ import annotations

import io
import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vcr
from browser import open_chrome
from command import Starter
from helpers import Invoked
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Invoke
    from selenium.webdriver import Chrome

ROOT = Path(__file__).parent.parent
CASSETTES = ROOT / "cassettes"
EXAMPLES = ROOT / "examples"

# How fast the machine is decides nothing.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

_KEPT_REQUEST_HEADERS = {"content-type", "accept"}
_KEPT_RESPONSE_HEADERS = {"content-type"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="record cassettes anew from the embedded server"
    )


@pytest.fixture(scope="session")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A headless Chromium for all tests of pages."""
    with open_chrome(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the machine itself can be reached."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in _LOOPBACK:
            pytest.fail(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _no_model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test starts the engine, unless it is marked ``live`` or records."""
    if "live" in request.keywords or "embedded_replay" in request.fixturenames:
        return

    def refuse(*_: object) -> None:
        pytest.fail("a test tried to start the embedded model")

    monkeypatch.setattr("extractor.llm.providers.embedded._start", refuse)


@pytest.fixture(autouse=True)
def _own_directories(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and settings of the person who runs the tests stay out of them."""
    monkeypatch.setenv("EXTRACTOR_CACHE_DIR", str(tmp_path / "answers"))
    if not ("live" in request.keywords or request.config.getoption("--record")):
        monkeypatch.setenv("EXTRACTOR_MODELS_DIR", str(tmp_path / "models"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run ``extractor`` with these arguments in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> Invoked:
        from extractor.cli import main

        monkeypatch.setattr(sys, "argv", ["extractor", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Invoked(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts commands in processes of their own."""
    with Starter(tmp_path_factory.mktemp("logs")) as started:
        yield started


class _DeadEngine:
    """Stands where the embedded engine would be; nothing listens at its address."""

    listening_address = "http://127.0.0.1:9"


@pytest.fixture
def embedded_replay(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[vcr.cassette.Cassette]:
    """The embedded model as it answered when the test's cassette was recorded."""
    recording = request.config.getoption("--record")
    if not recording:
        monkeypatch.setattr("extractor.llm.providers.embedded._start", lambda *_: _DeadEngine())
        monkeypatch.setattr("extractor.llm.weights.files.is_pulled", lambda *_: True)
    marker = request.node.get_closest_marker("cassette")
    name = marker.args[0] if marker else "examples"
    with _recorder("new_episodes" if recording else "none").use_cassette(
        f"{name}.json", allow_playback_repeats=True
    ) as tape:
        yield tape


def _recorder(mode: str) -> vcr.VCR:
    recorder = vcr.VCR(
        cassette_library_dir=str(CASSETTES),
        record_mode=mode,
        serializer="readable",
        match_on=["method", "path", "json_body"],
        before_record_request=_clean_request,
        before_record_response=_clean_response,
    )
    recorder.register_serializer("readable", _Readable)
    recorder.register_matcher("json_body", _same_body)
    return recorder


def _same_body(one: Any, other: Any) -> None:
    assert json.loads(one.body or b"null") == json.loads(other.body or b"null")


def _clean_request(request: Any) -> Any:
    if request.path.startswith("/slots") or b"id_slot" in (request.body or b""):
        return None  # about the engine's state, not about a paper
    request.headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() in _KEPT_REQUEST_HEADERS
    }
    request.uri = f"http://embedded{request.path}"
    return request


def _clean_response(response: dict[str, Any]) -> dict[str, Any]:
    response["headers"] = {
        name: value
        for name, value in response["headers"].items()
        if name.lower() in _KEPT_RESPONSE_HEADERS
    }
    return response


class _Readable:
    """Cassettes as JSON whose bodies are JSON too, so that a person can read a diff."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        for interaction in cassette["interactions"]:
            _open(interaction["request"], "body")
            _open(interaction["response"]["body"], "string")
        return json.dumps(cassette, indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        cassette: dict[str, Any] = json.loads(text)
        for interaction in cassette["interactions"]:
            _close(interaction["request"], "body")
            _close(interaction["response"]["body"], "string")
        return cassette


def _open(holder: dict[str, Any], key: str) -> None:
    body = holder[key]
    text = body.decode() if isinstance(body, bytes) else body
    holder[key] = json.loads(text) if text else None


def _close(holder: dict[str, Any], key: str) -> None:
    holder[key] = json.dumps(holder[key], ensure_ascii=False).encode() if holder[key] else b""
