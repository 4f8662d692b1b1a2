"""Dumps of papers, in whatever format they come, as a stream of `extractor.paper.Paper`."""

from __future__ import annotations

from extractor.readers._dump import Dump, DumpFile, open_dump, open_dumps, read_dump, read_dumps
from extractor.readers._formats import readers
from extractor.readers.base import Item, Unreadable

__all__ = [
    "Dump",
    "DumpFile",
    "Item",
    "Unreadable",
    "open_dump",
    "open_dumps",
    "read_dump",
    "read_dumps",
    "readers",
]
