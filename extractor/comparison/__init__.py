"""Comparison: what two runs over the same papers have in common, and where they differ.

    found = compare_runs("before.jsonl", "after.jsonl")
    found.fields["benchmarks"].lost

docs/diff.md says which papers are the same one, and when a value is changed.
"""

from __future__ import annotations

from extractor.comparison.compare import (
    Comparison,
    FieldDifference,
    PaperDifference,
    PaperId,
    RunTotals,
    compare_runs,
)
from extractor.comparison.page import write_page
from extractor.comparison.spending import PriceOf, Spending, prices
from extractor.comparison.text import difference_lines
from extractor.comparison.values import Change, FieldChanges, compare_field

__all__ = [
    "Change",
    "Comparison",
    "FieldChanges",
    "FieldDifference",
    "PaperDifference",
    "PaperId",
    "PriceOf",
    "RunTotals",
    "Spending",
    "compare_field",
    "compare_runs",
    "difference_lines",
    "prices",
    "write_page",
]
