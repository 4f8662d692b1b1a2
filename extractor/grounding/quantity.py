"""One number of a text and the unit said right after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Unit = Literal["x", "%"]

MAX_DIGITS = 200  # longer runs are no quantity, and overflow a float
# Scripts without spaces between words, where every character may begin or end one.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# What may stand between a number and its unit without changing either: white space, LaTeX
# spacing and wrapping, Markdown emphasis.
JUNK = r"(?:\s|[$*{}~]|\\[,;:! ]|\\(?:text|math)[a-z]*\{)"
_NO_LETTER = rf"(?!(?![{UNSPACED}])[^\W_])"

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
_UNIT = re.compile(
    rf"{JUNK}*+(?:(?P<percent>\\?[%％﹪٪]|-?per[\s-]?cents?{_NO_LETTER})"
    rf"|(?P<times>-?(?:×|✕|✖|⨯|⨉|\\times(?![a-z]))|-?times{_NO_LETTER}|倍)"
    rf"|(?P<fold>-?\s?folds?{_NO_LETTER})"
    rf"|(?P<orders>-?\s*orders?[\s-]+(?:of[\s-]+)?magnitudes?{_NO_LETTER}))",
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
_OF_TIME = re.compile(
    r"(?:th|rd)?(?:\s+(?:of|the|its|their|that|as|much))*\s+(?:[\w-]+\s+){0,3}?"
    r"(?:\w*time|latency|latencies|runtimes|duration|delay|hours|wall[\s-]clock)\b"
)


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


def power_of(root: float, exponent: float, factor: float = 1) -> float | None:
    """``factor * root ** exponent``, exact where it is whole; None out of a float's range."""
    if not root or abs(exponent) > MAX_DIGITS:
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


def read_scale(text: str, numeral: Numeral) -> None:
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


def read_part(text: str, numeral: Numeral, parts: int) -> None:
    """A part of the time is a multiple of the speed: "half the time" says 2x."""
    if _OF_TIME.match(text, numeral.end):
        numeral.value, numeral.unit, numeral.also = parts, "x", (1 / parts,)


def read_unit(text: str, numeral: Numeral) -> None:
    """Reads the unit, or the orders of magnitude, said right after ``numeral``."""
    unit = _UNIT.match(text, numeral.end) or _letter_x(text, numeral.end)
    kind = unit.lastgroup if unit else None
    if unit is None or (kind != "percent" and not _is_multiple(text, numeral.end, unit)):
        return
    if kind == "orders":
        raise_to_orders(numeral)
        numeral.end = unit.end()
    else:
        numeral.unit = "%" if kind == "percent" else "x"
    numeral.stop = unit.end()


def raise_to_orders(numeral: Numeral) -> None:
    """Makes "two", said of orders of magnitude, 100."""
    value = power_of(10, numeral.written)
    if value is not None:
        numeral.value, numeral.unit, numeral.orders = value, "x", True


def _letter_x(text: str, end: int) -> re.Match[str] | None:
    letter = _LETTER_X.match(text, end)
    if letter and "$" in letter.group("gap") and text.startswith("$", letter.end()):
        return None
    return letter


def _is_multiple(text: str, end: int, unit: re.Match[str]) -> bool:
    """Whether ``unit`` is one: the × of "3 × 3" and the fold of a cross-validation are not."""
    if unit.lastgroup == "fold":
        return _CROSS_VALIDATION.match(text, unit.end()) is None
    return not is_size_or_count(text, end)


def is_size_or_count(text: str, end: int) -> bool:
    """Whether an x or × behind the number multiplies something else: "3x3", "8xA100"."""
    return _SIZE.match(text, end) is not None or _COUNT.match(text, end) is not None
