"""Confidence: how likely a value is right, and what is left of a record where that is too little.

The classifier and the encoder give probabilities of their own (:mod:`extractor.candidates`,
:mod:`extractor.encoder`); here are those of a language model's answers.
"""

from extractor.confidence.calibration import Features, answer_confidence, features, probability
from extractor.confidence.threshold import BELOW, MinConfidence, confidence_in, confidence_of

__all__ = [
    "BELOW",
    "Features",
    "MinConfidence",
    "answer_confidence",
    "confidence_in",
    "confidence_of",
    "features",
    "probability",
]
