"""A dump as a stream: opened, decompressed and counted, in bounded memory.

gzip, bzip2, xz and Zstandard are recognised by content. One loop drives them all, since the
standard library's decompressors share an interface. It never asks for more than the caller's
buffer holds, so a decompression bomb costs no memory.
"""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from abc import abstractmethod
from pathlib import Path
from tarfile import TarError
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast
from zipfile import BadZipFile

from extractor.errors import DumpError
from extractor.readers._encoding import BYTE_ORDER_MARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import ReadableBuffer, WriteableBuffer

STANDARD_INPUT = "-"

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z\d+.-]+:/{1,2}(?!/)")
_CANNOT_READ = (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, BadZipFile, TarError)
"""What a file raises, or one in an archive: `RuntimeError` where that is encrypted."""

HEAD = 2**16
"""Bytes of the dump that formats are recognised by."""

LINE_LIMIT = 2**24
"""Bytes that a line may have; a longer one is skipped without being held."""

_BUFFER = 2**18
_XZ_MEMORY = 2**28
"""Bytes an xz dictionary may take: four times what ``xz -9`` asks for."""

# What begins with ASCII in UTF-16, as some spreadsheets write it.
_UNMARKED_UTF_16 = {
    "utf-16-le": re.compile(rb"(?:[\t\r\n -~]\0){3}"),
    "utf-16-be": re.compile(rb"(?:\0[\t\r\n -~]){3}"),
}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def looks_binary(head: bytes) -> bool:
    """Say whether ``head`` holds too many control characters to be a text with a few errors."""
    return len(_CONTROL.findall(head)) * 20 > len(head)


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


def _zstd() -> _Decoder:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        try:
            from backports import zstd
        except ImportError as error:
            raise DumpError(
                "The dump is compressed with Zstandard, whose package is not installed.",
                hint="Run: pip install 'abstract-extractor[zstd]'.",
            ) from error
    decoder: _Decoder = zstd.ZstdDecompressor()
    return decoder


class _Codec(NamedTuple):
    """A compression: its name, the bytes it begins with, its suffix and its decompressor."""

    name: str
    magic: bytes
    suffix: str
    decoder: Callable[[], _Decoder]


_CODECS = (
    _Codec("gzip", b"\x1f\x8b", ".gz", _Gzip),
    _Codec("bzip2", b"BZh", ".bz2", bz2.BZ2Decompressor),
    _Codec("xz", b"\xfd7zXZ\x00", ".xz", lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)),
    _Codec("zstd", b"\x28\xb5\x2f\xfd", ".zst", _zstd),
)
_START = max(len(start) for start in (*(codec.magic for codec in _CODECS), *BYTE_ORDER_MARKS))


class _Stream(io.RawIOBase):
    """A stream that is read from another one; a subclass says what comes next."""

    @abstractmethod
    def _next(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none only at the end."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # What is read from here is not copied into a buffer and out of it again.
        return self.readall() if size < 0 else self._next(size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)


class _Counted(_Stream):
    """A file whose bytes are counted as they are read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.count = 0
        self._file = file
        self._name = name

    def _next(self, size: int) -> bytes:
        # What a pipe holds is handed on at once, not only when the buffer is full.
        read = self._file.read1 if isinstance(self._file, io.BufferedReader) else self._file.read
        try:
            data = read(size)
        except _CANNOT_READ as error:
            why = getattr(error, "strerror", None) or error
            raise DumpError(f"{self._name} cannot be read: {why}.") from error
        self.count += len(data)
        return data


class _Rewound(_Stream):
    """A stream whose first bytes, already read, are read once more."""

    def __init__(self, head: bytes, raw: io.RawIOBase) -> None:
        self._head = head
        self._raw = raw

    def _next(self, size: int) -> bytes:
        if not self._head:
            return self._raw.read(size) or b""
        data, self._head = self._head[:size], self._head[size:]
        return data


class _Transcoded(_Stream):
    """UTF-16 or UTF-32 read as UTF-8."""

    def __init__(self, raw: io.RawIOBase, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def _next(self, size: int) -> bytes:
        while not self._ready:
            chunk = self._raw.read(HEAD) or b""
            self._ready = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        data, self._ready = self._ready[:size], self._ready[size:]
        return data


class _WithLineFeeds(_Stream):
    """A text whose lines end in carriage returns, as on old Macintoshes, with line feeds."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def _next(self, size: int) -> bytes:
        return (self._raw.read(size) or b"").replace(b"\r", b"\n")


class _Decompressed(_Stream):
    """The plain bytes of a compressed stream, also of several that were joined."""

    def __init__(self, raw: io.RawIOBase, codec: _Codec, name: str) -> None:
        self._raw = raw
        self._codec = codec
        self._name = name
        self._decoder = codec.decoder()
        self._ended = False

    def _next(self, size: int) -> bytes:
        data = b""
        try:
            while not data and not self._ended:
                if self._decoder.eof:
                    self._begin_next_stream()
                else:
                    data = self._decoder.decompress(self._input(), size)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise self._broken(f"is damaged ({error})") from error
        return data

    def _input(self) -> bytes:
        if not self._decoder.needs_input:
            return b""
        chunk = self._raw.read(_BUFFER)
        if not chunk:
            raise self._broken("ends in the middle")
        return chunk

    def _begin_next_stream(self) -> None:
        rest = self._decoder.unused_data
        while not rest.strip(b"\0"):
            rest = self._raw.read(_BUFFER) or b""
            if not rest:
                self._ended = True
                return
        self._decoder = self._codec.decoder()
        self._raw = _Rewound(rest.lstrip(b"\0"), self._raw)

    def _broken(self, what: str) -> DumpError:
        return DumpError(
            f"The {self._codec.name} data of {self._name} {what}.",
            hint="Fetch or compress the dump again: it seems cut off or damaged.",
        )


class OpenFile(NamedTuple):
    """A file to be read, such as one of an archive; ``size`` is None where it is not known."""

    file: BinaryIO
    name: str
    size: int | None = None


class Source:
    """What a `Reader` reads from.

    ``stream`` gives the decompressed bytes, to be read once and in order; text is UTF-8 there,
    without a byte-order mark, but may hold invalid bytes. ``head`` is the first 64 KiB of them,
    which ``stream`` gives again. ``name`` is for messages. ``path`` is None for standard input,
    for a compressed file and for one of an archive; ``size``, the bytes of the input, is None
    where it is not known.
    """

    def __init__(self, path: str | os.PathLike[str] | OpenFile) -> None:
        """Open ``path``, or standard input for ``-``; a file that is open is closed with this.

        Raises:
            DumpError: the file cannot be opened or read.
        """
        opened = path if isinstance(path, OpenFile) else _open(path)
        self._file, self.name, self.size = opened
        self._counted = _Counted(self._file, self.name)
        self._seekable: BinaryIO | None = None
        try:
            start = _take(self._counted, _START)
            found = (codec for codec in _CODECS if start.startswith(codec.magic))
            self.codec = next(found, None)
            plain: io.RawIOBase = _Rewound(start, self._counted)
            if self.codec:
                plain = _Decompressed(plain, self.codec, self.name)
            plain = _as_utf8(plain)
            self.head = _take(plain, HEAD)
            if b"\r" in self.head and b"\n" not in self.head and not looks_binary(self.head):
                self.head, plain = self.head.replace(b"\r", b"\n"), _WithLineFeeds(plain)
        except DumpError:
            self.close()
            raise
        self.stream = io.BufferedReader(_Rewound(self.head, plain), _BUFFER)
        plain_file = self.size is not None and self.codec is None
        self.path = Path(path) if plain_file and not isinstance(path, OpenFile) else None

    @property
    def position(self) -> int:
        """Bytes of the input, as it lies there compressed, that were read so far."""
        return self._counted.count

    @position.setter
    def position(self, count: int) -> None:
        self._counted.count = count

    @property
    def suffix(self) -> str:
        """The name's last suffix, compression aside, in lower case."""
        name = Path(self.name.lower())
        compressed = {codec.suffix for codec in _CODECS}
        return Path(name.stem).suffix if name.suffix in compressed else name.suffix

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield each line's number, from 1, and bytes: None for a line over `LINE_LIMIT`."""
        readline = self.stream.readline
        number = 0
        while line := readline(LINE_LIMIT):
            number += 1
            if len(line) < LINE_LIMIT:
                yield number, line
            else:
                while line and not line.endswith(b"\n"):
                    line = readline(_BUFFER)
                yield number, None

    def seekable(self) -> BinaryIO:
        """Return the dump as a file whose end can be read first, at its beginning.

        It is a copy on disk where the dump is a stream. It is closed with the source.
        """
        if self._seekable is None and self.path:
            self._seekable = self.path.open("rb")
        elif self._seekable is None:
            self._seekable = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115
            shutil.copyfileobj(self.stream, self._seekable)
        self._seekable.seek(0)
        return self._seekable

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._seekable is not None:
            self._seekable.close()
        if self._file is not sys.stdin.buffer:
            self._file.close()


def _open(path: str | os.PathLike[str]) -> OpenFile:
    if path == STANDARD_INPUT:
        return OpenFile(sys.stdin.buffer, "standard input")
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode) and not os.access(path, os.R_OK | os.X_OK):
            raise DumpError(f"The folder {path} may not be read.", hint="Check its permissions.")
        if stat.S_ISDIR(status.st_mode):
            raise DumpError(
                f"{path} is a folder, not a dump.",
                hint="Name one file of it, or read all of them with read_dumps.",
            )
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 -- the Source closes it
    except FileNotFoundError as error:
        if _ADDRESS.match(str(path)):
            hint = "Download it first (curl -LO URL, wget URL), and name the file."
            raise DumpError(f"{path} is an address, not a file.", hint=hint) from error
        raise DumpError(f"There is no file {path}.", hint="Check the path.") from error
    except PermissionError as error:
        raise DumpError(f"{path} may not be read.", hint="Check the file's permissions.") from error
    except (OSError, ValueError) as error:
        raise DumpError(f"{path} cannot be opened: {error}.", hint="Check the path.") from error
    return OpenFile(file, str(path), status.st_size if stat.S_ISREG(status.st_mode) else None)


def _take(raw: io.RawIOBase, size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end."""
    taken = b""
    while len(taken) < size and (chunk := raw.read(size - len(taken))):
        taken += chunk
    return taken


def _as_utf8(raw: io.RawIOBase) -> io.RawIOBase:
    """Take a byte-order mark off, and make UTF-8 of UTF-16 with one or without."""
    start = _take(raw, _START)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            rest = _Rewound(start.removeprefix(mark), raw)
            return rest if encoding == "utf-8" else _Transcoded(rest, encoding)
    unmarked = _Rewound(start, raw)
    for encoding, pattern in _UNMARKED_UTF_16.items():
        if pattern.fullmatch(start):
            return _Transcoded(unmarked, encoding)
    return unmarked
