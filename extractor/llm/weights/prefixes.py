"""The engine's state after it has read what all requests of a task begin with, kept on disk.

Reading the beginning takes seconds, restoring the state takes milliseconds. A file holds one line
that says what it is, and the state; it is checked before the engine sees it, and one that is
damaged, cut short or made under other conditions counts as missing. No paper's text is in it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.llm.own_files import prefixes_dir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("extractor.llm")

_MOST_FILES, _MOST_BYTES = 24, 512 << 20
_ENDING = ".state"
_LONGEST_LINE = 1 << 12


@dataclass(frozen=True)
class KeptPrefix:
    """One state, by all ``conditions`` under which it holds; ``weights`` is the model's SHA-256."""

    weights: str
    conditions: Mapping[str, object]

    @property
    def path(self) -> Path:
        return prefixes_dir() / f"{self.weights[:16]}-{self._key[:32]}{_ENDING}"

    @property
    def _key(self) -> str:
        text = json.dumps([self.weights, self.conditions], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def restore(self, target: Path) -> bool:
        """Write the state to ``target``; False if it is not kept, or not whole."""
        try:
            with self.path.open("rb") as file:
                line, state = file.readline(_LONGEST_LINE), file.read()
            if line != self._line(state):
                logger.debug("the kept prefix %s is damaged", self.path.name)
                return False
            target.write_bytes(state)
            os.utime(self.path)  # those used last are kept longest
        except OSError as error:
            logger.debug("no kept prefix: %s", error)
            return False
        return True

    def keep(self, source: Path) -> None:
        """Keep the state in ``source``, and remove the oldest of too many; it is no harm if the
        disk does not allow it."""
        try:
            state = source.read_bytes()
            if len(state) > _MOST_BYTES:
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self.path.parent, suffix=".part")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(self._line(state) + state)
                Path(name).replace(self.path)
            finally:
                Path(name).unlink(missing_ok=True)
            _remove_oldest()
        except OSError as error:
            logger.debug("the prefix cannot be kept: %s", error)

    def _line(self, state: bytes) -> bytes:
        digest = hashlib.sha256(state).hexdigest()
        return f"extractor prefix 1 {self._key} {digest}\n".encode()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this process alone, in which the engine reads and writes states."""
    with tempfile.TemporaryDirectory(prefix="extractor-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def size() -> tuple[int, int]:
    """The number of files that are kept, and their bytes."""
    sizes = [status.st_size for _, status in _files()]
    return len(sizes), sum(sizes)


def remove(weights: str = "") -> int:
    """Delete what is kept for these weights, by default all; returns the number of files."""
    found = [file for file, _ in _files(weights[:16])]
    for file in found:
        file.unlink(missing_ok=True)
    return len(found)


def _files(weights: str = "") -> list[tuple[Path, os.stat_result]]:
    """What is kept, and unfinished files of processes that were killed; the newest first."""
    found = []
    patterns = (f"{weights}*{_ENDING}", *(() if weights else ("*.part",)))
    for file in (file for pattern in patterns for file in prefixes_dir().glob(pattern)):
        try:
            found.append((file, file.stat()))
        except OSError:
            continue  # another process has removed it
    return sorted(found, key=lambda each: each[1].st_mtime, reverse=True)


def _remove_oldest() -> None:
    total = 0
    for place, (file, status) in enumerate(_files()):
        total += status.st_size
        if place >= _MOST_FILES or total > _MOST_BYTES:
            file.unlink(missing_ok=True)
