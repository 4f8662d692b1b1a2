"""The embedded model itself: run with ``pytest -m live``, needs its weights."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from extractor import Extractor, Record, read_dump
from extractor.approaches import choose_approach
from extractor.llm.http_transport import HttpTransport
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.llm.weights import files, prefixes
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL
from extractor.task import load_task

pytestmark = pytest.mark.live

DUMP = Path(__file__).parent.parent / "examples" / "papers.txt"

SERVE = """
import asyncio
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings

async def serve():
    async with provider_for(ModelSettings()).open() as transport:
        print(transport.address, flush=True)
        await asyncio.sleep(600)

asyncio.run(serve())
"""


def answers(url: str) -> bool:
    """Whether anything listens at an address."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


def test_the_server_is_on_loopback_and_gone_when_the_process_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert urlsplit(url).hostname == "127.0.0.1"
        assert answers(url)
        run.send_signal(signal.SIGKILL)
    assert not answers(url)


def test_others_on_the_machine_are_refused() -> None:
    import httpx2

    async def ask() -> int:
        opened = provider_for(ModelSettings()).open()
        async with opened as transport, httpx2.AsyncClient() as client:
            assert isinstance(transport, HttpTransport)
            body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
            reply = await client.post(f"{transport.address}/chat/completions", json=body)
            return reply.status_code

    assert asyncio.run(ask()) == 401


def test_a_schema_of_ones_own_is_kept_to_while_decoding() -> None:
    paper = next(iter(read_dump(DUMP)))
    with Extractor("name, gpu", cache=False) as extractor:
        record = extractor.extract(title=paper.title, abstract=paper.abstract)
    assert set(record.fields.model_dump()) == {"name", "gpu"}
    for item in record.evidence:
        assert getattr(paper, item.source)[item.start : item.end]


def test_two_slots_answer_two_papers_at_once() -> None:
    papers = list(read_dump(DUMP))[:2]
    with Extractor("survey bool", cache=False, concurrency=2) as extractor:
        results = list(extractor.extract_many(papers))
    assert sorted(result.id or "" for result in results) == sorted(paper.id for paper in papers)
    assert all(isinstance(result, Record) for result in results)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_kept_prefix_changes_no_digit(
    slots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = CATALOG[DEFAULT_MODEL]
    (tmp_path / f"{weights.name}.gguf").symlink_to(files.path_of(weights))
    monkeypatch.setenv("EXTRACTOR_MODELS_DIR", str(tmp_path))
    task, papers = load_task("paper"), list(read_dump(DUMP))

    async def answers() -> list[Any]:
        provider = provider_for(ModelSettings(concurrency=slots))
        approach = choose_approach(None, task, provider.endpoint)(task, provider.endpoint)
        provider.opening = approach.opening()
        opened = (approach.requests(paper) for paper in papers)
        request = next(filter(None, (next(steps, None) for steps in opened)))
        body = {**request.body, **provider.endpoint.fields_for(request.limit)}
        found = []
        async with provider.open() as transport:
            for slot in range(slots):
                asked = json.dumps({**body, "id_slot": slot}).encode()
                reply = json.loads((await transport.send(request.path, asked)).content or b"")
                assert reply["usage"]["prompt_tokens_details"]["cached_tokens"] > 500
                found.append(reply["choices"][0]["logprobs"])
        return found

    first = asyncio.run(answers())
    assert prefixes.size()[0] == 1
    assert asyncio.run(answers()) == first == first[:1] * slots
