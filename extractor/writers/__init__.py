"""Output formats: one file each, found by name or by the ending of the output's name.

A format is a :class:`Writer`; one that gives records back as they were is :class:`Rereadable`
too. A new one is a module here with a ``WRITER``, or a package of your own with an entry point
in the group ``extractor.writers``: see :mod:`extractor.writers.base`.
"""

from __future__ import annotations

from extractor.writers._output import (
    PARTIAL,
    STDIN,
    OpenOutput,
    Output,
    open_output,
    open_outputs,
    scratch_folder,
    whole_or_nothing,
)
from extractor.writers._registry import (
    RecordFile,
    choose_writer,
    open_records,
    read_records,
    writers,
)
from extractor.writers._shape import fitting, infer_schema
from extractor.writers.base import Rereadable, Schema, Sink, Writer, paths_of
from extractor.writers.jsonl import read_failures

__all__ = [
    "PARTIAL",
    "STDIN",
    "OpenOutput",
    "Output",
    "RecordFile",
    "Rereadable",
    "Schema",
    "Sink",
    "Writer",
    "choose_writer",
    "fitting",
    "infer_schema",
    "open_output",
    "open_outputs",
    "open_records",
    "paths_of",
    "read_failures",
    "read_records",
    "scratch_folder",
    "whole_or_nothing",
    "writers",
]
