"""The wheel holds what the checkout holds, under names that belong to the project alone."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent

PROBE = """
import json, sys
sys.path.insert(0, sys.argv[1]) if sys.argv[1:] else None
import extractor
from extractor.readers import readers
from extractor.task import builtin_schemas, load_task
from extractor.writers import writers
print(json.dumps({
    "home": extractor.__file__,
    "schemas": {name: load_task(name).fingerprint for name in builtin_schemas()},
    "prompts": {name: load_task(name).prompt.system for name in builtin_schemas()},
    "readers": sorted(readers()),
    "writers": sorted(writers()),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built without a network."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_only_the_package_goes_into_site_packages(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"extractor"}


def test_wheel_and_editable_install_behave_the_same(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    installed = _probe(tmp_path, str(tmp_path / "site"))
    editable = _probe(tmp_path)
    assert installed.pop("home") != editable.pop("home")
    assert installed == editable
    assert "paper" in installed["schemas"]


def test_every_module_ships(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "extractor").rglob("*.py")}
    assert len(modules) > 100
    assert modules <= shipped


@pytest.mark.parametrize(
    ("package", "known"),
    [("report", "charts/strip.js"), ("comparison", "changes.js"), ("review", "card.js")],
)
def test_a_whole_page_ships(wheel: Path, package: str, known: str) -> None:
    page = ROOT / "extractor" / package / "page"
    files = {str(file.relative_to(ROOT)) for file in page.rglob("*") if file.is_file()}
    assert f"extractor/{package}/page/{known}" in files
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def test_the_typed_marker_ships(wheel: Path) -> None:
    assert "extractor/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_declared_dependencies_are_the_imported_ones() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    optional = [each for name in ("pandas", "parquet", "ray", "zstd") for each in extras[name]]
    declared = [*project["dependencies"], *optional]
    known = packages_distributions()
    imported = {_normal(known[top][0]) for top in _imported_packages() if top in known}
    assert imported == {_normal(re.split(r"[\[<>=;\s]", each)[0]) for each in declared}


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _imported_packages() -> set[str]:
    """Top-level names that the package imports, also inside functions, but its own."""
    tops = set()
    for file in (file for part in ("extractor", "schemas") for file in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                tops.add(node.module.partition(".")[0])
    return tops - sys.stdlib_module_names - {"extractor"}


def _probe(folder: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return dict(json.loads(done.stdout))
