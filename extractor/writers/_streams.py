"""Text outputs as byte streams: plain, or compressed where the name ends in .gz."""

from __future__ import annotations

import gzip
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from extractor.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator

_GZIP = b"\x1f\x8b"


@contextmanager
def byte_stream(target: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a path for writing; a stream is handed through and stays open."""
    if not isinstance(target, Path):
        yield target
        return
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(target.open("wb"))
        if target.suffix.lower() == ".gz":
            # Neither name nor time: the same records make the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
            stream = cast("BinaryIO", stack.enter_context(packed))
        yield stream


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a path for reading, decompressed if its content is gzip's.

    Raises :class:`DumpError` where it cannot be read, also later in the block.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
            stream.seek(0)
            if not packed:
                yield stream
                return
            with gzip.open(stream) as plain:
                yield cast("BinaryIO", plain)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DumpError(f"The gzip data of {path} is damaged ({error}).") from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DumpError(f"{path} cannot be read: {error.strerror or error}.") from error
