"""Numbers written in words: "two", "twenty-five", "twice", "an order of magnitude", "half"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.grounding.numerals import SCALE, Numeral, multiply, read_part, read_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORD_VALUES = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * (place + 2) for place, word in enumerate(_TENS)},
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
}
_ONES_SAID = "|".join(sorted(_ONES, key=len, reverse=True)).replace("five", "(?:fi|ﬁ)ve")
_UNDER_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{_ONES_SAID}))?|{_ONES_SAID})"
_UNDER_1000 = rf"(?:{_UNDER_100}[\s-]hundred(?:\s(?:and\s)?{_UNDER_100})?|{_UNDER_100})"
_WORD = re.compile(
    rf"\b(?:(?:(?:{_UNDER_1000}|an?)[\s-])?(?:dozen|hundred|thousand)"
    rf"(?:\s(?:and\s)?{_UNDER_1000})?|{_UNDER_100})"
    r"(?=fold|[\W_]|\Z)(?:\sand\sa\s(?P<half>half)\b)?"
)
_LETTERS = re.compile(r"[a-zﬁ]+")
_HUNDREDS = frozenset(w + f for w in ("dozen", "hundred", "thousand") for f in ("", "fold"))
_NUMBER_WORDS = _HUNDREDS | {w + f for w in (*_ONES, *_TENS, "ﬁve") for f in ("", "fold")}
_ARTICLE = re.compile(r"\ban?[\s-]\Z")
_PHRASE_WORDS = frozenset([
    "order", "orders", "twice", "thrice", "double", "doubles", "doubled", "doubling", "triple",
    "triples", "tripled", "tripling", "quadruple", "quadruples", "quadrupled", "quadrupling",
    "halve", "halves", "halved", "halving", "half", "third", "quarter", "fourth", "fifth", "sixth",
    "eighth", "tenth", "hundredth",
])  # fmt: skip
_BEFORE, _BEHIND = 24, 32  # characters around its word that a phrase may reach
_PHRASE = re.compile(
    r"\b(?:"
    r"(?P<vague>(?:half[\s-]an|the|same|this|what|which)[\s-]order[\s-]+of[\s-]+magnitudes?)"
    r"|(?P<order>(?:an?[\s-]+)?order[\s-]+(?:of[\s-]+)?magnitudes?)"
    r"|(?P<twice>twice(?![\s-]+(?:continuously|differentiable)))"
    r"|(?P<thrice>thrice)"
    r"|(?P<double>doubl(?:es|ed|ing)(?=[\W_]|\Z)|double(?=\s+(?:the|its|their|our|that|those)\b)"
    r"|more\s+than\s+double(?!\s+precision))"
    r"|(?P<triple>tripl(?:es|ed|ing)(?=[\W_]|\Z)|triple(?=\s+(?:the|its|their|our|that|those)\b))"
    r"|(?P<quadruple>quadrupl(?:es|ed|ing)|quadruple(?=\s+(?:the|its|their|our|that|those)\b))"
    r"|(?P<halve>halv(?:es?|ed|ing)|(?:in|by)\s+(?:about\s+|nearly\s+|almost\s+|more\s+than\s+)?half)"
    r"|(?P<part>(?:(?:a|one)[\s-])?half|(?:a|one)[\s-](?:third|quarter|fourth|fifth|sixth|eighth"
    r"|tenth|hundredth))"
    r")(?=[\W_]|\Z)"
)
_TIMES_SAID = {"order": 10, "twice": 2, "thrice": 3, "double": 2, "triple": 3, "quadruple": 4}
_PARTS = {
    "half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8,
    "tenth": 10, "hundredth": 100,
}  # fmt: skip


def numbers_in_words(text: str) -> list[Numeral]:
    """The numbers that ``text`` says in words, in no order."""
    low = lowered(text)
    words = set(_LETTERS.findall(low))
    found: list[Numeral] = []
    for word in words & _PHRASE_WORDS:
        for place in _places(low, word):
            around = _PHRASE.finditer(low, max(0, place - _BEFORE), place + _BEHIND)
            phrases = (each for each in around if each.start() <= place < each.end())
            found += [_read_phrase(low, each) for each in phrases if each.lastgroup != "vague"]
    for word in words & _NUMBER_WORDS:
        for place in _places(low, word):
            article = _ARTICLE.search(low, max(0, place - 3), place) if word in _HUNDREDS else None
            said = _WORD.match(low, article.start() if article else place)
            if said is not None and (numeral := _read_word(low, said)) is not None:
                found.append(numeral)
    return found


def _places(low: str, word: str) -> Iterator[int]:
    return (found.start() for found in re.finditer(word, low))


def _read_word(low: str, word: re.Match[str]) -> Numeral | None:
    total = value = 0
    for part in re.findall(r"\w+", word.group().removesuffix(" and a half")):
        amount = _WORD_VALUES.get(part.replace("ﬁ", "fi"), 0)  # "a" and "and" add nothing
        if amount == 1000:
            total, value = total + max(value, 1) * amount, 0
        else:
            value = max(value, 1) * amount if amount in (12, 100) else value + amount
    said = total + value + 0.5 if word.group("half") else total + value
    numeral = Numeral(said, word.start(), word.end(), word.end(), written=said)
    if scale := SCALE.match(low, numeral.end):
        multiply(numeral, scale)
    read_unit(low, numeral)
    if numeral.value <= 4 and "fold" in low[numeral.end : numeral.stop]:
        ends = low[numeral.stop : numeral.stop + 1] in ("", ".", ":", ";", ",")
        before = low[max(0, numeral.start - 8) : numeral.start]
        if ends and re.search(r"\b(?:is|are|was|were)\s+$", before):
            return None  # "Our contribution is twofold." counts contributions
    return numeral


def _read_phrase(low: str, phrase: re.Match[str]) -> Numeral:
    start, end = phrase.span()
    kind = phrase.lastgroup or ""
    if kind == "halve":
        return Numeral(2, start, end, end, "x", also=(0.5,), written=2)
    if kind == "part":
        parts = _PARTS[re.split(r"[\s-]", phrase.group())[-1]]
        numeral = Numeral(1 / parts, start, end, end, written=1 / parts)
        read_part(low, numeral, parts)
        return numeral
    value = _TIMES_SAID[kind]
    return Numeral(value, start, end, end, "x", written=value)


def lowered(text: str) -> str:
    """``text`` in lower case, of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower()[0] for c in text)
