"""Single numbers in a text: digits, number words, and the unit said right after them.

This is the lower half of ``numbers``: it reads one numeral at a time. Ranges, lists and
phrases such as "up to" are put together there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Unit = Literal["x", "%"]

MAX_DIGITS = 200  # longer runs are no quantity, and overflow a float

# What may stand between a number and its unit without changing either: white space, LaTeX
# spacing and wrapping, Markdown emphasis.
JUNK = r"(?:\s|[$*{}~]|\\[,;:! ]|\\(?:text|math)[a-z]*\{)"
_NO_LETTER = r"(?![^\W_])"

_GROUP = re.compile(r"\d+(?:(?:[.,．，]|\{,\}|\\,|[\u00a0\u2009\u202f]| (?=000(?!\d)))\d+)*")
_SEPARATOR = re.compile(r"[.．]|[,，]|\{,\}|\\,|[\u00a0\u2009\u202f ]")
_TEN_TO_THE = re.compile(
    r"\s*\$?(?:×|x|X|\*|·|\\times|\\cdot)\s*(?P<base>10)(?=\$?(?:\^|[⁻⁰¹²³⁴-⁹]))", re.ASCII
)
_EXPONENT = re.compile(
    r"\$?\^(?:\{\s*([-−+]?\d{1,3})\s*\}|([-−]?\d{1,3}))\$?|([⁻]?[⁰¹²³⁴-⁹]{1,3})"
    r"|[eE](?P<e>[-+]?\d{1,3})(?!\w)"
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_SCALE = re.compile(
    rf"([kKMB])(?=[xX]?{_NO_LETTER}|[xX]\W)|[\s-]?(thousand|million|billion|trillion){_NO_LETTER}"
)
_SCALES = {
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "B": 10**9,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_ORDERS = re.compile(rf"{JUNK}*+-?\s*orders?[\s-]+(?:of[\s-]+)?magnitudes?{_NO_LETTER}", re.I)
_PERCENT = re.compile(
    rf"{JUNK}*+(?:%|\\%|％|﹪|٪)|{JUNK}*+-?per[\s-]?cents?{_NO_LETTER}", re.IGNORECASE
)
_TIMES = re.compile(
    rf"{JUNK}*+(?:-?(?:×|✕|✖|⨯|⨉|\\times(?![a-z]))|-?times{_NO_LETTER}|-?\s?folds?{_NO_LETTER}|倍)",
    re.IGNORECASE,
)
# The letter x is a unit only where no formula can be meant: "2x", "2 x", "$2$x", not "2$x$".
_LETTER_X = re.compile(
    r"(?P<gap>(?:\s|\*\*|\}|\$|\\[,;! ])*+-?)[xXｘ]"
    rf"(?:{_NO_LETTER}|(?=speed|fast|slow|quick|high|low|more|less|better|accel|improv|gain|reduc"
    r"|small|large|few|cheap|through))(?![_^])",
)
# "3x3", "224 × 224", "$3\times 3$" are sizes and "8x A100" a count, unless a unit ends them.
_SIZE = re.compile(
    r"(?:(?:[×xX](?=\d)|\s+[×xX]\s+(?=\d)|\$?\s*\\times\s*\$?(?=\d))\d+(?:\.\d+)?)++"
    r"(?!\s*\$?(?:×|\\times|times|[xX]\b))"
)
_COUNT = re.compile(r"\s?[×xX]\s?(?:[A-Z][A-Za-z]*-?\d|NVIDIA|AMD|Intel|GPU|TPU|CPU)")
_CROSS_VALIDATION = re.compile(r"[\s-]*(?:cross|CV\b|stratified)", re.IGNORECASE)
# Letters right behind digits that leave the number a number: units of measure.
_MEASURE = re.compile(
    r"(?:[kKMGTP]?i?[bB](?:ps|/s)?|[kMGT]?Hz|[munµμ]?s(?:ec)?|[mkM]?Wh?|[munµμck]?m|[mk]?[VAgJ]"
    r"|[kKMBT]|[MGTP]?(?:FLOP|OP)[sS]?|[TGM]MACs?|fps|FPS|dB|px|hrs?|h|mins?|GPUh|°|deg"
    rf"|tokens?|bits?|pp){_NO_LETTER}"
)
_JOINTS = ("-", "/", "−", "‐", "‑", "_", "&", "?")
_TO_NOTHING, _TO_A_WORD, _TO_A_NAME = range(3)
# No power, scale or unit can follow: the usual end of a number, told at once.
_NOTHING_MORE = re.compile(r"[,;)](?!\d)|\.?\s+(?![tTmMbBfFoOpPxX×ｘ$\\*~({%％])[a-zA-Z(]|\.?\Z")
_LATIN_WORD = re.compile(r"[a-z]+")
_NUMBER_PART = re.compile(r"[$~]?\d[\d.,]*(?:[xX×%]|times|fold)?")
_TOKEN_BREAKS = re.compile(r"[\s()\[\]\"“”;:,—–$*{}<>=~+|]|--")

# fmt: off
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
# fmt: on
_WORD_VALUES = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * (place + 2) for place, word in enumerate(_TENS)},
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
}
_ONES_SAID = "|".join(sorted(_ONES, key=len, reverse=True)).replace("five", "(?:fi|ﬁ)ve")
_UNDER_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{_ONES_SAID}))?|{_ONES_SAID})"
_WORD = re.compile(
    rf"\b(?:(?:(?:{_UNDER_100}|an?)[\s-])?(?:dozen|hundred|thousand)"
    rf"(?:\s(?:and\s)?{_UNDER_100})?|{_UNDER_100})"
    r"(?=fold|[\W_]|\Z)(?:\sand\sa\s(?P<half>half)\b)?"
)
_LETTERS = re.compile(r"[a-zﬁ]+")
_HUNDREDS = frozenset(w + f for w in ("dozen", "hundred", "thousand") for f in ("", "fold"))
_NUMBER_WORDS = _HUNDREDS | {w + f for w in (*_ONES, *_TENS, "ﬁve") for f in ("", "fold")}
_ARTICLE = re.compile(r"\ban?[\s-]\Z")
# fmt: off
_PHRASE_WORDS = frozenset([
    "order", "orders", "twice", "thrice", "double", "doubles", "doubled", "doubling", "triple",
    "triples", "tripled", "tripling", "quadruple", "quadruples", "quadrupled", "quadrupling",
    "halve", "halves", "halved", "halving", "half", "third", "quarter", "fourth", "fifth", "sixth",
    "eighth", "tenth", "hundredth",
])
# fmt: on
_BEFORE, _BEHIND = 24, 32  # characters around its word that a phrase may reach
_PHRASE = re.compile(
    r"\b(?:"
    r"(?P<vague>(?:half[\s-]an|the|same|this|what|which)[\s-]order[\s-]+of[\s-]+magnitudes?)"
    r"|(?P<order>(?:an?[\s-]+)?order[\s-]+(?:of[\s-]+)?magnitudes?)"
    r"|(?P<twice>twice(?![\s-]+(?:continuously|differentiable)))"
    r"|(?P<thrice>thrice)"
    r"|(?P<double>doubl(?:es|ed|ing)(?=[\W_]|\Z)|double(?=\s+(?:the|its|their|our|that|those)\b))"
    r"|(?P<triple>tripl(?:es|ed|ing)(?=[\W_]|\Z)|triple(?=\s+(?:the|its|their|our|that|those)\b))"
    r"|(?P<quadruple>quadrupl(?:es|ed|ing)|quadruple(?=\s+(?:the|its|their|our|that|those)\b))"
    r"|(?P<halve>halv(?:es?|ed|ing)|(?:in|by)\s+(?:about\s+|nearly\s+|almost\s+|more\s+than\s+)?half)"
    r"|(?P<part>(?:(?:a|one)[\s-])?half|(?:a|one)[\s-](?:third|quarter|fourth|fifth|sixth|eighth"
    r"|tenth|hundredth))"
    r")(?=[\W_]|\Z)"
)
_TIMES_SAID = {"order": 10, "twice": 2, "thrice": 3, "double": 2, "triple": 3, "quadruple": 4}
_PARTS = {
    "half": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
    "hundredth": 100,
}
_OF_TIME = re.compile(
    r"(?:th|rd)?(?:\s+(?:of|the|its|their|that|as|much))*\s+(?:[\w-]+\s+){0,3}?"
    r"(?:\w*time|latency|latencies|runtimes|duration|delay|hours|wall[\s-]clock)\b"
)
_FRACTION = re.compile(r"1/(\d{1,4})(?:th|rd)?(?![\w/.])")


@dataclass(slots=True)
class Numeral:
    """One number of a text, ``text[start:end]``, with its unit up to ``stop``.

    ``also`` holds other values that the same words say. ``scale`` is what a suffix such as
    "million" multiplied by; ``orders`` says that ``value`` is ten to the number written;
    ``written`` is that number.
    """

    value: float
    start: int
    end: int
    stop: int
    unit: Unit | None = None
    also: tuple[float, ...] = ()
    written: float = 0
    scale: int = 1
    orders: bool = False
    negative: bool = False


def numerals(text: str) -> Iterator[Numeral]:
    """Every numeral of ``text``, in order, none inside another."""
    found = [*_from_digits(text), *_from_words(text)]
    found.sort(key=lambda numeral: (numeral.start, -numeral.stop))
    reached = 0
    for numeral in found:
        if numeral.start >= reached:
            reached = numeral.stop
            yield numeral


def _from_digits(text: str) -> Iterator[Numeral]:
    reached = 0
    for group in _GROUP.finditer(text):
        if group.start() < reached or not _stands_free(text, group.start()):
            continue
        for start, end in _split(group):
            numeral = _read_digits(text, start, end)
            if numeral is not None and numeral.start >= reached:
                reached = numeral.stop
                yield numeral


def _stands_free(text: str, start: int) -> bool:
    """Whether digits at ``start`` are not the tail of a word, a power or a version."""
    before = text[start - 1 : start]
    if not before:
        return True
    if before == "{":
        return text[start - 2 : start - 1] not in ("^", "_")
    if before == ".":
        return start < 2 or not text[start - 2].isalnum()
    if before in "xX×":  # the second side of "224x336"
        return text[start - 2 : start - 1].isdecimal()
    return not (before.isalnum() or before in "_^")


def _split(group: re.Match[str]) -> list[tuple[int, int]]:
    """The spans of the numbers in a run of digits and separators: none for a version."""
    written, base = group.group(), group.start()
    if len(written) > MAX_DIGITS or written.replace("．", ".").count(".") > 1:
        return []
    if parse_digits(written) is not None:
        return [group.span()]
    return [(base + part.start(), base + part.end()) for part in re.finditer(r"[\d.．]+", written)]


_THOUSANDS = re.compile(r"\d{1,3}(?:(?:[,，]|\{,\}|\\,|[\u00a0\u2009\u202f ])\d{3})+(?:[.．]\d+)?")
_DECIMAL = re.compile(r"\.\d+|\d+(?:(?:[.,．，]|\{,\})\d+)?")


def parse_digits(written: str) -> float | None:
    """The value of "3.20", "1,000", "1{,}000" or "3,2"; None for a list such as "1,2,3"."""
    if _THOUSANDS.fullmatch(written):
        whole, _, fraction = written.replace("．", ".").partition(".")
        digits = _SEPARATOR.sub("", whole)
        return float(f"{digits}.{fraction}") if fraction else int(digits)
    if _DECIMAL.fullmatch(written):
        plain = _SEPARATOR.sub(".", written)
        return float(plain) if "." in plain else int(plain)
    return None


def _read_digits(text: str, start: int, end: int) -> Numeral | None:
    if _follows_point(text, start):
        start -= 1
    value = parse_digits(text[start:end])
    joint = _joint(text, start)
    if value is None or joint == _TO_A_NAME:
        return None
    numeral = Numeral(value, start, end, end, written=value)
    if not _NOTHING_MORE.match(text, end):
        if not _read_power(text, numeral):
            return None
        _read_scale(text, numeral)
        _read_fraction(text, numeral)
        read_unit(text, numeral)
    if joint == _TO_A_WORD and numeral.unit is None:
        return None
    numeral.negative = _is_negative(text, start)
    return numeral if numeral.stop > numeral.end or _ends_well(text, numeral) else None


def _follows_point(text: str, start: int) -> bool:
    """Whether a decimal point with nothing before it begins the number: ".5"."""
    return start > 0 and text[start - 1] == "." and text[max(0, start - 2) : start - 1] != "."


def _read_power(text: str, numeral: Numeral) -> bool:
    """Reads "10^3", "2 × 10^{5}", "1e-3" into ``numeral``; False for a power that is none."""
    base = _TEN_TO_THE.match(text, numeral.end)
    power = _EXPONENT.match(text, base.end() if base else numeral.end)
    if power is None:
        return not text.startswith("^", numeral.end)
    exponent = int(next(filter(None, power.groups())).translate(_SUPERSCRIPTS))
    if base or power.group("e"):
        value = power_of(10, exponent, numeral.value)
    else:
        value = power_of(numeral.value, exponent)
    if value is None:
        return False
    numeral.value = numeral.written = value
    numeral.end = numeral.stop = power.end()
    return True


def power_of(root: float, exponent: float, factor: float = 1) -> float | None:
    """``factor * root ** exponent``, exact where it is whole; None out of a float's range."""
    if abs(exponent) > MAX_DIGITS:
        return None
    if not root:
        return None
    if root == 10 and isinstance(exponent, int):
        value = float(Decimal(str(factor)).scaleb(exponent))
    else:
        value = float(factor) * _power(float(root), exponent)
    if not 1e-300 < value < 1e300:
        return None
    return int(value) if value.is_integer() and value < 2**53 else value


def _power(root: float, exponent: float) -> float:
    try:
        return float(root**exponent)
    except OverflowError:
        return float("inf")


def _read_scale(text: str, numeral: Numeral) -> None:
    scale = _SCALE.match(text, numeral.end)
    if scale is None:
        return
    numeral.scale = _SCALES[scale.group(1) or scale.group(2)]
    numeral.value = scaled(numeral.value, numeral.scale)
    numeral.end = numeral.stop = scale.end()


def scaled(value: float, scale: int) -> float:
    """``value * scale``, whole where it is: 1.1 million is 1,100,000."""
    product = value * scale if isinstance(value, int) else round(value * scale, 6)
    return int(product) if product == int(product) else product


def _read_fraction(text: str, numeral: Numeral) -> None:
    fraction = _FRACTION.match(text, numeral.start)
    if fraction is None or int(fraction.group(1)) < 2:
        return
    parts = int(fraction.group(1))
    numeral.value = numeral.written = 1 / parts
    numeral.end = numeral.stop = fraction.end()
    _read_part(text, numeral, parts)


def _read_part(text: str, numeral: Numeral, parts: int) -> None:
    """A part of the time is a multiple of the speed: "half the time" says 2x."""
    if _OF_TIME.match(text, numeral.end):
        numeral.value, numeral.unit, numeral.also = parts, "x", (1 / parts,)


def read_unit(text: str, numeral: Numeral) -> None:
    """Reads the unit, or the orders of magnitude, said right after ``numeral``."""
    orders = _ORDERS.match(text, numeral.end)
    if orders:
        raise_to_orders(numeral)
        numeral.stop = orders.end()
        numeral.end = orders.end()
        return
    percent = _PERCENT.match(text, numeral.end)
    if percent:
        numeral.unit, numeral.stop = "%", percent.end()
        return
    times = _multiple(text, numeral.end)
    if times:
        numeral.unit, numeral.stop = "x", times.end()


def raise_to_orders(numeral: Numeral) -> None:
    """Makes "two", said of orders of magnitude, 100."""
    value = power_of(10, numeral.written)
    if value is not None:
        numeral.value, numeral.unit, numeral.orders = value, "x", True


def _multiple(text: str, end: int) -> re.Match[str] | None:
    if _SIZE.match(text, end) or _COUNT.match(text, end):
        return None
    times = _TIMES.match(text, end)
    if times:
        fold = times.group().rstrip("sS").lower().endswith("fold")
        return None if fold and _CROSS_VALIDATION.match(text, times.end()) else times
    letter = _LETTER_X.match(text, end)
    if letter and "$" in letter.group("gap") and text[letter.end() : letter.end() + 1] == "$":
        return None
    return letter


def _is_negative(text: str, start: int) -> bool:
    return (
        text[start - 1 : start] in ("-", "−")
        and not text[max(start - 2, 0) : start - 1].strip("([{$<>=~,").strip()
    )


def _ends_well(text: str, numeral: Numeral) -> bool:
    after = text[numeral.end : numeral.end + 1]
    if after == "-":
        return not re.match(r"-D\b", text[numeral.end : numeral.end + 3])
    if not (after.isalpha() or after == "_"):
        return True
    if numeral.scale > 1 or _SIZE.match(text, numeral.end) or _COUNT.match(text, numeral.end):
        return True
    return _MEASURE.match(text, numeral.end) is not None


def _joint(text: str, start: int) -> int:
    """What a hyphen or slash joins the number to: nothing, a plain word ("near-2x"), a name."""
    if text[start - 1 : start] not in _JOINTS or start == 0:
        return _TO_NOTHING
    left = _TOKEN_BREAKS.split(text[max(0, start - 60) : start - 1])[-1]
    if not left:
        return _TO_A_NAME if "/" in text[max(0, start - 3) : start - 1] else _TO_NOTHING
    parts = [part for part in re.split(r"[-/−‐‑]", left) if part]
    if all(map(_NUMBER_PART.fullmatch, parts)):
        return _TO_NOTHING
    plain = all(_NUMBER_PART.fullmatch(part) or _LATIN_WORD.fullmatch(part) for part in parts)
    return _TO_A_WORD if plain else _TO_A_NAME


def lowered(text: str) -> str:
    """``text`` in lower case, of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower()[0] for c in text)


def _from_words(text: str) -> Iterator[Numeral]:
    low = lowered(text)
    words = set(_LETTERS.findall(low))
    for place in _places(low, words & _NUMBER_WORDS):
        word = _WORD.match(low, place)
        if word is not None:
            numeral = _read_word(low, word)
            read_unit(low, numeral)
            if not _is_plan(low, numeral):
                yield numeral
    for word in words & _PHRASE_WORDS:
        yield from _from_phrases(low, word)


def _from_phrases(low: str, word: str) -> Iterator[Numeral]:
    """The phrases around ``word``: "an order of magnitude", "by half"."""
    place = low.find(word)
    while place >= 0:
        for phrase in _PHRASE.finditer(low, max(0, place - _BEFORE), place + _BEHIND):
            if phrase.lastgroup != "vague" and phrase.start() <= place < phrase.end():
                yield _read_phrase(low, phrase)
        place = low.find(word, place + len(word))


def _places(low: str, words: set[str]) -> Iterator[int]:
    """Where ``words`` may stand, the article of "a hundred" included."""
    for word in words:
        place = low.find(word)
        while place >= 0:
            article = _ARTICLE.search(low, max(0, place - 3), place)
            yield article.start() if article and word in _HUNDREDS else place
            place = low.find(word, place + len(word))


def _read_word(low: str, word: re.Match[str]) -> Numeral:
    words = re.findall(r"\w+", word.group().removesuffix(" and a half").replace("ﬁ", "fi"))
    value = 0
    for each in words:
        amount = _WORD_VALUES.get(each, 0)  # "a hundred and one"
        value = max(value, 1) * amount if amount in (12, 100, 1000) else value + amount
    said = value + 0.5 if word.group("half") else value
    numeral = Numeral(said, word.start(), word.end(), word.end(), written=said)
    _read_scale(low, numeral)
    return numeral


def _is_plan(low: str, numeral: Numeral) -> bool:
    """ "Our contribution is twofold." counts contributions."""
    if numeral.value > 4 or "fold" not in low[numeral.end : numeral.stop]:
        return False
    ends = low[numeral.stop :].lstrip()[:1] in ("", ".", ":", ";", ",")
    return ends and re.search(r"\b(?:is|are|was|were)\s+$", low[: numeral.start][-8:]) is not None


def _read_phrase(low: str, phrase: re.Match[str]) -> Numeral:
    start, end = phrase.span()
    kind = phrase.lastgroup or ""
    if kind == "halve":
        return Numeral(2, start, end, end, "x", also=(0.5,), written=2)
    if kind == "part":
        parts = _PARTS[re.split(r"[\s-]", phrase.group())[-1]]
        numeral = Numeral(1 / parts, start, end, end, written=1 / parts)
        _read_part(low, numeral, parts)
        return numeral
    value = _TIMES_SAID[kind]
    return Numeral(value, start, end, end, "x", written=value)
