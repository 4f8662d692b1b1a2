"""Read the rows of a damaged database from the bytes of its pages.

SQL reaches a row through a tree of pages, so that one damaged page hides whole rows behind it, or
leads in a circle. Here each leaf of a table is read where it lies, in one pass over the file
(https://www.sqlite.org/fileformat2.html). No page is free after a commit, as diskcache has SQLite
vacuum at each one: what was deleted does not come back.
"""

from __future__ import annotations

import struct
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_USUAL_SIZE = 4096
_SIZES = {2**n for n in range(9, 17)}
_RESERVED = {0, 12}  # bytes in each page; Apple's SQLite keeps 12
_LEAF = 0x0D
_WAL_HEADER, _FRAME = struct.Struct(">3I4x8s8x"), struct.Struct(">II8s8x")
_FIXED_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_COLUMNS, _KEY, _VALUE = 12, 1, 11  # of diskcache's table


class Row(NamedTuple):
    """A row as it lies in the file, whose key and value are None if they cannot be read."""

    number: int
    key: bytes | None
    value: bytes | None


_DAMAGED = Row(0, None, None)


def carved_rows(database: Path, log: Path) -> Iterator[Row]:
    """Yield the rows of diskcache's table; ``log`` is SQLite's, which may be absent."""
    with ExitStack() as opened:
        file = opened.enter_context(database.open("rb"))
        logged = opened.enter_context(log.open("rb")) if log.exists() else None
        pages = _Pages(file, logged)
        for number in pages.numbers():
            yield from _rows_of(pages, number)


class _Pages:
    """The pages as of the last transaction; what cannot be read is empty."""

    def __init__(self, file: BinaryIO, log: BinaryIO | None) -> None:
        self._file, self._log = file, log
        head = _read(file, 0, 100)
        size = int.from_bytes(head[16:18], "big")
        size = 2**16 if size == 1 else size
        self.size = size if head.startswith(_MAGIC) and size in _SIZES else _USUAL_SIZE
        reserved = head[20] if head.startswith(_MAGIC) and head[20] in _RESERVED else 0
        self.usable = self.size - reserved
        self._in_log: dict[int, int] = {}
        self._in_file = -(-file.seek(0, 2) // self.size)
        if log is not None:
            self._read_log(log)

    def _read_log(self, log: BinaryIO) -> None:
        head = _read(log, 0, _WAL_HEADER.size)
        if len(head) < _WAL_HEADER.size:
            return
        magic, _, size, salts = _WAL_HEADER.unpack(head)
        if magic | 1 != 0x377F0683 or size != self.size:
            return
        begun: dict[int, int] = {}
        for at in range(_WAL_HEADER.size, log.seek(0, 2), _FRAME.size + size):
            frame = _read(log, at, _FRAME.size)
            if len(frame) < _FRAME.size:
                return
            number, committed, salted = _FRAME.unpack(frame)
            if salted != salts:
                continue
            begun[number] = at + _FRAME.size
            if committed:
                self._in_log |= begun
                begun = {}

    def numbers(self) -> Iterator[int]:
        """The numbers of the pages that are there, whatever a damaged one says of their number."""
        yield from range(1, self._in_file + 1)
        yield from sorted(number for number in self._in_log if number > self._in_file)

    def read(self, number: int) -> bytes:
        at = self._in_log.get(number)
        if at is not None and self._log is not None:
            return _read(self._log, at, self.size)
        return _read(self._file, (number - 1) * self.size, self.size) if number > 0 else b""


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    try:
        file.seek(at)
        return file.read(size)
    except OSError:  # a bad place on the disk
        return b""


def _rows_of(pages: _Pages, number: int) -> Iterator[Row]:
    page, start = pages.read(number), 100 if number == 1 else 0
    if len(page) < start + 8 or page[start] != _LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    places = page[start + 8 : start + 8 + 2 * min(count, (len(page) - start - 8) // 2)]
    for (at,) in struct.iter_unpack(">H", places):
        try:
            yield from _row_at(pages, page, at)
        except (IndexError, KeyError):
            yield _DAMAGED


def _row_at(pages: _Pages, page: bytes, at: int) -> Iterator[Row]:
    """Yield a row of diskcache's table, and nothing for one of another table."""
    length, at = _varint(page, at)
    number, at = _varint(page, at)
    sizes, body = _columns(page, at)
    if body - at + sum(sizes) != length:
        yield _DAMAGED
    elif len(sizes) == _COLUMNS:
        payload = _payload(pages, page, at, length)
        key, value = (_column(payload, body - at, sizes, n) for n in (_KEY, _VALUE))
        yield Row(number, key, value)


def _column(payload: bytes, start: int, sizes: list[int], number: int) -> bytes:
    at = start + sum(sizes[:number])
    return payload[at : at + sizes[number]]


def _columns(page: bytes, at: int) -> tuple[list[int], int]:
    """The sizes of a record's columns, and where the first one begins."""
    length, place = _varint(page, at)
    end, sizes = at + length, []
    while place < end:
        kind, place = _varint(page, place)
        sizes.append((kind - 12) // 2 if kind >= 12 else _FIXED_SIZES[kind])
    return sizes, end


def _payload(pages: _Pages, page: bytes, at: int, length: int) -> bytes:
    """The bytes of a record, also those in other pages."""
    local, usable = length, pages.usable
    if length > usable - 35:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = least if local > usable - 35 else local
    parts, left, seen = [page[at : at + local]], length - local, set[int]()
    link = page[at + local : at + local + 4]
    while left > 0:
        number = int.from_bytes(link, "big")
        more = pages.read(number)
        if number in seen or len(more) < 5:
            raise IndexError(number)
        seen.add(number)
        link, part = more[:4], more[4 : min(usable, 4 + left)]
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """SQLite's integer of one to nine bytes, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9
