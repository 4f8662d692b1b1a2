"""Fields of one's own, and objects: one model's F1 against gold, way by way.

    python benchmarks/own_fields.py [FOLDER] [--results PAPERS GOLD] [--papers N] [--model NAME]

The folder holds ``NAME.papers.jsonl`` (id, title, abstract) and ``NAME.gold.jsonl`` (id, and a list
of phrases a field) for each set, whose fields are the keys of its gold. ``--results`` are a dump
and its gold of the schema ``results``, by default the examples'. All ways ask one server of the
embedded engine, a paper at a time, after it has read what all their requests begin with.
langextract is left out where it is not installed (``pip install 'langextract[openai]'``), or has no
worked example here for the fields of a set. When a value is right is told in own_scores.py; a paper
without a readable answer has no values.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from embedded import EXAMPLES, Engine, ask, fill
from own_scores import NAMES, Score, score_phrases, score_results

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

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

Values: TypeAlias = "Mapping[str, Any]"
"""What a paper's fields are filled with: lists of phrases, or the items of ``results``."""


@dataclass(frozen=True)
class GoldSet:
    """Papers and, by their id, what each field should hold.

    ``item`` is the JSON Schema of what the fields are lists of, ``parts`` its names for a prompt.
    """

    name: str
    schema: str
    fields: tuple[str, ...]
    papers: list[Paper]
    gold: Mapping[str, Values]
    item: Mapping[str, Any]
    parts: tuple[str, ...] = ()

    def score(self, filled: Mapping[str, Values]) -> Score:
        if not self.parts:
            return score_phrases(self.papers, self.gold, filled)
        items = {each: values.get("results") or [] for each, values in filled.items()}
        return score_results(self.papers, self.gold, items)


@dataclass(frozen=True)
class Way:
    """One way to fill the fields; ``begin`` makes the engine read what its requests begin with."""

    name: str
    engine: Engine
    begin: Callable[[], Awaitable[object]]
    fill: Callable[[Paper], Awaitable[Values]]


def gold_sets(folder: Path, most: int | None) -> Iterator[GoldSet]:
    """The sets of a folder, with their first papers."""
    from extractor.paper import Paper

    for path in sorted(folder.glob("*.gold.jsonl")):
        name = path.name.removesuffix(".gold.jsonl")
        gold = {row.pop("id"): row for row in _rows(path)}
        rows = _rows(folder / f"{name}.papers.jsonl")[:most]
        papers = [Paper(row["id"], row["title"], row["abstract"]) for row in rows]
        fields = tuple(next(iter(gold.values())))
        schema = ", ".join(f"{field} list" for field in fields)
        yield GoldSet(name, schema, fields, papers, gold, {"type": "string"})


def results_set(dump: Path, gold: Path, most: int | None) -> GoldSet:
    """The papers of a dump with their gold of the schema ``results``."""
    from extractor.readers import read_dump

    rows = {str(row["id"]): row for row in _rows(gold)}
    papers = [paper for paper in read_dump(dump) if paper.id in rows][:most]
    kinds: dict[str, Any] = {"value": "number", "quote": "string", "relative": "boolean"}
    kinds |= {name: ["string", "null"] for name in NAMES}
    item = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
        "required": list(kinds),
        "additionalProperties": False,
    }
    return GoldSet("results", "results", ("results",), papers, rows, item, tuple(kinds))


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


async def measure(sets: list[GoldSet], model: str | None) -> None:
    """Print a row for each set and way."""
    from extractor.llm.http_transport import HttpTransport
    from extractor.llm.providers import provider_for
    from extractor.llm.settings import ModelSettings

    provider = provider_for(ModelSettings(model=model))
    async with provider.open() as transport:
        assert isinstance(transport, HttpTransport)
        print(HEAD, flush=True)
        for chosen in sets:
            for way in _ways(chosen, provider.endpoint, transport):
                print(await _row(chosen, way), flush=True)


async def _row(chosen: GoldSet, way: Way) -> str:
    await way.begin()
    way.engine.timings.clear()
    started = time.perf_counter()
    filled = {paper.id: await way.fill(paper) for paper in chosen.papers}
    seconds = (time.perf_counter() - started) / len(chosen.papers)
    tokens = way.engine.tokens()[1] / len(chosen.papers)
    found = chosen.score(filled)
    return (
        f"| {chosen.name} | {way.name} | {found.exact:.3f} | {found.relaxed:.3f} | {seconds:.1f} "
        f"| {tokens:.0f} | {found.not_in_text} |"
    )


def _ways(chosen: GoldSet, endpoint: Endpoint, transport: HttpTransport) -> Iterator[Way]:
    yield _own(None, chosen, endpoint, transport)
    yield _one_request(chosen, endpoint, transport)
    yield _own("full-schema", chosen, endpoint, transport)
    if find_spec("langextract") and frozenset(chosen.fields) in WORKED:
        yield _langextract(chosen.fields, endpoint, transport)


def _own(name: str | None, chosen: GoldSet, endpoint: Endpoint, transport: HttpTransport) -> Way:
    """An approach of this project, by default the one that suits the fields best."""
    from extractor.approaches import choose_approach
    from extractor.errors import PaperError
    from extractor.task import Task, load_task

    engine = Engine()
    task: Task[Any] = load_task(chosen.schema)
    approach = choose_approach(name, task, endpoint)(task, endpoint)

    async def begin() -> None:
        if (opening := approach.opening()) is not None:
            await ask(endpoint, transport, replace(opening, limit=1), engine)

    async def values(paper: Paper) -> Values:
        with suppress(PaperError):
            draft = await fill(approach, endpoint, transport, paper, engine)
            said: dict[str, Any] = draft.fields.model_dump()
            return said
        return {}

    return Way(f"extractor ({approach.name})", engine, begin, values)


def _one_request(chosen: GoldSet, endpoint: Endpoint, transport: HttpTransport) -> Way:
    """A request with the schema as its response format, and nothing else."""
    from extractor.llm.answer import Request

    engine = Engine()
    items = {"type": "array", "items": chosen.item, "maxItems": MOST_ITEMS}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(chosen.fields, items),
        "required": chosen.fields,
        "additionalProperties": False,
    }
    parts = f" ({', '.join(chosen.parts)})" if chosen.parts else ""
    asked = f"Extract {', '.join(chosen.fields)}{parts} from the paper, as JSON."

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
            said: dict[str, Any] = json.loads(answer.said)
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
    options.add_argument(
        "--results",
        nargs=2,
        type=Path,
        metavar=("PAPERS", "GOLD"),
        default=(EXAMPLES, EXAMPLES.parent / "results.gold.jsonl"),
    )
    options.add_argument("--papers", type=int, help="the first N of each set; by default all")
    options.add_argument("--model", help="an embedded model; by default the default one")
    chosen = options.parse_args()
    dump, gold = chosen.results
    sets = [*gold_sets(chosen.folder, chosen.papers), results_set(dump, gold, chosen.papers)]
    asyncio.run(measure(sets, chosen.model))


if __name__ == "__main__":
    main()
