"""Weights from a model hub: one file over HTTPS; an interrupted download is resumed.

The file is fetched here because pooch and huggingface-hub 2.4 both start again from the beginning
when the process was killed. huggingface-hub also adds 25 MB of packages, half a second of import
and a directory layout of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from extractor.llm.weights.catalog import Weights

_PROBE_SECONDS = 5.0
_READ_SECONDS = 60.0
_PARTIAL_CONTENT = 206


def reachable(url: str) -> bool:
    """Whether the hub answers for this file within a few seconds."""
    import httpx2

    try:
        response = httpx2.head(url, timeout=_PROBE_SECONDS, follow_redirects=True)
    except httpx2.HTTPError:
        return False
    return response.is_success


def download(weights: Weights, scratch: Path, progress: Callable[[int], None]) -> Path:
    """Append what is missing to ``scratch/hub.part`` and return its path."""
    import httpx2

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
