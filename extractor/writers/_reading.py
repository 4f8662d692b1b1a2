"""Files of records, whatever format they have, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import DumpError
from extractor.writers._formats import writers
from extractor.writers._protocol import Rereadable
from extractor.writers._streams import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from extractor.writers._protocol import Schema

_HEAD = 4096


@dataclass(frozen=True)
class RecordFile:
    """A file of records: iterate over it for its rows, as often as need be."""

    path: Path
    format: Rereadable

    @property
    def schema(self) -> Schema | None:
        """The JSON Schema of a row, None where the file carries none."""
        return self.format.schema(self.path)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(self.format.read(self.path), start=1):
            if not (isinstance(row, dict) and isinstance(row.get("id"), str)):
                raise DumpError(
                    f"Entry {number} of {self.path} is no record: it has no id.",
                    hint="Give a file that 'extractor run' or 'extractor convert' wrote.",
                )
            yield row


def open_records(path: Path) -> RecordFile:
    """Open a file of records; its format is recognised by content.

    Raises :class:`DumpError` where there is none, or where its format is not read back.
    """
    with reading(path) as stream:
        head = stream.read(_HEAD)
    for writer in writers().values():
        if isinstance(writer, Rereadable) and writer.recognises(head):
            return RecordFile(path, writer)
    readable = ", ".join(w.name for w in writers().values() if isinstance(w, Rereadable))
    raise DumpError(f"{path} is no file of records.", hint=f"These are read: {readable}.")


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file, as rows of JSON values; errors as in `open_records`."""
    yield from open_records(path)
