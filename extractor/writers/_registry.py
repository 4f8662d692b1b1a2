"""Which formats there are, which one an output gets, and which one a file of records has."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from extractor.discovery import public_modules
from extractor.errors import DumpError, UnreadableRecord, UsageError
from extractor.plugins import load_plugin, plugins
from extractor.writers._tables import MAIN
from extractor.writers.base import HasViews, Rereadable, Row, Schema, Writer, open_to_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "extractor.writers"
"""The entry points that name the writers of other packages."""

_HEAD = 4096


def writers() -> dict[str, Writer]:
    """Every output format by its name: those of this package, then those of others."""
    return {writer.name: writer for writer in _each()}


@cache
def _own() -> dict[str, Writer]:
    """The formats of this package by name, those that stream first."""
    modules = (m for m in public_modules("extractor.writers") if m.__name__ != Writer.__module__)
    found: list[Writer] = [module.WRITER for module in modules]
    return {writer.name: writer for writer in sorted(found, key=lambda w: (not w.streams, w.name))}


def _each() -> Iterator[Writer]:
    """Every format; one of another package is loaded when the iteration gets to it."""
    yield from _own().values()
    for name in plugins(GROUP):
        if name not in _own():
            yield _by_name(name)


def choose_writer(name: str | None, out: Path | None, *, view: str | None = None) -> Writer:
    """The format of that name, else the one that the output's ending says, else JSON Lines.

    With a ``view`` it writes that view alone, and CSV stands in for JSON Lines. ``out`` is None
    for standard output. Raises :class:`UsageError` for a name or an ending that no format has,
    and where the format cannot be written there or has no views.
    """
    writer = _by_name(name) if name else _by_ending(out, usual="csv" if view else "jsonl")
    writer = _with_view(writer, view) if view else writer
    if out is None and not writer.streams:
        raise UsageError(
            f"{writer.name} cannot be written to standard output.", hint="Name a file for it."
        )
    if out and out.suffix.lower() == ".gz" and not writer.compresses:
        raise UsageError(f"{writer.name} cannot be compressed.", hint="Leave .gz out.")
    return writer


def _by_name(name: str) -> Writer:
    if name in _own():
        return _own()[name]
    others = plugins(GROUP)
    if name in others:
        return load_plugin(others[name], Writer)  # type: ignore[type-abstract]
    known = ", ".join((*_own(), *others))
    raise UsageError(f"There is no output format {name!r}.", hint=f"Known: {known}.")


def _with_view(writer: Writer, view: str) -> Writer:
    if isinstance(writer, HasViews):
        return writer.with_view(view)
    if view == MAIN:
        return writer
    tables = ", ".join(each.name for each in _each() if isinstance(each, HasViews))
    raise UsageError(
        f"{writer.name} holds whole records and not one view of them.",
        hint=f"Leave --view out, or write one of these: {tables}.",
    )


def _by_ending(out: Path | None, *, usual: str) -> Writer:
    if out is None or not out.suffix:
        return _by_name(usual)
    ending = out.name.lower().removesuffix(".gz")
    for writer in _each():
        if ending.endswith(tuple(writer.suffixes)):
            return writer
    known = ", ".join(suffix for writer in _each() for suffix in writer.suffixes)
    raise UsageError(
        f"No output format has the ending of {out.name}.",
        hint=f"Known: {known}; or name the format with --format.",
    )


@dataclass(frozen=True)
class RecordFile:
    """A file of records: iterate over it for its rows, as often as needed.

    ``unreadable`` are the entries that the last iteration left out. A file of nothing else is no
    file of records, which is a :class:`DumpError`.
    """

    path: Path
    format: Rereadable
    unreadable: list[UnreadableRecord] = field(default_factory=list)

    @property
    def schema(self) -> Schema | None:
        """The JSON Schema of a row, None where the file carries none."""
        return self.format.schema(self.path)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.unreadable.clear()
        number = 0
        for number, row in enumerate(self.format.read(self.path), start=1):
            record = self._record(number, row)
            if isinstance(record, UnreadableRecord):
                self.unreadable.append(record)
            else:
                yield record
        if number and number == len(self.unreadable):
            raise self.unreadable[0]

    def _record(self, number: int, row: Row) -> Row:
        if isinstance(row, UnreadableRecord) or (
            isinstance(row, dict) and isinstance(row.get("id"), str)
        ):
            return row
        named = isinstance(row, dict) and row.get("id") is not None
        what = "its id is not a text" if named else "it has no id"
        return UnreadableRecord(
            f"Entry {number} of {self.path} is not a record: {what}.",
            hint="Give a file that 'extractor run' or 'extractor convert' wrote.",
        )


def open_records(path: Path) -> RecordFile:
    """Open a file of records; its format is recognised by content.

    Raises :class:`DumpError` where there is no such file, or no format that reads it.
    """
    with open_to_read(path) as stream:
        head = stream.read(_HEAD)
    for writer in _each():
        if isinstance(writer, Rereadable) and writer.recognises(head):
            return RecordFile(path, writer)
    readable = ", ".join(writer.name for writer in _each() if isinstance(writer, Rereadable))
    raise DumpError(f"{path} {_not_records(path)}.", hint=f"These are read: {readable}.")


def _not_records(path: Path) -> str:
    ending = path.name.lower().removesuffix(".gz")
    for writer in _own().values():
        if ending.endswith(writer.suffixes) and not isinstance(writer, Rereadable):
            return (
                f"is {writer.name}, which is made for people: it does not hold all of the records, "
                "and is not read back"
            )
    return "is not a file of records"


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file, as rows of JSON values; errors as in `open_records`.

    At the end, raises :class:`UnreadableRecord` for the first entry that could not be read.
    """
    source = open_records(path)
    yield from source
    for unreadable in source.unreadable:
        raise unreadable
