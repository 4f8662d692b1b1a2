"""Single numbers written in digits ("3.2", "1,000", "$10^{3}$", "1.5k", "1/10") and their unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Unit = Literal["x", "%"]

_UNIT_NAMES: dict[str, Unit] = {
    "x": "x", "×": "x", "times": "x", "fold": "x",
    "%": "%", "percent": "%", "per cent": "%",
}  # fmt: skip
_MAX_DIGITS = 200  # longer runs are not quantities, and overflow a float
# Scripts without spaces between words, where every character may begin or end one.
UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
# What may come between a number and its unit without changing either: white space, LaTeX
# spacing and wrapping, Markdown emphasis.
JUNK = r"(?:\s|[$*{}~]|\\[,;:! ()]|\\(?:text|math)[a-z]*\{)"
_UNSPACED = re.compile(f"[{UNSPACED}]")
_NO_LETTER = rf"(?!(?![{UNSPACED}])[^\W_])"

SCALE = re.compile(
    rf"([kKMB])(?=[xX]?{_NO_LETTER}|[xX]\W)|[\s-]?(thousand|million|billion|trillion){_NO_LETTER}"
)
_SCALES = {
    "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9,
    "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_UNIT = re.compile(
    rf"{JUNK}*+(?:(?P<percent>\\?[%％﹪٪]|-?per[\s-]?cents?{_NO_LETTER})"
    rf"|(?P<times>-?(?:×|✕|✖|⨯|⨉|\\times(?![a-z]))|-?times{_NO_LETTER}|imes(?=\$)|倍)"
    rf"|(?P<fold>-?\s?folds?{_NO_LETTER})"
    rf"|(?P<orders>-?\s*orders?(?:[\s-]+(?:of[\s-]+)?magnitudes?{_NO_LETTER}"
    r"|(?=\s+(?:faster|slower|quicker)\b))))",
    re.IGNORECASE,
)
# The letter x is a unit only where no formula can be meant: "2x", "2 x", "$2$x", not "2$x$".
_LETTER_X = re.compile(
    r"(?P<gap>(?:\s|\*\*|\}|\$|\\[,;! ])*+-?)[xXｘ]"
    rf"(?:{_NO_LETTER}|(?=speed|fast|slow|quick|high|low|more|less|better|accel|improv|gain|reduc"
    r"|small|large|few|cheap|through))(?![_^])",
)
# "3x3", "224 × 224", "$3\times 3$" are sizes, unless a unit ends them, and "8x A100" is a count.
_SIZE_OR_COUNT = re.compile(
    r"(?:(?:[×xX](?=\d)|\s+[×xX]\s+(?=\d)|\$?\s*\\times\s*\$?(?=\d))\d+(?:\.\d+)?)++"
    r"(?!\s*\$?(?:×|\\times|times|[xX]\b))"
    r"|\s?[×xX]\s?(?:[A-Z][A-Za-z]*-?\d|NVIDIA|AMD|Intel|GPU|TPU|CPU)"
)
_CROSS_VALIDATION = re.compile(r"[\s-]*(?:cross|CV\b|stratified)", re.IGNORECASE)
_OF_TIME = re.compile(
    r"(?:th|rd)?(?:\s+(?:of|the|its|their|that|as|much))*\s+(?:[\w-]+\s+){0,3}?"
    r"(?:\w*time|latency|latencies|runtimes|duration|delay|hours|wall[\s-]clock)\b"
)

# What may be said right behind a number whose unit stands before it: "x4 faster".
MORE_OR_LESS = (
    r"\s+(?:[a-z]+\s)?(?:faster|slower|quicker|speed-?up|acceleration|lower|higher|less|fewer)\b"
)
_GROUP = re.compile(r"\d+(?:(?:[.,．，]|\{,\}|\\,|[\u00a0\u2009\u202f]| (?=000(?!\d)))\d+)*")
# Where digits may begin: not as the tail of a word, a power, an index or a version; they may as
# the second side of "224x336".
_FREE = re.compile(
    rf"(?<![\w^{{.×])(?<!\d\r)(?<!\d[.,]\r)|(?<=[{UNSPACED}])|(?<=\{{)(?<![\^_]\{{)|(?<=\.)(?<![^\W_]\.)|(?<=\d[xX×])"
    rf"|(?<=\\sim)|(?<=\\approx)|(?<=\\ge)|(?<=\\geq)"
    rf"|(?:(?<=[\s(][xX×])|(?<=\A[xX×])|(?<=\$×)|(?<=\\times))(?=\d[\d.]*[$}}]*{MORE_OR_LESS})"
)
_SEPARATOR = re.compile(r"[.．]|[,，]|\{,\}|\\,|[\u00a0\u2009\u202f ]")
_THOUSANDS = re.compile(r"\d{1,3}(?:(?:[,，]|\{,\}|\\,|[\u00a0\u2009\u202f ])\d{3})+(?:[.．]\d+)?")
_DECIMAL = re.compile(r"\.\d+|\d+(?:(?:[.,．，]|\{,\})\d+)?")
_POWER = re.compile(
    r"(?P<base>\s*\$?(?:×|x|X|\*|·|\\times|\\cdot)\s*10(?=\$?(?:\^|[⁻⁰¹²³⁴-⁹])))?"
    r"(?:\$?\^(?:\{\s*([-−+]?\d{1,3})\s*\}|([-−]?\d{1,3}))\$?|([⁻]?[⁰¹²³⁴-⁹]{1,3})"
    r"|[eE](?P<e>[-+]?\d{1,3})(?!\w))"
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_FRACTION = re.compile(r"1/(\d{1,4})(?:th|rd)?(?![\w/.])")
# Letters directly after digits that do not make them a name: units of measure.
_MEASURE = re.compile(
    r"(?:[kKMGTP]?i?[bB](?:ps|/s)?|[kMGT]?Hz|[munµμ]?s(?:ec)?|[mkM]?Wh?|[munµμck]?m|[mk]?[VAgJ]"
    r"|[kKMBT]|[MGTP]?(?:FLOP|OP)[sS]?|[TGM]MACs?|fps|FPS|dB|px|hrs?|h|mins?|GPUh|°|deg"
    r"|tokens?|bits?|pp)(?![^\W_])"
)
_JOINTS = ("-", "/", "−", "‐", "‑", "_", "&", "?")
_TO_NOTHING, _TO_A_WORD, _TO_A_NAME = range(3)
# No power, scale or unit can follow: the usual end of a number, told at once.
_NOTHING_MORE = re.compile(r"[,;)](?!\d)|\.?\s+(?![tTmMbBfFoOpPxX×ｘ$\\*~({%％])[a-zA-Z(]|\.?\Z")
_LATIN_WORD = re.compile(r"[a-z]+")
_NUMBER_PART = re.compile(r"[$~]?\d[\d.,]*(?:[xX×%]|times|fold)?")
_TOKEN_BREAKS = re.compile(r"[\s()\[\]\"“”;:,—–$*{}<>=~+|]|--")


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


def canonical_unit(name: object) -> Unit | None:
    """ "x" for a name of the multiple ("×", "times", "-fold"), "%" for one of the percentage."""
    return _UNIT_NAMES.get(name.strip().strip("\\-").lower()) if isinstance(name, str) else None


def numbers_in_digits(text: str) -> Iterator[Numeral]:
    """The numbers that ``text`` writes in digits, in order; digits inside names are skipped."""
    reached = 0
    for group in _GROUP.finditer(text):
        start, written = group.start(), group.group()
        if start < reached or not _FREE.match(text, start):
            continue
        if len(written) > _MAX_DIGITS or written.replace("．", ".").count(".") > 1:
            continue  # no quantity, or a version
        spans = [group.span()]
        if parse_digits(written) is None:  # a list such as "1,2,3"
            parts = re.finditer(r"[\d.．]+", written)
            spans = [(start + part.start(), start + part.end()) for part in parts]
        for span in spans:
            numeral = _read_digits(text, *span)
            if numeral is not None and numeral.start >= reached:
                reached = numeral.stop
                yield numeral


def parse_digits(written: str) -> float | None:
    """The value of "3.20", "1,000", "1{,}000" or "3,2"; None for a list such as "1,2,3"."""
    if written.isdecimal():
        return int(written)
    if _THOUSANDS.fullmatch(written):
        whole, _, fraction = written.replace("．", ".").partition(".")
        digits = _SEPARATOR.sub("", whole)
        return float(f"{digits}.{fraction}") if fraction else int(digits)
    if _DECIMAL.fullmatch(written):
        plain = _SEPARATOR.sub(".", written)
        return float(plain) if "." in plain else int(plain)
    return None


def _read_digits(text: str, start: int, end: int) -> Numeral | None:
    if text[start - 1 : start] == "." and text[max(0, start - 2) : start - 1] != ".":
        start -= 1  # ".5"
    value = parse_digits(text[start:end])
    joint = _joint(text, start) if text[start - 1 : start] in _JOINTS else _TO_NOTHING
    if value is None or joint == _TO_A_NAME:
        return None
    numeral = Numeral(value, start, end, end, written=value)
    if not _NOTHING_MORE.match(text, end):
        power = _POWER.match(text, end)
        if not _raise_to(numeral, power) if power else text.startswith("^", end):
            return None
        if scale := SCALE.match(text, numeral.end):
            multiply(numeral, scale)
        if numeral.value == 1 and (fraction := _FRACTION.match(text, start)):
            _read_fraction(text, numeral, fraction)
        read_unit(text, numeral)
    if joint == _TO_A_WORD and numeral.unit is None:
        return None
    numeral.negative = (
        text[start - 1 : start] in ("-", "−")
        and not text[max(start - 2, 0) : start - 1].strip("([{$<>=~,").strip()
    )
    return numeral if numeral.stop > numeral.end or _ends_well(text, numeral) else None


def _joint(text: str, start: int) -> int:
    """What a hyphen or slash joins the number to: nothing, a plain word ("near-2x"), a name."""
    token = text[max(0, start - 60) : start - 1].rpartition(" ")[2]
    left = _TOKEN_BREAKS.split(token)[-1]
    if not left:
        return _TO_A_NAME if "/" in text[max(0, start - 3) : start - 1] else _TO_NOTHING
    parts = [part for part in re.split(r"[-/−‐‑]", left) if part]
    if all(map(_NUMBER_PART.fullmatch, parts)):
        return _TO_NOTHING
    plain = all(_NUMBER_PART.fullmatch(part) or _LATIN_WORD.fullmatch(part) for part in parts)
    return _TO_A_WORD if plain else _TO_A_NAME


def _raise_to(numeral: Numeral, power: re.Match[str]) -> bool:
    """Makes 3 the 3000 of "3 × 10^{3}"; False where the power is out of range."""
    exponent = int(next(filter(None, power.groups()[1:])).translate(_SUPERSCRIPTS))
    if power.group("base") or power.group("e"):
        value = _power_of(10, exponent, numeral.value)
    else:
        value = _power_of(numeral.value, exponent)
    if value is None:
        return False
    numeral.value = numeral.written = value
    numeral.end = numeral.stop = power.end()
    return True


def _power_of(root: float, exponent: float, factor: float = 1) -> float | None:
    """``factor * root ** exponent``, exact where it is whole; None out of a float's range."""
    if not root or abs(exponent) > _MAX_DIGITS:
        return None
    if root == 10 and isinstance(exponent, int):
        value = float(Decimal(str(factor)).scaleb(exponent))
    else:
        try:
            value = float(factor) * float(float(root) ** exponent)
        except OverflowError:
            return None
    if not 1e-300 < value < 1e300:
        return None
    return int(value) if value.is_integer() and value < 2**53 else value


def _read_fraction(text: str, numeral: Numeral, fraction: re.Match[str]) -> None:
    parts = int(fraction.group(1))
    if parts > 1:
        numeral.value = numeral.written = 1 / parts
        numeral.end = numeral.stop = fraction.end()
        read_part(text, numeral, parts)


def _ends_well(text: str, numeral: Numeral) -> bool:
    """Whether what follows the digits leaves them a number, and does not make them a name."""
    end = numeral.end
    after = text[end : end + 1]
    if after == "-":
        return not re.match(r"-D\b", text[end : end + 3])
    if not (after.isalpha() or after == "_") or _UNSPACED.match(after):
        return True
    if numeral.scale > 1 or _SIZE_OR_COUNT.match(text, end):
        return True
    return _MEASURE.match(text, end) is not None


def multiply(numeral: Numeral, scale: re.Match[str]) -> None:
    """Makes 3 the 3,000,000 of "3 million"."""
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
    unit = _UNIT.match(text, numeral.end) or _LETTER_X.match(text, numeral.end)
    if unit is None:
        return
    kind, stop = unit.lastgroup, unit.end()
    if kind == "gap" and "$" in unit.group("gap") and text.startswith("$", stop):
        return
    if kind == "fold":
        if _CROSS_VALIDATION.match(text, stop):
            return
    elif kind != "percent" and _SIZE_OR_COUNT.match(text, numeral.end):
        return
    numeral.stop = stop
    if kind == "orders":
        raise_to_orders(numeral)
        numeral.end = stop
    else:
        numeral.unit = "%" if kind == "percent" else "x"


def raise_to_orders(numeral: Numeral) -> None:
    """Makes "two", said of orders of magnitude, 100."""
    value = _power_of(10, numeral.written)
    if value is not None:
        numeral.value, numeral.unit, numeral.orders = value, "x", True
