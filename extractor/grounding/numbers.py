"""All quantities of a text: numbers, ranges of numbers, and the unit that is said of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extractor.grounding.number_words import numbers_in_words
from extractor.grounding.numerals import (
    JUNK,
    MORE_OR_LESS,
    Numeral,
    Unit,
    numbers_in_digits,
    raise_to_orders,
    scaled,
)

_FILLERS = (
    r"(?:a|an|the|by|about|around|approximately|approx\.?|roughly|nearly|almost|more\s+than|over"
    r"|close\s+to|some|even|factors?(?:\s+of)?|speed-?\s?ups?(?:\s+of)?|another|additional)"
)
_LEAD = rf"(?:[\s$*~≈∼<>≥(]|\\(?:sim|approx|textbf\{{|mathbf\{{)|{_FILLERS}\b)*+"
_UP_TO = re.compile(
    rf"\b(?:up[\s-]?to|as\s+(?:much|many|high|large|fast)\s+as|at\s+(?:the\s+)?most|maximum\s+of"
    rf"|maximum|maximal(?:ly)?|no\s+more\s+than){_LEAD}\Z",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"\bfactors?(?:\s+(?:of|up\s+to|at\s+least|at\s+most|about|around|approximately|roughly|nearly"
    r"|almost|more\s+than|over|between|from|by))*[\s$*~≈∼<>≥]*\Z",
    re.IGNORECASE,
)
_SPEEDUP_OF = re.compile(
    rf"\b(?:speed-?\s?up|acceleration)s?\s+(?:factors?\s+)?of(?:\s+up\s+to)?{_LEAD}\Z",
    re.IGNORECASE,
)
_OTHER_UNIT = re.compile(
    r"\s*-?\s*(?:m?s|secs?|seconds?|milliseconds?|minutes?|hours?|days?|points?|fps|frames?|hz"
    r"|mph|km|dB)\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"(?:-?(?=\s+(?:up\s+)?to\b))?{JUNK}*+"
    rf"(?:-{{1,3}}|[‐-―−∼〜]|(?<=~)|\\sim|to(?:\s+up\s+to)?|up\s+to){JUNK}*+",
    re.IGNORECASE,
)
_AND = re.compile(rf"{JUNK}*+and{JUNK}*+", re.IGNORECASE)
_BETWEEN = re.compile(rf"\bbetween{_LEAD}\Z", re.IGNORECASE)
_LIST_END = re.compile(rf"{JUNK}*+(?:,?\s*(?:and|or|&)|/){JUNK}*+", re.IGNORECASE)
_LIST_STEP = re.compile(rf"{JUNK}*+,{JUNK}*+")
_LISTED = re.compile(rf"{JUNK}*+(?:,?\s*(?:and|or|&)|/|,){JUNK}*+", re.IGNORECASE)
_CLAUSE_AND = re.compile(r"[^.;:(),]{1,60}(?:,\s(?:and\s)?|\sand\s)(?:an?\s)?[$~≈]*", re.IGNORECASE)
# A capitalised word that does not open its sentence, or one with a capital or digit inside.
_NAME_BEFORE = re.compile(
    r"(?:(?<![.!?:]\s)(?<=\s)[A-Z][a-z]+|(?<!\w)\w*[A-Za-z][A-Z0-9]\w*)[ -]\Z"
)
# The unit of "x4 faster" and of "$\\times 5$ lower", and of "2.3 faster", which has lost it.
_TIMES_BEFORE = re.compile(r"(?:\A|(?<=[\s($]))(?:[xX×]|\\(?:boldsymbol\{\\)?times)\s?\Z")
_MORE_OR_LESS = re.compile(rf"[$}}]*{MORE_OR_LESS}")
_FASTER = re.compile(r"\s(?:faster|slower|quicker)\b")
_LOOK_BACK = 64


@dataclass(frozen=True, slots=True)
class NumberMention:
    """One quantity of a text; ``text[start:end]`` is the number with its unit.

    ``value`` is the number, without its sign, or the low end of a range, and ``value_max``
    the high end; whole numbers are ``int``. ``unit`` is "x" for a multiple, "%" for a
    percentage, else None. ``value_span`` and ``value_max_span`` are the digits or words of
    the numbers alone. ``implied``: the unit is said before the number ("a speedup of 3").
    ``also`` holds other values that the same words say (7 of "7B", which
    is 7,000,000,000). ``negative``: a minus sign stands before it. ``up_to``: said as "up
    to", "as much as", "at most".
    """

    value: float
    value_max: float | None
    unit: Unit | None
    start: int
    end: int
    up_to: bool
    value_span: tuple[int, int]
    value_max_span: tuple[int, int] | None = None
    also: tuple[float, ...] = ()
    negative: bool = False
    implied: bool = False


def numerals(text: str) -> list[Numeral]:
    """Every single number of ``text``, in digits or words, in order, none inside another."""
    found, words = list(numbers_in_digits(text)), numbers_in_words(text)
    if not words:
        return found
    kept: list[Numeral] = []
    for numeral in sorted(found + words, key=lambda each: (each.start, -each.stop)):
        if not kept or numeral.start >= kept[-1].stop:
            kept.append(numeral)
    return kept


def numbers(text: str) -> list[NumberMention]:
    """Every quantity that ``text`` says, in order; digits inside names are skipped."""
    found = numerals(text)
    if len(found) > 1:
        _share_units(text, found)
    mentions: list[NumberMention] = []
    place = 0
    while place < len(found):
        low = found[place]
        high = found[place + 1] if place + 1 < len(found) else None
        if high is not None and _is_range(text, low, high):
            if high.orders and not low.orders:
                raise_to_orders(low)
            elif high.scale > 1 and low.scale == 1 and low.unit is None:
                low.value, low.scale = scaled(low.value, high.scale), high.scale
            low.unit = high.unit
            place += 1
        else:
            high = None
        mentions.append(_mention(text, low, high, mentions))
        place += 1
    return mentions


def _share_units(text: str, found: list[Numeral]) -> None:
    """Gives "2, 4 and 8x" one unit: a number takes that of the one it is listed with."""
    for place in range(len(found) - 2, -1, -1):
        one, other = found[place], found[place + 1]
        if one.unit is not None or other.unit is None:
            continue
        # A year, or the last part of a name ("Xeon Gold 6248"), is no quantity.
        is_year = isinstance(one.value, int) and 1900 <= one.value <= 2100
        if is_year or _NAME_BEFORE.search(text, max(0, one.start - _LOOK_BACK), one.start):
            continue
        gap = text[one.end : other.start]
        listed = _LIST_END.fullmatch(gap) or (
            _LIST_STEP.fullmatch(gap)
            and place + 2 < len(found)
            and _LISTED.fullmatch(text[other.stop : found[place + 2].start])
        )
        if not listed or _is_between(text, one):
            continue
        if other.orders:
            raise_to_orders(one)
        else:
            one.unit = other.unit


def _is_between(text: str, numeral: Numeral) -> bool:
    return _BETWEEN.search(text[max(0, numeral.start - _LOOK_BACK) : numeral.start]) is not None


def _is_range(text: str, low: Numeral, high: Numeral) -> bool:
    gap = text[low.stop : high.start]
    if (low.unit is not None and low.unit != high.unit) or len(gap) > 24:
        return False
    start, end = low.value, high.value
    # "3.41 4.60 times": dumps lose the dash between two decimals.
    decimals = isinstance(low.written, float) and isinstance(high.written, float)
    lost_dash = decimals or (len(gap) > 1 and gap.isspace())
    if high.orders and not low.orders:
        start, end = low.written, high.written
    elif high.scale > 1 and low.scale == 1:
        start = scaled(low.value, high.scale)
    return start < end and (
        _RANGE.fullmatch(gap) is not None
        or (_AND.fullmatch(gap) is not None and _is_between(text, low))
        or (lost_dash and high.unit == "x" and gap != "" and not gap.strip(" $"))
    )


def _unit_around(
    text: str, low: Numeral, start: int, end: int, earlier: list[NumberMention]
) -> tuple[Unit | None, int]:
    """The unit that other words say of a number, and where these begin if directly before it."""
    before = text[max(0, start - _LOOK_BACK) : start]
    if factor := _FACTOR.search(before):
        return "x", start - len(before) + factor.start()
    if (sign := _TIMES_BEFORE.search(before)) and _MORE_OR_LESS.match(text, end):
        return "x", start - len(before) + sign.start()
    if _OTHER_UNIT.match(text, end):
        return None, start
    of = _SPEEDUP_OF.search(before) or (
        earlier and earlier[-1].implied and _LISTED.fullmatch(text, earlier[-1].end, start)
    )
    without = isinstance(low.written, float) and _FASTER.match(text, end)
    return ("x" if of or without else None), start


def _mention(
    text: str, low: Numeral, high: Numeral | None, earlier: list[NumberMention]
) -> NumberMention:
    start, end, unit = low.start, (high or low).stop, low.unit
    before = text[max(0, start - _LOOK_BACK) : start]
    if unit is None:
        unit, start = _unit_around(text, low, start, end, earlier)
    up_to = _UP_TO.search(before) is not None
    if not up_to and earlier and earlier[-1].up_to:
        gap = text[earlier[-1].end : low.start]
        up_to = bool(_LISTED.fullmatch(gap) or _CLAUSE_AND.fullmatch(gap))
    # The 7 of "7B": a schema may count in thousands, millions or billions.
    unscaled = (low.written,) if low.scale > 1 and unit is None else ()
    return NumberMention(
        value=low.value,
        value_max=high.value if high else None,
        unit=unit,
        start=start,
        end=end,
        up_to=up_to,
        value_span=(low.start, low.end),
        value_max_span=(high.start, high.end) if high else None,
        also=low.also or unscaled,
        negative=low.negative,
        implied=unit is not None and low.unit is None,
    )
