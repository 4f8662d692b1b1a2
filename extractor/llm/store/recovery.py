"""Set a damaged database aside, and read what can still be read of it.

This module reads diskcache's file itself, since diskcache gives up at the first damaged page.
"""

from __future__ import annotations

import itertools
import sqlite3
import struct
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "cache.db"
"""The name that diskcache gives its file."""

_STEP = 64
_ROWS_IN_A_PAGE = 16
# Where SQLite's file format has the page size and the number of pages.
_HEADER = struct.Struct(">16xH10xI")


@contextmanager
def turns(directory: Path) -> Iterator[None]:
    """Admit one process at a time, if the system supports file locks."""
    with suppress(ImportError):
        import fcntl

        with (directory / "recovery.lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    yield


def set_aside(database: Path) -> Path:
    """Rename a database and its companion files; returns the new path."""
    stamp = time.strftime("%Y%m%dT%H%M%S")
    endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (f"{database.name}.damaged-{stamp}{ending}" for ending in endings)
    aside = next(path for path in map(database.with_name, names) if not path.exists())
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            database.with_name(database.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def readable_rows(database: Path) -> Iterator[tuple[str, str]]:
    """Yield the keys and texts that can still be read, past the damaged pages."""
    _make_whole(database)
    with closing(sqlite3.connect(database)) as source:
        start, last = 0, _last_row(source)
        while start <= last:
            try:
                yield from _rows(source, start, start + _STEP)
            except sqlite3.DatabaseError:
                for row in range(start, start + _STEP):
                    with suppress(sqlite3.DatabaseError):
                        yield from _rows(source, row, row + 1)
            start += _STEP


def _rows(source: sqlite3.Connection, start: int, end: int) -> list[tuple[str, str]]:
    query = (
        "SELECT key, value FROM Cache WHERE rowid >= ? AND rowid < ? AND raw = 1 AND mode = 1 "
        "AND filename IS NULL AND typeof(key) = 'text' AND typeof(value) = 'text'"
    )
    return source.execute(query, (start, end)).fetchall()


def _last_row(source: sqlite3.Connection) -> int:
    """The largest row number, or an upper bound if it cannot be read."""
    try:
        ((last,),) = source.execute("SELECT MAX(rowid) FROM Cache").fetchall()
    except sqlite3.OperationalError:
        return -1  # the table itself is missing
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_NOTADB:
            return -1
        ((pages,),) = source.execute("PRAGMA page_count").fetchall()
        return int(pages) * _ROWS_IN_A_PAGE
    return int(last or 0)


def _make_whole(database: Path) -> None:
    """Restore the length of a truncated file: SQLite reads none of it otherwise."""
    with database.open("r+b") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not header.startswith(b"SQLite format 3"):
            return
        page_size, pages = _HEADER.unpack(header)
        whole = (page_size if page_size > 1 else 2**16) * pages
        if file.seek(0, 2) < whole:
            file.truncate(whole)
