"""Locks on files between processes. The system releases those of a process that dies."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def turns(path: Path) -> Iterator[None]:
    """Admit one process at a time, by a lock on this file, where the system has such locks."""
    with suppress(ImportError):
        import fcntl

        file = private(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
        return
    yield


def private(path: Path) -> int:
    """A descriptor of a file, which only this user can read from the moment it is made."""
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
