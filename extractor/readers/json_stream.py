"""The objects in a stream of JSON, one by one, in bounded memory.

This is a scanner of brackets and strings, not a parser: it gives each object's line and its
bytes as they are, goes on after one that is broken, and takes documents that are cut off,
joined together, or not valid UTF-8. A library such as ijson stops at the first of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.readers._source import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.readers.base import Source

ALONE = 0
"""The array number of an object that is in no array."""

_CHUNK = 2**18
MOST_NESTED_ARRAY = 4
"""The level at which an array of papers may be: ``{"response": {"docs": [...]}}`` needs 3."""

_DEEPEST = 10**6
_MOST_BETWEEN = 2**10
_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')


@dataclass(frozen=True, slots=True)
class JsonObject:
    """One object: its line, from 1, and its bytes, None where they exceed `LINE_LIMIT`.

    ``array`` is the running number of the array that it is in, or `ALONE`; ``top`` says that
    this array is the document itself, ``complete`` that the object's last bracket is there.
    An object that is `ALONE` comes after those that were found in it. ``before`` is the beginning
    of what stands between it and the object before it.
    """

    line: int
    data: bytes | None
    array: int = ALONE
    top: bool = False
    complete: bool = True
    before: bytes = b""


def json_objects(source: Source) -> Iterator[JsonObject]:
    """Yield the objects at the top of the stream and those in arrays down to level 4.

    Raises:
        DumpError: brackets are nested a million deep.
    """
    scanner = JsonScanner(source.name)
    while chunk := source.stream.read1(_CHUNK):
        yield from scanner.feed(chunk)
    yield from scanner.end()


class _Capture:
    """The bytes of an object from its bracket on, as far as the limit."""

    def __init__(self, line: int, array: int, depth: int, before: bytes) -> None:
        self.depth = depth
        self._before = before
        self._line = line
        self._array = array
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= LINE_LIMIT:
            self._parts.append(data)
        else:
            self._parts.clear()

    def element(self, *, complete: bool) -> JsonObject:
        data = b"".join(self._parts) if self._size <= LINE_LIMIT else None
        return JsonObject(self._line, data, self._array, self.depth == 1, complete, self._before)


class JsonScanner:
    """Follows brackets and strings; at most two captures are open, one within the other.

    ``between`` is the beginning of what stands behind the last object.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # For each open bracket the array's number, or 0 for an object.
        self._open: list[int] = []
        self._open_arrays = 0
        self.between = b""
        self._arrays = 0
        self._line = 1
        self._in_string = self._escaped = False
        self._captures: list[_Capture] = []

    def feed(self, chunk: bytes) -> Iterator[JsonObject]:
        taken = counted = 0
        for at in self._brackets(chunk):
            self._line += chunk.count(b"\n", counted, at)
            counted = at
            if chunk[at] in b"{[":
                if chunk[at] == ord("{") and self._begins_entry():
                    self._keep(chunk[taken:at])
                    taken = at
                    self._capture()
                self._push(chunk[at])
            elif self._pop(chunk[at]):
                self._keep(chunk[taken : at + 1])
                taken = at + 1
                yield self._captures.pop().element(complete=True)
        self._line += chunk.count(b"\n", counted)
        self._keep(chunk[taken:])

    def end(self) -> Iterator[JsonObject]:
        """Yield what was left open."""
        while self._captures:
            yield self._captures.pop().element(complete=False)

    def _brackets(self, chunk: bytes) -> Iterator[int]:
        at = 1 if self._escaped else 0
        self._escaped = False
        while found := (_INSIDE if self._in_string else _OUTSIDE).search(chunk, at):
            at = found.end()
            byte = found[0]
            if byte == b'"':
                self._in_string = not self._in_string
            elif byte == b"\\":
                self._escaped = at == len(chunk)
                at += 1
            else:
                yield found.start()

    def _capture(self) -> None:
        array = self._open[-1] if self._open else ALONE
        self._captures.append(_Capture(self._line, array, len(self._open), self.between))
        self.between = b""

    def _begins_entry(self) -> bool:
        if not self._open:
            return True
        innermost = self._captures[-1].depth if self._captures else 0
        return bool(self._open[-1]) and len(self._open) <= MOST_NESTED_ARRAY and not innermost

    def _push(self, bracket: int) -> None:
        is_array = bracket == ord("[")
        self._arrays += is_array
        self._open_arrays += is_array
        self._open.append(self._arrays if is_array else 0)
        if len(self._open) > _DEEPEST:
            raise DumpError(f"The JSON of {self._name} is nested too deeply.")

    def _pop(self, bracket: int) -> bool:
        """Close the bracket, and those left open within it; say whether that ends a capture."""
        closes_array = bracket == ord("]")
        if not (self._open_arrays if closes_array else len(self._open) - self._open_arrays):
            return False
        while bool(array := self._open.pop()) != closes_array:
            self._open_arrays -= bool(array)
        self._open_arrays -= closes_array
        at = len(self._open)
        return bool(self._captures) and self._captures[-1].depth >= at

    def _keep(self, data: bytes) -> None:
        for capture in self._captures:
            capture.add(data)
        if not self._captures and len(self.between) < _MOST_BETWEEN:
            self.between += data[:_MOST_BETWEEN]
