"""The example dump from end to end, with the embedded model as it answered when recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import read_jsonl

from extractor import Extractor, Failure, Record, read_dump

if TYPE_CHECKING:
    import vcr
    from helpers import Invoke

ROOT = Path(__file__).parent.parent
DUMP = ROOT / "examples" / "papers.txt"
GOLD = ROOT / "examples" / "papers.gold.jsonl"

pytestmark = pytest.mark.usefixtures("embedded_replay")


def test_run_writes_a_record_for_every_paper(invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "records.jsonl"
    assert invoke("run", DUMP, "-o", out, "-q").code == 0
    records = read_jsonl(out)
    assert [record["id"] for record in records] == [str(n) for n in range(1, 13)]
    assert records[0]["method_name"] == "SpliceCache"
    assert not (tmp_path / "records.failures.jsonl").exists()


def test_every_value_rests_on_the_words_that_its_evidence_names(
    invoke: Invoke, tmp_path: Path
) -> None:
    out = tmp_path / "records.jsonl"
    invoke("run", DUMP, "-o", out, "-q")
    papers = {paper.id: paper for paper in read_dump(DUMP)}
    seen = 0
    for record in read_jsonl(out):
        paper = papers[record["id"]]
        for item in record["evidence"]:
            words = getattr(paper, item["source"])[item["start"] : item["end"]]
            value = _at(record, item["path"])
            if isinstance(value, str):
                assert words == value
                seen += 1
    assert seen > 20


def test_a_second_run_calls_no_model_and_says_the_same(
    invoke: Invoke, tmp_path: Path, embedded_replay: vcr.cassette.Cassette
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    invoke("run", DUMP, "-o", first, "-q")
    asked = embedded_replay.play_count
    invoke("run", DUMP, "-o", second, "-q")
    assert embedded_replay.play_count == asked
    assert [_without_meta(r) for r in read_jsonl(first)] == [
        _without_meta(r) for r in read_jsonl(second)
    ]


def test_accuracy_on_the_example_holds(invoke: Invoke) -> None:
    code, out, _ = invoke("eval", DUMP, "--gold", GOLD, "--min-f1", "0.85", "--json", "-q")
    assert code == 0
    assert json.loads(out)["invention_rate"] < 0.1


def test_extract_prints_one_record(invoke: Invoke) -> None:
    paper = next(iter(read_dump(DUMP)))
    code, out, _ = invoke("extract", "--title", paper.title, paper.abstract, "-q")
    assert code == 0
    assert json.loads(out)["method_name"] == "SpliceCache"


def test_the_python_interface_gives_typed_records() -> None:
    with Extractor() as extractor:
        papers = list(read_dump(DUMP))
        results = list(extractor.extract_many(papers))
        one = extractor.extract(title=papers[0].title, abstract=papers[0].abstract)
    assert {result.id for result in results} == {paper.id for paper in papers}
    assert not any(isinstance(result, Failure) for result in results)
    assert isinstance(one, Record)
    assert one.fields.method_name == "SpliceCache"


async def test_the_async_twins_give_the_same() -> None:
    papers = list(read_dump(DUMP))
    async with Extractor() as extractor:
        one = await extractor.aextract(title=papers[0].title, abstract=papers[0].abstract)
        results = [result async for result in extractor.aextract_many(papers)]
    assert one.fields.method_name == "SpliceCache"
    assert len(results) == len(papers)


def test_the_readmes_python_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}  # a later block may use what an earlier one defined
    for block in readme.split("```python\n")[1:]:
        exec(compile(block.split("```")[0], "README.md", "exec"), names)
    assert capsys.readouterr().out.startswith("FooNet 3.2\n")


def _at(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for step in path.replace("[", ".").replace("]", "").split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def _without_meta(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "meta"}


def test_the_record_that_the_readme_shows_is_what_comes_out(invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "records.jsonl"
    invoke("run", DUMP, "-o", out, "-q")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = json.loads(readme.split("```json\n")[1].split("```")[0])
    assert shown == next(r for r in read_jsonl(out) if r["id"] == shown["id"])
