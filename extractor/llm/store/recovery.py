"""Set a damaged database aside, and read what can still be read of it.

This module reads diskcache's file itself, since diskcache gives up at the first damaged page.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from extractor.llm.locks import private
from extractor.llm.own_files import COMPANIONS, DAMAGED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STEP = 64
_ROWS_IN_A_PAGE = 16
# Where SQLite's header has the size of a page and the number of pages.
_PAGE_SIZE = struct.Struct(">16xH")
_PAGES_AT = 28

_SELECT = (
    "SELECT rowid, key, value FROM Cache WHERE rowid >= ? AND rowid < ? ORDER BY rowid LIMIT ?"
)


def damaged_copies(directory: Path) -> list[Path]:
    """The damaged databases that were set aside, the oldest first."""
    found = directory.glob(f"{DAMAGED}*")
    return sorted(path for path in found if not path.name.endswith(COMPANIONS))


def remove_damaged_copies(directory: Path) -> None:
    """Delete them with their companion files, also those of a copy that is gone already."""
    for file in directory.glob(f"{DAMAGED}*"):
        file.unlink(missing_ok=True)


def remove_orphans(directory: Path) -> None:
    """Delete the companion files of copies that the user has deleted."""
    for ending in COMPANIONS:
        for file in directory.glob(f"{DAMAGED}*{ending}"):
            if not file.with_name(file.name.removesuffix(ending)).exists():
                file.unlink(missing_ok=True)


def is_emptied(database: Path, *, was_complete: bool) -> bool:
    """Whether SQLite would take a database for new, and delete its log, though it held rows.

    That is one without a file or of up to one byte. It is new if its creation may have been
    interrupted: before the database ``was_complete`` it has no log.
    """
    size = database.stat().st_size if database.exists() else None
    log = _log_of(database)
    has_log = log.exists() and log.stat().st_size > 0
    return has_log if size is None else size == 1 or (not size and (has_log or was_complete))


def set_aside(database: Path) -> Path:
    """Rename a database and its companion files; returns the new path.

    It can be done again where a process was killed in the middle of it.
    """
    copies, log = damaged_copies(database.parent), _log_of(database)
    if database.exists() or not copies or (log.exists() and _log_of(copies[-1]).exists()):
        os.close(private(database))  # a log may be all there is
        aside = _unused(database.with_name(DAMAGED + time.strftime("%Y%m%dT%H%M%S")))
        database.rename(aside)
    else:
        aside = copies[-1]
    for ending in COMPANIONS:
        with suppress(FileNotFoundError):
            database.with_name(database.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _unused(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def readable_rows(damaged: Path, fresh: Path) -> Iterator[tuple[object, object]]:
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
    pages, logged = max(1, -(-fresh.stat().st_size // size)), 0
    with suppress(FileNotFoundError):
        logged = shutil.copyfile(_log_of(damaged), _log_of(fresh)).stat().st_size // size
    with fresh.open("r+b") as file:
        file.write(head[:size])
        file.seek(_PAGES_AT)
        file.write(bytes(4))  # unknown: SQLite counts them itself, with those in the log
        file.truncate(pages * size)
    return pages + logged


def _one_by_one(source: sqlite3.Connection, numbers: range) -> list[tuple[int, object, object]]:
    rows = []
    for number in numbers:
        with suppress(sqlite3.DatabaseError):
            rows += source.execute(_SELECT, (number, number + 1, 1)).fetchall()
    return rows
