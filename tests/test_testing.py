"""A model that answers as it is told: for tests of one's own schemas."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel, Field

from extractor import Extractor, Failure, NumberIn, Paper, Verbatim
from extractor.errors import EndpointUnreachable, InvalidResponse, TooLong, UsageError
from extractor.llm.settings import ModelSettings
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task
from extractor.testing import FakeModel, Reply

if TYPE_CHECKING:
    from pathlib import Path

ABSTRACT = "We counted 12 hives of Apis mellifera near the river."


class Finding(BaseModel):
    species: Annotated[str | None, Verbatim()] = None
    count: Annotated[int | None, NumberIn()] = None


def test_the_answer_is_grounded_like_any_other() -> None:
    model = FakeModel({"species": "Apis mellifera", "count": 13})
    with Extractor(Finding, model=model, cache=False) as extractor:
        record = extractor.extract(title="Bees", abstract=ABSTRACT)
    assert record.fields == Finding(species="Apis mellifera", count=None)
    assert [(item.path, item.value) for item in record.meta.dropped] == [("count", 13)]
    assert record.meta.model == "fake"
    # The answer held a value that is not in the text, so it was asked about again.
    assert len(model.requests) == 2
    assert ABSTRACT in model.requests[0]["messages"][-1]["content"]


async def test_an_engine_that_is_stopped_while_nothing_runs_answers_afterwards() -> None:
    model = ModelSettings(model=FakeModel({"species": "Apis mellifera", "count": 12}))
    async with open_engine(load_task(Finding), model, CallSettings(cache_dir=None)) as engine:
        engine.stop()
        record = await engine.extract(Paper("1", "Bees", ABSTRACT))
    assert record.fields == Finding(species="Apis mellifera", count=12)


class Renamed(BaseModel):
    species: list[Annotated[str, Verbatim()]] = Field([], alias="bees")
    count: Annotated[int | None, NumberIn()] = Field(None, alias="how many")


def test_fields_with_another_name_outside_keep_their_values_when_one_is_rejected() -> None:
    model = FakeModel({"bees": ["Apis mellifera", "Apis cerana"], "how many": 12})
    with Extractor(Renamed, model=model, cache=False) as extractor:
        record = extractor.extract(title="Bees", abstract=ABSTRACT)
    assert record.fields.model_dump() == {"species": ["Apis mellifera"], "count": 12}
    assert [item.value for item in record.meta.dropped] == ["Apis cerana"]


def test_a_function_sees_the_request() -> None:
    def answer(body: dict[str, Any]) -> Finding:
        return Finding(species="Apis mellifera" if "hives" in str(body["messages"]) else None)

    with Extractor(Finding, model=FakeModel(answer), cache=False) as extractor:
        papers = [Paper("1", "Bees", ABSTRACT), Paper("2", "Ants", "We saw none.")]
        records = {record.id: record for record in extractor.extract_many(papers)}
    found = {name: record.fields.species for name, record in records.items()}  # type: ignore[union-attr]
    assert found == {"1": "Apis mellifera", "2": None}


async def test_an_async_function_is_awaited() -> None:
    async def answer(_: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"species": "Apis mellifera"}

    async with Extractor(Finding, model=FakeModel(answer), cache=False) as extractor:
        record = await extractor.aextract(title="Bees", abstract=ABSTRACT)
    assert record.fields.species == "Apis mellifera"


def test_text_that_fits_no_schema_is_a_failure() -> None:
    model = FakeModel("I would rather not.", reasks=2)
    with Extractor(Finding, model=model, cache=False) as extractor:
        with pytest.raises(InvalidResponse) as caught:
            extractor.extract(title="Bees", abstract=ABSTRACT)
        assert caught.value.tries == 3
        (result,) = extractor.extract_many([Paper("1", "Bees", ABSTRACT)])
    assert isinstance(result, Failure)
    assert (result.error, result.tries) == ("invalid_response", 3)


def test_a_reply_may_be_any_status() -> None:
    replies = iter([Reply(429, {"retry-after": "0"}, b"{}"), {"species": "Apis mellifera"}])
    model = FakeModel(lambda _: next(replies))
    with Extractor(Finding, model=model, cache=False) as extractor:
        record = extractor.extract(title="Bees", abstract=ABSTRACT)
    assert record.fields.species == "Apis mellifera"
    assert len(model.requests) == 2


def test_it_is_paid_once_where_answers_are_kept() -> None:
    model = FakeModel({"species": "Apis mellifera"})
    for cached in (False, True):
        with Extractor(Finding, model=model) as extractor:
            record = extractor.extract(title="Bees", abstract=ABSTRACT)
        assert record.meta.cached is cached
    assert len(model.requests) == 1


def test_the_latest_requests_are_remembered() -> None:
    model = FakeModel({})
    papers = (Paper(str(i), "T", f"Abstract {i}.") for i in range(1100))
    with Extractor(Finding, model=model, cache=False) as extractor:
        assert sum(1 for _ in extractor.extract_many(papers)) == 1100
    assert len(model.requests) == 1000


def test_errors_name_the_model() -> None:
    unreachable = FakeModel({})
    assert "fake model" in str(unreachable.endpoint.address)
    with pytest.raises(UsageError, match="approach= is 'best'"):
        Extractor(Finding, model=unreachable, approach="best").extract(title="", abstract="A.")
    assert EndpointUnreachable.kind == "unreachable"


def test_a_model_that_repeats_itself_is_not_asked_again_and_says_so(tmp_path: Path) -> None:
    cut = {"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}
    model = FakeModel(Reply(200, {}, json.dumps(cut).encode()))
    for repeats, requests, said in (
        (True, 1, "as it would be again"),
        (False, 3, "limit of 2,048\\."),
    ):
        model.endpoint = replace(model.endpoint, repeats=repeats)
        for _ in range(2):
            with (
                Extractor(Finding, model=model, cache_dir=tmp_path) as extractor,
                pytest.raises(TooLong, match=said),
            ):
                extractor.extract(title="Bees", abstract=ABSTRACT)
        assert len(model.requests) == requests
