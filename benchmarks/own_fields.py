"""Fields of one's own: one model's F1 on the gold of named-entity recognition, way by way.

    python benchmarks/own_fields.py [FOLDER] [--papers N] [--model NAME]

The folder holds ``NAME.papers.jsonl`` (id, title, abstract) and ``NAME.gold.jsonl`` (id, and a list
of phrases a field) for each set, whose fields are the keys of its gold. All ways ask one server of
the embedded engine, a paper at a time, after it has read what all their requests begin with.
langextract is left out where it is not installed (``pip install 'langextract[openai]'``), or has
no worked example here for the fields of a set.

A value is right if a phrase of the gold has the same letters and digits (exact), or if one of both
holds the other as whole words (relaxed). A paper without a readable answer has no values.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from embedded import Engine, ask, fill

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.http_transport import HttpTransport
    from extractor.paper import Paper

FOLDER = Path(__file__).parent.parent.parent / "shared" / "anyschema"
HEAD = """\
| set | way | exact F1 | relaxed F1 | seconds a paper | answer tokens a paper | not in the text |
| --- | --- | ---: | ---: | ---: | ---: | ---: |"""
MOST_ITEMS = 16

# What langextract is shown, by the fields: a text, and its phrases in their order.
WORKED: Mapping[frozenset[str], tuple[str, tuple[tuple[str, str], ...]]] = {
    frozenset({"tasks", "methods", "datasets", "metrics"}): (
        "We study dependency parsing of old newspapers. A biaffine scorer with character "
        "embeddings reaches a labelled attachment score of 81 on the Harbour Treebank, and also "
        "helps coreference resolution.",
        (
            ("tasks", "dependency parsing of old newspapers"),
            ("methods", "biaffine scorer"),
            ("methods", "character embeddings"),
            ("metrics", "labelled attachment score"),
            ("datasets", "Harbour Treebank"),
            ("tasks", "coreference resolution"),
        ),
    ),
    frozenset({"proteins", "cell_types", "cell_lines", "dna"}): (
        "The repressor TRX-7 binds the orla2 promoter in human mast cells, but not in HK-12 cells. "
        "There, the kinase LPM1 keeps TRX-7 out of the nucleus.",
        (
            ("proteins", "TRX-7"),
            ("dna", "orla2 promoter"),
            ("cell_types", "human mast cells"),
            ("cell_lines", "HK-12 cells"),
            ("proteins", "kinase LPM1"),
        ),
    ),
}

Values: TypeAlias = "Mapping[str, list[str]]"


@dataclass(frozen=True)
class GoldSet:
    """Papers and, by their id, the phrases of each field."""

    name: str
    fields: tuple[str, ...]
    papers: list[Paper]
    gold: Mapping[str, Values]


@dataclass(frozen=True)
class Way:
    """One way to fill the fields; ``begin`` makes the engine read what its requests begin with."""

    name: str
    engine: Engine
    begin: Callable[[], Awaitable[object]]
    fill: Callable[[Paper], Awaitable[Values]]


@dataclass
class Counts:
    """How many values are right, and how many phrases of the gold are found."""

    right: int = 0
    values: int = 0
    found: int = 0
    wanted: int = 0

    def add(self, have: list[str], want: list[str], same: Callable[[str, str], bool]) -> None:
        self.right += sum(any(same(value, each) for each in want) for value in have)
        self.values += len(have)
        self.found += sum(any(same(value, each) for value in have) for each in want)
        self.wanted += len(want)

    @property
    def f1(self) -> float:
        precision = self.right / self.values if self.values else 1.0
        recall = self.found / self.wanted if self.wanted else 1.0
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True)
class Score:
    """Micro F1 over all fields, and how many values are not in the text of their paper."""

    exact: float
    relaxed: float
    not_in_text: int


def score(chosen: GoldSet, filled: Mapping[str, Values]) -> Score:
    """Score the values by the papers' ids."""
    exact, relaxed, not_in_text = Counts(), Counts(), 0
    for paper in chosen.papers:
        text = _plain(f"{paper.title} {paper.abstract}")
        for field in chosen.fields:
            have = _distinct(filled[paper.id].get(field) or ())
            want = _distinct(chosen.gold[paper.id][field])
            exact.add(have, want, str.__eq__)
            relaxed.add(have, want, _overlap)
            not_in_text += sum(value not in text for value in have)
    return Score(exact.f1, relaxed.f1, not_in_text)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_plain(str(value)) for value in values))


def _overlap(one: str, other: str) -> bool:
    """Whether one holds the other as whole words."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


def gold_sets(folder: Path, most: int | None) -> Iterator[GoldSet]:
    """The sets of a folder, with their first papers."""
    from extractor.paper import Paper

    for path in sorted(folder.glob("*.gold.jsonl")):
        name = path.name.removesuffix(".gold.jsonl")
        gold = {row.pop("id"): row for row in _rows(path)}
        rows = _rows(folder / f"{name}.papers.jsonl")[:most]
        papers = [Paper(row["id"], row["title"], row["abstract"]) for row in rows]
        yield GoldSet(name, tuple(next(iter(gold.values()))), papers, gold)


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def measure(folder: Path, most: int | None, model: str | None) -> None:
    """Print a row for each set and way."""
    from extractor.llm.http_transport import HttpTransport
    from extractor.llm.providers import provider_for
    from extractor.llm.settings import ModelSettings

    provider = provider_for(ModelSettings(model=model))
    async with provider.open() as transport:
        assert isinstance(transport, HttpTransport)
        print(HEAD, flush=True)
        for chosen in gold_sets(folder, most):
            for way in _ways(chosen.fields, provider.endpoint, transport):
                print(await _row(chosen, way), flush=True)


async def _row(chosen: GoldSet, way: Way) -> str:
    await way.begin()
    way.engine.timings.clear()
    started = time.perf_counter()
    filled = {paper.id: await way.fill(paper) for paper in chosen.papers}
    seconds = (time.perf_counter() - started) / len(chosen.papers)
    tokens = way.engine.tokens()[1] / len(chosen.papers)
    found = score(chosen, filled)
    return (
        f"| {chosen.name} | {way.name} | {found.exact:.3f} | {found.relaxed:.3f} | {seconds:.1f} "
        f"| {tokens:.0f} | {found.not_in_text} |"
    )


def _ways(fields: tuple[str, ...], endpoint: Endpoint, transport: HttpTransport) -> Iterator[Way]:
    yield _own(None, fields, endpoint, transport)
    yield _one_request(fields, endpoint, transport)
    yield _own("full-schema", fields, endpoint, transport)
    if find_spec("langextract") and frozenset(fields) in WORKED:
        yield _langextract(fields, endpoint, transport)


def _own(
    name: str | None, fields: tuple[str, ...], endpoint: Endpoint, transport: HttpTransport
) -> Way:
    """An approach of this project, by default the one that suits the fields best."""
    from extractor.approaches import choose_approach
    from extractor.errors import PaperError
    from extractor.task import Task, load_task

    engine = Engine()
    task: Task[Any] = load_task(", ".join(f"{field} list" for field in fields))
    approach = choose_approach(name, task, endpoint)(task, endpoint)

    async def begin() -> None:
        if (opening := approach.opening()) is not None:
            await ask(endpoint, transport, replace(opening, limit=1), engine)

    async def values(paper: Paper) -> Values:
        with suppress(PaperError):
            draft = await fill(approach, endpoint, transport, paper, engine)
            said: dict[str, list[str]] = draft.fields.model_dump()
            return said
        return {}

    return Way(f"extractor ({approach.name})", engine, begin, values)


def _one_request(fields: tuple[str, ...], endpoint: Endpoint, transport: HttpTransport) -> Way:
    """A request with the schema as its response format, and nothing else."""
    from extractor.llm.answer import Request

    engine = Engine()
    phrases = {"type": "array", "items": {"type": "string"}, "maxItems": MOST_ITEMS}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(fields, phrases),
        "required": fields,
        "additionalProperties": False,
    }
    asked = f"Extract {', '.join(fields)} from the paper, as JSON."

    def request(user: str) -> dict[str, object]:
        roles = {"system": asked, "user": user}
        messages = [{"role": role, "content": said} for role, said in roles.items()]
        return {**endpoint.sampling(), "messages": messages}

    async def begin() -> None:
        await ask(endpoint, transport, Request(request("Title: "), limit=1), engine)

    async def values(paper: Paper) -> Values:
        body = request(f"Title: {paper.title}\n\nAbstract: {paper.abstract}")
        body["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
        answer = await ask(endpoint, transport, Request(body), engine)
        with suppress(ValueError):
            said: dict[str, list[str]] = json.loads(answer.said)
            return said
        return {}

    return Way("one request, JSON Schema", engine, begin, values)


def _langextract(fields: tuple[str, ...], endpoint: Endpoint, transport: HttpTransport) -> Way:
    """langextract as its documentation shows it, with one worked example."""
    import langextract
    from langextract.core.exceptions import LangExtractError

    engine = Engine()
    text, phrases = WORKED[frozenset(fields)]
    marked = [langextract.data.Extraction(field, phrase) for field, phrase in phrases]
    examples = [langextract.data.ExampleData(text=text, extractions=marked)]
    config = langextract.factory.ModelConfig(
        model_id="m",
        provider="openai",
        provider_kwargs={
            "api_key": transport.session.headers["Authorization"].removeprefix("Bearer "),
            "base_url": transport.address,
            "temperature": 0.0,
            "max_output_tokens": endpoint.max_tokens,
            "max_workers": 1,
        },
    )
    model = langextract.factory.create_model(config, examples, use_schema_constraints=True)
    read = model._response_to_scored_output

    def counted(response: Any) -> Any:
        engine.timings.append(response.timings)
        return read(response)

    # Its results do not tell the tokens.
    model._response_to_scored_output = counted

    async def values(said: str) -> Values:
        filled: dict[str, list[str]] = {}
        with suppress(LangExtractError):
            result = await asyncio.to_thread(
                langextract.extract,
                said,
                prompt_description=f"Extract {', '.join(fields)} in order of appearance. "
                "Use exact text for extractions. Do not paraphrase or overlap entities.",
                examples=examples,
                model=model,
                use_schema_constraints=False,  # the model has them
                show_progress=False,
            )
            for each in result.extractions or ():
                filled.setdefault(each.extraction_class, []).append(each.extraction_text)
        return filled

    async def of_paper(paper: Paper) -> Values:
        return await values(f"{paper.title}\n\n{paper.abstract}")

    return Way("langextract", engine, partial(values, "-"), of_paper)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    options.add_argument("--papers", type=int, help="the first N of each set; by default all")
    options.add_argument("--model", help="an embedded model; by default the default one")
    chosen = options.parse_args()
    asyncio.run(measure(chosen.folder, chosen.papers, chosen.model))


if __name__ == "__main__":
    main()
