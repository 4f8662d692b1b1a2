"""The formats that are there, and which of them a dump has."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from extractor.errors import DumpError, UsageError
from extractor.readers._reader import NAME_COUNTS, Reader

if TYPE_CHECKING:
    from extractor.readers._source import Source

_SIGNATURES = {
    b"PK\x03\x04": ("is a ZIP archive", "Unpack it and name the file inside."),
    b"7z\xbc\xaf": ("is a 7z archive", "Unpack it and name the file inside."),
    b"%PDF": ("is a PDF file", "Save the titles and abstracts as text first."),
    b"SQLite format 3": ("is an SQLite database", "Export the table as CSV or JSON Lines."),
}


@cache
def readers() -> dict[str, Reader]:
    """Return the formats by name: every `Reader` in a public module of this package."""
    package = importlib.import_module(__package__ or "extractor.readers")
    found: dict[str, Reader] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            loaded = importlib.import_module(f"{package.__name__}.{module.name}")
            found |= {value.name: value for value in vars(loaded).values() if _is_reader(value)}
    return dict(sorted(found.items()))


def _is_reader(value: object) -> bool:
    return isinstance(value, Reader)


def reader_named(name: str) -> Reader:
    """Return the format of this name.

    Raises:
        UsageError: there is none.
    """
    try:
        return readers()[name]
    except KeyError:
        raise UsageError(
            f"There is no format {name!r}.", hint=f"Formats: {', '.join(readers())}."
        ) from None


def reader_for(source: Source) -> Reader:
    """Return the format of the dump: its content decides, its name settles what is left open.

    Raises:
        DumpError: it is in no format that is known.
    """
    for signature, (what, hint) in _SIGNATURES.items():
        if source.head.startswith(signature):
            raise DumpError(f"{source.name} {what}, not a dump of papers.", hint=hint)
    sure = {reader: reader.sniff(source.head) for reader in readers().values()}
    best = max(sure, key=lambda reader: sure[reader] + _for_the_name(reader, source))
    if not sure[best]:
        raise DumpError(
            f"{source.name} is a binary file of no known format.",
            hint=f"Formats: {', '.join(readers())}.",
        )
    return best


def _for_the_name(reader: Reader, source: Source) -> float:
    return NAME_COUNTS if source.suffix in reader.suffixes else 0.0
