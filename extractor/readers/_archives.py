"""ZIP and tar archives: the files in them, one after another, as streams."""

from __future__ import annotations

import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from extractor.errors import DumpError
from extractor.readers._source import OpenFile

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from extractor.readers._source import Source

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
WORKBOOK_PARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/")
"""What a workbook of Excel begins with."""

# Other documents in the form of an archive: those of Word, of OpenDocument and EPUB.
_DOCUMENT_PARTS = (*WORKBOOK_PARTS, b"word/", b"mimetype")
_CHUNK = 2**18
_HIDDEN = (".", "__MACOSX")


def is_archive(head: bytes) -> bool:
    """Say whether a ZIP or tar archive begins so, and no document that is a ZIP inside."""
    return _is_zip(head) or _is_tar(head)


def first_in_zip(head: bytes) -> bytes:
    """Return the name of the first file of a ZIP archive that begins with ``head``, else none."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")] if head.startswith(_ZIP) else b""


def _is_zip(head: bytes) -> bool:
    return head.startswith(_ZIP) and not first_in_zip(head).startswith(_DOCUMENT_PARTS)


def _is_tar(head: bytes) -> bool:
    """Say whether the first header has the sum that it gives: there is no signature."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def holds_one_file(source: Source) -> bool:
    """Say whether it is a ZIP archive of one file; a tar archive would have to be read whole."""
    if not _is_zip(source.head):
        return False
    with _damage_told(source), ZipFile(source.seekable()) as archive:
        return len(_files(archive)) == 1


def is_hidden(path: str) -> bool:
    """Say whether a program put the file there, beside those that people see."""
    return any(part.startswith(_HIDDEN) and part not in (".", "..") for part in path.split("/"))


def archived(source: Source) -> Generator[OpenFile | DumpError]:
    """Yield the files of an archive in its order, each to be read before the next.

    One that cannot be opened is an error.

    Raises:
        DumpError: the archive is damaged.
    """
    with _damage_told(source):
        yield from _in_zip(source) if _is_zip(source.head) else _in_tar(source)


@contextmanager
def _damage_told(source: Source) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, BadZipFile, OSError, EOFError, ValueError) as error:
        raise _damaged(source, str(error)) from error


def _in_zip(source: Source) -> Generator[OpenFile | DumpError]:
    with ZipFile(source.seekable()) as archive:
        source.position = 0
        for info in _files(archive):
            name = f"{source.name}/{info.filename}"
            try:
                member = cast("BinaryIO", archive.open(info))
            except (RuntimeError, NotImplementedError) as error:
                hint = "Unpack the archive, and name the folder."
                yield DumpError(f"{name} cannot be read: {error}.", hint=hint)
            else:
                yield OpenFile(member, name, info.file_size)
            source.position += info.compress_size


def _files(archive: ZipFile) -> list[ZipInfo]:
    return [
        each for each in archive.infolist() if not each.is_dir() and not is_hidden(each.filename)
    ]


def _in_tar(source: Source) -> Generator[OpenFile]:
    with tarfile.open(fileobj=source.stream, mode="r|") as archive:
        for info in archive:
            if info.isfile() and not is_hidden(info.name):
                member = cast("BinaryIO", archive.extractfile(info))
                yield OpenFile(member, f"{source.name}/{info.name}", info.size)
        file = cast("BinaryIO", archive.fileobj)
        if file.tell() < archive.offset + tarfile.BLOCKSIZE:
            raise _damaged(source, "it ends in the middle")
        while chunk := file.read(_CHUNK):
            if chunk.strip(b"\0"):
                raise _damaged(source, "it goes on behind its end")


def _damaged(source: Source, why: str) -> DumpError:
    hint = "Fetch or make the archive again."
    return DumpError(f"The archive {source.name} is damaged: {why}.", hint=hint)
