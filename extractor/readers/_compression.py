"""Compressed dumps as streams: gzip, bzip2, xz and Zstandard, told apart by content.

One loop drives them all, since the standard library's decompressors share an interface. It
never asks for more than the caller's buffer holds, so a decompression bomb costs no memory.
"""

from __future__ import annotations

import bz2
import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from extractor.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer, WriteableBuffer

_CHUNK = 2**18
_XZ_MEMORY = 2**28
"""Bytes an xz dictionary may take: four times what ``xz -9`` asks for."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: ReadableBuffer, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the interface of the others."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)
        self._size = 0

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: ReadableBuffer, max_length: int) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + bytes(data), max_length)


def _xz() -> _Decoder:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _zstd() -> _Decoder:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        try:
            from backports import zstd
        except ImportError as error:
            raise DumpError(
                "This dump is compressed with Zstandard, which needs a package that is absent.",
                hint="Run: pip install 'abstract-extractor[zstd]'.",
            ) from error
    decoder: _Decoder = zstd.ZstdDecompressor()
    return decoder


class Codec(NamedTuple):
    """A compression: its name, the bytes it begins with, its suffix and its decompressor."""

    name: str
    magic: bytes
    suffix: str
    decoder: Callable[[], _Decoder]


CODECS = (
    Codec("gzip", b"\x1f\x8b", ".gz", _Gzip),
    Codec("bzip2", b"BZh", ".bz2", bz2.BZ2Decompressor),
    Codec("xz", b"\xfd7zXZ\x00", ".xz", _xz),
    Codec("zstd", b"\x28\xb5\x2f\xfd", ".zst", _zstd),
)
MAGIC_LENGTH = max(len(codec.magic) for codec in CODECS)


def codec_of(head: bytes) -> Codec | None:
    """Return the compression of data that begins with ``head``; None where it is plain."""
    return next((codec for codec in CODECS if head.startswith(codec.magic)), None)


class Decompressed(io.RawIOBase):
    """The plain bytes of a compressed stream, also of one that was joined from several."""

    def __init__(self, raw: io.RawIOBase, codec: Codec, name: str) -> None:
        self._raw = raw
        self._codec = codec
        self._name = name
        self._decoder = codec.decoder()
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._next(len(view))
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise self._broken(f"is damaged ({error})") from error
        view[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        data = b""
        while not data and not self._ended:
            if self._decoder.eof:
                self._begin_next_stream()
            else:
                data = self._decoder.decompress(self._input(), size)
        return data

    def _input(self) -> bytes:
        if not self._decoder.needs_input:
            return b""
        chunk = self._raw.read(_CHUNK)
        if not chunk:
            raise self._broken("ends in the middle")
        return chunk

    def _begin_next_stream(self) -> None:
        rest = self._decoder.unused_data
        while not rest.strip(b"\0"):
            rest = self._raw.read(_CHUNK) or b""
            if not rest:
                self._ended = True
                return
        self._decoder = self._codec.decoder()
        self._raw = Rewound(rest.lstrip(b"\0"), self._raw)

    def _broken(self, what: str) -> DumpError:
        return DumpError(
            f"The {self._codec.name} data of {self._name} {what}.",
            hint="Fetch or compress the dump again: it seems cut off or damaged.",
        )


class Rewound(io.RawIOBase):
    """A stream whose first bytes, already read, are read once more."""

    def __init__(self, head: bytes, raw: io.RawIOBase) -> None:
        self._head = head
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if not self._head:
            return self._raw.readinto(buffer)
        view = memoryview(buffer).cast("B")
        data = self._head[: len(view)]
        self._head = self._head[len(data) :]
        view[: len(data)] = data
        return len(data)
