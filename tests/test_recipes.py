"""The recipes of the documentation do what they say: each block runs, and prints what it shows."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "recipes.md"
RECORDS = ROOT / "tests" / "fixtures" / "records" / "papers.jsonl"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("jq", "sqlite3", "sqlite-utils", "datasette")
_MODULES = ("pandas", "duckdb", "jsonschema", "openpyxl", "pyarrow")


@dataclass(frozen=True)
class Block:
    """A block of the page, the heading that it stands under, and what it is to print."""

    heading: str
    language: str
    code: str
    shown: str | None


def blocks() -> list[Block]:
    found = []
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        fences = [*_FENCE.findall(section), ("", "")]
        for (language, code), (following, output) in pairwise(fences):
            if language != "text":
                shown = output if following == "text" else None
                found.append(Block(heading, language, code, shown))
    return found


def sections() -> dict[str, list[Block]]:
    grouped: dict[str, list[Block]] = {}
    for block in blocks():
        grouped.setdefault(block.heading, []).append(block)
    return grouped


@pytest.fixture
def environment() -> dict[str, str]:
    """Programs of this Python's environment come first; nothing of the user's is read."""
    scripts = str(Path(sys.executable).parent)
    kept = {name: os.environ[name] for name in ("LANG", "HOME", "TMPDIR") if name in os.environ}
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def skip_without_its_tools(code: str, path: str) -> None:
    """Leave out what is not installed, but never in CI."""
    programs = {name for name in _PROGRAMS if re.search(rf"^\s*{name} |\| {name} ", code, re.M)}
    modules = {name for name in _MODULES if re.search(rf"\bimport {name}|from {name}", code)}
    if "records.parquet" in code:
        modules.add("pyarrow")
    missing = {name for name in programs if not shutil.which(name, path=path)}
    missing |= {name for name in modules if not importlib.util.find_spec(name)}
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")


def run(block: Block, folder: Path, environment: dict[str, str]) -> str:
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", block.code],
        "python": [sys.executable, "-c", block.code],
    }[block.language]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, f"{block.code}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("heading", sections())
def test_recipe(heading: str, tmp_path: Path, environment: dict[str, str]) -> None:
    recipes = sections()[heading]
    for block in recipes:
        skip_without_its_tools(block.code, environment["PATH"])
    shutil.copyfile(RECORDS, tmp_path / "records.jsonl")
    for block in recipes:
        printed = run(block, tmp_path, environment)
        if block.shown is not None:
            assert printed == block.shown, f"{PAGE.name}, {heading}:\n{block.code}"


def test_every_tool_has_its_recipe() -> None:
    expected = {"jq", "Python", "pandas", "DuckDB", "SQL", "Datasette", "A spreadsheet"}
    assert set(sections()) == expected
    assert all(any(block.shown for block in recipes) for recipes in sections().values())


@pytest.mark.parametrize(
    ("page", "shows"),
    [
        ("/records", "claimed_speedups"),
        ("/records/papers/1", '<a href="/records/claimed_speedups?paper=1">'),
        ("/records/claimed_speedups", '<a href="/records/papers/1">SpliceCache'),
    ],
)
def test_datasette_links_papers_and_claims(
    page: str, shows: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    skip_without_its_tools("datasette ", environment["PATH"])
    shutil.copyfile(RECORDS, tmp_path / "records.jsonl")
    code = f"extractor convert -q records.jsonl records.sqlite; datasette *.sqlite --get {page}"
    assert shows in run(Block("", "sh", code, None), tmp_path, environment)
