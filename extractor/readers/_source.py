"""A dump as a stream: opened, decompressed and counted, in bounded memory."""

from __future__ import annotations

import io
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from extractor.errors import DumpError
from extractor.readers._compression import (
    CODECS,
    MAGIC_LENGTH,
    Decompressed,
    Rewound,
    codec_of,
)
from extractor.readers._encoding import MARK_LENGTH, without_mark

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

STANDARD_INPUT = "-"

HEAD = 2**16
"""Bytes of the dump that the formats are told apart by."""

LINE_LIMIT = 2**24
"""Bytes that a line may have; a longer one is skipped without being held."""

_BUFFER = 2**18
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def looks_binary(head: bytes) -> bool:
    """Say whether too many control characters stand in ``head`` for a text with some dirt."""
    return len(_CONTROL.findall(head)) * 20 > len(head)


class _Counted(io.RawIOBase):
    """A file whose bytes are counted as they are read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.count = 0
        self._file = file
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        view = memoryview(buffer).cast("B")
        try:
            data = self._read(len(view))
        except OSError as error:
            raise DumpError(f"{self._name} cannot be read: {error.strerror or error}.") from error
        view[: len(data)] = data
        self.count += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        # What a pipe holds is handed on at once, not only when the buffer is full.
        if isinstance(self._file, io.BufferedReader):
            return self._file.read1(size)
        return self._file.read(size)


class Source:
    """What a `Reader` reads from.

    ``stream`` gives the decompressed bytes; text is UTF-8 there, without a byte-order mark,
    but may hold invalid bytes. ``head`` is the beginning of the same bytes, not consumed.
    ``path`` is None for standard input and for a compressed file, ``size`` where it is not
    known. Streaming: no seeking.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open ``path``, or standard input for ``-``.

        Raises:
            DumpError: there is nothing that can be read.
        """
        self._file, self.name, self.size = _open(path)
        self._counted = _Counted(self._file, self.name)
        try:
            start = _take(self._counted, MAGIC_LENGTH)
            self.codec = codec_of(start)
            plain: io.RawIOBase = Rewound(start, self._counted)
            if self.codec:
                plain = Decompressed(plain, self.codec, self.name)
            plain = without_mark(_take(plain, MARK_LENGTH), plain)
            self.head = _take(plain, HEAD)
        except DumpError:
            self.close()
            raise
        self.stream = io.BufferedReader(Rewound(self.head, plain), _BUFFER)
        seekable = self.size is not None and self.codec is None
        self.path = Path(path) if seekable else None

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
        compressed = {codec.suffix for codec in CODECS}
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

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._file is not sys.stdin.buffer:
            self._file.close()


def _open(path: str | os.PathLike[str]) -> tuple[BinaryIO, str, int | None]:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer, "standard input", None
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise DumpError(f"{path} is a directory.", hint="Name one file of it.")
        file = Path(path).open("rb", buffering=0)  # noqa: SIM115 -- the Source closes it
    except FileNotFoundError as error:
        raise DumpError(f"There is no file {path}.", hint="Check the path.") from error
    except PermissionError as error:
        raise DumpError(f"{path} may not be read.", hint="Check the file's permissions.") from error
    except (OSError, ValueError) as error:
        raise DumpError(f"{path} cannot be opened: {error}.", hint="Check the path.") from error
    return file, str(path), status.st_size if stat.S_ISREG(status.st_mode) else None


def _take(raw: io.RawIOBase, size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end."""
    taken = b""
    while len(taken) < size and (chunk := raw.read(size - len(taken))):
        taken += chunk
    return taken
