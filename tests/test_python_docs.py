"""docs/python.md: its examples print what they show, and it has every option."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from extractor.api.options import Options, Running

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_examples_print_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    shutil.copyfile(ROOT / "examples" / "papers.txt", tmp_path / "papers.txt")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for (language, code), (following, shown) in pairwise([*_FENCE.findall(PAGE), ("", "")]):
        if language == "python":
            with redirect_stdout(io.StringIO()) as printed:
                exec(code, names)
            assert printed.getvalue() == (shown if following == "text" else ""), code


def _first_column(section: str) -> set[str]:
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.M)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_option_is_there() -> None:
    assert _first_column("Options") == set(Options.__annotations__)
    assert _first_column("Into a file") == set(Running.__annotations__)
