"""The store of paid answers, on disk in diskcache's format.

A row's key is a hash of the request and the model; its value is a checksum and the raw answer as
JSON text. Nothing is evicted. Only such a value is read, whatever the row's other columns say; any
other, such as a planted pickle, is a damaged row. A damaged database is set aside, and what can
still be read of it is copied into a new one.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, TypeVar

import diskcache  # type: ignore[import-untyped]

from extractor.errors import CacheError, one_line
from extractor.llm.answer import Answer
from extractor.llm.locks import private, turns
from extractor.llm.own_files import CLAIMS, DATABASE, TURNS
from extractor.llm.store.bulk_insert import MOST_ROWS, BulkInsert
from extractor.llm.store.checksum import unsealed
from extractor.llm.store.claims import Claims
from extractor.llm.store.group_commit import GroupCommit, Row
from extractor.llm.store.recovery import (
    damaged_copies,
    is_emptied,
    readable_rows,
    remove_damaged_copies,
    remove_orphans,
    set_aside,
    whole_row,
)
from extractor.plurals import counted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from pathlib import Path

_T = TypeVar("_T")

_UNBOUNDED = 2**62
_LOCK_SECONDS = 60
# Pages of 4 KiB: copying them into the database holds up every answer that waits to be stored.
_WAL_PAGES = 2**14
_SCRATCH = "recovering"
RUN_PREFIX = "run:"
"""The prefix of the keys of rows that are not answers."""

_IS_RUN = f"(key >= '{RUN_PREFIX}' AND key < 'run;')"
BATCH_PREFIX = f"{RUN_PREFIX}batch"
"""The prefix of the keys of rows of batches under way."""

_IS_BATCH = f"(key >= '{BATCH_PREFIX}:' AND key < '{BATCH_PREFIX};')"
_COUNT = f"SELECT COUNT(*) FROM Cache WHERE NOT {_IS_RUN}"  # noqa: S608 -- our own condition
_GET = "SELECT value FROM Cache WHERE key = ?"
_GET_ALL = "SELECT key, value FROM Cache WHERE key >= ? AND key < ?"
_ALL = "SELECT key, value FROM Cache"
# SQLite has no other reason to call our own statements wrong than that the tables are not ours.
_SQLITE_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
}
# What diskcache raises where its table of settings is damaged.
_SETTINGS_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
# Python raises UnicodeDecodeError for an SQLite message that quotes damaged names.
_FAULTS = (OSError, sqlite3.Error, diskcache.Timeout, UnicodeDecodeError)


class AnswerStore:
    """Paid answers in one directory, shared safely by several processes.

    ``damaged`` holds the keys of damaged rows, ``notes`` what the user should know about the
    store, ``claims`` those of requests in flight. ``guard`` is called before each transaction, and
    may raise. Raises :class:`CacheError` when the directory cannot be used or is full.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.damaged: set[str] = set()
        self.notes: list[str] = []
        self.guard: Callable[[], None] = lambda: None
        self._lock = threading.RLock()
        self._inode = 0
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open()
            self.claims = Claims(directory / CLAIMS)
        except _FAULTS as error:
            raise self._failure("cannot be opened", error) from error
        if not self.notes:
            self.notes += map(self._kept, damaged_copies(directory))
        self.commits = GroupCommit(self._write_and_release)

    def get(self, key: str) -> Answer | None:
        """The stored answer, or None. A damaged row counts as absent."""
        text = self._read(key)
        if text is None:
            return None
        try:
            return Answer.from_json(text)
        except (ValueError, LookupError, TypeError, AttributeError):
            self.damaged.add(key)
            return None

    def text(self, key: str) -> str | None:
        """The text of a row, or None. A damaged row counts as absent."""
        text = self._read(key)
        return None if text is None else text.decode()

    def _read(self, key: str) -> bytes | None:
        rows = self._do("cannot be read", lambda: self._reading.execute(_GET, (key,)).fetchall())
        for (row,) in rows:
            if (text := unsealed(key, row)) is not None:
                return text
        if rows:
            self.damaged.add(key)
        return None

    def texts(self, prefix: str) -> dict[str, str]:
        """The texts of the rows whose keys are the prefix, or begin with it and a colon."""
        bounds = (prefix, f"{prefix};")
        rows = self._do(
            "cannot be read", lambda: self._reading.execute(_GET_ALL, bounds).fetchall()
        )
        named = ((key.decode(errors="replace"), row) for key, row in rows)
        found = {key: unsealed(key, row) for key, row in named}
        self.damaged |= {key for key, text in found.items() if text is None}
        return {key: text.decode() for key, text in found.items() if text is not None}

    def put(self, key: str, answer: Answer) -> None:
        """Store an answer; on return it is on disk."""
        self.write([(key, answer.to_json())])

    def store(self, key: str, answer: Answer) -> asyncio.Future[None]:
        """A future that is done when the answer is on disk; answers share transactions.

        Then its claim is released.
        """
        return self.commits.store((key, answer.to_json()))

    def remove(self, key: str) -> None:
        """Delete a row."""
        self._delete("key = ? AND raw = 1", key)

    def __len__(self) -> int:
        ((answers,),) = self._do("cannot be read", lambda: self._reading.execute(_COUNT).fetchall())
        return int(answers)

    def check(self) -> int:
        """Read the whole database, and recover it if need be; returns how many rows are damaged."""
        return self._do("cannot be read", self._count_damaged)

    def _count_damaged(self) -> int:
        ((found,),) = self._reading.execute("PRAGMA integrity_check(1)").fetchall()
        if found != b"ok":
            raise sqlite3.DatabaseError(one_line(found.decode(errors="replace")))
        return sum(whole_row(*row) is None for row in self._reading.execute(_ALL))

    def size(self) -> int:
        """Bytes on disk."""
        return int(self._do("cannot be read", lambda: self._cache.volume()))

    def clear(self) -> int:
        """Delete every answer and the damaged copies; returns how many answers there were.

        What is known of batches under way stays: their answers are paid for.
        """
        answers = self._delete(f"NOT {_IS_RUN}")
        self._delete(f"{_IS_RUN} AND NOT {_IS_BATCH}")
        try:
            remove_damaged_copies(self.directory)
        except OSError as error:
            raise self._failure("cannot be cleared", error) from error
        return answers

    def damaged_copies(self) -> list[Path]:
        """The damaged databases that were set aside and are still there."""
        return damaged_copies(self.directory)

    def close(self) -> None:
        """Write the waiting answers, and close."""
        self.commits.close()
        self.claims.close()
        self._reading.close()
        self._bulk.close()
        self._cache.close()

    def _delete(self, where: str, *values: str) -> int:
        statement = f"DELETE FROM Cache WHERE {where}"  # noqa: S608 -- our own conditions
        with self._lock:
            return self._do(
                "cannot be written",
                lambda: self._bulk.connection.execute(statement, values).rowcount,
            )

    def write(self, rows: Sequence[Row]) -> None:
        """Store rows in one transaction, on disk when it returns."""
        with self._lock:
            self.guard()
            if _inode(self.directory) != self._inode:
                self._do("cannot be opened", self._open)  # another process set the database aside
            self._do("cannot be written", lambda: self._bulk.write(rows))

    def _write_and_release(self, rows: Sequence[Row]) -> None:
        self.write(rows)
        for key, _ in rows:
            if not key.startswith(RUN_PREFIX):
                self.claims.release(key)

    def _do(self, failing: str, what: Callable[[], _T]) -> _T:
        """Do something with the store; if it is damaged, do it again with what was recovered."""
        try:
            try:
                return what()
            except _FAULTS as error:
                if not _is_damage(error):
                    raise
                self._open(error)
                return what()
        except _FAULTS as error:
            raise self._failure(failing, error) from error

    def _open(self, damage: Exception | None = None) -> None:
        """Open the database; a damaged one is set aside first, unless another process did that.

        Processes take turns: so a new database is complete when it appears under its name, and
        one that was not because a process was killed is made from the copy that was set aside.
        """
        database = self.directory / DATABASE
        with self._lock, turns(self.directory / TURNS):
            shutil.rmtree(database.with_name(_SCRATCH), ignore_errors=True)
            remove_orphans(self.directory)
            if damage is not None and _inode(self.directory) == self._inode:
                self._restore(damage)
            elif not database.exists() and damaged_copies(self.directory):
                self._restore(OSError("its recovery was interrupted"))
            # The file of claims is made when the database is complete.
            elif is_emptied(database, was_complete=(self.directory / CLAIMS).exists()):
                self._restore(OSError("it was empty"))
            try:
                self._connect()
            except _FAULTS as error:
                if not _is_damage(error):
                    raise
                self._restore(error)
                self._connect()

    def _connect(self) -> None:
        self._cache = _create(self.directory)
        database = self.directory / DATABASE
        self._bulk = BulkInsert(database, lock_seconds=_LOCK_SECONDS, wal_pages=_WAL_PAGES)
        self._reading = sqlite3.connect(
            database, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._reading.text_factory = bytes
        self._inode = _inode(self.directory)

    def _restore(self, damage: Exception) -> None:
        """Set the damaged database aside and put one with what can be read in its place."""
        damaged = set_aside(self.directory / DATABASE)
        scratch = self.directory / _SCRATCH
        scratch.mkdir(mode=0o700)
        _create(scratch).close()
        with closing(BulkInsert(scratch / DATABASE, lock_seconds=0)) as bulk:
            lost, rows = 0, readable_rows(damaged)
            while part := list(itertools.islice(rows, MOST_ROWS)):
                whole = [row for row in part if row is not None]
                if whole:
                    bulk.write(whole)
                lost += len(part) - len(whole)
            ((saved,),) = bulk.connection.execute(_COUNT)
        (scratch / DATABASE).replace(self.directory / DATABASE)
        shutil.rmtree(scratch)
        without = f", {counted(lost, 'damaged row')} not" if lost else ""
        self.notes.append(
            f"The cache in {self.directory} was damaged ({damage}): {saved:,} of its answers could "
            f"be read and are kept{without}. {self._kept(damaged)}"
        )

    def _kept(self, damaged: Path) -> str:
        return (
            f"{damaged} is the damaged cache: answers that could not be read are in no other "
            "place. Delete it, or run 'extractor cache clear' to delete all answers with it."
        )

    def _failure(self, what: str, error: BaseException) -> CacheError:
        reason = str(error) or type(error).__name__
        return CacheError(
            f"The cache in {self.directory} {what}: {reason}.",
            hint=f"{_remedy(error)} or name another directory with --cache-dir.",
        )


def _create(directory: Path) -> diskcache.Cache:
    """diskcache's database in a directory, made if it is not there; private from the first byte."""
    os.close(private(directory / DATABASE))
    try:
        return diskcache.Cache(
            str(directory),
            timeout=_LOCK_SECONDS,
            eviction_policy="none",
            size_limit=_UNBOUNDED,
            cull_limit=0,
            statistics=0,
            disk_min_file_size=_UNBOUNDED,
        )
    except _SETTINGS_DAMAGE as error:
        raise sqlite3.DatabaseError(f"its settings are damaged: {error}") from error


def _is_damage(error: Exception) -> bool:
    if isinstance(error, UnicodeDecodeError):
        return True
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
        return False
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in _SQLITE_DAMAGE


def _remedy(error: BaseException) -> str:
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
        return "Free space"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or isinstance(error, diskcache.Timeout):
        return "Wait until other processes have done with it"
    return "Check its permissions and its disk"


def _inode(directory: Path) -> int:
    with suppress(OSError):
        return (directory / DATABASE).stat().st_ino
    return 0
