"""Set a damaged database aside, and read what can still be read of it.

This module reads diskcache's file itself, since diskcache gives up at the first damaged page.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "cache.db"
"""The name that diskcache gives its file."""

_DAMAGED = f"{DATABASE}.damaged-"
_COMPANIONS = ("-wal", "-shm")
_STEP = 64
_ROWS_IN_A_PAGE = 16
# Where SQLite's header has the size of a page and the number of pages.
_PAGE_SIZE = struct.Struct(">16xH")
_PAGES_AT = 28

_SELECT = (
    "SELECT rowid, key, value FROM Cache WHERE rowid >= ? AND rowid < ? AND raw = 1 AND mode = 1 "
    "AND filename IS NULL AND typeof(key) = 'text' AND typeof(value) = 'text' "
    "ORDER BY rowid LIMIT ?"
)


def damaged_copies(directory: Path) -> list[Path]:
    """The damaged databases that were set aside, the oldest first."""
    found = directory.glob(f"{_DAMAGED}*")
    return sorted(path for path in found if not path.name.endswith(_COMPANIONS))


def remove_damaged_copies(directory: Path) -> int:
    """Delete them with their companion files; returns how many there were."""
    copies = damaged_copies(directory)
    for copy in copies:
        for ending in (*_COMPANIONS, ""):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)
    return len(copies)


def set_aside(database: Path) -> Path:
    """Rename a database and its companion files; returns the new path.

    It can be done again where a process was killed in the middle of it.
    """
    if database.exists():
        database.rename(_unused(database.with_name(_DAMAGED + time.strftime("%Y%m%dT%H%M%S"))))
    aside = damaged_copies(database.parent)[-1]
    for ending in _COMPANIONS:
        with suppress(FileNotFoundError):
            database.with_name(database.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _unused(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def readable_rows(damaged: Path, fresh: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and rows that can still be read, past the damaged pages.

    ``fresh`` is a new database. It is overwritten: its first page, which only tells where the
    tables are, stands in for that of the damaged file, which is not changed.
    """
    pages = _transplant(damaged, fresh)
    with closing(sqlite3.connect(fresh)) as source:
        source.text_factory = bytes
        start, last = 0, pages * _ROWS_IN_A_PAGE
        while start <= last:
            try:
                rows = source.execute(_SELECT, (start, 2**62, _STEP)).fetchall()
            except sqlite3.DatabaseError:
                rows = _one_by_one(source, range(start, start + _STEP))
                start += _STEP
            else:
                if not rows:
                    return
                start = rows[-1][0] + 1
            if rows:
                last = rows[-1][0] + pages * _ROWS_IN_A_PAGE
            yield from (row[1:] for row in rows)


def _transplant(damaged: Path, fresh: Path) -> int:
    """Make ``fresh`` a copy of the damaged file but for its first page; returns its pages."""
    head = fresh.read_bytes()
    size: int = _PAGE_SIZE.unpack_from(head)[0]
    shutil.copyfile(damaged, fresh)
    with suppress(FileNotFoundError):
        shutil.copyfile(f"{damaged}-wal", f"{fresh}-wal")
    pages = max(1, -(-fresh.stat().st_size // size))
    with fresh.open("r+b") as file:
        file.write(head[:size])
        file.seek(_PAGES_AT)
        file.write(pages.to_bytes(4, "big"))
        file.truncate(pages * size)
    return pages


def _one_by_one(source: sqlite3.Connection, numbers: range) -> list[tuple[int, bytes, bytes]]:
    rows = []
    for number in numbers:
        with suppress(sqlite3.DatabaseError):
            rows += source.execute(_SELECT, (number, number + 1, 1)).fetchall()
    return rows
