"""What docs/evaluation.md says is so: its code runs, its gold is read, its table is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import read_jsonl

from extractor.evaluation import Scorer, evaluate, read_gold, table

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(blocks("python")[1], "docs/evaluation.md", "exec"), {})
    assert "7 benchmarks [['MUSDB18-HQ']] [['MUSDB18']]" in capsys.readouterr().out


def test_the_gold_is_gold(tmp_path: Path) -> None:
    draft, paper, trials = blocks("json")
    file, schema = tmp_path / "gold.jsonl", tmp_path / "trials.py"
    for said in (draft, paper):
        file.write_text(json.dumps(json.loads(said)), encoding="utf-8")
        assert list(read_gold(file).papers) == ["12"]
    file.write_text(trials, encoding="utf-8")
    schema.write_text(blocks("python")[0], encoding="utf-8")
    gold = read_gold(file, f"{schema}:Trial")
    first = {
        "drug": "Aspirin",
        "patients": 240,
        "sites": ["Oslo", "Cologne"],
        "outcomes": [{"name": "Mortality", "quote": "died (12.5%)", "value": 12.5}],
    }
    records = [{"id": "1", **first}, {"id": "2", "patients": 81, "outcomes": first["outcomes"]}]
    assert evaluate(gold, records).exact.value == 1.0


def test_the_table_is_what_is_printed() -> None:
    file = ROOT / "examples" / "papers.gold.jsonl"
    lines = read_jsonl(file)
    records = {line["id"]: right_record(line) for line in lines}
    records["2"]["benchmarks"] = ["ImageNet"]
    records["4"]["hardware"] = []
    printed = "\n".join(table(evaluate(read_gold(file), records.values())))
    assert blocks("text")[-1] == printed + "\n"


def right_record(gold: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": gold["id"],
        "method_name": (gold["method_name"] or [None])[0],
        "claimed_speedups": gold["speedups"],
        "benchmarks": [forms[0] for forms in gold["benchmarks"]],
        "hardware": [forms[0] for forms in gold["hardware"]],
        "code_url": gold["code_url"],
    }


def test_every_key_of_the_json_is_named() -> None:
    row = evaluate(read_gold(ROOT / "examples" / "papers.gold.jsonl"), [], resamples=2).to_dict()
    keys = [*row, *row["fields"]["hardware"]]
    said = TEXT[TEXT.index("The JSON of `--json`") :]
    unsaid = [key for key in keys if f"`{key}`" not in said and not key.endswith("_interval")]
    assert unsaid == ["cost_per_right_value", "seconds_per_right_value"]


def test_a_scorer_needs_as_many_methods_as_is_said() -> None:
    assert Scorer.__abstractmethods__ == {"key", "gold_keys", "forms", "words"}
    assert "four short methods" in TEXT
