"""Whether a span of a text is whole: no part of a longer word, number, name or URL."""

from __future__ import annotations

import re
import unicodedata

from extractor.grounding.numerals import UNSPACED
from extractor.grounding.text import DASHES

_CLEAN_LEFT = frozenset(' \n\t("“[')
_CLEAN_RIGHT = frozenset(' \n\t)"”];:!?')
_WRAPPERS = "*${}`"
_TIES = "-.,^_/@&"  # signs that make one word or number of what is on both sides
_LEFT_REACH, _RIGHT_REACH = 64, 32

_UNSPACED = re.compile(f"[{UNSPACED}]")
_ALNUM_RUN = re.compile(r"[^\W_]+")
_QUANTITY = re.compile(r"[\s~$]*\d[\d.,]*\s*(?:[xX×%]|\\?times|-?fold)?\Z")
_CUT_NUMBER = re.compile(r"\d[.,]?\r\Z")  # no line end, which is "\r\n" or "\n"
_UNIT_NEXT = re.compile(r"(?:[xX]|times|folds?|[kKMB])(?![^\W_])")
_COMMAND = re.compile(r"\\?[a-z]{2,}\Z")
_PLAIN_WORD = re.compile(r"[a-zß-öø-ÿ]+")
_MEMORY = re.compile(r"\d+(?:GB?|TB?|gb)")
# A lower-case word behind or before a hyphen makes a compound ("ImageNet-pretrained",
# "A100-based"), except these, which make the name of a variant ("bert-large", "mini-ImageNet").
_VARIANT = re.compile(
    "base|chat|easy|extended|full|hard|instruct|large|lite|max|medium|micro|mini|nano|next|plus|pro"
    "|small|tiny|turbo|ultra|xl|xs|xxl"
)
# The same compounds as a title writes them ("ImageNet-Pretrained", "Non-ImageNet").
_SUFFIX = re.compile(
    "accelerated|adapted|agnostic|aligned|assisted|augmented|aware|based|centric|compatible"
    "|conditioned|constrained|dependent|derived|driven|enabled|enhanced|equipped|finetuned|free"
    "|guided|induced|informed|inspired|integrated|level|like|native|only|optimi[sz]ed|oriented"
    "|pretrained|powered|ready|related|scale|specific|style|supervised|supported|trained|tuned"
    "|type",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    "anti|beyond|cross|de|inter|intra|like|meta|multi|near|non|post|pre|quasi|self|semi|sub|super"
    "|un|vs",
    re.IGNORECASE,
)


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is cut from nothing longer on either side."""
    # The usual case first: white space or a bracket on both sides.
    if (start == 0 or text[start - 1] in _CLEAN_LEFT) and (
        end == len(text)
        or text[end] in _CLEAN_RIGHT
        or (text[end] in ".," and (end + 1 == len(text) or text[end + 1].isspace()))
    ):
        return True
    return begins_whole(text, start, end) and ends_whole(text, start, end)


def is_word_character(char: str) -> bool:
    """A letter, a digit, an underscore or a mark that combines with one."""
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def begins_whole(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is cut from nothing longer on its left side."""
    first = text[start]
    if not first.isalnum():
        return start == 0 or first not in _TIES or not is_word_character(text[start - 1])
    before = text[max(0, start - _LEFT_REACH) : start]
    bare = before.rstrip(_WRAPPERS)
    if not bare or bare[-1].isspace():
        return not (first.isdecimal() and _CUT_NUMBER.search(before))
    last = bare[-1]
    if before[-1] == "{" and _COMMAND.search(bare):
        return True
    if is_word_character(last):
        return _UNSPACED.match(last) is not None or _UNSPACED.match(first) is not None
    if last in DASHES or last == "/":
        return _joins_left(bare, last, text[start:end])
    if last in "^\\":
        return False
    return not _glued_left(bare, first)


def _glued_left(bare: str, first: str) -> bool:
    """Whether a sign such as a decimal point ties ``first`` to what is before it."""
    last, before = bare[-1], bare[-2:-1]
    if last == ".":
        if not before.isalnum():
            return first.isdecimal() and not before
        return not (before.islower() and first.isupper())
    if last == ",":
        return first.isdecimal() and before.isdecimal()
    return last in "@&'’" and before.isalnum()


def _joins_left(bare: str, joint: str, value: str) -> bool:
    """Whether a hyphen, dash or slash before ``value`` leaves it a word of its own."""
    runs = bare[:-1].rstrip(_WRAPPERS)
    if not runs or not is_word_character(runs[-1]):
        return not (joint == "/" and runs.endswith(("/", ":")))
    if joint in "–—―" or (joint == "/" and not value[0].isdecimal()):
        return True
    left = re.split(r"[\s(\[“\"—–,;:=]", runs)[-1]
    parts = re.split(r"[-/‐‑−]", left)
    if _QUANTITY.match(parts[-1]) and not re.search(r"[^\W\d_]", "".join(parts[:-1])):
        return True
    if value[0].isdecimal() and _QUANTITY.match(value) is not None and value[-1].isdecimal():
        return False
    return _PREFIX.fullmatch(parts[-1]) is not None or all(
        map(_makes_compound, filter(None, parts))
    )


def _makes_compound(part: str) -> bool:
    return _PLAIN_WORD.fullmatch(part) is not None and _VARIANT.fullmatch(part) is None


def ends_whole(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is cut from nothing longer on its right side."""
    last = text[end - 1]
    following = text[end : end + 1]
    if not last.isalnum():
        tied = last in _TIES and following != "" and is_word_character(following)
        return not (tied or (last in "+#" and following == last))
    after = text[end : end + _RIGHT_REACH]
    bare = after.lstrip(_WRAPPERS)
    if after[:1] == "*" and after[:2] != "**" and text.count("*", 0, start) % 2 == 0:
        return False  # A*, and not the end of *emphasis*
    if not bare or bare[0].isspace():
        return True
    if is_word_character(bare[0]):
        return _goes_on_well(text[start:end], bare)
    if bare[0] in DASHES:
        return _joins_right(bare, text[start:end])
    return not _glued_right(bare, last)


def _goes_on_well(value: str, bare: str) -> bool:
    """A plural ("A100s"), a unit ("3.2x"), or a script without spaces."""
    if _UNSPACED.match(bare) or _UNSPACED.match(value[-1]):
        return True
    if _QUANTITY.match(value):
        return _UNIT_NEXT.match(bare) is not None
    plural = bare[0] == "s" and not (bare[1:2] and is_word_character(bare[1]))
    return plural and (value[-1].isdecimal() or value[-2:].isupper())


def _glued_right(bare: str, last: str) -> bool:
    sign, after = bare[0], bare[1:2]
    if sign == ".":
        run = _ALNUM_RUN.match(bare, 1)
        is_code = run is not None and len(run.group()) > 1 and run.group().isupper()  # ".JSON"
        # A capital opens the next sentence, which lost its space.
        return after.isalnum() and not (after.isupper() and not last.isupper() and not is_code)
    if sign == ",":
        return last.isdecimal() and after.isdecimal()
    if sign == "+":
        return not after.isalnum()
    if sign in "'’":
        return after.isalpha() and re.match(r".(?:s|S)(?![^\W_])", bare) is None
    if sign == "\\":
        return after == "_"
    return (sign in "@&" and after.isalnum()) or sign in "^#"


def _joins_right(bare: str, value: str) -> bool:
    """Whether a hyphen behind ``value`` leaves it a name of its own, and not one cut short."""
    if bare[0] in "–—―" or bare[1:2] in DASHES:
        return True
    after = bare[1:]
    if after[:1].isspace():
        return not (after[0] in "\r\n" and after.lstrip()[:1].islower())
    run = _ALNUM_RUN.match(after.lstrip(_WRAPPERS))
    if run is None:
        return True
    word = run.group()
    if _QUANTITY.match(value):
        return word[0].isdecimal() or (word != "D" and word[0].isalpha())
    return (
        _makes_compound(word)
        or _MEMORY.fullmatch(word) is not None
        or _SUFFIX.fullmatch(word) is not None
    )
