"""``--append``: what is there stays, papers without a record are added, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engine_runs import papers, write_dump
from fault_server import Asked, FaultServer, Reply, answer, refuse
from helpers import read_jsonl, write_jsonl

from extractor.writers import read_records

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke


def how(url: str, out: Path, *more: object) -> list[object]:
    return ["--model", "m", "--base-url", url, "-o", out, *more]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.json", "r.sqlite", "r.parquet"])
def test_only_papers_without_a_record_are_asked_about(
    invoke: Invoke, tmp_path: Path, name: str
) -> None:
    first, both = tmp_path / "first.jsonl", tmp_path / "both.jsonl"
    write_dump(first, papers(5)[2:])
    write_dump(both, papers(8))
    out = tmp_path / name
    with FaultServer() as server:
        assert invoke("run", first, *how(server.url, out, "--append")).code == 0
        before = list(read_records(out))
        server.forget()
        code, _, err = invoke("run", both, *how(server.url, out, "--append", "--no-cache"))
        assert len(server.asked) == 5
    after = list(read_records(out))
    assert code == 0
    assert after[:3] == before
    assert [row["id"] for row in after[3:]] == ["0", "1", "5", "6", "7"]
    assert f"5 records in {out}, 0 failures" in err
    assert "3 records in it before, which stay" in err


def test_failures_of_other_papers_stay_and_those_met_again_are_replaced(
    invoke: Invoke, tmp_path: Path
) -> None:
    def script(failing: set[str]) -> Any:
        def reply(asked: Asked) -> Reply:
            return refuse(400, "no") if asked.title in failing else answer(asked)

        return reply

    titles = [paper.title for paper in papers(6)]
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    write_dump(one, papers(3))
    write_dump(other, papers(6)[2:])
    out, failed = tmp_path / "r.jsonl", tmp_path / "r.failures.jsonl"
    with FaultServer(script({titles[0], titles[2]})) as server:
        assert invoke("run", one, *how(server.url, out)).code == 3
    assert [row["id"] for row in read_jsonl(failed)] == ["0", "2"]
    with FaultServer(script({titles[4]})) as server:
        assert invoke("run", other, *how(server.url, out, "--append")).code == 3
    assert [row["id"] for row in read_jsonl(out)] == ["1", "2", "3", "5"]
    assert [row["id"] for row in read_jsonl(failed)] == ["4", "0"]
    with FaultServer() as server:
        assert invoke("run", one, *how(server.url, out, "--append")).code == 0
        assert invoke("run", other, *how(server.url, out, "--append")).code == 0
    assert sorted(row["id"] for row in read_jsonl(out)) == list("012345")
    assert not failed.exists()


@pytest.mark.parametrize(
    ("name", "rows", "more", "said"),
    [
        ("r.csv", None, [], "csv is not read back"),
        ("r.jsonl", [{"id": "1", "title": "T", "meta": {"task": "other@1"}}], [], "other@1"),
        ("r.jsonl", [{"title": "no id"}], [], "is not a record"),
        ("r.json", [{"id": "1"}], [], "is not json"),
        ("r.jsonl", None, ["--retry-failed"], "--retry-failed"),
    ],
)
def test_what_cannot_be_added_to_is_told_and_stays(
    invoke: Invoke, tmp_path: Path, name: str, rows: Any, more: list[str], said: str
) -> None:
    dump, out = write_dump(tmp_path / "dump.jsonl", papers(2)), tmp_path / name
    if rows is not None:
        write_jsonl(out, rows)
    before = out.read_bytes() if out.exists() else None
    with FaultServer() as server:
        code, _, err = invoke("run", dump, *how(server.url, out, "--append", *more))
        assert not server.asked
    assert code in (1, 2)
    assert said in err
    assert err.count("\n") == 1
    assert (out.read_bytes() if out.exists() else None) == before


def test_standard_output_cannot_be_added_to(invoke: Invoke, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump.jsonl", papers(2))
    code, _, err = invoke("run", dump, "--model", "none", "--append")
    assert (code, err.count("\n")) == (2, 1)
    assert "-o" in err
