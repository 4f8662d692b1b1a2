"""Papers in full, packed by the chunk, so that the page unpacks only what is looked at."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 128
"""Papers in a chunk: a few milliseconds to unpack, and enough for deflate to do well."""


class Chunks:
    """Writes rows to a stream as script elements that hold deflated JSON in base 64."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._rows: list[bytes] = []
        self._written = 0

    def add(self, row: Mapping[str, Any], abstract: str | None) -> None:
        """Add a record or failure as the file has it, and its abstract where it is known."""
        self._rows.append(json_bytes([row, abstract]))
        if len(self._rows) == CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what waits for its chunk to be full."""
        if not self._rows:
            return
        packed = pack(b"[" + b",".join(self._rows) + b"]")
        self._stream.write(b'<script type="text/plain" id="chunk-%d">' % self._written)
        self._stream.write(packed + b"</script>\n")
        self._rows.clear()
        self._written += 1


def pack(data: bytes) -> bytes:
    """Deflate without a header, in base 64: nothing that HTML could take for its own."""
    deflate = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflate.compress(data) + deflate.flush())


def json_bytes(value: object) -> bytes:
    """JSON as every browser reads it: a number that is none becomes null."""
    return to_json(value, inf_nan_mode="null")
