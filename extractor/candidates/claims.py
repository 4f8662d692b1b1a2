"""What a speed-up claim says besides its number: the quote, what is faster, than what.

Read off the sentence by rule. Offsets count code points of the document's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from extractor.candidates.vocabulary import SPEED_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.candidates.classifier import ScoredQuantity
    from extractor.candidates.document import Document, Sentence, Word

Kind = Literal["throughput", "latency", "training", "inference", "convergence", "runtime"]

_CLAIMING = frozenset(
    word
    for word, topic in SPEED_WORDS.items()
    if topic in {"faster", "fast", "speed", "time", "slow"}
)
# In the order of preference if several are equally near.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("throughput", re.compile(r"\bthroughputs?\b", re.IGNORECASE)),
    ("latency", re.compile(r"\blatenc(?:y|ies)\b", re.IGNORECASE)),
    ("convergence", re.compile(r"\bconverg\w+", re.IGNORECASE)),
    (
        "training",
        re.compile(
            r"\b(?:(?:pre-?|re)?train(?:s|ed|ing)?|fine-?tun(?:e|es|ed|ing)|backpropagation)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "inference",
        re.compile(
            r"\b(?:inference|decod(?:e|es|ed|ing)|generation|sampling|prefill\w*|test[- ]time"
            r"|predictions?|serving)\b",
            re.IGNORECASE,
        ),
    ),
)
_OVER = (
    r"than|over|compared\s+(?:to|with|against)|in\s+comparison\s+(?:to|with)|relative\s+to"
    r"|against|versus|vs\.?|with\s+respect\s+to"
)
_POSSESSOR = r"(?:(?:that|those)\s+of\s+|using\s+)?"
_BASELINE = re.compile(
    rf"\b(?:{_OVER}|(?:speed|throughput|time|latency)\s+of)\s+{_POSSESSOR}", re.IGNORECASE
)
_EARLIER_BASELINE = re.compile(
    rf"\b(?:{_OVER}|outperform(?:s|ed|ing)?|to\s+that\s+of|comparable\s+to)\s+{_POSSESSOR}",
    re.IGNORECASE,
)
_BASELINE_END = re.compile(
    r"(?:(?<!\s)\s*|(?=\S))(?:[,;:)]|\((?![A-Z][\w-]*\))|\[|\.(?:\s|\Z)"
    r"|\s(?:while|with|without|and|but|when|in|for|at|by|across|which|that|as|thanks|due|measured"
    r"|during|whereas|yet|under|to|because|even|from|is|are|has|via|through|depending|we)\b"
    r"|(?<!based)\son\b)"
)
_NO_BASELINE = re.compile(
    r"(?:the\s+)?(?:\d|(?:(?:several|multiple|various|many|all|both|two|three|four|five|six|ten)\b"
    r".*)?(?:datasets?|benchmarks?|tasks?|tradeoffs?)\Z)",
    re.IGNORECASE,
)
_REACH_BACK, _REACH_ON = 90, 110
_SENTENCE_REACH = 2_000  # characters on either side of a number, more than a sentence has
# What is said before a number is as far away as this many characters more behind it.
_BEFORE_PENALTY = 25


@dataclass(frozen=True, slots=True)
class SpeedupClaim:
    """A claimed speed-up in full; the spans are offsets into the document's text."""

    quote: tuple[int, int]
    value: float
    value_max: float | None
    unit: str
    up_to: bool
    kind: Kind
    baseline: tuple[int, int] | None


def read_claim(document: Document, quantity: ScoredQuantity) -> SpeedupClaim:
    """The claim that a quantity is the number of."""
    mention = quantity.mention
    start, end = quantity.offset + mention.start, quantity.offset + mention.end
    sentence = document.sentence_at(start)
    quote = _quote(sentence, start, end)
    return SpeedupClaim(
        quote=quote,
        value=mention.value,
        value_max=mention.value_max,
        unit=str(mention.unit),
        up_to=mention.up_to,
        kind=_kind(document.text, sentence, quote, (start, end)),
        baseline=_baseline(document.text, sentence, start, end),
    )


def _quote(sentence: Sentence, start: int, end: int) -> tuple[int, int]:
    """From the number to the nearest word of speed: behind it if one is near, else before it."""
    first, last = sentence.between(start - _REACH_BACK, end + _REACH_BACK)
    near = sentence.words[max(0, first - 1) : last + 1]
    right = _first_claiming([word for word in near if word.start >= end], end)
    left = _first_claiming([word for word in near if word.end <= start][::-1], start)
    if right is not None and (left is None or right.start - end <= start - left.end + 12):
        return start, right.end
    if left is not None:
        return left.start, end
    return start, end


def _first_claiming(words: Sequence[Word], place: int) -> Word | None:
    for word in words:
        if abs(word.start - place) > _REACH_BACK or word.text == ";":
            return None
        if word.text.lower() in _CLAIMING:
            return word
    return None


def _kind(text: str, sentence: Sentence, quote: tuple[int, int], number: tuple[int, int]) -> Kind:
    """The kind said in the quote, else the one said nearest in the clause around it."""
    for kind, pattern in _KINDS:
        if pattern.search(text, *quote):
            return kind
    near: list[tuple[int, Kind]] = []
    reach = (
        max(sentence.start, number[0] - 2 * _REACH_ON),
        min(sentence.end, number[1] + 2 * _REACH_ON),
    )
    for kind, pattern in _KINDS:
        for found in pattern.finditer(text, *reach):
            behind = found.start() >= number[1]
            gap = (number[1], found.start()) if behind else (found.end(), number[0])
            # A comma between the word and the number parts them.
            distance = gap[1] - gap[0] + 20 * text.count(",", *gap)
            near.append((distance + (0 if behind else _BEFORE_PENALTY), kind))
    distance, nearest = min(near, default=(0, "runtime"))
    return nearest if distance <= _REACH_ON else "runtime"


def _baseline(text: str, sentence: Sentence, start: int, end: int) -> tuple[int, int] | None:
    """What follows "than", "over" or "compared to", behind the number or else before it."""
    limit = min(sentence.end, end + _REACH_ON)
    behind = _BASELINE.search(text, end, limit)
    last = min(sentence.end, end + _SENTENCE_REACH)
    found = _noun_phrase(text, behind.end(), last) if behind else None
    if found is not None:
        return found
    first = max(sentence.start, start - _SENTENCE_REACH)
    earlier = list(_EARLIER_BASELINE.finditer(text, first, start))
    return _noun_phrase(text, earlier[-1].end(), start) if earlier else None


def _noun_phrase(text: str, start: int, limit: int) -> tuple[int, int] | None:
    stop = _BASELINE_END.search(text, start, limit)
    phrase = text[start : stop.start() if stop else limit].rstrip(" .,;:!?\n*")
    phrase = phrase.removesuffix(" such")  # "solutions such | as Foo"
    given = len(phrase) >= 2 and not _NO_BASELINE.match(phrase)
    return (start, start + len(phrase)) if given else None
