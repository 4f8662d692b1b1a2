"""Grounding keeps only what the paper says, with offsets into the original text.

A schema marks its fields (``Verbatim``, ``Url``, ``NumberIn``, ``UnitIn``); ``ground`` keeps of
a model's answer what the title and abstract say, and says where. ``find`` and ``numbers`` do the
same for one value and one text.
"""

from extractor.grounding.annotations import NumberIn, UnitIn, Url, Verbatim
from extractor.grounding.ground import (
    SAID_BEFORE,
    Dropped,
    Evidence,
    Grounded,
    ground,
    ground_fields,
    path_of,
)
from extractor.grounding.match import find
from extractor.grounding.numbers import NumberMention, numbers
from extractor.grounding.numerals import canonical_unit
from extractor.grounding.text import SourceText
from extractor.grounding.urls import Span

__all__ = [
    "SAID_BEFORE",
    "Dropped",
    "Evidence",
    "Grounded",
    "NumberIn",
    "NumberMention",
    "SourceText",
    "Span",
    "UnitIn",
    "Url",
    "Verbatim",
    "canonical_unit",
    "find",
    "ground",
    "ground_fields",
    "numbers",
    "path_of",
]
