"""Put rows back into order, in bounded memory however late the first one is."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Row(NamedTuple):
    """The JSON values of a result: whether it is a record, and the requests sent for it."""

    is_record: bool
    tries: int
    values: Mapping[str, Any]


_HELD = 2000


class InOrder:
    """Takes rows with their positions, from 0 and each once, and yields them in order.

    ``held`` rows that are early wait in memory; more of them wait in a temporary database, of
    which SQLite keeps a few pages in memory and the rest in a file that it deletes at the end.
    """

    def __init__(self, held: int = _HELD) -> None:
        self._following = 0
        self._most_held = held
        self._held: dict[int, Row] = {}
        self._count = 0  # of the rows in the database
        self._spilled = sqlite3.connect("", isolation_level=None)
        self._query("CREATE TABLE spilled (position INTEGER PRIMARY KEY, row BLOB)")

    def put(self, position: int, row: Row) -> Iterator[Row]:
        """Take one row; yields the rows that are next in order."""
        if position == self._following:
            yield row
            self._following += 1
            while (following := self._take(self._following)) is not None:
                yield following
                self._following += 1
        elif len(self._held) < self._most_held or not self._spill(position, row):
            self._held[position] = row

    def rest(self) -> Iterator[Row]:
        """Yield the remaining rows in order: those after positions that never came."""
        ((spilled,),) = self._query("SELECT ifnull(max(position), -1) FROM spilled")
        last = max([*self._held, spilled])
        for position in range(self._following, last + 1):
            row = self._take(position)
            if row is not None:
                yield row
        self._following = last + 1

    def close(self) -> None:
        self._spilled.close()

    def _spill(self, position: int, row: Row) -> bool:
        """Put a row into the database; False if it is not JSON, as its output will find too."""
        try:
            text = to_json(row)
        except ValueError:
            return False
        self._query("INSERT INTO spilled VALUES (?, ?)", position, text)
        self._count += 1
        return True

    def _take(self, position: int) -> Row | None:
        if position in self._held:
            return self._held.pop(position)
        if not self._count:
            return None
        for (text,) in self._query("SELECT row FROM spilled WHERE position = ?", position):
            self._query("DELETE FROM spilled WHERE position = ?", position)
            self._count -= 1
            return Row(*from_json(text))
        return None

    def _query(self, statement: str, *values: int | bytes) -> list[tuple[Any, ...]]:
        try:
            return self._spilled.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:  # the disk is full
            raise OSError(str(error)) from error
