"""A model file of the user's own, which is known by the hash of its content."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from extractor.errors import UsageError
from extractor.llm.own_files import models_dir
from extractor.llm.weights.catalog import CATALOG, Weights

_MAGIC = b"GGUF"
_HASHES = "hashes.json"


def own_weights(name: str) -> Weights:
    """The weights in a file. A copy of a file of the catalogue is the model of the catalogue.

    Raises UsageError if there is no such file, or if it is no GGUF file.
    """
    path = Path(name).expanduser().resolve()
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_MAGIC))
        if magic != _MAGIC:
            raise UsageError(f"{path} is not a GGUF file.", hint="Give a model file with --model.")
        digest, size = _sha256(path), path.stat().st_size
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"The model file {path} cannot be read: {reason}.", hint="Check --model."
        ) from error
    for weights in CATALOG.values():
        if weights.sha256 == digest:
            return replace(weights, path=path)
    return Weights(
        name=path.stem,
        title=path.name,
        licence="",
        size=size,
        sha256=digest,
        hub_url="",
        packages=(),
        member="",
        path=path,
    )


def _sha256(path: Path) -> str:
    """The SHA-256 of a file, computed once while its size and time of change stay the same."""
    known_file, status = models_dir() / _HASHES, path.stat()
    state = f"{path} {status.st_size} {status.st_mtime_ns}"
    known: dict[str, str] = {}
    with suppress(OSError, ValueError, TypeError):
        known = dict(json.loads(known_file.read_text(encoding="utf-8")))
    if isinstance(known.get(state), str):
        return known[state]
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    scratch = known_file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # it is computed again the next time
        known_file.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps({**known, state: digest}), encoding="utf-8")
        scratch.replace(known_file)
    return digest
