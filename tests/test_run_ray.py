"""A run on real Ray: several raylets on this machine, and what dies in the middle of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse

from extractor.errors import CacheError, CeilingReached, UsageError
from extractor.llm.answer import Answer, Usage
from extractor.llm.budget import Ceilings, Spent
from extractor.llm.lease import Ledger
from extractor.llm.store import AnswerStore
from extractor.paper import Paper
from extractor.readers import Unreadable
from extractor.record import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from command import Starter
    from helpers import Invoke

if not os.environ.get("CI"):  # where it must be there
    pytest.importorskip("ray", reason="needs Ray: pip install 'abstract-extractor[ray]'")

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own

IN_FLIGHT = 4
_SETTINGS = {"RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
_NODE = {"num_cpus": 2, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of one node, to which tests may add others."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        for name, value in _SETTINGS.items():
            patch.setenv(name, value)
        started = Cluster(initialize_head=True, head_node_args=dict(_NODE))
        try:
            yield started
        finally:
            started.shutdown()


def _script(asked: Asked) -> Reply:
    """One paper is rejected; the others are answered late enough to be caught in flight."""
    if asked.title.startswith("Net17:"):
        return refuse(400, "this one is rejected")
    return answer(asked, after=0.02)


def _arguments(dump: Path, server: FaultServer) -> list[object]:
    model = ("--model", "m", "--base-url", server.url, "--concurrency", IN_FLIGHT)
    return ["run", dump, *model, "--progress", "plain"]


def _on_cluster(cluster: Any, out: Path, workers: int = 2) -> list[object]:
    where = ("--ray-address", cluster.address, "--workers", workers, "--part-papers", 20)
    return ["-o", out, "--engine", "ray", *where]


def _without_meta(*files: Path) -> list[bytes]:
    """The lines of files one after another, each without what says how it came about."""
    lines = [line for file in files for line in file.read_bytes().splitlines(keepends=True)]
    return [re.sub(rb'"meta":\{.*?"dropped":\[\]\}', b"", line) for line in lines]


def _paid(server: FaultServer) -> int:
    return sum(not asked.title.startswith("Net17:") for asked in server.asked)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _workers_of(node: Any) -> list[int]:
    """The processes of a node's raylet that are workers of ours."""
    (raylet,) = node.all_processes["raylet"]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "cmdline").read_bytes()
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == raylet.process.pid and name.startswith(b"ray::MapWorker"):
            found.append(int(process.name))
    return found


@pytest.mark.cluster
def test_a_worker_and_a_node_that_die_cost_what_was_in_flight(
    cluster: Any, starter: Starter, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(400))
    other = cluster.add_node(**_NODE)
    with FaultServer(_script) as server:
        arguments = _arguments(dump, server)
        assert starter.run(*arguments, "-o", tmp_path / "one.jsonl")[0] == 3
        server.forget()
        out = tmp_path / "parts"
        command = starter.start(*arguments, *_on_cluster(cluster, out))
        _wait_until(lambda: len(server.asked) > 40)
        workers = [*_workers_of(cluster.head_node), *_workers_of(other)]
        assert len(workers) == 2, command.said
        os.kill(workers[0], signal.SIGKILL)
        asked = len(server.asked)
        _wait_until(lambda: len(server.asked) > asked + 80)
        cluster.remove_node(other, allow_graceful=False)
        assert command.wait() == 3, command.said
        assert _paid(server) <= 399 + 3 * IN_FLIGHT, "three workers died at the most"
    parts = sorted(out.glob("part-*.jsonl"))
    assert len(parts) == 20
    assert _without_meta(*parts) == _without_meta(tmp_path / "one.jsonl")
    (failures,) = (out / "_failures").iterdir()
    assert failures.read_bytes() == (tmp_path / "one.failures.jsonl").read_bytes()
    counts = json.loads((out / "_SUCCESS").read_text())
    assert counts == {"parts": 20, "records": 399, "failures": 1}


@pytest.mark.cluster
def test_a_driver_that_dies_or_is_interrupted_is_continued_under_the_same_ceiling(
    cluster: Any, starter: Starter, tmp_path: Path
) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", [p for p in papers(200) if p.id != "17"])
    out = tmp_path / "parts"
    with FaultServer(_script) as server:
        assert starter.run(*_arguments(dump, server), "-o", tmp_path / "one.jsonl")[0] == 0
        server.forget()
        arguments = [*_arguments(dump, server), *_on_cluster(cluster, out)]
        command = starter.start(*arguments, "--max-requests", 120)
        _wait_until(lambda: len(server.asked) >= 30)
        command.kill()
        assert command.wait() == -9
        assert not (out / "_SUCCESS").exists()

        command = starter.start(*arguments, "--max-requests", 120)
        asked = len(server.asked)
        _wait_until(lambda: len(server.asked) >= asked + 20)
        command.send(signal.SIGINT)
        assert command.wait() == 130, command.said
        assert "Interrupted." in command.said

        code, said = starter.run(*arguments, "--max-requests", 120)
        assert code == 3, said
        assert "The ceiling of 120 requests is reached" in said
        assert 120 - 2 * 2 * IN_FLIGHT <= len(server.asked) <= 120
        assert not (out / "_SUCCESS").exists()

        code, said = starter.run(*arguments)
        assert code == 0, said
        assert len(server.asked) <= 199 + 2 * IN_FLIGHT, "of the two workers that were killed"
    assert _without_meta(*sorted(out.glob("part-*"))) == _without_meta(tmp_path / "one.jsonl")


_PROGRAM = """
import sys
import ray
from extractor import Extractor
from extractor.testing import FakeModel

address, schema, out, said = sys.argv[1:]
ray.init(address, log_to_driver=False)
rows = [{"title": f"Study {n}", "abstract": f"We kept {n} hives."} for n in range(7)]
rows[3]["abstract"] = ""
papers = ray.data.from_items(rows, override_num_blocks=3)
with Extractor(schema, model=FakeModel({"count": 2}, reasks=0)) as extractor:
    run = extractor.run(
        papers, out=out, engine="ray", format="parquet", workers=1, part_papers=4, limit=6
    )
assert ray.is_initialized()
with open(said, "w") as file:
    print(run.records, run.failures, run.requests, run.failures_file is not None, file=file)
"""


@pytest.mark.cluster
def test_a_dataset_goes_into_parquet_with_a_schema_of_the_drivers_own(
    cluster: Any, tmp_path: Path
) -> None:
    from pyarrow import parquet

    schema = tmp_path / "bees.py"
    schema.write_text(
        "from typing import Annotated\n"
        "from pydantic import BaseModel\n"
        "from extractor import NumberIn\n"
        "class Bees(BaseModel):\n"
        "    count: Annotated[int | None, NumberIn()] = None\n"
    )
    out, said = tmp_path / "parts", tmp_path / "said"
    program = [sys.executable, "-c", _PROGRAM, cluster.address, f"{schema}:Bees", out, said]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said.read_text() == "6 1 6 True\n"
    table = parquet.read_table(out).to_pylist()
    assert [row["id"] for row in table] == ["1", "2", "3", "5", "6", "7"]
    assert [row["count"] for row in table] == [None, None, 2, None, None, None]
    (failure,) = [json.loads(each.read_bytes()) for each in (out / "_failures").iterdir()]
    assert (failure["id"], failure["error"]) == ("4", "unreadable")


def test_what_a_cluster_cannot_do_is_said_before_it_starts(tmp_path: Path, invoke: Invoke) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    for options, said in (
        (["-o", tmp_path], f"{tmp_path} is not empty"),
        (["-o", dump.parent / "x", "--append"], "--append is not for --engine ray"),
        (["-o", dump.parent / "x", "--no-cache"], "--no-cache is not for --engine ray"),
        (["-o", dump.parent / "x", "--format", "csv"], "Parts are not written as csv"),
        (["-o", dump.parent / "x", "--ray-address", "ray://a:1"], "address of a Ray client"),
        ([], "needs a folder for the parts"),
    ):
        code, _, err = invoke("run", dump, "--engine", "ray", "--model", "none", *options)
        assert (code, said in err) == (2, True), err
    code, _, err = invoke("run", tmp_path, "-o", tmp_path / "x", "--engine", "ray")
    assert (code, "is in " in err) == (2, True), err
    assert invoke("run", "-", "-o", tmp_path / "x", "--engine", "ray").code == 2


# What it rests on, without a cluster


def test_papers_come_through_as_they_were_read() -> None:
    from extractor.run.ray.reader import decoded, encoded

    paper = Paper("1", "Half \ud800", "a\u2028b", {"year": 2024, "x": [1.5, None, {"k": True}]})
    other = Unreadable(7, "no abstract", id="2", file="a.bib", source={"doi": "10.1/x"})
    first, second = decoded(encoded([paper, other]))
    assert first == paper
    assert isinstance(second, Failure)
    assert (second.id, second.line, second.file) == ("2", 7, "a.bib")


def test_a_part_that_was_taken_over_takes_its_answers_along_and_fences_the_last_worker(
    tmp_path: Path,
) -> None:
    from extractor.run.ray.epochs import take_over

    first = take_over(tmp_path / "000000")
    zombie = AnswerStore(first.path)
    zombie.guard = first.check
    paid = Answer(
        message={"content": "text"}, finish_reason="stop", usage=Usage(10, 5), paid_at=1.0
    )
    zombie.put("a", paid)
    second = take_over(tmp_path / "000000")
    with closing(AnswerStore(second.path)) as store:
        found = store.get("a")
        assert found is not None
        assert found.text == "text"
    with pytest.raises(CacheError, match="taken over"):
        zombie.put("b", paid)
    zombie.close()
    second.check()


def test_leases_never_exceed_a_ceiling_and_what_is_not_needed_goes_to_others() -> None:
    ledger = Ledger(Ceilings(requests=40), None, {7: Spent(requests=4)}, workers=2)
    one = Spent(requests=1)
    assert ledger.open(0, 1, Spent())
    assert ledger.open(1, 1, Spent())
    assert ledger.lease(0, 1, Spent(), Spent(), one) == Spent(requests=16)
    assert ledger.lease(1, 1, Spent(), Spent(), one) == Spent(requests=1), "not plenty any more"
    spent = Spent(requests=16)
    assert ledger.lease(0, 1, spent, Spent(), one) == Spent(requests=17)
    assert ledger.total.requests == 4 + 17 + 1
    assert ledger.open(0, 2, Spent(requests=20)), "its worker died with more in flight"
    assert isinstance(ledger.lease(0, 1, spent, Spent(), one), CacheError)
    ledger.close(1, 1, Spent())
    granted = Spent(requests=20)
    while isinstance(leased := ledger.lease(0, 2, granted, Spent(), one), Spent):
        granted = leased
    assert granted.requests == 36
    assert isinstance(leased, CeilingReached)


def test_who_waits_for_a_lease_hears_when_nobody_can_give_any_back() -> None:
    ledger = Ledger(Ceilings(requests=2), None, {}, workers=2)
    one = Spent(requests=1)
    ledger.open(0, 1, Spent())
    ledger.open(1, 1, Spent())
    assert ledger.lease(0, 1, Spent(), Spent(), one) == one
    assert ledger.lease(1, 1, Spent(), Spent(), one) == one
    assert ledger.lease(0, 1, one, Spent(), one) is None, "the other one may need less"
    assert ledger.lease(1, 1, Spent(), one, one) is None, "its own may come back"
    assert isinstance(ledger.lease(1, 1, one, Spent(), one), CeilingReached)


def test_a_folder_of_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    from extractor.run.ray.folder import open_folder

    with open_folder(tmp_path / "out", {"dump": "a", "model": "m"}, ".jsonl") as folder:
        assert folder.run == 1
        with (
            pytest.raises(UsageError, match="Another process works"),
            open_folder(tmp_path / "out", {"dump": "a", "model": "m"}, ".jsonl"),
        ):
            pass
        folder.succeed({"records": 1})
    with (
        pytest.raises(UsageError, match="with another model"),
        open_folder(tmp_path / "out", {"dump": "a", "model": "n"}, ".jsonl"),
    ):
        pass
    with open_folder(tmp_path / "out", {"dump": "a", "model": "m"}, ".jsonl") as folder:
        assert folder.run == 2, "what follows a complete run"
        assert not (tmp_path / "out" / "_SUCCESS").exists()
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "letter.txt").touch()
    with (
        pytest.raises(UsageError, match="not empty"),
        open_folder(tmp_path / "else", {}, ".jsonl"),
    ):
        pass
