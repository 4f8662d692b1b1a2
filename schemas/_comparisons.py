"""How a text compares a number: whether it is a difference from something else, and from what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.grounding import NumberMention

_LOOK_BACK = 100
_REACH = 140
# What is named before the number is the baseline of an earlier number more often than of this one.
_BEFORE_COSTS = 40

_NUMBER = r"[+~$]?\d[\d.,]*\s?(?:\\?%|x|×|pp|dB)?"
# "12.3% (ImageNet), 4.5% and", behind which the number is one of a list.
_LISTED = re.compile(
    rf"(?:{_NUMBER}(?:\s\([^()]{{1,20}}\))?(?:\s(?!(?:and|or|to|vs)\b)[\w-]+){{0,4}}"
    r"(?:\s*,\s+(?:and\s)?|\s(?:and|or|to|vs\.?)\s))+(?:up to |by )?\Z"
)
_DEGREE = (
    r"up\s+to|at\s+least|at\s+most|about|around|approximately|nearly|almost|over|more\s+than|an?"
    r"|as\s+much\s+as|only|roughly|factors?\s+of|clear|large|margins?\s+of"
)
_MORE = r"higher|lower|better|less|fewer|faster|smaller"
_CHANGE = (
    r"improvements?|gains?|reductions?|increases?|decreases?|drops?|boosts?|speed-?\s?ups?|savings?"
)
_BY = re.compile(
    rf"(?:\bby(?:\s+(?:{_DEGREE})){{0,3}}"
    rf"|\b(?:{_CHANGE}|margins?|increments|accelerat\w+|loses?|(?:{_MORE})\s+\w+)"
    r"(?:\s+(?:of|up\s+to|by|to|nearly|about|over|only|approximately|almost)){1,3}|\+)[\s$~≈(+]*\Z",
    re.IGNORECASE,
)
_WORD = r"(?:(?!and\b|or\b|with\b)[\w-]+\s+)"
_CHANGED = re.compile(
    rf"[\s$)-]*(?:(?:,|and|to)\s+{_NUMBER}\s+)*(?:(?:percentage\s+|absolute\s+|relative\s+)?"
    rf"(?:points?|pts?|pp|dB|[a-zA-Z/@]+)\s+)?(?:\([^()]{{1,20}}\)\s*)?(?:of\s+)?{_WORD}{{0,2}}?"
    rf"(?:{_CHANGE}|{_MORE}|slower|worse|more|larger|quicker|cheaper|over|above|than|compared"
    r"|of\s+the\s+(?:time|cost|performance|latency|energy))\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:than|over|(?:compared|in\s+comparison)\s+(?:to|with)|relative\s+to|against|versus|vs\.?"
    r"|above|below|(?:outperform|surpass|exceed|beat)(?:e?s|ing|ed)?)\s+"
    r"(?:(?:the|an?|those\s+of|that\s+of|both|all|its|with|on|in|for)\s+)*",
    re.IGNORECASE,
)
_STOPS = (
    "by|in|on|with|while|when|and|or|for|at|from|which|that|whose|where|as|is|are|was|were|to|using"
    "|under|across|but|respectively|without|than|has|have|achieves?|reaches|during|up|after|having"
    "|trained|evaluated|tested|measured|based|the"
)
_NAME = re.compile(rf"[^\W_][^\s,;:()]*(?:\s(?!(?:{_STOPS})\b)[^\s,;:()]+)*")
_NO_NAME = re.compile(
    r"(?:\d|all\b|time\b|it\b|them\b|this\b|these\b|half\b|other\Z)", re.IGNORECASE
)


def is_relative(text: str, number: NumberMention, sentence: tuple[int, int]) -> bool:
    """Whether a number says how much better or worse something is than something else."""
    before = text[max(sentence[0], number.start - _LOOK_BACK) : number.start]
    if number.unit == "x" or _BY.search(before) or _BY.search(_LISTED.sub("", before)):
        return True
    return _CHANGED.match(text, number.end, sentence[1]) is not None


def baseline_of(text: str, number: NumberMention, sentence: tuple[int, int]) -> str | None:
    """What a relative number is compared with in its sentence, as the text names it."""
    if not is_relative(text, number, sentence):
        return None
    found: list[tuple[int, str]] = []
    first = max(sentence[0], number.start - 2 * _REACH)
    last = min(sentence[1], number.end + 2 * _REACH)
    for against in _AGAINST.finditer(text, first, last):
        name = _NAME.match(text, against.end(), last)
        if name is None or _NO_NAME.match(name.group()):
            continue
        behind, before = against.start() - number.end, number.start - name.end()
        distance = behind if behind >= 0 else before + _BEFORE_COSTS
        if max(behind, before) >= 0 and distance <= _REACH:
            found.append((distance, name.group().rstrip(".")))
    return min(found)[1] if found else None
