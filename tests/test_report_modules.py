"""The modules of the report's page under node, without a browser: tests/page/*.test.js."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from extractor.report.index import Index

TESTS = sorted((Path(__file__).parent / "page").glob("*.test.js"))
DROPPED = {"path": "hardware[0]", "value": "Cray-1", "reason": "not in the text"}


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        missing = "node is absent: apt-get install nodejs"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of six records and a failure, as a page has it."""

    def claim(value: float, kind: str, **more: Any) -> dict[str, Any]:
        return {"value": value, "unit": "x", "kind": kind, "factor": value, **more}

    made = Index()
    rows: list[tuple[str, str, list[str], list[dict[str, Any]], dict[str, Any]]] = [
        (
            "1",
            "Brisk Alpha",
            ["A100"],
            [claim(2, "runtime"), claim(30, "training")],
            {"open": True},
        ),
        ("2", "Calm Beta", ["A100", "H100"], [claim(5, "training")], {}),
        ("3", "älter als Gamma", [], [], {}),
        (
            "4",
            "Delta 10",
            ["H100"],
            [claim(8, "runtime", value_max=12, up_to=True) | {"factor": 12}],
            {},
        ),
        ("5", "Delta 9", ["TPU v4"], [], {"open": False}),
        ("5", "Delta 9", [], [], {}),
    ]
    sources = [
        {"year": 2020, "venue": "ICML"},
        {"year": 2021, "venue": "ACL"},
        {"year": 2022, "venue": "ICML"},
    ]
    for number, (id_, title, hardware, claims, more) in enumerate(rows):
        record = {"id": id_, "title": title, "hardware": hardware, "claims": claims, **more}
        meta = {"dropped": [DROPPED]} if id_ == "2" else {}
        made.add_record({**record, "meta": meta}, sources[number] if number < 3 else {})
    made.add_failure({"id": "6", "title": "Lost Epsilon", "error": "timeout", "tries": 6}, {})
    path = tmp_path_factory.mktemp("report") / "index.json"
    path.write_bytes(to_json({"name": "records.jsonl", "chunk": 128, **made.to_dict()}))
    return path


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name.removesuffix(".test.js"))
def test_a_module_does_what_its_tests_say(node: str, index: Path, file: Path) -> None:
    environment = {**os.environ, "REPORT_INDEX": str(index)}
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
