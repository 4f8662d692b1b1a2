"""JSON: one array of all records, each on a line of its own, written and read as a stream."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import from_json

from extractor.errors import DumpError
from extractor.record import encode_json
from extractor.writers.base import Rereadable, Schema, Sink, Writer, open_to_read, open_to_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class _Array(Sink):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._before = b"[\n"

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(self._before + encode_json(row))
        self._before = b",\n"

    def close(self) -> None:
        self._stream.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
        self._stream.flush()


class JsonArray(Writer, Rereadable):
    """For tools that want one document; it is whole only when the last record is written."""

    name = "json"
    suffixes = (".json",)
    streams = True
    compresses = True

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Array]:  # noqa: ARG002
        with open_to_write(target) as stream:
            array = _Array(stream)
            yield array
            array.close()

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"[")

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        import ijson

        with open_to_read(path) as stream:
            try:
                for item in ijson.items(stream, "item"):
                    # Its decimals as floats; its own floats come with integers of 64 bits only.
                    yield from_json(json.dumps(item, default=float))
            except ijson.JSONError as error:
                reason = str(error).partition("\n")[0]
                raise DumpError(f"{path} is not a whole JSON array ({reason}).") from error


WRITER = JsonArray()
