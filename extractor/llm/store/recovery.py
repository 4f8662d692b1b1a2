"""Set a damaged database aside, and read what can still be read of it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic_core import from_json

from extractor.llm.locks import private
from extractor.llm.own_files import COMPANIONS, DAMAGED
from extractor.llm.store.carving import carved_rows
from extractor.llm.store.checksum import unsealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from extractor.llm.store.group_commit import Row


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


def whole_row(key: object, value: object) -> Row | None:
    """The key and text of a row that is what was stored, or None."""
    with suppress(ValueError):
        name = key.decode() if isinstance(key, bytes) else ""
        if (text := unsealed(name, value)) is not None:
            from_json(text)
            return name, text.decode()
    return None


def readable_rows(damaged: Path) -> Iterator[Row | None]:
    """Yield the rows that can be found, of each key the last one last; None for a damaged one."""
    newest: dict[int, int] = {}
    for number, key, value in carved_rows(damaged, _log_of(damaged)):
        row = whole_row(key, value)
        if row is None:
            yield None
        elif number >= newest.get(hash(key), 0):
            newest[hash(key)] = number
            yield row
