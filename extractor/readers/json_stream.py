"""The objects in a stream of JSON, one by one, in bounded memory.

This is a scanner of brackets and strings, not a parser: it gives each object's line and its
text as it is, goes on after one that is broken, and takes documents that are cut off, joined
together, commented, or not valid UTF-8. A library such as ijson stops at the first of these.
An object that is whole within a chunk is parsed where it begins, which is ten times as fast.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import DumpError
from extractor.readers._encoding import ON_INVALID
from extractor.readers._source import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.readers.base import Source

ALONE = 0
"""The array number of an object that is in no array."""

MOST_NESTED_ARRAY = 8
"""The level at which an array of papers may be: ``{"response": {"docs": [...]}}`` needs 3."""

_CHUNK = 2**20
_DEEPEST = 10**6
_MOST_BETWEEN = 2**10
_PRINTED = re.compile(rb"\s*\[?\s*\{\s*'")
"""A document that Python printed: strings are in single quotes as well."""

# "//" in an address is no comment.
_OUTSIDE = re.compile(r'["{}\[\]]|(?<=[\s,{}\[\]])/[*/]')
_OUTSIDE_PRINTED = re.compile(r"""["'{}\[\]]""")
_ENDS = {
    '"': re.compile(r'["\\]'),
    "'": re.compile(r"['\\]"),
    "/*": re.compile(r"\*/"),
    "//": re.compile(r"\n"),
}

_BETWEEN_VALUES = ", \t\r\n"

_MOST_FAILED = 16
"""Objects in a chunk whose parsing may fail: each error counts the lines of the chunk."""

scan_value = json.JSONDecoder(strict=False, parse_constant=lambda _: None).raw_decode
"""Parses the JSON value at a place of a text, and returns it with the place behind it.

NaN and Infinity are no values of JSON, and become None.
"""


@dataclass(frozen=True, slots=True)
class JsonObject:
    """One object: its line, from 1, and its text, None where it exceeds `LINE_LIMIT`.

    ``array`` is the running number of the array that it is in, or `ALONE`; ``top`` says that
    this array is the document itself, ``complete`` that the object's last bracket is there.
    An object that is `ALONE` comes after those that were found in it. ``before`` is the beginning
    of what stands between it and the object before it. ``value`` is given where it is parsed.
    Where it is ``stray``, the text is that of values in the array that are no objects.
    """

    line: int
    text: str | None
    array: int = ALONE
    top: bool = False
    complete: bool = True
    before: str = ""
    value: dict[str, Any] | None = None
    stray: bool = False


def json_objects(
    source: Source, is_entry: Callable[[dict[str, Any]], bool] = lambda _: False
) -> Iterator[JsonObject]:
    """Yield the objects at the top of the stream and those in arrays down to level 8.

    One that is in no array and for which ``is_entry`` is true is not looked into.

    Raises:
        DumpError: brackets are nested a million deep, or not closed at the end.
    """
    printed = _PRINTED.match(source.head) is not None
    scanner = JsonScanner(source.name, is_entry, printed=printed)
    decoder = codecs.getincrementaldecoder("utf-8")(ON_INVALID)
    # A space, since a comment follows one; and what begins or ends a comment is not cut in two.
    held = " "
    while chunk := source.stream.read1(_CHUNK):
        text = held + decoder.decode(chunk)
        held = text[-1] if text.endswith(("/", "*")) else ""
        yield from scanner.feed(text.removesuffix(held))
    yield from scanner.feed(held + decoder.decode(b"", final=True))
    yield from scanner.end()
    if scanner.is_open:
        raise DumpError(
            f"The JSON of {source.name} breaks off: not all of its brackets are closed.",
            hint="Fetch the dump again: it seems cut off or damaged.",
        )


class _Capture:
    """The text of an object from its bracket on, as far as the limit."""

    def __init__(self, line: int, array: int, depth: int, before: str) -> None:
        self.depth = depth
        self._before = before
        self._line = line
        self._array = array
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        self._size += len(text)
        if self._size <= LINE_LIMIT:
            self._parts.append(text)
        else:
            self._parts.clear()

    def element(self, *, complete: bool, value: dict[str, Any] | None = None) -> JsonObject:
        text = "".join(self._parts) if self._size <= LINE_LIMIT else None
        top = self.depth == 1
        return JsonObject(self._line, text, self._array, top, complete, self._before, value)


class JsonScanner:
    """Follows brackets and strings; at most two captures are open, one within the other.

    ``between`` is the beginning of what stands behind the last object.
    """

    def __init__(
        self,
        name: str,
        is_entry: Callable[[dict[str, Any]], bool] = lambda _: False,
        *,
        printed: bool = False,
    ) -> None:
        self._is_entry = is_entry
        self._outside = _OUTSIDE_PRINTED if printed else _OUTSIDE
        self._name = name
        # For each open bracket the array's number, or 0 for an object.
        self._open: list[int] = []
        self._open_arrays = 0
        self.between = ""
        self._arrays = 0
        self._line = 1
        self._within = ""  # A string or a comment: what it begins with.
        self._escaped = False
        self._failed = 0
        self._strays = ""  # What stands in an array behind the last bracket.
        self._captures: list[_Capture] = []

    @property
    def is_open(self) -> bool:
        return bool(self._open)

    def feed(self, chunk: str) -> Iterator[JsonObject]:
        taken = counted = behind = self._failed = 0
        at = self._bracket(chunk, 0)
        while at >= 0:
            self._line += chunk.count("\n", counted, at)
            counted = at
            yield from self._stray(chunk[behind:at])
            behind = at + 1
            if chunk[at] in "{[":
                if chunk[at] == "{" and self._begins_entry():
                    self._keep(chunk[taken:at])
                    taken = at
                    self._capture()
                    value, behind = self._whole(chunk, at)
                    if value is not None:
                        self._keep(chunk[at:behind])
                        taken = behind
                        yield self._captures.pop().element(complete=True, value=value)
                if behind == at + 1:
                    self._push(chunk[at])
            elif self._pop(chunk[at]):
                self._keep(chunk[taken:behind])
                taken = behind
                yield self._captures.pop().element(complete=True)
            at = self._bracket(chunk, behind)
        self._line += chunk.count("\n", counted)
        self._keep(chunk[taken:])
        if self._is_among_entries():
            self._strays = (self._strays + chunk[behind:])[:_MOST_BETWEEN].lstrip(_BETWEEN_VALUES)

    def _stray(self, between: str) -> Iterator[JsonObject]:
        """Yield the values in an array of objects that stand between two brackets."""
        values = self._strays + between.strip(_BETWEEN_VALUES)
        self._strays = ""
        if values and self._is_among_entries():
            yield JsonObject(self._line, values, self._open[-1], len(self._open) == 1, stray=True)

    def end(self) -> Iterator[JsonObject]:
        """Yield what was left open."""
        while self._captures:
            yield self._captures.pop().element(complete=False)

    def _bracket(self, chunk: str, at: int) -> int:
        """Return the place of the next bracket that is in no string or comment, else -1."""
        if self._escaped:
            self._escaped = False
            at += 1
        while found := (_ENDS[self._within] if self._within else self._outside).search(chunk, at):
            at = found.end()
            mark = found[0]
            if mark == "\\":
                self._escaped = at == len(chunk)
                at += 1
            elif self._within:
                self._within = ""
            elif mark in _ENDS:
                self._within = mark
            else:
                return found.start()
        return -1

    def _whole(self, chunk: str, at: int) -> tuple[dict[str, Any] | None, int]:
        """Parse the object if it is an entry that the chunk holds all of; else go on behind it."""
        if self._failed > _MOST_FAILED:
            return None, at + 1
        try:
            value, behind = scan_value(chunk, at)
        except (ValueError, RecursionError):
            self._failed += 1
            return None, at + 1
        if self._open or self._is_entry(value):
            return value, behind
        return None, at + 1

    def _capture(self) -> None:
        array = self._open[-1] if self._open else ALONE
        self._captures.append(_Capture(self._line, array, len(self._open), self.between))
        self.between = ""

    def _begins_entry(self) -> bool:
        return not self._open or self._is_among_entries()

    def _is_among_entries(self) -> bool:
        """Say whether the innermost open bracket is an array's that may hold papers."""
        if not self._open:
            return False
        innermost = self._captures[-1].depth if self._captures else 0
        return bool(self._open[-1]) and len(self._open) <= MOST_NESTED_ARRAY and not innermost

    def _push(self, bracket: str) -> None:
        is_array = bracket == "["
        self._arrays += is_array
        self._open_arrays += is_array
        self._open.append(self._arrays if is_array else 0)
        if len(self._open) > _DEEPEST:
            raise DumpError(f"The JSON of {self._name} is nested too deeply.")

    def _pop(self, bracket: str) -> bool:
        """Close the bracket, and those left open within it; say whether that ends a capture."""
        closes_array = bracket == "]"
        if not (self._open_arrays if closes_array else len(self._open) - self._open_arrays):
            return False
        while bool(array := self._open.pop()) != closes_array:
            self._open_arrays -= bool(array)
        self._open_arrays -= closes_array
        at = len(self._open)
        return bool(self._captures) and self._captures[-1].depth >= at

    def _keep(self, text: str) -> None:
        for capture in self._captures:
            capture.add(text)
        if not self._captures and len(self.between) < _MOST_BETWEEN:
            self.between += text[:_MOST_BETWEEN]
