"""JSON: one array of all records, each on a line of its own, written and read as a stream."""

from __future__ import annotations

import codecs
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError
from extractor.readers.json_stream import JsonScanner
from extractor.record import encode_json
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
    from pathlib import Path


_CHUNK = 2**18
_BEFORE_FIRST, _BETWEEN = re.compile(r"\s*\[\s*"), re.compile(r"\s*,\s*")
_AFTER_LAST, _EMPTY = re.compile(r"\s*\]\s*"), re.compile(r"\s*\[\s*\]\s*")


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

    def read(self, path: Path) -> Iterator[Row]:
        scanner, number, before = JsonScanner(str(path)), 0, _BEFORE_FIRST
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        with open_to_read(path) as stream:
            while chunk := stream.read(_CHUNK):
                for found in scanner.feed(decoder.decode(chunk)):
                    number += 1
                    if not (found.top and before.fullmatch(found.before)):
                        raise _broken(path, f"entry {number}, line {found.line}")
                    before = _BETWEEN
                    data = found.text and found.text.encode(errors="surrogateescape")
                    yield read_row(f"{path}, entry {number}", data)
        if not (_AFTER_LAST if number else _EMPTY).fullmatch(scanner.between):
            raise _broken(path, f"after entry {number}")


def _broken(path: Path, where: str) -> DumpError:
    return DumpError(f"{path} is not a whole JSON array of objects ({where}).")


WRITER = JsonArray()
