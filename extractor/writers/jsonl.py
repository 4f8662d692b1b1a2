"""JSON Lines: one record a line, UTF-8."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.record import encode_json
from extractor.writers._streams import byte_stream, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from extractor.writers._protocol import Schema


class _Lines:
    def __init__(self, stream: BinaryIO, *, flush: bool) -> None:
        self._stream = stream
        self._flush = flush

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(encode_json(row) + b"\n")
        if self._flush:
            self._stream.flush()


class JsonLines:
    """Written as it comes, so that a pipe sees each record at once."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    streams = True
    compresses = True
    has_columns = False

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Lines]:  # noqa: ARG002
        with byte_stream(target) as stream:
            yield _Lines(stream, flush=not isinstance(target, Path))

    def recognises(self, head: bytes) -> bool:
        return head.lstrip()[:1] in (b"{", b"")  # no record at all is still a file of records

    def schema(self, path: Path) -> None:
        """Lines of JSON carry none."""

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        with reading(path) as stream:
            for number, line in enumerate(stream, start=1):
                if not line.isspace():
                    yield _parsed(line, path, number)


def _parsed(line: bytes, path: Path, number: int) -> Any:
    try:
        return from_json(line)
    except ValueError as error:
        raise DumpError(f"{path}, line {number}: not JSON ({error}).") from error


WRITER = JsonLines()
