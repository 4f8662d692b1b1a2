"""JSON: one array of all records, each on a line of its own, written and read as a stream."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

from extractor.errors import DumpError
from extractor.writers._streams import byte_stream, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from extractor.writers._protocol import Schema


class _Array:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._before = b"[\n"

    def write(self, row: Mapping[str, Any]) -> None:
        self._stream.write(self._before + to_json(row, inf_nan_mode="null"))
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
        import ijson  # type: ignore[import-untyped]

        with reading(path) as stream:
            try:
                yield from ijson.items(stream, "item", use_float=True)
            except (ijson.JSONError, UnicodeDecodeError) as error:
                raise DumpError(f"{path} is no whole JSON array ({error}).") from error


WRITER = JsonArray()
