"""The failures file of a run, read back."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.readers._source import Source
from extractor.record import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_failures(path: Path) -> Iterator[Failure]:
    """Yield the failures of a failures file, plain or compressed.

    Raises :class:`DumpError` where it cannot be read or holds something else.
    """
    with closing(Source(path)) as source:
        for number, line in source.lines():
            if line is None or not line.isspace():
                yield _failure(path, number, line or b"")


def _failure(path: Path, number: int, line: bytes) -> Failure:
    try:
        row: Any = from_json(line)
    except ValueError:
        row = None
    if not (isinstance(row, dict) and isinstance(row.get("error"), str)):
        raise DumpError(
            f"{path}, line {number}: this is not a failure, it names no error.",
            hint="Give the failures file that 'extractor run' wrote beside its records.",
        )
    return Failure.from_dict(row)
