"""What an output format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

Schema: TypeAlias = "Mapping[str, Any]"
"""The JSON Schema of one record, see :func:`extractor.record.record_schema`."""


class Sink(Protocol):
    """Takes the rows of one output, in order."""

    def write(self, row: Mapping[str, Any]) -> None: ...


class Writer(Protocol):
    """One output format.

    ``streams`` says that it can be written to standard output, ``compresses`` that a further
    ending ``.gz`` has it compressed, ``has_columns`` that the schema decides what they are.
    """

    name: str
    suffixes: tuple[str, ...]
    streams: bool
    compresses: bool
    has_columns: bool

    def open(self, target: Path | BinaryIO, schema: Schema) -> AbstractContextManager[Sink]:
        """Open a sink for rows of ``schema`` on a path, or on a stream where it ``streams``.

        Further files of the same output go beside the path. Raises :class:`UsageError` where
        the schema does not suit the format, :class:`OutputError` for a row that does not fit.
        """
        ...


@runtime_checkable
class Rereadable(Protocol):
    """A format that gives the records back, in their order and equal to what was written."""

    def recognises(self, head: bytes) -> bool:
        """Say whether a file that begins with ``head`` (decompressed) is of this format."""
        ...

    def schema(self, path: Path) -> Schema | None:
        """The JSON Schema that the file carries, None where it carries none."""
        ...

    def read(self, path: Path) -> Iterator[dict[str, Any]]:
        """Yield the rows. Raises :class:`DumpError` where the file is damaged."""
        ...
