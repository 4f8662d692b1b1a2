"""Claims of requests in flight, so that several processes pay for each of them once.

A claim is a lock on one byte of a file. The system releases it when its process ends, however that
ends: no claim outlives its process, and none has to be renewed. Where the system or the file system
has no such locks, every claim is granted.
"""

from __future__ import annotations

import os
import struct
import sys
import zlib
from typing import TYPE_CHECKING

from extractor.llm.locks import private

try:
    import fcntl
except ImportError:
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

if TYPE_CHECKING:
    from pathlib import Path

# Locks of this open file, not of the process: another store in it competes, and closes its own.
_OF_OPEN_FILE = sys.platform == "linux"
_FLOCK = struct.Struct("hhqqi4x")
# Every store holds a shared lock on a byte behind those of the keys.
_PRESENCE = 2**33


class Claims:
    """Claims of keys in one file, each held by at most one open store.

    ``alone`` says whether no other store was seen in this directory, now or at an earlier claim;
    it is False where that cannot be told.
    """

    def __init__(self, path: Path) -> None:
        self._file = private(path)
        self.alone = _OF_OPEN_FILE
        if _OF_OPEN_FILE:
            self._anybody_else = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _PRESENCE, 1, 0)
            self._lock(fcntl.F_RDLCK, _PRESENCE)
            self.alone = self._is_alone()

    def take(self, key: str) -> bool:
        """Claim a key; False if another store has claimed it. The same store may do it again."""
        if not _HAS_LOCKS:
            return True
        if self.alone:
            self.alone = self._is_alone()
        return self._lock(fcntl.F_WRLCK, zlib.crc32(key.encode()))

    def release(self, key: str) -> None:
        """Release the claim, if there is one."""
        if _HAS_LOCKS:
            self._lock(fcntl.F_UNLCK, zlib.crc32(key.encode()))

    def taken(self, key: str) -> bool:
        """Whether another store has claimed the key."""
        if not self.take(key):
            return True
        self.release(key)
        return False

    def close(self) -> None:
        """Release all claims."""
        os.close(self._file)

    def _is_alone(self) -> bool:
        try:
            found = fcntl.fcntl(self._file, fcntl.F_OFD_GETLK, self._anybody_else)
        except OSError:  # a file system without locks
            return False
        return bool(_FLOCK.unpack(found)[0] == fcntl.F_UNLCK)

    def _lock(self, kind: int, at: int) -> bool:
        try:
            if _OF_OPEN_FILE:
                lock = _FLOCK.pack(kind, os.SEEK_SET, at, 1, 0)
                fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, lock)
            elif kind == fcntl.F_UNLCK:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, at)
            else:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:  # a file system without locks
            return True
        return True
