"""JSON Lines: one record a line, UTF-8. The failures of a run are written so as well."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError, UnreadableRecord
from extractor.record import Failure, encode_json
from extractor.writers.base import (
    Rereadable,
    Row,
    Schema,
    Sink,
    Writer,
    open_to_read,
    open_to_write,
    read_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class _Lines(Sink):
    def __init__(self, stream: BinaryIO, *, flush: bool) -> None:
        self._stream = stream
        self._flush = flush

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(encode_json(row) + b"\n")
        if self._flush:
            self._stream.flush()


class JsonLines(Writer, Rereadable):
    """Written as it comes, so that a pipe sees each record at once."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    streams = True
    compresses = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Lines]:  # noqa: ARG002
        with open_to_write(target) as stream:
            yield _Lines(stream, flush=not isinstance(target, Path))

    def recognises(self, head: bytes) -> bool:
        return head.lstrip()[:1] in (b"{", b"")  # no record at all is still a file of records

    def read(self, path: Path) -> Iterator[Row]:
        with open_to_read(path) as stream:
            for number, line in enumerate(stream, start=1):
                if line.isspace():
                    continue
                row = read_row(f"{path}, line {number}", line)
                if isinstance(row, UnreadableRecord) and not line.endswith(b"\n"):
                    raise row  # the file breaks off: what follows is lost
                yield row


def read_failures(path: Path) -> Iterator[Failure]:
    """Yield the failures of a failures file, plain or compressed.

    Raises :class:`DumpError` where it cannot be read or holds something else.
    """
    for number, row in enumerate(WRITER.read(path), start=1):
        if isinstance(row, UnreadableRecord):
            raise row
        if not (isinstance(row, dict) and isinstance(row.get("error"), str)):
            raise DumpError(
                f"{path}, entry {number}: this is not a failure, it names no error.",
                hint="Give the failures file that 'extractor run' wrote beside its records.",
            )
        yield Failure.from_dict(row)


WRITER = JsonLines()
