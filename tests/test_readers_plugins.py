"""Formats of other packages: found by their entry points, read like those of our own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from extractor.errors import UsageError
from extractor.paper import Paper
from extractor.readers import base, open_dump, readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers import Invoke

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
REDIF = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
TOML = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
DUMP = (
    "Template-Type: ReDIF-Paper 1.0\nTitle: Lanterns\nHandle: a1\nAbstract: We ask.\n\n"
    "Template-Type: ReDIF-Paper 1.0\nTitle: Caches\nAbstract: We forget.\n"
)
PAPERS = [Paper("a1", "Lanterns", "We ask."), Paper("2", "Caches", "We forget.")]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Put a package onto the path as an installer would: its module and its metadata."""
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(site))

    def install(code: str, entry_point: str) -> Path:
        (site / "my_formats").mkdir(parents=True)
        (site / "my_formats" / "redif.py").write_text(code, encoding="utf-8")
        for name in ("my_formats", "my_formats.redif"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        metadata = site / "my_formats-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: my-formats\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(f"[extractor.readers]\n{entry_point}\n")
        readers.cache_clear()
        return site

    yield install
    readers.cache_clear()


def command(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "extractor", *arguments],
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump"
    path.write_text(DUMP, encoding="utf-8")
    return path


def test_format_of_the_docs_as_a_plugin(install: Callable[..., Path], dump: Path) -> None:
    install(REDIF, TOML.splitlines()[1].replace('"', ""))
    with open_dump(dump) as opened:
        assert opened.format == "redif"
        assert list(opened) == PAPERS
    with open_dump(dump, format="redif") as opened:
        assert list(opened) == PAPERS


def test_plugin_through_the_command_line(
    install: Callable[..., Path], dump: Path, invoke: Invoke
) -> None:
    install(REDIF, "redif = my_formats.redif:REDIF")
    result = invoke("inspect", str(dump), "--json")
    assert result.code == 0, result.err
    survey = json.dumps(json.loads(result.out))
    assert '"redif"' in survey
    result = invoke("inspect", str(dump), "--dump-format", "redif")
    assert "ReDIF templates (redif)" in result.out


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import nowhere_to_be_found", "cannot be loaded (ModuleNotFoundError: "),
        ("X = 1", "cannot be loaded (AttributeError: "),
        ("REDIF = 'text'", "is a str and not a Reader"),
        ("from extractor.readers.base import Reader as REDIF", "and not a Reader"),
    ],
)
def test_broken_plugin_is_named(
    code: str, problem: str, install: Callable[..., Path], dump: Path
) -> None:
    site = install(code, "redif = my_formats.redif:REDIF")
    with pytest.raises(UsageError) as caught:
        open_dump(dump)
    assert problem in str(caught.value)
    assert "the package my-formats (my_formats.redif:REDIF)" in str(caught.value)
    assert str(caught.value).endswith("Update my-formats or uninstall it.")
    done = command(site, "inspect", str(dump))
    assert done.returncode == 2
    assert "package my-formats" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_broken_plugin_does_not_matter_to_a_built_in_format_that_is_named(
    install: Callable[..., Path], dump: Path
) -> None:
    install("import nowhere_to_be_found", "redif = my_formats.redif:REDIF")
    with open_dump(dump, format="text") as opened:
        assert opened.format == "text"


def test_built_in_format_takes_precedence(install: Callable[..., Path], dump: Path) -> None:
    install("import nowhere_to_be_found", "csv = my_formats.redif:REDIF")
    assert type(readers()["csv"]).__module__ == "extractor.readers.tables"


def test_help_imports_no_plugin(install: Callable[..., Path]) -> None:
    site = install("import nowhere_to_be_found", "redif = my_formats.redif:REDIF")
    done = command(site, "--help")
    assert done.returncode == 0, done.stderr


def test_public_names_of_the_base_module_exist() -> None:
    assert sorted(base.__all__) == sorted(set(base.__all__))
    assert all(hasattr(base, name) for name in base.__all__)
