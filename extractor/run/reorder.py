"""Rows put back into order, in bounded memory however late the first one is."""

from __future__ import annotations

import tempfile
from array import array
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row: TypeAlias = "tuple[bool, Mapping[str, Any]]"
"""Whether it is a record, and its JSON values."""

_HELD = 2000
_ABSENT = -1


class InOrder:
    """Takes rows with their positions, from 0 and each once, and gives them out in order.

    ``held`` rows that are early wait in memory; more of them wait in a temporary file, of which
    eight bytes a row are kept in memory.
    """

    def __init__(self, held: int = _HELD) -> None:
        self._following = 0
        self._most_held = held
        self._held: dict[int, Row] = {}
        self._spilled = _Spill()

    def put(self, position: int, row: Row) -> Iterator[Row]:
        """Take one row; yields those whose turn it now is."""
        if position != self._following:
            self._keep(position, row)
            return
        yield row
        self._following += 1
        while (following := self._take(self._following)) is not None:
            yield following
            self._following += 1

    def rest(self) -> Iterator[Row]:
        """Yield what is left, in order: rows behind positions that never came."""
        last = max([*self._held, self._spilled.last])
        for position in range(self._following, last + 1):
            row = self._take(position)
            if row is not None:
                yield row
        self._following = last + 1

    def close(self) -> None:
        self._spilled.close()

    def _keep(self, position: int, row: Row) -> None:
        if len(self._held) < self._most_held:
            self._held[position] = row
        else:
            self._spilled.put(position, row)

    def _take(self, position: int) -> Row | None:
        row = self._held.pop(position, None)
        return self._spilled.take(position) if row is None else row


class _Spill:
    """Rows in a temporary file, found by their positions."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._base = 0
        self._offsets = array("q")
        self._end = 0
        self._count = 0

    @property
    def last(self) -> int:
        """The last position that was put here, -1 when there is none."""
        return self._base + len(self._offsets) - 1 if self._count else -1

    def put(self, position: int, row: Row) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="extractor-")  # noqa: SIM115
        if not self._count:
            self._base, self._offsets = position, array("q")
        if position < self._base:
            more = array("q", [_ABSENT]) * (self._base - position)
            self._base, self._offsets = position, more + self._offsets
        missing = position - self._base + 1 - len(self._offsets)
        self._offsets.extend(array("q", [_ABSENT]) * max(0, missing))
        self._offsets[position - self._base] = self._end
        line = to_json(row) + b"\n"
        self._file.seek(self._end)
        self._file.write(line)
        self._end += len(line)
        self._count += 1

    def take(self, position: int) -> Row | None:
        index = position - self._base
        if self._file is None or not 0 <= index < len(self._offsets):
            return None
        offset = self._offsets[index]
        if offset == _ABSENT:
            return None
        self._offsets[index] = _ABSENT
        self._file.seek(offset)
        is_record, row = from_json(self._file.readline())
        self._forget()
        return is_record, row

    def _forget(self) -> None:
        """One row less; with the last one the file is emptied."""
        self._count -= 1
        if not self._count and self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._end, self._offsets = 0, array("q")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
