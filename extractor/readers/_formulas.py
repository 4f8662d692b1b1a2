"""Powers, fractions and roots, which only marks set off: as plain text ``10^3``, ``1/2``, ``√2``.

One rule for all formats: what is raised behind a number is a power if it is a number itself.
The mark of a footnote, ``2+`` of an ion and ``st`` stay as they are. In MathML nothing else is
raised, so that the base need not be a number there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMULAS", "MATHML", "formula_of", "is_sign", "power", "spell_out", "with_powers"]

_DEEPEST = 50
_DEEPEST_TREE = 200
_SIGN = "[-+\u2212\u2013\u2010\u2011]"
_EXPONENT = rf"{_SIGN}?\d{{1,9}}(?:[./]\d{{1,9}})?(?:[-\u2013]\d{{1,9}})?"
_IS_SIGN = re.compile(_SIGN)
_IS_EXPONENT = re.compile(_EXPONENT)
_IN_FORMULA = re.compile(rf"(?!(?:st|nd|rd|th)$){_SIGN}?[\w(](?:.*[\w)])?", re.DOTALL)
_SIMPLE = re.compile(rf"{_SIGN}?(?:\d+(?:\.\d+)?|\w)|\([^()]*\)")
_ONE = re.compile(r"[-\u2212]?[\w.]+|\([^()]*\)")

_STYLES = (
    *("b", "i", "u", "em", "strong", "span", "font", "small", "big", "style", "emphasis"),
    *("bold", "italic", "underline", "roman", "sc", "sans-serif", "styled-content"),
)
_AROUND = frozenset([*_STYLES, "inline-formula", "alternatives"])
"""Marks between a number and its power that say nothing of it."""
_RAISED = frozenset(["sup", "superscript"])
_LINKS = frozenset(["a", "xref", "fn"])
FORMULAS = frozenset(["math", "msup", "msubsup", "mfrac", "msqrt", "mroot"])
"""Elements of MathML that text is made of as a whole."""
_OF_TEXT = _AROUND | _RAISED | FORMULAS
MATHML = re.compile(
    r"math|m(?:row|[inos]|text|su[bp]|subsup|frac|sqrt|root|over|under|underover|space|style|fenced"
    r"|table|tr|td|padded|phantom|enclose|multiscripts|prescripts|error|action|label)|none"
    r"|semantics|annotation(?:-xml)?"
)

_STYLE = rf"</?(?:\w+:)?(?:{'|'.join(sorted(_AROUND))})(?:\s[^<>]{{0,200}})?>"
_SUP = r"(?:\w{1,9}:)?(?:sup|superscript)"
_CUT_IN_TWO = re.compile(rf"({_SIGN})</{_SUP}><{_SUP}>(?=\d)", re.IGNORECASE)
_SUPERSCRIPT = re.compile(
    rf"(?P<base>\d(?:{_STYLE}){{0,3}})<{_SUP}(?:\s[^<>]{{0,200}})?>"
    rf"(?P<raised>[^<>]{{0,40}}(?:{_STYLE}[^<>]{{0,40}}){{0,6}})</{_SUP}\s?>",
    re.IGNORECASE,
)
_OPENED = re.compile(
    rf"<(?P<name>(?:\w{{1,9}}:)?(?:{'|'.join(sorted(FORMULAS))}))(?=[\s/>])", re.IGNORECASE
)
_TAG = re.compile(r"<(/?)(?:\w{1,9}:)?([a-zA-Z][\w-]{0,30})(?:\s[^<>]{0,1000}?)?(/?)>")
_NUMBER_BEFORE = re.compile(rf"(\d)(?:{_STYLE}){{0,3}}\Z", re.IGNORECASE)
_LOOKED_BACK = 200


def power(before: str, raised: str) -> str:
    """Return raised text as plain text: ``^3`` where it is the power of a number before it."""
    exponent = raised.strip()
    is_power = before[-1:].isdecimal() and _IS_EXPONENT.fullmatch(exponent)
    return _power(exponent) if is_power else raised


def is_sign(raised: str) -> bool:
    """Say whether it is a sign alone: it is often raised apart from its number."""
    return _IS_SIGN.fullmatch(raised.strip()) is not None


def _power(exponent: str) -> str:
    return f"^{exponent}" if _SIMPLE.fullmatch(exponent) else f"^({exponent})"


def _text_of_formula(element: Element, before: str = "", depth: int = 0) -> str:
    """Return a formula of MathML as plain text; ``before`` is what stands in front of it."""
    if not len(element) or depth > _DEEPEST:
        return "".join(element.itertext())
    parts = list(_parts(element, before, depth))
    own = [part.strip() for part in parts[1:]]
    match element.tag, own:
        case "msup", [base, raised]:
            return _raised_in_formula(before, base, raised)
        case "msubsup", [base, lowered, raised]:
            return _raised_in_formula(before, base + lowered, raised)
        case "mfrac", [above, below]:
            apart = " " if before[-1:].isdecimal() else ""
            return f"{apart}{_as_one(above)}/{_as_one(below)}"
        case "mroot", [base, index]:
            return f"{_as_one(base)}^(1/{index})"
        case "msqrt", _:
            return f"\u221a{_as_one(''.join(own))}"
    return "".join(parts)


def _parts(element: Element, before: str, depth: int) -> Iterator[str]:
    """Yield the element's own text and that of each child; blanks between them are no text."""
    text = (element.text or "").strip()
    yield text
    before = text or before
    for child in element:
        if child.tag in ("annotation", "annotation-xml"):
            yield ""
            continue
        said = _text_of_formula(child, before, depth + 1) + (child.tail or "").strip()
        before = said or before
        yield said


def _raised_in_formula(before: str, base: str, raised: str) -> str:
    if not base:
        return power(before, raised)
    return base + (_power(raised) if _IN_FORMULA.fullmatch(raised) else raised)


def _as_one(text: str) -> str:
    return text if _ONE.fullmatch(text) else f"({text})"


def spell_out(element: Element, before: str = "", depth: int = 0) -> str:
    """Make text of the powers and formulas in a tree, and return what its text ends with."""
    before = element.text or before
    if depth > _DEEPEST_TREE:
        return before
    for at, child in enumerate(element):
        tag = child.tag
        if tag not in _OF_TEXT:
            if len(child):
                spell_out(child, "", depth + 1)
            before = ""
        elif tag in FORMULAS:
            before = _text_of_formula(child, before)
            _become_text(child, before)
        elif _is_raised(child):
            if not _move_sign(child, element[at + 1 : at + 2]):
                _raise(child, before)
                before = ""
        else:
            before = spell_out(child, before, depth + 1)
        before = child.tail or before
    return before


def _is_raised(element: Element) -> bool:
    return element.tag in _RAISED or "superscript" in element.get("face", "")


def _move_sign(element: Element, following: list[Element]) -> bool:
    """Move a sign that is raised on its own to what is raised behind it."""
    sign = element.text or ""
    if len(element) or element.tail or not is_sign(sign):
        return False
    if not following or not _is_raised(following[0]):
        return False
    element.text, following[0].text = "", sign.strip() + (following[0].text or "")
    return True


def _raise(element: Element, before: str) -> None:
    raised = "".join(element.itertext())
    said = power(before, raised)
    if said != raised and not any(each.tag in _LINKS for each in element.iter()):
        _become_text(element, said)


def _become_text(element: Element, text: str) -> None:
    tail = element.tail
    element.clear()
    element.text, element.tail = text, tail


def with_powers(text: str) -> str:
    """Return text with marks in which powers and formulas of MathML are plain text."""
    if "up>" in text or "superscript>" in text:
        text = _CUT_IN_TWO.sub(r"\1", text)
        text = _SUPERSCRIPT.sub(_superscript, text)
    return "".join(_with_formulas(text))


def _superscript(found: re.Match[str]) -> str:
    raised = _TAG.sub("", found["raised"])
    said = power(found[0][0], raised)
    return found[0] if said == raised else found["base"] + said


def _with_formulas(text: str) -> Iterator[str]:
    at, unclosed = 0, set[str]()
    while opened := _OPENED.search(text, at):
        end = f"</{opened['name']}>"
        stop = -1 if end in unclosed else text.find(end, opened.end())
        if stop < 0:
            unclosed.add(end)
            yield text[at : opened.end()]
            at = opened.end()
            continue
        start, stop = opened.start(), stop + len(end)
        number = _NUMBER_BEFORE.search(text[max(at, start - _LOOKED_BACK) : start])
        yield text[at:start]
        yield formula_of(text[start:stop], number[1] if number else "", escaped=False)
        at = stop
    yield text[at:]


def formula_of(marked: str, before: str, *, escaped: bool = True) -> str:
    """Return a formula with its marks as text; without its marks if they do not fit together."""
    parts: list[str] = []
    plain: list[str] = []
    at = 0
    for tag in (*_TAG.finditer(marked), None):
        text = marked[at : tag.start() if tag else len(marked)]
        parts.append(text if escaped else escape(text))
        plain.append(unescape(text) if escaped else text)
        if tag:
            parts.append(f"<{tag[1]}{tag[2].lower()}{tag[3]}>")
            at = tag.end()
    try:
        formula = fromstring("".join(parts))  # noqa: S314 -- names and escaped text alone
    except ParseError:
        return "".join(plain)
    return _text_of_formula(formula, before)
