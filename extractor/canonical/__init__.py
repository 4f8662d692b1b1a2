"""Names in one form, for counting: a record keeps the words of its paper."""

from __future__ import annotations

from extractor.canonical.columns import CanonicalColumns, without_canonical
from extractor.canonical.merge import merged
from extractor.canonical.rules import Kind, canonical, kind_of

__all__ = ["CanonicalColumns", "Kind", "canonical", "kind_of", "merged", "without_canonical"]
