"""Evaluation: how accurate records are, measured against gold.

    gold = read_gold("papers.gold.jsonl")
    evaluation = evaluate(gold, read_records(Path("records.jsonl")))
    evaluation.macro_f1.value

docs/evaluation.md defines every figure and the form of gold. What runs a model first is in
:mod:`extractor.evaluation.running`.
"""

from __future__ import annotations

from extractor.evaluation.checks import (
    Against,
    Earlier,
    Threshold,
    check_fields,
    compare,
    read_earlier,
    shortfalls,
)
from extractor.evaluation.figures import (
    Counts,
    Evaluation,
    FieldEvaluation,
    Figure,
    Interval,
    Price,
    ScoredPaper,
    Spending,
    evaluate,
)
from extractor.evaluation.gold import Gold, draft_gold, read_gold
from extractor.evaluation.mistakes import (
    FieldMistakes,
    Mistake,
    PaperMistakes,
    Passage,
    find_mistakes,
)
from extractor.evaluation.reliability import Band, Reliability
from extractor.evaluation.scorers import Expected, FieldScore, GoldValue, PredictedValue, Scorer
from extractor.evaluation.text import against_lines, mistake_lines, table
from extractor.grounding import Dropped as RejectedValue

__all__ = [
    "Against",
    "Band",
    "Counts",
    "Earlier",
    "Evaluation",
    "Expected",
    "FieldEvaluation",
    "FieldMistakes",
    "FieldScore",
    "Figure",
    "Gold",
    "GoldValue",
    "Interval",
    "Mistake",
    "PaperMistakes",
    "Passage",
    "PredictedValue",
    "Price",
    "RejectedValue",
    "Reliability",
    "ScoredPaper",
    "Scorer",
    "Spending",
    "Threshold",
    "against_lines",
    "check_fields",
    "compare",
    "draft_gold",
    "evaluate",
    "find_mistakes",
    "mistake_lines",
    "read_earlier",
    "read_gold",
    "shortfalls",
    "table",
]
