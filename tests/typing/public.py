"""What a type checker knows of the public interface. Checked by `.ci/typecheck`, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any, assert_type

from pydantic import BaseModel

from extractor import (
    EndpointError,
    Extractor,
    Failure,
    NumberIn,
    Paper,
    Record,
    Results,
    Run,
    Verbatim,
    read_dump,
)
from extractor.schemas.paper import PaperFields, Speedup
from extractor.task import Task, load_task
from extractor.testing import FakeModel


class Finding(BaseModel):
    species: Annotated[str | None, Verbatim()] = None
    count: Annotated[int | None, NumberIn()] = None


def the_default_schema_is_known(paper: Paper) -> None:
    extractor = Extractor()
    assert_type(extractor, Extractor[PaperFields])
    record = extractor.extract(title=paper.title, abstract=paper.abstract)
    assert_type(record, Record[PaperFields])
    assert_type(record.fields.method_name, str | None)
    assert_type(record.fields.claimed_speedups, list[Speedup])
    assert_type(record.fields.claimed_speedups[0].factor, float | None)


def a_model_of_ones_own_is_known(paper: Paper) -> None:
    with Extractor(Finding, model=FakeModel({}), cache=False, tries=2) as extractor:
        assert_type(extractor, Extractor[Finding])
        assert_type(extractor.extract(title="", abstract="").fields.count, int | None)
        results = extractor.extract_many([paper], where="year>=2024", limit=2)
        assert_type(results, Iterator[Record[Finding] | Failure])
        for result in results:
            if isinstance(result, Failure):
                assert_type(result.message, str)
            else:
                assert_type(result.fields, Finding)


def the_name_of_a_schema_says_nothing_of_its_type() -> None:
    assert_type(Extractor("results"), Extractor[Any])
    assert_type(Extractor("name, year int", model="none", base_url=None), Extractor[Any])


async def the_async_twins_have_the_same_types(paper: Paper) -> None:
    async with Extractor(Finding) as extractor:
        assert_type(await extractor.aextract(title="", abstract=""), Record[Finding])
        results: AsyncIterator[Record[Finding] | Failure] = extractor.aextract_many([paper])
        async for result in results:
            assert_type(result, Record[Finding] | Failure)


def a_run_is_a_list_or_a_file(paper: Paper) -> None:
    with Extractor(Finding, max_cost=5, rpm=60, progress=True) as extractor:
        results = extractor.run([paper, {"title": "T", "abstract": "A"}, ("T", "A")], limit=2)
        assert_type(results, Results[Finding])
        assert_type(results[0], Record[Finding] | Failure)
        assert_type(results[1:], Results[Finding])
        assert_type(results.records[0].fields.species, str | None)
        assert_type(results.failures[0].message, str)
        ran = extractor.run(Path("papers.bib"), out="records.jsonl", retry_failed=True)
        assert_type(ran, Run)
        assert_type(ran.cost, float | None)
        extractor.run([paper], retry_failed=True)  # type: ignore[call-overload]
        extractor.run([paper], titel_column="name")  # type: ignore[call-overload]


async def an_asynchronous_run_as_well(paper: Paper) -> None:
    async with Extractor(Finding) as extractor:
        assert_type(await extractor.arun([paper]), Results[Finding])
        assert_type(await extractor.arun([paper], out=Path("records.jsonl")), Run)


def errors_have_classes(error: EndpointError) -> None:
    assert_type(error.hint, str)
    assert_type(error.kind, str)


def tasks_and_dumps() -> None:
    task: Task[Finding] = load_task(Finding)
    assert_type(task.schema, type[Finding])
    assert_type(read_dump("papers.bib"), Iterator[Paper])
    Extractor(Finding, modle="none")  # type: ignore[call-overload]
    Extractor(Finding, concurrency="2")  # type: ignore[call-overload]
