"""One client, many papers, so many in flight: ``python benchmarks/clients.py NAME JOB.json``.

Prints one JSON object with the seconds of wall clock and of processor time between the moment
when everything is loaded and connected, and the last answer. The job names the server's
``url``, the file of ``papers`` (id, title and abstract a line), how many are ``in_flight``, and
a scratch ``folder``. Each client makes the same request of each paper; what it makes of the
answer is its own business.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable


class Stopwatch:
    """Seconds of wall clock and of this process's processor time."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def report(self, papers: int) -> None:
        row = {
            "papers": papers,
            "seconds": time.perf_counter() - self._wall,
            "processor": time.process_time() - self._processor,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        print(json.dumps(row))


async def _drive(
    ask: Callable[[Any], Awaitable[Any]], jobs: list[Any], in_flight: int, watch: Stopwatch
) -> None:
    """Ask for each job, so many at once, after a few that warm everything up."""
    for job in jobs[:3]:
        await ask(job)
    waiting = iter(jobs)

    async def worker() -> None:
        for job in waiting:
            await ask(job)

    watch.start()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    watch.report(len(jobs))


def _papers(job: dict[str, Any]) -> list[dict[str, str]]:
    with Path(job["papers"]).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _messages(job: dict[str, Any]) -> list[list[dict[str, str]]]:
    """The chat messages of each paper; instructions and schema are those of this project."""
    return [
        [
            {"role": "system", "content": job["system"]},
            {"role": "user", "content": f"Title: {p['title']}\n\nAbstract: {p['abstract']}"},
        ]
        for p in _papers(job)
    ]


def _request(job: dict[str, Any], messages: list[dict[str, str]]) -> dict[str, Any]:
    return {"model": "m", "messages": messages, **job["rest"]}


async def aiohttp_alone(job: dict[str, Any]) -> None:
    """The ceiling: aiohttp, the body serialised and the answer parsed, and nothing else."""
    import aiohttp

    url = job["url"] + "/chat/completions"
    headers = {"Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask(messages: list[dict[str, str]]) -> None:
            body = json.dumps(_request(job, messages)).encode()
            async with session.post(url, data=body) as response:
                json.loads(await response.read())

        await _drive(ask, _messages(job), job["in_flight"], Stopwatch())


async def openai_alone(job: dict[str, Any]) -> None:
    import openai

    client = openai.AsyncOpenAI(api_key="k", base_url=job["url"], max_retries=0)

    async def ask(messages: list[dict[str, str]]) -> None:
        await client.chat.completions.create(**_request(job, messages))

    await _drive(ask, _messages(job), job["in_flight"], Stopwatch())


async def instructor_over_openai(job: dict[str, Any]) -> None:
    import instructor
    import openai

    from extractor.schemas.paper import PaperFields

    client = instructor.from_openai(
        openai.AsyncOpenAI(api_key="k", base_url=job["url"], max_retries=0),
        mode=instructor.Mode.JSON_SCHEMA,
    )

    async def ask(messages: list[dict[str, str]]) -> None:
        await client.chat.completions.create(
            model="m",
            messages=messages,  # type: ignore[arg-type]
            response_model=PaperFields,
            max_retries=0,
        )

    await _drive(ask, _messages(job), job["in_flight"], Stopwatch())


async def flexllm(job: dict[str, Any]) -> None:
    from flexllm import LLMClient

    limit = job["in_flight"]
    async with LLMClient(
        model="m", base_url=job["url"], api_key="k", concurrency_limit=limit
    ) as client:
        jobs = _messages(job)
        await client.chat_batch(jobs[:3], show_progress=False)
        watch = Stopwatch()
        out = str(Path(job["folder"]) / "flexllm.jsonl")
        await client.chat_batch(jobs, show_progress=False, output_jsonl=out)
        watch.report(len(jobs))


async def async_batch_llm(job: dict[str, Any]) -> None:
    from async_batch_llm import OpenAICompatibleModel, OpenAIStrategy, process_prompts

    model = OpenAICompatibleModel.from_api_key("m", api_key="k", base_url=job["url"])
    prompts = ["\n\n".join(each["content"] for each in messages) for messages in _messages(job)]
    await process_prompts(OpenAIStrategy(model), prompts[:3], concurrency=3)
    watch = Stopwatch()
    await process_prompts(OpenAIStrategy(model), prompts, concurrency=job["in_flight"])
    watch.report(len(prompts))


async def extractor(job: dict[str, Any], *, store: bool = True) -> None:
    """The engine as the command uses it: prompts, calls, validation, grounding, JSON Lines."""
    import gc

    from pydantic_core import to_json

    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.run.batch import Watcher, run_batch
    from extractor.run.session import open_engine
    from extractor.run.settings import CallSettings
    from extractor.run.state import open_run_state
    from extractor.task import load_task

    papers = [Paper(p["id"], p["title"], p["abstract"]) for p in _papers(job)]
    folder = Path(job["folder"])
    calls = CallSettings(cache_dir=folder / "answers" if store else None)
    model = ModelSettings(model="m", base_url=job["url"], concurrency=job["in_flight"])

    class Lines:
        def __init__(self) -> None:
            self.file = (folder / "records.jsonl").open("wb")

        def write(self, row: Any) -> None:
            self.file.write(to_json(row) + b"\n")

    sink = Lines()
    with sink.file, open_run_state(calls, "benchmark") as run_state:
        async with open_engine(load_task("paper"), model, calls, run_state) as engine:
            async for _ in engine.run([Paper("warm", "Warm up", "A first paper.")]):
                pass  # what a first run imports is no paper's time
            gc.freeze()
            watch = Stopwatch()
            summary = await run_batch(
                engine, papers, records=sink, failures=sink, watcher=Watcher()
            )
            watch.report(summary.records)


async def extractor_without_store(job: dict[str, Any]) -> None:
    await extractor(job, store=False)


CLIENTS: Iterable[Callable[[dict[str, Any]], Coroutine[Any, Any, None]]] = (
    aiohttp_alone,
    openai_alone,
    instructor_over_openai,
    flexllm,
    async_batch_llm,
    extractor,
    extractor_without_store,
)

if __name__ == "__main__":
    chosen = {client.__name__: client for client in CLIENTS}[sys.argv[1]]
    asyncio.run(chosen(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))))
