"""The ledger of paid answers, on disk with diskcache.

A row's key is a hash of what was asked and of whom; its value is the raw answer as JSON
text. Nothing is evicted, and nothing but text is ever written or read: a row of another
kind (a planted pickle would run code when read) is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import diskcache  # type: ignore[import-untyped]
from diskcache.core import MODE_RAW  # type: ignore[import-untyped]

from extractor.calls.answer import Answer
from extractor.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEY_VERSION = 1
_UNBOUNDED = 2**62
_LOCK_SECONDS = 60


class _TextOnlyDisk(diskcache.Disk):  # type: ignore[misc]
    """Stores text in the database itself and refuses to read any other kind of row."""

    def store(
        self,
        value: object,
        read: bool,
        key: object = None,  # noqa: ARG002
    ) -> tuple[int, int, None, str]:
        if read or not isinstance(value, str):
            raise CacheError(f"Only text goes into the cache, not {type(value).__name__}.")
        return 0, MODE_RAW, None, value

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> str:
        if read or mode != MODE_RAW or filename or not isinstance(value, str):
            raise self._refusal()
        return value

    def get(self, key: object, raw: bool) -> str:
        if not raw or not isinstance(key, str):
            raise self._refusal()
        return key

    def put(self, key: object) -> tuple[str, bool]:
        if not isinstance(key, str):
            raise CacheError(f"A cache key is text, not {type(key).__name__}.")
        return key, True

    def remove(self, file_path: str) -> None:
        """Delete nothing: no row of ours has a file, and a planted name may point anywhere."""

    def _refusal(self) -> CacheError:
        return CacheError(
            f"The cache in {self._directory} holds a row that Extractor never writes; "
            "reading it could run foreign code.",
            hint="Find out who can write there, then remove it with 'extractor cache clear'.",
        )


class Ledger:
    """Paid answers in one private directory, shared safely by several processes.

    Raises :class:`CacheError` when the directory cannot be used, is full or damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            _make_private(directory)
            self._cache = diskcache.Cache(
                str(directory),
                disk=_TextOnlyDisk,
                timeout=_LOCK_SECONDS,
                eviction_policy="none",
                size_limit=_UNBOUNDED,
                cull_limit=0,
                statistics=0,
                sqlite_synchronous=2,
            )
        except (OSError, sqlite3.Error) as error:
            raise self._failure("cannot be opened", error) from error

    def get(self, key: str) -> Answer | None:
        """The stored answer, or None. A damaged row counts as absent: it is asked again."""
        try:
            text = self._cache.get(key)
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._failure("cannot be read", error) from error
        if text is None:
            return None
        try:
            return Answer.from_json(text)
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, answer: Answer) -> None:
        """Store an answer; on return it is on disk."""
        try:
            self._cache.set(key, answer.to_json())
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._failure("cannot be written", error) from error

    def __len__(self) -> int:
        return len(self._cache)

    def size(self) -> int:
        """Bytes on disk."""
        return int(self._cache.volume())

    def clear(self) -> int:
        """Forget every answer; returns how many there were."""
        try:
            return int(self._cache.clear())
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._failure("cannot be cleared", error) from error

    def close(self) -> None:
        self._cache.close()

    def _failure(self, what: str, error: BaseException) -> CacheError:
        reason = str(error) or type(error).__name__
        return CacheError(
            f"The cache in {self.directory} {what}: {reason}.",
            hint="Free space or name another directory with --cache-dir.",
        )


def answer_key(task: str, model: str, body: Mapping[str, Any]) -> str:
    """Hash of the task's fingerprint, the model's identity and the request body.

    The body holds the sampling settings and the paper's content, and no credentials.
    """
    text = json.dumps([_KEY_VERSION, task, model, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & 0o077:
        directory.chmod(0o700)
