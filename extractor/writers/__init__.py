"""Output formats: one file each, found by name or by the ending of the output's name.

A format is a :class:`Writer`; one that gives records back as they were is :class:`Rereadable`
too. Adding one is adding a module here with a ``WRITER``.
"""

from __future__ import annotations

from extractor.writers._failures import read_failures
from extractor.writers._fit import fitting
from extractor.writers._formats import choose_writer, writers
from extractor.writers._infer import infer_schema
from extractor.writers._output import PARTIAL, open_output, whole_or_nothing
from extractor.writers._protocol import Rereadable, Schema, Sink, Writer
from extractor.writers._reading import RecordFile, open_records, read_records

__all__ = [
    "PARTIAL",
    "RecordFile",
    "Rereadable",
    "Schema",
    "Sink",
    "Writer",
    "choose_writer",
    "fitting",
    "infer_schema",
    "open_output",
    "open_records",
    "read_failures",
    "read_records",
    "whole_or_nothing",
    "writers",
]
