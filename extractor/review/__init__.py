"""Review: a local page on which a person decides about the values of records.

``session`` is what the page can do, ``server`` puts it on the loopback interface. What is decided
is kept by :mod:`extractor.decisions`.
"""

from __future__ import annotations

from extractor.review.server import ReviewServer
from extractor.review.session import Session

__all__ = ["ReviewServer", "Session"]
