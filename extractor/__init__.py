"""Extractor: typed, checked, evidence-backed records from paper abstracts.

Names are loaded when they are first used, so that ``import extractor`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.api import Extractor, Results, Run
    from extractor.errors import (
        AnswersAwaited,
        ArgumentError,
        AuthenticationFailed,
        BatchFailed,
        CacheError,
        CeilingReached,
        ClusterError,
        ConnectionLost,
        DumpError,
        EndpointError,
        EndpointUnreachable,
        ExtractorError,
        InternalError,
        InvalidResponse,
        LowConfidence,
        OutputError,
        PaperError,
        QuotaSpent,
        RateLimited,
        Refused,
        RequestRejected,
        ServerFailed,
        TimedOut,
        TooLong,
        UnfitRecord,
        UnknownModel,
        UnreadableEntry,
        UnreadableRecord,
        UsageError,
        WeightsError,
    )
    from extractor.grounding import NumberIn, UnitIn, Url, Verbatim
    from extractor.paper import Paper
    from extractor.readers import read_dump, read_dumps
    from extractor.record import Failure, Record

_HOMES = {
    "api": ("Extractor", "Results", "Run"),
    "grounding": ("NumberIn", "UnitIn", "Url", "Verbatim"),
    "paper": ("Paper",),
    "readers": ("read_dump", "read_dumps"),
    "record": ("Failure", "Record"),
}
"""The module of each name that is no error."""

_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AnswersAwaited",
    "ArgumentError",
    "AuthenticationFailed",
    "BatchFailed",
    "CacheError",
    "CeilingReached",
    "ClusterError",
    "ConnectionLost",
    "DumpError",
    "EndpointError",
    "EndpointUnreachable",
    "Extractor",
    "ExtractorError",
    "Failure",
    "InternalError",
    "InvalidResponse",
    "LowConfidence",
    "NumberIn",
    "OutputError",
    "Paper",
    "PaperError",
    "QuotaSpent",
    "RateLimited",
    "Record",
    "Refused",
    "RequestRejected",
    "Results",
    "Run",
    "ServerFailed",
    "TimedOut",
    "TooLong",
    "UnfitRecord",
    "UnitIn",
    "UnknownModel",
    "UnreadableEntry",
    "UnreadableRecord",
    "Url",
    "UsageError",
    "Verbatim",
    "WeightsError",
    "__version__",
    "read_dump",
    "read_dumps",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("abstract-extractor")
    if name not in __all__:
        raise AttributeError(f"module 'extractor' has no attribute {name!r}")
    return getattr(import_module(f"extractor.{_HOME.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
