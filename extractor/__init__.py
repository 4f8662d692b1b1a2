"""Extractor: typed, checked, evidence-backed records from paper abstracts.

Names are loaded when they are first used, so that ``import extractor`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.api import Extractor
    from extractor.errors import ExtractorError
    from extractor.grounding import NumberIn, UnitIn, Url, Verbatim
    from extractor.paper import Paper
    from extractor.readers import read_dump, read_dumps
    from extractor.record import Failure, Record

_HOME = {
    "Extractor": "api",
    "ExtractorError": "errors",
    "Failure": "record",
    "NumberIn": "grounding",
    "Paper": "paper",
    "Record": "record",
    "UnitIn": "grounding",
    "Url": "grounding",
    "Verbatim": "grounding",
    "read_dump": "readers",
    "read_dumps": "readers",
}

__all__ = [
    "Extractor",
    "ExtractorError",
    "Failure",
    "NumberIn",
    "Paper",
    "Record",
    "UnitIn",
    "Url",
    "Verbatim",
    "__version__",
    "read_dump",
    "read_dumps",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("abstract-extractor")
    if name not in _HOME:
        raise AttributeError(f"module 'extractor' has no attribute {name!r}")
    return getattr(import_module(f"extractor.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
