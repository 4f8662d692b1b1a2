"""JSON Lines: one record a line, UTF-8."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class _Lines:
    def __init__(self, stream: BinaryIO, *, flush: bool) -> None:
        self._stream = stream
        self._flush = flush

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(to_json(row) + b"\n")
        if self._flush:
            self._stream.flush()


class JsonLines:
    """Written as it comes, so that a pipe sees each record at once."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    streams = True

    @contextmanager
    def open(self, target: Path | BinaryIO) -> Iterator[_Lines]:
        if isinstance(target, Path):
            with target.open("wb") as stream:
                yield _Lines(stream, flush=False)
        else:
            yield _Lines(target, flush=True)


WRITER = JsonLines()
