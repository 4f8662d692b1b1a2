"""The failures of a run, as they come from their file."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.readers._source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_failures(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the failures of a failures file, plain or compressed.

    Raises:
        DumpError: it cannot be read, or it holds something else.
    """
    with closing(Source(path)) as source:
        for number, line in source.lines():
            if line is None or not line.isspace():
                yield _failure(path, number, line or b"")


def _failure(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        failure = from_json(line)
    except ValueError:
        failure = None
    if not (isinstance(failure, dict) and isinstance(failure.get("error"), str)):
        raise DumpError(
            f"{path}, line {number}: this is no failure, it names no error.",
            hint="Give the failures file that 'extractor run' wrote beside its records.",
        )
    return failure
