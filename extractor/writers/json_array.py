"""JSON: one array of all records, each on a line of its own, written and read as a stream."""

from __future__ import annotations

import io
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from extractor.errors import DumpError
from extractor.record import encode_json
from extractor.writers._streams import byte_stream, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from extractor.writers._protocol import Schema


_CHUNK = 2**18
_LONGEST = 2**26
_BLANK = re.compile(r"[ \t\n\r]*")


class _Array:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._before = b"[\n"

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(self._before + encode_json(row))
        self._before = b",\n"

    def close(self) -> None:
        self._stream.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
        self._stream.flush()


class JsonArray:
    """For tools that want one document; it is whole only when the last record is written."""

    name = "json"
    suffixes = (".json",)
    streams = True
    compresses = True
    has_columns = False

    @contextmanager
    def open(self, target: Path | BinaryIO, schema: Schema) -> Iterator[_Array]:  # noqa: ARG002
        with byte_stream(target) as stream:
            array = _Array(stream)
            yield array
            array.close()

    def recognises(self, head: bytes) -> bool:
        return head.lstrip().startswith(b"[")

    def schema(self, path: Path) -> None:
        """An array of JSON carries none."""

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        with reading(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            try:
                yield from _Items(text)
            except ValueError as error:
                raise DumpError(f"{path} is no whole JSON array ({error}).") from error


class _Items:
    """The objects of an array, one after the other; no more than one is held at a time."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def __iter__(self) -> Iterator[Any]:
        self._expect("[")
        if self._next() == "]":
            self._at += 1
        else:
            yield self._item()
            while self._expect(",]") == ",":
                yield self._item()
        if self._next():
            raise ValueError("something follows the array")

    def _expect(self, characters: str) -> str:
        found = self._next()
        if not found or found not in characters:
            raise ValueError(f"expected {' or '.join(characters)}, found {found or 'its end'}")
        self._at += 1
        return found

    def _next(self) -> str:
        """The next character that is no white space, "" at the end; it is not consumed."""
        while True:
            self._at = _BLANK.match(self._held, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._held) or not self._fill():
                return self._held[self._at : self._at + 1]

    def _item(self) -> Any:
        if self._next() != "{":
            raise ValueError(f"expected an object, found {self._next() or 'its end'}")
        while True:
            try:
                item, self._at = self._decoder.raw_decode(self._held, self._at)
            except ValueError:
                if len(self._held) > _LONGEST or not self._fill():
                    raise
            else:
                return item

    def _fill(self) -> bool:
        """Read on, more the longer the object is; say whether there was anything."""
        rest = self._held[self._at :]
        more = self._text.read(max(_CHUNK, len(rest)))
        self._held, self._at = rest + more, 0
        return bool(more)


WRITER = JsonArray()
