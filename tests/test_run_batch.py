"""A batch: order, duplicates, shared work, ceilings, the failures of an earlier run, the usage."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from engine_runs import in_a_hurry, papers, run, write_dump
from fault_server import Asked, FaultServer, Reply, answer, completion, refuse
from helpers import read_jsonl
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SerializationInfo, field_validator, model_serializer

from extractor.api import Extractor
from extractor.errors import CeilingReached, DumpError, UsageError
from extractor.grounding import Verbatim
from extractor.llm.budget import Ceilings, Spent
from extractor.llm.prices import Prices, known
from extractor.llm.providers import provider_for
from extractor.llm.settings import ModelSettings
from extractor.record import Failure
from extractor.run.engine import Retry
from extractor.run.prefetch import Prefetch
from extractor.run.reorder import InOrder, Row
from extractor.writers import read_failures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers import Invoke

    from extractor.paper import Paper


def late(asked: Asked) -> Reply:
    """Answers come in no order at all."""
    return answer(asked, after=random.Random(asked.title).uniform(0, 0.02))


def test_records_stand_in_the_order_of_the_dump() -> None:
    with FaultServer(late) as server:
        ran = run(server.url, papers(200))
    assert [row["id"] for row in ran.records] == [str(i) for i in range(200)]


def test_an_abstract_that_stands_twice_is_paid_once(tmp_path: Path) -> None:
    """Also while it is in flight, and with or without a store."""
    twice = [each for paper in papers(20) for each in (paper, replace(paper, id=f"{paper.id}b"))]
    with FaultServer(late) as server:
        ran = run(server.url, [*twice, *papers(20)], tmp_path)
        assert len(server.asked) == 20
        server.forget()
        assert len(run(server.url, twice).records) == 40
        assert len(server.asked) <= 40
    assert len(ran.records) == 60


def test_overlapping_dumps_share_their_results(tmp_path: Path) -> None:
    with FaultServer() as server:
        run(server.url, papers(30), tmp_path)
        ran = run(server.url, papers(50)[20:], tmp_path)
        assert len(server.asked) == 50
    assert [row["meta"]["cached"] for row in ran.records] == [True] * 10 + [False] * 20


def test_one_who_gives_up_waiting_does_not_take_the_call_from_another(tmp_path: Path) -> None:
    async def share(url: str) -> Any:
        how: Any = {"model": "m", "base_url": url, "cache_dir": tmp_path}
        async with Extractor(**how) as extractor:
            first = asyncio.ensure_future(extractor.aextract(title="Net: x", abstract="Net."))
            second = asyncio.ensure_future(extractor.aextract(title="Net: x", abstract="Net."))
            await asyncio.sleep(0.1)
            first.cancel()
            return await second

    with FaultServer(lambda asked: answer(asked, after=0.3)) as server:
        record = asyncio.run(share(server.url))
        assert len(server.asked) == 1
    assert record.fields.method_name == "Net"


def test_a_resumed_run_says_what_an_undisturbed_one_says(tmp_path: Path) -> None:
    """What an attempt of this run paid is not called cached, what was there before is."""
    with FaultServer(lambda asked: refuse(401) if asked.number > 60 else answer(asked)) as server:
        run(server.url, papers(10), tmp_path)
        broken = run(server.url, papers(100), tmp_path, identity=("dump",))
        assert broken.ended_by is not None
        server.script = answer
        resumed = run(server.url, papers(100), tmp_path, identity=("dump",))
        again = run(server.url, papers(100), tmp_path, identity=("dump",))
    assert [row["meta"]["cached"] for row in resumed.records] == [True] * 10 + [False] * 90
    assert all(row["meta"]["cached"] for row in again.records), "that one is another run"


class _Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def _schema(where: str, error: BaseException) -> type[BaseModel]:
    """A schema of whose own code raises an error for some papers."""

    def fail(value: str | None) -> None:
        if value in ("Net3", "Net8"):
            raise error

    class Validates(BaseModel):
        method_name: Annotated[str | None, Verbatim()] = None

        @field_validator("method_name")
        @classmethod
        def _validate(cls, value: str | None) -> str | None:
            fail(value)
            return value

    class Serializes(BaseModel):
        method_name: Annotated[str | None, Verbatim()] = None

        @model_serializer(mode="wrap")
        def _serialize(self, handler: Any, info: SerializationInfo) -> Any:
            if info.mode == "json":
                fail(self.method_name)
            return handler(self)

    return Validates if where == "validator" else Serializes


ERRORS = [
    KeyError("boom"),
    RecursionError("boom"),
    MemoryError(),
    StopIteration(),
    _Mute(),
    asyncio.CancelledError(),
    SystemExit(0),
    GeneratorExit(),
    BaseExceptionGroup("both", [SystemExit(4)]),
]


@pytest.mark.parametrize("where", ["validator", "serializer"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_a_schema_raises_costs_that_paper(error: BaseException, where: str) -> None:
    with FaultServer() as server:
        ran = run(server.url, papers(12), schema=_schema(where, error))
    assert [row["id"] for row in ran.failures] == ["3", "8"]
    assert {(row["error"], row["tries"]) for row in ran.failures} == {("internal", 1)}
    assert all(type(error).__name__ in row["message"] for row in ran.failures)
    assert len(ran.records) == 10


# Ceilings


def test_requests_have_a_ceiling_that_failed_tries_count_under(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(asked: Asked) -> Reply:
        return refuse(500) if asked.time == 1 and asked.number % 2 else answer(asked)

    with in_a_hurry(monkeypatch), FaultServer(script) as server:
        ran = run(server.url, papers(100), tmp_path, ceilings=Ceilings(requests=50))
        assert len(server.asked) == ran.spent.requests == 50
    assert isinstance(ran.ended_by, CeilingReached)
    assert "50 requests" in str(ran.ended_by)
    assert "max_requests=" in str(ran.ended_by)
    assert ran.spent.failed > 10
    assert len(ran.records) == 50 - ran.spent.failed


@pytest.mark.parametrize(
    "ceilings", [Ceilings(tokens=100_000), Ceilings(cost=0.1)], ids=["tokens", "cost"]
)
def test_tokens_and_cost_are_used_up_to_the_ceiling_and_never_beyond(
    tmp_path: Path, ceilings: Ceilings
) -> None:
    prices: Any = {"price_in": 1.0, "price_out": 1.0}
    with FaultServer(late) as server:
        ran = run(server.url, papers(2000), tmp_path, ceilings=ceilings, **prices)
    assert isinstance(ran.ended_by, CeilingReached)
    assert 90_000 < ran.spent.tokens <= 100_000


def test_ceilings_hold_across_the_attempts_at_a_run(tmp_path: Path) -> None:
    with FaultServer() as server:
        for ceiling, asked in ((30, 30), (30, 30), (70, 70), (None, 100)):
            how = Ceilings(requests=ceiling)
            ran = run(server.url, papers(100), tmp_path, identity=("d",), ceilings=how)
            assert len(server.asked) == asked
    assert len(ran.records) == 100
    assert not any(row["meta"]["cached"] for row in ran.records)


def test_tries_that_brought_nothing_count_at_the_most_they_can_have_cost(tmp_path: Path) -> None:
    with FaultServer(lambda _: Reply(b"{}", cut=1)) as server:
        ran = run(server.url, papers(100), tmp_path, tries=1, ceilings=Ceilings(tokens=20_000))
        assert len(server.asked) < 5
    assert ran.spent.lost_tokens > 5_000


def test_what_is_kept_needs_no_money(tmp_path: Path) -> None:
    with FaultServer() as server:
        run(server.url, papers(30), tmp_path)
        ran = run(server.url, papers(30), tmp_path, ceilings=Ceilings(requests=0))
    assert len(ran.records) == 30


_NO_USAGE = [
    {},
    {"usage": None},
    {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
    {"usage": {"prompt_tokens": -5_000, "completion_tokens": -1}},
    {"usage": {"prompt_tokens": 100, "completion_tokens": 0}},
    {"usage": {"prompt_tokens": None, "completion_tokens": 20}},
]


@pytest.mark.parametrize("usage", _NO_USAGE)
@pytest.mark.parametrize("ceilings", [Ceilings(tokens=20_000), Ceilings(cost=0.02)])
def test_what_was_reserved_counts_where_the_server_tells_no_usage(
    tmp_path: Path, usage: dict[str, Any], ceilings: Ceilings
) -> None:
    def script(asked: Asked) -> Reply:
        reply = answer(asked)
        body = {**json.loads(reply.body), "usage": None, **usage}
        return replace(reply, body=json.dumps(body).encode())

    prices: Any = {"price_in": 1.0, "price_out": 1.0}
    with FaultServer(script) as server:
        ran = run(server.url, papers(100), tmp_path, ceilings=ceilings, **prices)
    assert isinstance(ran.ended_by, CeilingReached)
    assert 0 < len(server.asked) == ran.spent.requests < 20_000 / 1000
    assert 10_000 < ran.spent.tokens <= 20_000
    assert ran.spent.failed == 0


def test_cached_tokens_never_make_a_request_cheaper_than_free(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        reply = answer(asked)
        details = {"cached_tokens": -(10**9) if asked.number % 2 else 10**9}
        body = json.loads(reply.body)
        body["usage"]["prompt_tokens_details"] = details
        return replace(reply, body=json.dumps(body).encode())

    with FaultServer(script) as server:
        ran = run(server.url, papers(10), tmp_path)
    assert ran.spent.cached_tokens == 5 * 100
    assert ran.spent.prompt_tokens == 10 * 100


@pytest.mark.parametrize(("cost", "shown"), [(1e-9, "$1e-09"), (0.001, "$0.001"), (0.0, "$0.00")])
def test_a_small_ceiling_of_cost_is_told_as_it_was_given(cost: float, shown: str) -> None:
    prices: Any = {"price_in": 1.0, "price_out": 1.0}
    with FaultServer() as server:
        ran = run(server.url, papers(1), ceilings=Ceilings(cost=cost), **prices)
    assert f"The ceiling of {shown} is reached" in str(ran.ended_by)


def test_a_ceiling_of_cost_needs_a_price() -> None:
    with FaultServer() as server, pytest.raises(UsageError, match="price_in= and price_out="):
        run(server.url, papers(3), ceilings=Ceilings(cost=1.0))


def test_prices_are_known_for_known_models_at_their_providers_and_never_guessed() -> None:
    def priced(model: str, url: str) -> Prices | None:
        return known(provider_for(ModelSettings(model=model, base_url=url, api_key="k")).endpoint)

    mini = priced("gpt-4o-mini", "https://api.openai.com/v1")
    assert mini is not None
    assert (mini.prompt, mini.completion) == pytest.approx((0.15, 0.6))
    assert mini.cached < mini.prompt
    assert priced("no-such-model", "https://api.openai.com/v1") is None
    assert priced("gpt-4o-mini", "http://127.0.0.1:8000/v1") is None


# The failures of an earlier run


def test_only_what_failed_is_asked_again(tmp_path: Path) -> None:
    def script(asked: Asked) -> Reply:
        number = int(asked.title.removeprefix("Net").split(":")[0])
        return answer(asked, "no JSON") if number in (3, 7) else answer(asked)

    with FaultServer(script) as server:
        first = run(server.url, papers(10), tmp_path)
        assert [row["id"] for row in first.failures] == ["3", "7"]
        server.script, server.asked = answer, []
        retry = Retry({(row["id"], row["title"]) for row in first.failures})
        ran = run(server.url, papers(12), tmp_path, retry=retry)
        assert sorted(asked.title[:4] for asked in server.asked) == ["Net3", "Net7"]
    assert [row["id"] for row in ran.records] == [str(i) for i in range(10)]
    assert (ran.failures, retry.left_out) == ([], 2)


def test_retry_failed_on_the_command_line(invoke: Invoke, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(10))
    out = tmp_path / "records.jsonl"
    with FaultServer(
        lambda asked: refuse(400) if "Net4" in asked.title else answer(asked)
    ) as server:
        arguments = ["run", dump, "-o", out, "--model", "m", "--base-url", server.url]
        code, _, said = invoke(*arguments, "--retry-failed")
        assert code == 2
        assert "records.failures.jsonl" in said
        assert invoke(*arguments)[0] == 3
        server.script, server.asked = answer, []
        code, _, said = invoke(*arguments, "--retry-failed")
        assert (code, len(server.asked)) == (0, 1)
    assert len(out.read_text().splitlines()) == 10
    assert not (tmp_path / "records.failures.jsonl").exists()


def test_retry_failed_reads_the_failures_of_entries_without_an_id(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    dump.write_text(dump.read_text() + "{not JSON\n")
    out = tmp_path / "records.jsonl"
    with FaultServer(
        lambda asked: refuse(400) if "Net1" in asked.title else answer(asked)
    ) as server:
        arguments = ["run", dump, "-o", out, "--model", "m", "--base-url", server.url]
        assert invoke(*arguments)[0] == 3
        failures = list(read_failures(tmp_path / "records.failures.jsonl"))
        assert [(each.id, each.error) for each in failures] == [
            ("1", "rejected"),
            (None, "unreadable"),
        ]
        server.script, server.asked = answer, []
        code, _, said = invoke(*arguments, "--retry-failed")
        assert (code, len(server.asked)) == (3, 1), said
    assert [row["id"] for row in read_jsonl(out)] == ["0", "1", "2"]
    left = list(read_failures(tmp_path / "records.failures.jsonl"))
    assert left == [failures[1]]


# What a person is told


def test_the_closing_lines_tell_tokens_tries_and_cost(invoke: Invoke, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(10))
    with FaultServer(lambda asked: refuse(500) if asked.number == 1 else answer(asked)) as server:
        arguments = ["run", dump, "-o", tmp_path / "o.jsonl", "--model", "m"]
        arguments += ["--base-url", server.url]
        _, _, said = invoke(*arguments, "--price-in", "2", "--price-out", "10")
        assert "11 requests (1 failed): 1,000 prompt tokens, 200 answer tokens, $0.0040" in said
        _, _, said = invoke(*arguments)
        assert "10 from the cache" in said
        assert "requests" not in said
        _, _, said = invoke(*arguments, "--no-cache")
        assert "the price of m at 127.0.0.1" in said
        assert "--price-in" in said


def test_the_closing_lines_tell_the_fields_of_rejected_values(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(3))
    invented = {"hardware": ["A100"], "benchmarks": ["CIFAR-10", "ImageNet"]}
    with FaultServer(lambda asked: answer(asked, invented)) as server:
        arguments = ["run", dump, "-o", tmp_path / "o.jsonl", "--model", "m"]
        _, _, said = invoke(*arguments, "--base-url", server.url)
    rejected = "9 values rejected, each with its reason in meta.dropped"
    assert f"{rejected}: benchmarks 6, hardware 3\n" in said


def test_cached_tokens_are_told_and_cost_less() -> None:
    prices = Prices(prompt=1.0, completion=4.0, cached=0.1)
    assert Spent(1, 0, 1_000_000, 900_000, 0).cost(prices) == pytest.approx(0.19)


def test_a_ceiling_ends_the_command_with_a_part_and_one_line(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(50))
    out = tmp_path / "o.jsonl"
    with FaultServer() as server:
        arguments = ["run", dump, "-o", out, "--model", "m", "--base-url", server.url]
        code, _, said = invoke(*arguments, "--max-requests", "20", "--quiet")
        assert code == 3
        assert said.count("\n") == 1
        assert len((tmp_path / "o.jsonl.partial").read_text().splitlines()) == 20
        assert not out.exists()
        code, _, said = invoke(*arguments, "--max-requests", "60")
        assert code == 0
    assert "with earlier attempts at this run: 50 requests" in said
    assert "; 0 from the cache, 20 from an earlier attempt\n" in said


# The pieces


@given(st.permutations(range(40)), st.integers(0, 10), st.sets(st.integers(0, 39)))
def test_rows_come_out_in_order_whatever_their_order_was(
    positions: list[int], held: int, missing: set[int]
) -> None:
    order = InOrder(held)
    out = []
    for position in positions:
        if position not in missing:
            out += [row["n"] for _, _, row in order.put(position, Row(True, 1, {"n": position}))]
    assert out == sorted(out)
    out += [row["n"] for _, _, row in order.rest()]
    order.close()
    assert out == sorted(set(positions) - missing)


def test_rows_that_waited_on_disk_are_what_they_were() -> None:
    row = {"a": [1, 2.5, None, True, "é\u2028\x00"], "b": {"c": 10**30, "d": 0.1}}
    order = InOrder(0)
    assert list(order.put(1, Row(False, 2, row))) == []
    assert list(order.put(0, Row(True, 1, {}))) == [(True, 1, {}), (False, 2, row)]
    order.close()


@pytest.mark.parametrize("value", ["\ud800", object(), {"\udfff": 1}])
def test_a_row_that_is_not_json_waits_too(value: object) -> None:
    """The output says what is wrong with it."""
    with closing(InOrder(0)) as order:
        assert list(order.put(1, Row(True, 1, {"value": value}))) == []
        assert [row.values for row in order.put(0, Row(True, 1, {}))] == [{}, {"value": value}]


async def test_reading_ahead_is_bounded_and_ends_with_the_run() -> None:
    read = []

    def endless() -> Iterator[Paper]:
        while True:
            read.append(1)
            yield papers(1)[0]

    async def until_it_waits() -> int:
        """How many were read when the thread has not read another one for a while."""
        before = -1
        while before != len(read):
            before = len(read)
            await asyncio.sleep(0.1)
        return before

    source = Prefetch(endless())
    assert len(await source.take(1)) == 1
    ahead = await until_it_waits()
    assert ahead < 2000
    taken = 0
    while taken < 600:
        taken += len(await source.take(600 - taken))
    assert await until_it_waits() > ahead
    source.stop()
    source.join()
    ended = len(read)
    assert await until_it_waits() == ended
    assert await source.take(5) == []


def test_a_dump_that_breaks_off_keeps_what_came_before() -> None:
    def broken() -> Iterator[Paper]:
        yield from papers(5)
        raise DumpError("The gzip data is cut off.")

    with FaultServer() as server:
        ran = run(server.url, broken())
    assert len(ran.records) == 5
    assert isinstance(ran.ended_by, DumpError)


def test_entries_that_are_no_papers_keep_their_place() -> None:
    items: list[Any] = [*papers(3), Failure(None, None, "unreadable", "no JSON", line=4)]
    with FaultServer() as server:
        ran = run(server.url, items)
    assert len(ran.records) == 3
    assert ran.failures[0]["line"] == 4


def test_a_slow_first_paper_holds_up_no_other_one() -> None:
    """Its answer is held back until every other paper has been asked for."""
    others_came = threading.Event()

    def script(asked: Asked) -> Reply:
        if asked.number == 3000:
            others_came.set()
        return answer(asked, until=others_came if "Net0:" in asked.title else None)

    with FaultServer(script) as server:
        ran = run(server.url, papers(3000), concurrency=8)
        assert len(server.asked) == 3000
    assert [row["id"] for row in ran.records] == [str(i) for i in range(3000)]
    assert server.overdue == 0, "the others waited for the first one"


def test_an_answer_in_log_probabilities_comes_back_whole(tmp_path: Path) -> None:
    """What the store gives back is what was answered."""
    message = {"role": "assistant", "content": json.dumps({"method_name": "Net0"})}
    with FaultServer(lambda _: completion(message)) as server:
        one = run(server.url, papers(1), tmp_path)
        two = run(server.url, papers(1), tmp_path)
    first, second = one.records[0], two.records[0]
    assert {**first, "meta": None} == {**second, "meta": None}
