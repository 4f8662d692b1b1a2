"""What an output format is: the interface of a format of one's own, and what helps to write it.

A format of another package is found by the entry point that names its writer, in the group
``extractor.writers`` (docs/outputs.md shows one); those of this package are the modules beside
this one, each with a ``WRITER``.
"""

from __future__ import annotations

import gzip
import json
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, cast, runtime_checkable

from pydantic_core import from_json

from extractor.errors import UnfitRecord, UnreadableRecord
from extractor.readers.base import Source
from extractor.record import encode_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Schema: TypeAlias = "Mapping[str, Any]"
"""The JSON Schema of one record, see :func:`extractor.record.record_schema`."""


Row: TypeAlias = "dict[str, Any] | UnreadableRecord"
"""One entry of a file of records."""


class Sink(Protocol):
    """Takes the rows of one output, in order."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one record, as JSON values.

        Raises :class:`UnfitRecord` if it does not fit; then nothing of it is written.
        """
        ...


@runtime_checkable
class Writer(Protocol):
    """One output format.

    ``name`` is what ``--format`` takes, ``suffixes`` the endings that say it. ``streams`` says
    that it can be written to standard output, ``compresses`` that a further ending ``.gz``
    compresses it, ``has_columns`` that its columns follow the schema.
    """

    name: str
    suffixes: tuple[str, ...]
    streams: bool = False
    compresses: bool = False
    has_columns: bool = False

    def open(self, target: Path | BinaryIO, schema: Schema) -> AbstractContextManager[Sink]:
        """Open a sink for records of ``schema`` on a path, or on a stream where it ``streams``.

        Further files of the same output go beside the path. Raises :class:`UsageError` where
        the schema does not suit the format.
        """
        ...


@runtime_checkable
class SeveralFiles(Protocol):
    """A format whose output has further files beside the path."""

    def paths(self, target: Path, schema: Schema) -> Iterable[Path]:
        """All files of an output at ``target``."""
        ...


@runtime_checkable
class HasViews(Protocol):
    """A format of tables that can be asked for one view of the records alone."""

    def with_view(self, view: str) -> Writer:
        """The format that writes this view."""
        ...


def paths_of(writer: Writer, target: Path, schema: Schema) -> Iterable[Path]:
    """All files that an output has."""
    return writer.paths(target, schema) if isinstance(writer, SeveralFiles) else (target,)


@runtime_checkable
class Rereadable(Protocol):
    """A format that gives the records back, in their order and equal to what was written."""

    def recognises(self, head: bytes) -> bool:
        """Say whether a file that begins with ``head`` (decompressed) has this format."""
        ...

    def schema(self, path: Path) -> Schema | None:  # noqa: ARG002
        """The JSON Schema that the file carries, None where it carries none."""
        return None

    def read(self, path: Path) -> Iterator[Row]:
        """Yield the records, and an :class:`UnreadableRecord` for each that cannot be read.

        Raises :class:`DumpError` where the file is damaged.
        """
        ...


def read_row(where: str, text: str | bytes | None) -> Row:
    """The record in a JSON text; None is one that is too long."""
    if text is None:
        return UnreadableRecord(f"{where}: too long for a record.")
    try:
        row: Row = from_json(text)
    except ValueError as error:
        if "recursion" in str(error):  # a little deeper can be written than is read
            with suppress(ValueError, RecursionError, UnfitRecord):
                row = json.loads(text)
                encode_json(row)
                return row
        return UnreadableRecord(f"{where}: not JSON ({error}).")
    return row


@contextmanager
def open_to_write(target: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a path, compressed where it ends in .gz; a stream is handed through and stays open."""
    if not isinstance(target, Path):
        yield target
        return
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(target.open("wb"))
        if target.suffix.lower() == ".gz":
            # Neither name nor time: the same records make the same bytes.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0)
            stream = cast("BinaryIO", stack.enter_context(packed))
        yield stream


@contextmanager
def open_to_read(path: Path) -> Iterator[BinaryIO]:
    """Open a path, decompressed. Raises :class:`DumpError`, also where reading fails later."""
    with closing(Source(path)) as source:
        yield source.stream
