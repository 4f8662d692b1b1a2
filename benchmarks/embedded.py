"""The embedded model: papers a minute beside the plain way, and beside the limit of its tokens.

    python benchmarks/embedded.py [PAPERS] [--model NAME]
    python benchmarks/embedded.py --start

Both ways ask the same server, in one process, one after the other over the same papers. The
limit is what the engine needs for the tokens alone: those of the prompts that it had to read,
at the speed at which it reads, and those of the answers, at the speed at which it writes; both
speeds are the engine's own best of the run. ``--start`` instead times whole commands: one paper,
with the prefix of the questions kept on disk and without, and the example dump.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.approaches import Approach, Draft
    from extractor.llm.answer import Answer, Request
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.http_transport import HttpTransport
    from extractor.paper import Paper

EXAMPLES = Path(__file__).parent.parent / "examples" / "papers.txt"
ONE = (
    *("extract", "--quiet", "--no-cache", "--title", "LatPrune: Fast Parsing with Lattice Pruning"),
    "We present LatPrune, a parser for large texts. On the Penn Treebank and on WikiText-103, "
    "LatPrune is 3.2x faster than BiAff on an NVIDIA A100 GPU, and 1.4x faster than Chu-Liu on a "
    "Xeon server. Code is at https://example.org/latprune.",
)


@dataclass
class Engine:
    """What llama.cpp says of its own work: tokens and milliseconds, request by request."""

    timings: list[Mapping[str, float]] = field(default_factory=list)

    def limit(self) -> float:
        """Seconds for the tokens alone."""
        return self._sum("prompt_n") / self._best("prompt") + self._sum("predicted_n") / self._best(
            "predicted"
        )

    def tokens(self) -> tuple[int, int]:
        return int(self._sum("prompt_n")), int(self._sum("predicted_n"))

    def _sum(self, what: str) -> float:
        return sum(each.get(what, 0.0) for each in self.timings)

    def _best(self, what: str) -> float:
        """Tokens a second, over the faster half of the requests with more than a few tokens."""
        some = [t for t in self.timings if t.get(f"{what}_n", 0) >= 8 and t.get(f"{what}_ms", 0)]
        some = some or [t for t in self.timings if t.get(f"{what}_ms", 0)]
        some.sort(key=lambda t: t[f"{what}_ms"] / t[f"{what}_n"])
        half = some[: max(1, len(some) // 2)]
        return 1000 * sum(t[f"{what}_n"] for t in half) / sum(t[f"{what}_ms"] for t in half)


@dataclass(frozen=True)
class Way:
    """One way over the papers."""

    name: str
    papers: int
    seconds: float
    prompt_tokens: int
    answer_tokens: int
    limit: float

    @property
    def per_minute(self) -> float:
        return 60 * self.papers / self.seconds

    @property
    def of_the_limit(self) -> float:
        """The share of the limit's papers a minute that is reached."""
        return self.limit / self.seconds


async def measure(count: int, model: str | None) -> list[Way]:
    """Both ways over the first papers of the example."""
    from extractor.llm.http_transport import HttpTransport
    from extractor.llm.providers import provider_for
    from extractor.llm.settings import ModelSettings
    from extractor.readers import read_dump

    papers = list(itertools.islice(read_dump(EXAMPLES), count))
    provider = provider_for(ModelSettings(model=model))
    async with provider.open() as transport:
        assert isinstance(transport, HttpTransport)
        return [
            await _own(provider.endpoint, transport, papers),
            await _plain(transport, papers),
        ]


async def _own(endpoint: Endpoint, transport: HttpTransport, papers: list[Paper]) -> Way:
    """The endpoint's own approach, a paper at a time."""
    from extractor.approaches import choose_approach
    from extractor.task import load_task

    engine, task = Engine(), load_task("paper")
    approach = choose_approach(None, task, endpoint)(task, endpoint)

    async def extract(paper: Paper) -> None:
        await fill(approach, endpoint, transport, paper, engine)

    await extract(papers[0])  # reads what never changes
    engine.timings.clear()
    started = time.perf_counter()
    for paper in papers:
        await extract(paper)
    seconds = time.perf_counter() - started
    name = f"extractor ({approach.name})"
    return Way(name, len(papers), seconds, *engine.tokens(), engine.limit())


async def fill(
    approach: Approach[Any],
    endpoint: Endpoint,
    transport: HttpTransport,
    paper: Paper,
    engine: Engine,
) -> Draft[Any]:
    """What an approach makes of a paper. Raises PaperError."""
    steps = approach.requests(paper)
    try:
        request = next(steps)
        while True:
            request = steps.send(await ask(endpoint, transport, request, engine))
    except StopIteration as end:
        draft: Draft[Any] = end.value
        return draft


async def ask(
    endpoint: Endpoint, transport: HttpTransport, request: Request, engine: Engine
) -> Answer:
    """The answer to a request, whose timings are added to those of the engine."""
    from extractor.llm.answer import Answer

    body = {**request.body, **endpoint.fields_for(request.limit)}
    reply = await transport.send(request.path, json.dumps(body).encode())
    completion = json.loads(reply.content or b"")
    engine.timings.append(completion.get("timings", {}))
    return Answer.from_completion(completion, tries=1, now=time.time())


async def _plain(transport: HttpTransport, papers: list[Paper]) -> Way:
    """instructor over openai, the whole schema in one request."""
    import instructor
    import openai
    from instructor.core import InstructorRetryException

    from extractor.schemas.paper import PaperFields

    engine = Engine()
    key = transport.session.headers["Authorization"].removeprefix("Bearer ")
    client = instructor.from_openai(
        openai.AsyncOpenAI(api_key=key, base_url=transport.address, timeout=600),
        mode=instructor.Mode.JSON_SCHEMA,
    )
    client.on("completion:response", lambda reply: engine.timings.append(reply.timings))

    async def ask(paper: Paper) -> None:
        said = f"Extract the fields.\n\nTitle: {paper.title}\n\nAbstract: {paper.abstract}"
        message: Any = {"role": "user", "content": said}
        # The plain way sometimes never comes to an end: it costs what it costs.
        with suppress(InstructorRetryException):
            await client.chat.completions.create(
                model="m",
                messages=[message],
                response_model=PaperFields,
                max_retries=0,
                max_tokens=700,
                temperature=0,
            )

    await ask(papers[0])
    engine.timings.clear()
    started = time.perf_counter()
    for paper in papers:
        await ask(paper)
    seconds = time.perf_counter() - started
    return Way("instructor over openai", len(papers), seconds, *engine.tokens(), engine.limit())


def time_starts(model: str | None) -> None:
    """Print the seconds of whole commands, of the wall clock and of the processors."""
    from extractor.llm.weights import prefixes

    named = ("--model", model) if model else ()
    with tempfile.TemporaryDirectory() as folder:
        dump = ("run", str(EXAMPLES), "-o", f"{folder}/records.jsonl", "--quiet", "--no-cache")
        prefixes.remove()
        for name, command in (
            ("one paper, the prefix is read", ONE),
            *(("one paper, the prefix is restored", ONE),) * 3,
            ("the example dump, the prefix is restored", dump),
        ):
            wall, cpu = _seconds((*command, *named))
            print(f"{name}: {wall:.1f} s, {cpu:.1f} s of the processors")


def _seconds(command: tuple[str, ...]) -> tuple[float, float]:
    started, before = time.perf_counter(), os.times()
    run = (sys.executable, "-m", "extractor", *command)
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    after, wall = os.times(), time.perf_counter() - started
    spent = after.children_user + after.children_system
    return wall, spent - before.children_user - before.children_system


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("papers", nargs="?", type=int, default=12)
    options.add_argument("--model", help="an embedded model; by default the default one")
    options.add_argument("--start", action="store_true", help="time whole commands instead")
    chosen = options.parse_args()
    if chosen.start:
        time_starts(chosen.model)
        return
    for way in asyncio.run(measure(chosen.papers, chosen.model)):
        print(
            f"{way.name}: {way.per_minute:.1f} papers a minute, {way.seconds / way.papers:.1f} s "
            f"each, {way.prompt_tokens / way.papers:.0f} + {way.answer_tokens / way.papers:.0f} "
            f"tokens, {100 * way.of_the_limit:.0f} % of the tokens' limit"
        )


if __name__ == "__main__":
    main()
