"""``extractor extract``: one paper, from arguments, standard input or a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from helpers import write_jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

PAPER = {"id": "p7", "title": "Brisk", "abstract": "We test Brisk on a Tesla V100.", "year": 2024}


def test_a_file_with_one_paper_is_read(invoke: Invoke, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "one.jsonl", [PAPER])
    code, out, _ = invoke("extract", "--file", file, "--model", "none")
    record = json.loads(out)
    assert (code, record["id"], record["title"]) == (0, "p7", "Brisk")
    assert record["source"] == {"year": 2024}


@pytest.mark.parametrize(
    ("count", "more", "code", "said"),
    [
        (2, [], 1, "holds more than one paper. Use 'extractor run'"),
        (1, ["An abstract."], 2, "Both a paper and --file are given."),
        (1, ["--title", "T"], 2, "Both a paper and --file are given."),
    ],
)
def test_what_is_not_one_paper_is_told(
    invoke: Invoke, tmp_path: Path, count: int, more: list[str], code: int, said: str
) -> None:
    file = write_jsonl(tmp_path / "papers.jsonl", [PAPER] * count)
    done = invoke("extract", "--file", file, "--model", "none", *more)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert said in done.err
