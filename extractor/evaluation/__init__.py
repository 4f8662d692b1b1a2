"""Evaluation: how accurate records are, measured against gold.

    gold = read_gold("papers.gold.jsonl")
    evaluation = evaluate(gold, read_records(Path("records.jsonl")))
    evaluation.macro_f1.value

docs/evaluation.md defines every figure and the form of gold. What runs a model first stands in
:mod:`extractor.evaluation.running`.
"""

from __future__ import annotations

from extractor.evaluation._evaluate import (
    Evaluation,
    FieldEvaluation,
    JudgedPaper,
    Refusal,
    evaluate,
)
from extractor.evaluation._figures import Counts, Figure, Interval
from extractor.evaluation._gold import Gold, read_gold
from extractor.evaluation._mistakes import FieldMistakes, PaperMistakes, Slip, find_mistakes
from extractor.evaluation._passages import Passage
from extractor.evaluation._scorers import Answer, GoldValue, Kind, Scorer, Verdict, Wanted
from extractor.evaluation._spending import Price, Spending
from extractor.evaluation._text import mistake_lines, table

__all__ = [
    "Answer",
    "Counts",
    "Evaluation",
    "FieldEvaluation",
    "FieldMistakes",
    "Figure",
    "Gold",
    "GoldValue",
    "Interval",
    "JudgedPaper",
    "Kind",
    "PaperMistakes",
    "Passage",
    "Price",
    "Refusal",
    "Scorer",
    "Slip",
    "Spending",
    "Verdict",
    "Wanted",
    "evaluate",
    "find_mistakes",
    "mistake_lines",
    "read_gold",
    "table",
]
