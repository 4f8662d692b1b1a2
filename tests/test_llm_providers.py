"""Providers: who answers for a name, and when they are opened."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers

from extractor import Extractor, Paper, Record
from extractor.errors import AuthenticationFailed, UsageError
from extractor.llm.endpoint import Mode
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.testing import FakeModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = Paper("1", "A study of rivers", "We walked along a river and wrote down what we saw.")
SPEEDUP = Paper(
    "2",
    "FooNet: Fast Flow Matching",
    "We present FooNet, which is 3.2x faster than Flow-B on ImageNet with an NVIDIA A100 GPU.",
)


@pytest.mark.parametrize(
    ("settings", "model", "address"),
    [
        ({}, "qwen2.5-coder-1.5b", "the embedded model"),
        ({"model": "smollm2-135m"}, "smollm2-135m", "the embedded model"),
        ({"model": "none"}, "none", "no model"),
        ({"model": "gpt-x"}, "gpt-x", "api.openai.com"),
        ({"model": "m", "base_url": "http://localhost:8000/v1/"}, "m", "localhost:8000"),
    ],
)
def test_a_name_has_one_provider(settings: dict[str, str], model: str, address: str) -> None:
    endpoint = provider_for(ModelSettings(**settings)).endpoint  # type: ignore[arg-type]
    assert (endpoint.model, endpoint.address) == (model, address)


@pytest.mark.parametrize(
    "address",
    ["ftp://h/v1", "http:///v1", "http://h:0", "http://h:99999", "http://h:x", "http://[h"],
)
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(UsageError, match="is not an HTTP URL"):
        provider_for(ModelSettings(model="m", base_url=address))


@pytest.mark.parametrize("name", ["none", "qwen2.5-coder-1.5b"])
def test_who_has_no_address_refuses_one(name: str) -> None:
    with pytest.raises(UsageError, match="base_url="):
        provider_for(ModelSettings(model=name, base_url="http://localhost:1/v1"))


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"extra_headers": {"X-A": "1"}}, "extra_headers="),
        ({"api_version": "v"}, "api_version="),
        ({"key_header": "X-K"}, "key_header="),
    ],
)
def test_who_is_not_reached_over_a_network_refuses_what_reaches_it(
    settings: dict[str, Any], option: str
) -> None:
    for name in (None, "none"):
        with pytest.raises(UsageError, match=option):
            provider_for(ModelSettings(model=name, **settings))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("qwen2.5-coder-15b", "qwen2.5-coder-1.5b"),
        ("qwen2.5-coder:1.5b", "qwen2.5-coder-1.5b"),
        ("Qwen2.5-Coder-0.5B", "qwen2.5-coder-0.5b"),
        ("Qwen/Qwen2.5-Coder-1.5B-Instruct", "qwen2.5-coder-1.5b"),
        ("smollm", "smollm2-135m"),
        ("qwen3", "qwen"),
        ("None", "none"),
    ],
)
def test_a_name_like_that_of_an_embedded_model_is_not_sent_to_openai(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{meant}"):
        provider_for(ModelSettings(model=name))
    # An endpoint that is named may call its models as it likes.
    assert provider_for(ModelSettings(model=name, base_url="http://h/v1")).endpoint.model == name
    monkeypatch.setenv("OPENAI_BASE_URL", "http://h/v1")
    assert provider_for(ModelSettings(model=name)).endpoint.model == name


@pytest.mark.parametrize(
    "name",
    ["gpt-4.1-mini", "gpt-5", "o3", "o4-mini", "codex-mini-latest", "gpt-oss-20b", "chatgpt-4o"],
)
def test_the_names_of_openai_are_like_none_of_ours(name: str) -> None:
    assert provider_for(ModelSettings(model=name)).endpoint.address == "api.openai.com"


def test_a_model_file_is_known_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "my-model.Q4.gguf"
    file.write_bytes(b"GGUF first")
    first = provider_for(ModelSettings(model=str(file), answer_tokens=900)).endpoint
    assert (first.model, first.address) == ("my-model.Q4", "the embedded model")
    assert (first.free, first.max_tokens) == (True, 900)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF first")
    assert provider_for(ModelSettings(model=str(other))).endpoint.identity == first.identity
    file.write_bytes(b"GGUF second")
    assert provider_for(ModelSettings(model=str(file))).endpoint.identity != first.identity


def test_a_model_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.gguf"
    file.write_bytes(b"GGUF one")
    first = provider_for(ModelSettings(model=str(file))).endpoint.identity
    with monkeypatch.context() as patch:
        patch.setattr("hashlib.file_digest", None)
        assert provider_for(ModelSettings(model=str(file))).endpoint.identity == first
    (hashes,) = (tmp_path / "models").iterdir()
    hashes.write_text("[3]", encoding="utf-8")  # damaged: computed again
    assert provider_for(ModelSettings(model=str(file))).endpoint.identity == first


def test_a_copy_of_an_embedded_model_is_that_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extractor.llm.weights.catalog import CATALOG

    file = tmp_path / "copy.gguf"
    file.write_bytes(b"GGUF copy")
    copied = CATALOG["smollm2-135m"]
    digest = hashlib.sha256(b"GGUF copy").hexdigest()
    weights = replace(copied, sha256=digest, size=len(b"GGUF copy"))
    monkeypatch.setitem(CATALOG, "smollm2-135m", weights)
    by_name = provider_for(ModelSettings(model="smollm2-135m")).endpoint
    assert provider_for(ModelSettings(model=str(file))).endpoint == by_name


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"PK\3\4", "is not a GGUF file")]
)
def test_a_file_that_is_no_model_is_named(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as refused:
        provider_for(ModelSettings(model=str(file)))
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"])
def test_servers_on_this_machine_only_decode_by_the_schema(host: str) -> None:
    settings = ModelSettings(model="m", base_url=f"http://{host}:8000/v1")
    endpoint = provider_for(settings).endpoint
    assert (endpoint.mode, endpoint.reads_schema) == (Mode.JSON_SCHEMA, False)


def test_slots_of_the_embedded_model_are_its_concurrency() -> None:
    assert provider_for(ModelSettings()).endpoint.concurrency == 1
    assert provider_for(ModelSettings(concurrency=3)).endpoint.concurrency == 3


def test_a_key_is_needed_only_when_a_question_is_put() -> None:
    with Extractor("name str", model="gpt-x") as extractor:  # nothing asked, nothing refused
        assert list(extractor.extract_many([])) == []
        with pytest.raises(AuthenticationFailed, match=r"api\.openai\.com needs an API key"):
            extractor.extract(title="T", abstract="A.")


def test_the_engine_is_not_started_for_papers_that_leave_nothing_open() -> None:
    # The fixture that guards every test fails it where the engine is started.
    with Extractor() as extractor:
        record = extractor.extract(title=PLAIN.title, abstract=PLAIN.abstract)
    assert record.meta.prompt_tokens == 0
    assert record.meta.model == "qwen2.5-coder-1.5b"


def test_model_none_is_the_classifier_alone() -> None:
    with Extractor(model="none") as extractor:
        record = extractor.extract(title=SPEEDUP.title, abstract=SPEEDUP.abstract)
        assert record.meta.model == "none"
        assert record.fields.method_name == "FooNet"
        assert [claim.factor for claim in record.fields.claimed_speedups] == [3.2]
        results = list(extractor.extract_many([PLAIN, SPEEDUP]))
    assert all(isinstance(result, Record) for result in results)


def test_model_none_refuses_what_only_a_model_can_fill() -> None:
    with pytest.raises(UsageError, match="needs a language model"):
        Extractor("name, year int", model="none").extract(title="T", abstract="A.")
    with pytest.raises(UsageError, match="full-schema"):
        Extractor(model="none", approach="full-schema").extract(title="T", abstract="A.")


def test_a_provider_is_opened_once_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel({"name": "Net1"})
    opened: list[str] = []
    original = model.open

    def counted() -> Any:
        opened.append("open")
        return original()

    monkeypatch.setattr(model, "open", counted)
    with Extractor("name str", model=model, cache=False) as extractor:
        assert not opened
        assert len(list(extractor.extract_many(papers(20)))) == 20
    assert opened == ["open"]


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that is put among the modules of a package, as if it had been added there."""
    import extractor.approaches
    import extractor.llm.providers

    registries = (extractor.approaches.approaches, extractor.llm.providers._kinds)
    for package in (extractor.approaches, extractor.llm.providers):
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    for registry in registries:
        registry.cache_clear()
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    for registry in registries:
        registry.cache_clear()


PROVIDER = """
from contextlib import asynccontextmanager
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.providers.base import Provider
from extractor.llm.transport import Reply


class Parrot(Provider):
    @classmethod
    def create(cls, settings):
        return cls() if settings.model == "parrot" else None

    @property
    def endpoint(self):
        return Endpoint(model="parrot", identity="parrot", address="a parrot", mode=Mode.JSON)

    @asynccontextmanager
    async def open(self):
        yield self

    async def send(self, path, content):
        message = '{"choices": [{"message": {"content": "{\\\\"name\\\\": \\\\"Net\\\\"}"}}]}'
        return Reply(200, {}, message.encode())
"""

APPROACH = """
from extractor.approaches.base import Approach, Draft, Fit


class FirstWord(Approach):
    name = "first-word"

    @classmethod
    def fit(cls, task, endpoint):
        return Fit.CAN

    def __init__(self, task, endpoint):
        self._schema = task.schema

    def steps(self, paper):
        return Draft(self._schema(name=paper.title.split(":")[0]), (), ())
        yield
"""


def test_a_provider_is_one_file(own_module: Path) -> None:
    (own_module / "parrot.py").write_text(PROVIDER, encoding="utf-8")
    with Extractor("name str", model="parrot", cache=False) as extractor:
        record = extractor.extract(title="Net: a study", abstract="We present Net.")
    assert (record.fields.name, record.meta.model) == ("Net", "parrot")


def test_what_is_built_on_another_one_is_found_too(own_module: Path) -> None:
    (own_module / "quick.py").write_text(
        "from extractor.approaches.full_schema import FullSchema\n"
        "class Quick(FullSchema):\n    name = 'quick'\n",
        encoding="utf-8",
    )
    (own_module / "my_cloud.py").write_text(
        "from extractor.llm.providers.hosted import Hosted\n"
        "class MyCloud(Hosted):\n"
        "    fallback = False\n"
        "    @classmethod\n"
        "    def create(cls, settings):\n"
        "        return cls(settings) if settings.model == 'cloudy' else None\n",
        encoding="utf-8",
    )
    provider = provider_for(ModelSettings(model="cloudy", base_url="http://localhost:1/v1"))
    assert type(provider).__name__ == "MyCloud"
    with Extractor("name str", model=FakeModel({"name": "Net"}), approach="quick") as extractor:
        assert extractor.extract(title="Net", abstract="Net.").fields.name == "Net"


def test_an_approach_is_one_file(own_module: Path) -> None:
    (own_module / "first_word.py").write_text(APPROACH, encoding="utf-8")
    with Extractor("name str", model="none", approach="first-word", cache=False) as extractor:
        record = extractor.extract(title="Net: a study", abstract="We present Net.")
    assert record.fields.name == "Net"
