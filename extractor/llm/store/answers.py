"""The store of paid answers, on disk with diskcache.

A row's key is a hash of the request and the model; its value is the raw answer as JSON text.
Nothing is evicted. Only text is written or read: any other kind of row is refused, since reading a
planted pickle would run code. A damaged database is set aside, and what can still be read of it
is copied into a new one.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import diskcache  # type: ignore[import-untyped]
from pydantic_core import from_json

from extractor.errors import CacheError
from extractor.llm.answer import Answer
from extractor.llm.store.bulk_insert import MOST_ROWS, RAW, BulkInsert
from extractor.llm.store.group_commit import GroupCommit, Row
from extractor.llm.store.recovery import DATABASE, readable_rows, set_aside, turns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from pathlib import Path

_T = TypeVar("_T")

_UNBOUNDED = 2**62
_LOCK_SECONDS = 60
# Pages of 4 KiB: copying them into the database holds up every answer that waits to be stored.
_WAL_PAGES = 2**14
RUN_PREFIX = "run:"
"""The prefix of the keys of rows that are not answers. They sort after those of answers."""

_SQLITE_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _TextOnlyDisk(diskcache.Disk):  # type: ignore[misc]
    """Stores text in the database itself and refuses to read any other kind of row."""

    def store(
        self, value: object, read: bool, key: object = None
    ) -> tuple[int, int, str | None, object]:
        if read or not isinstance(value, str):
            raise CacheError(f"The cache stores only text, not {type(value).__name__}.")
        stored: tuple[int, int, str | None, object] = super().store(value, read, key)
        return stored

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> str:
        if read or mode != RAW or filename or not isinstance(value, str):
            raise CacheError(
                f"The cache in {self._directory} holds a row that Extractor never writes; "
                "reading it could run somebody else's code.",
                hint="Find out who can write there, then remove it with 'extractor cache clear'.",
            )
        return value

    def get(self, key: object, raw: bool) -> str:
        """The key of a row; a key that is not text was planted, and is not unpickled."""
        return key if raw and isinstance(key, str) else ""

    def put(self, key: object) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise CacheError(f"A cache key must be text, not {type(key).__name__}.")
        return key, True

    def remove(self, file_path: str) -> None:
        """Delete nothing: our rows have no files, and a planted name may point anywhere."""


class AnswerStore:
    """Paid answers in one private directory, shared safely by several processes.

    ``damaged`` holds the keys of damaged rows, ``notes`` what the user should know about the
    store. Raises :class:`CacheError` when the directory cannot be used or is full.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.damaged: set[str] = set()
        self.notes: list[str] = []
        self._lock = threading.RLock()
        self._inode = 0
        try:
            _make_private(directory)
        except OSError as error:
            raise self._failure("cannot be opened", error) from error
        self._open()
        self.commits = GroupCommit(self._commit)

    def get(self, key: str) -> Answer | None:
        """The stored answer, or None. A damaged row counts as absent."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return Answer.from_json(text)
        except (ValueError, KeyError, TypeError):
            self.damaged.add(key)
            return None

    def text(self, key: str) -> str | None:
        """The text of a row, or None."""
        found: str | None = self._do("cannot be read", lambda cache: cache.get(key))
        return found

    def put(self, key: str, answer: Answer) -> None:
        """Store an answer; on return it is on disk."""
        self._commit([(key, answer.to_json())])

    def store(self, key: str, answer: Answer) -> asyncio.Future[None]:
        """A future that is done when the answer is on disk; answers share transactions."""
        return self.commits.store((key, answer.to_json()))

    def remove(self, key: str) -> None:
        """Delete a row."""
        self._do("cannot be written", lambda cache: cache.delete(key))

    def __len__(self) -> int:
        return int(self._do("cannot be read", lambda cache: len(cache) - _runs(cache)))

    def size(self) -> int:
        """Bytes on disk."""
        return int(self._do("cannot be read", lambda cache: cache.volume()))

    def clear(self) -> int:
        """Delete every answer; returns how many there were."""
        answers = len(self)
        self._do("cannot be cleared", lambda cache: cache.clear())
        return answers

    def close(self) -> None:
        """Write the waiting answers, and close."""
        self.commits.close()
        self._bulk.close()
        self._cache.close()

    def _commit(self, rows: Sequence[Row]) -> None:
        """Store rows in one transaction, on disk when it returns."""
        with self._lock:
            if _inode(self.directory) != self._inode:
                self._open()  # another process set the database aside
            self._do("cannot be written", lambda _: self._bulk.write(rows))

    def _do(self, failing: str, what: Callable[[Any], _T]) -> _T:
        """Do something with the store; if it is damaged, do it again with what was recovered."""
        try:
            return what(self._cache)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._failure(failing, error) from error
            self._recover(error)
        except (OSError, diskcache.Timeout) as error:
            raise self._failure(failing, error) from error
        try:
            return what(self._cache)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._failure(failing, error) from error

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise self._failure("cannot be opened", error) from error
            self._recover(error)
        except (OSError, TypeError, diskcache.Timeout) as error:
            raise self._failure("cannot be opened", error) from error

    def _connect(self) -> None:
        self._cache = diskcache.Cache(
            str(self.directory),
            disk=_TextOnlyDisk,
            timeout=_LOCK_SECONDS,
            eviction_policy="none",
            size_limit=_UNBOUNDED,
            cull_limit=0,
            statistics=0,
            disk_min_file_size=_UNBOUNDED,
        )
        database = self.directory / DATABASE
        self._bulk = BulkInsert(database, lock_seconds=_LOCK_SECONDS, wal_pages=_WAL_PAGES)
        self._inode = _inode(self.directory)

    def _recover(self, error: sqlite3.Error) -> None:
        """Set the damaged database aside and continue with what can be read of it."""
        with self._lock, turns(self.directory):
            if self._inode and _inode(self.directory) != self._inode:
                self._open()  # another process was faster
                return
            try:
                damaged = set_aside(self.directory / DATABASE)
                self._connect()
                saved = self._save_from(damaged)
            except (OSError, sqlite3.Error, diskcache.Timeout) as trouble:
                raise self._failure("is damaged and cannot be set aside", trouble) from trouble
            self.notes.append(
                f"The cache in {self.directory} was damaged ({error}): {saved:,} of its answers "
                f"could be read and are kept; the damaged file is now {damaged.name}."
            )

    def _save_from(self, damaged: Path) -> int:
        saved = 0
        rows = (row for row in readable_rows(damaged) if _is_whole(row))
        while part := list(itertools.islice(rows, MOST_ROWS)):
            self._bulk.write(part)
            saved += sum(not key.startswith(RUN_PREFIX) for key, _ in part)
        return saved

    def _failure(self, what: str, error: BaseException) -> CacheError:
        reason = str(error) or type(error).__name__
        return CacheError(
            f"The cache in {self.directory} {what}: {reason}.",
            hint="Free space or name another directory with --cache-dir.",
        )


def _runs(cache: Any) -> int:
    """How many rows are not answers. Their keys sort last, except planted ones (empty)."""
    keys = itertools.dropwhile(lambda key: not key, cache.iterkeys(reverse=True))
    return sum(1 for _ in itertools.takewhile(lambda key: str(key).startswith(RUN_PREFIX), keys))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _SQLITE_DAMAGE


def _is_whole(row: Row) -> bool:
    try:
        from_json(row[1])
    except ValueError:
        return False
    return True


def _inode(directory: Path) -> int:
    database: Path = directory / DATABASE
    with suppress(OSError):
        return database.stat().st_ino
    return 0


def _make_private(directory: Path) -> None:
    """Make the directory private to this user; one that holds other files is left unchanged."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix" or not stat.S_IMODE(directory.stat().st_mode) & 0o077:
        return
    if (directory / DATABASE).exists() or not any(directory.iterdir()):
        directory.chmod(0o700)
