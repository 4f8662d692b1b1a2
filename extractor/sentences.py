"""Where sentences end: one rule for the candidates' features, questions and the evaluation.

A line break ends a sentence too, so join the lines of hard-wrapped text first. The classifier's
features depend on this rule: retrain it after a change that moves more than rare sentences.
"""

from __future__ import annotations

import re

_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[A-Z\"'“‘(\[$\\*0-9])"  # "… is done. The next"
    r"|(?<=[。！？])[」』”’）]*\s*(?=[^\s。！？」』”’）])"
    r"|(?<!\n)\n++(?=\S)"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|et al|[Ff]igs?|[Ee]qs?|Secs?|resp|approx|w\.r\.t|Dr|Mr|St|Nos?)"
    r"|(?<!\d )\b[A-Z])\.\Z"  # an initial; but "9 W." ends a sentence
)
_LONGEST_ABBREVIATION = 8


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence of ``text``."""
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _END.finditer(text):
        end = found.start()
        if _ABBREVIATION.search(text, max(0, end - _LONGEST_ABBREVIATION), end):
            continue
        if end > start:
            spans.append((start, end))
        start = found.end()
    if start < len(text):
        spans.append((start, len(text)))
    return spans


def paper_sentence_spans(title: str, abstract: str) -> list[tuple[int, int]]:
    """Those of a title, a line break and an abstract: the title first, even if it is empty."""
    behind = len(title) + 1
    spans = ((start + behind, end + behind) for start, end in sentence_spans(abstract))
    return [(0, len(title)), *spans]
