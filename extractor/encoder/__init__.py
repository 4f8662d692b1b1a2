"""A small trained encoder: how likely each span of a paper is a value of each field.

``text.py`` cuts a paper into tokens and spans, ``model.py`` runs the network on them, and
``phrases.py`` chooses the values. The weights are made by ``benchmarks/training/encoder``.
"""

from extractor.encoder.model import Encoder, ScoredSpan, shared_encoder
from extractor.encoder.phrases import THRESHOLD, calibrated, choose, confidence, likeliest

__all__ = [
    "THRESHOLD",
    "Encoder",
    "ScoredSpan",
    "calibrated",
    "choose",
    "confidence",
    "likeliest",
    "shared_encoder",
]
