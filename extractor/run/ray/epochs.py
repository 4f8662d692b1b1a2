"""Whose turn it is to write a part's store: the epochs of its folder.

Each worker that takes a part over makes an epoch of its own, with a copy of what the last one
stored, so no database ever has two writers, whatever a worker does that was given up for dead. The
rename that makes the epoch is what only one of two can do. An older worker finds the newer epoch
before it stores anything more.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from extractor.errors import CacheError
from extractor.llm.own_files import COMPANIONS, DATABASE
from extractor.run.ray.folder import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "epoch-"
# The index of the log is made anew of the log: it belongs to the host that mapped it.
_COPIED = (DATABASE, *(DATABASE + ending for ending in COMPANIONS if ending != "-shm"))


@dataclass(frozen=True)
class Epoch:
    """One worker's turn at a part; ``path`` is the folder of its store."""

    stores: Path
    number: int

    @property
    def path(self) -> Path:
        return self.stores / f"{_PREFIX}{self.number:06d}"

    def check(self) -> None:
        """Raise CacheError if another worker has taken the part over."""
        if Epoch(self.stores, self.number + 1).path.exists() or not self.path.exists():
            raise CacheError(
                f"Another worker has taken over the part in {self.stores}.",
                hint="This one ends; nothing is to be done.",
            )

    def remove_older(self) -> None:
        """Remove the stores that this one was copied from."""
        for number in _numbers(self.stores):
            if number < self.number:
                shutil.rmtree(Epoch(self.stores, number).path, ignore_errors=True)


def take_over(stores: Path) -> Epoch:
    """Begin a new epoch with what the last one stored. Raises CacheError."""
    try:
        stores.mkdir(parents=True, exist_ok=True)
        while True:
            last = Epoch(stores, max(_numbers(stores), default=0))
            following = Epoch(stores, last.number + 1)
            if _began(last, following):
                return following
    except OSError as error:
        raise CacheError(
            f"The store of the part in {stores} cannot be written: {error.strerror or error}.",
            hint="Check its permissions and its disk.",
        ) from error


def _began(last: Epoch, following: Epoch) -> bool:
    """Whether this process began an epoch, or another one did."""
    scratch = Path(mkdtemp(prefix=".", dir=following.stores))
    try:
        for name in _COPIED:
            with suppress(FileNotFoundError):
                _copy(last.path / name, scratch / name)
        sync(scratch)
        (scratch / ".epoch").touch()  # a folder takes the place of an empty one, not of another
        scratch.rename(following.path)
    except OSError:
        if following.path.exists():
            return False
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    sync(following.stores)
    last.remove_older()
    return True


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _numbers(stores: Path) -> Iterator[int]:
    for folder in stores.glob(f"{_PREFIX}*"):
        with suppress(ValueError):
            yield int(folder.name.removeprefix(_PREFIX))
