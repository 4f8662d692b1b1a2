"""What reviewers decided about values: a file of decisions, and records with them applied.

The file stands beside the records, under the name that :func:`decisions_path` gives. It is JSON
Lines and is only appended to; ``extractor.review`` writes it, ``convert`` and ``eval`` read it.
"""

from __future__ import annotations

from extractor.decisions.apply import BY_HAND, ReviewedRecords, apply_decisions, outcomes
from extractor.decisions.by_hand import check_not_by_hand
from extractor.decisions.decision import Decision, Verdict, field_of, is_within, text_hash
from extractor.decisions.log import DecisionLog, decisions_path, is_decisions, read_decisions
from extractor.decisions.standing import Decisions

__all__ = [
    "BY_HAND",
    "Decision",
    "DecisionLog",
    "Decisions",
    "ReviewedRecords",
    "Verdict",
    "apply_decisions",
    "check_not_by_hand",
    "decisions_path",
    "field_of",
    "is_decisions",
    "is_within",
    "outcomes",
    "read_decisions",
    "text_hash",
]
