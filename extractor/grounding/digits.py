"""Numbers written in digits: "3.2", "1,000", "$10^{3}$", "1.5k", "1/10"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.grounding.quantity import (
    MAX_DIGITS,
    UNSPACED,
    Numeral,
    is_size_or_count,
    power_of,
    read_part,
    read_scale,
    read_unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP = re.compile(r"\d+(?:(?:[.,．，]|\{,\}|\\,|[\u00a0\u2009\u202f]| (?=000(?!\d)))\d+)*")
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
# Letters right behind digits that leave the number a number: units of measure.
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
_UNSPACED = re.compile(f"[{UNSPACED}]")


def numbers_in_digits(text: str) -> Iterator[Numeral]:
    """The numbers that ``text`` writes in digits, in order; those inside names are none."""
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
    return before not in "_^" and (not before.isalnum() or _UNSPACED.match(before) is not None)


def _split(group: re.Match[str]) -> list[tuple[int, int]]:
    """The spans of the numbers in a run of digits and separators: none for a version."""
    written, base = group.group(), group.start()
    if len(written) < 4 and written.isdecimal():
        return [group.span()]
    if len(written) > MAX_DIGITS or written.replace("．", ".").count(".") > 1:
        return []
    if parse_digits(written) is not None:
        return [group.span()]
    return [(base + part.start(), base + part.end()) for part in re.finditer(r"[\d.．]+", written)]


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
        read_scale(text, numeral)
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
    power = _POWER.match(text, numeral.end)
    if power is None:
        return not text.startswith("^", numeral.end)
    exponent = int(next(filter(None, power.groups()[1:])).translate(_SUPERSCRIPTS))
    if power.group("base") or power.group("e"):
        value = power_of(10, exponent, numeral.value)
    else:
        value = power_of(numeral.value, exponent)
    if value is None:
        return False
    numeral.value = numeral.written = value
    numeral.end = numeral.stop = power.end()
    return True


def _read_fraction(text: str, numeral: Numeral) -> None:
    fraction = _FRACTION.match(text, numeral.start) if numeral.value == 1 else None
    if fraction is None or int(fraction.group(1)) < 2:
        return
    parts = int(fraction.group(1))
    numeral.value = numeral.written = 1 / parts
    numeral.end = numeral.stop = fraction.end()
    read_part(text, numeral, parts)


def _is_negative(text: str, start: int) -> bool:
    return (
        text[start - 1 : start] in ("-", "−")
        and not text[max(start - 2, 0) : start - 1].strip("([{$<>=~,").strip()
    )


def _ends_well(text: str, numeral: Numeral) -> bool:
    after = text[numeral.end : numeral.end + 1]
    if after == "-":
        return not re.match(r"-D\b", text[numeral.end : numeral.end + 3])
    if not (after.isalpha() or after == "_") or _UNSPACED.match(after):
        return True
    if numeral.scale > 1 or is_size_or_count(text, numeral.end):
        return True
    return _MEASURE.match(text, numeral.end) is not None


def _joint(text: str, start: int) -> int:
    """What a hyphen or slash joins the number to: nothing, a plain word ("near-2x"), a name."""
    if text[start - 1 : start] not in _JOINTS or start == 0:
        return _TO_NOTHING
    token = text[max(0, start - 60) : start - 1].rpartition(" ")[2]
    left = _TOKEN_BREAKS.split(token)[-1]
    if not left:
        return _TO_A_NAME if "/" in text[max(0, start - 3) : start - 1] else _TO_NOTHING
    parts = [part for part in re.split(r"[-/−‐‑]", left) if part]
    if all(map(_NUMBER_PART.fullmatch, parts)):
        return _TO_NOTHING
    plain = all(_NUMBER_PART.fullmatch(part) or _LATIN_WORD.fullmatch(part) for part in parts)
    return _TO_A_WORD if plain else _TO_A_NAME
