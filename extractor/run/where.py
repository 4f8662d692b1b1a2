"""Conditions on what a dump says of a paper: ``year>=2024``, ``venue~ICML|NeurIPS``.

A condition is a column, an operator and a value. Columns are ``id``, ``title``, ``abstract`` and
the keys of a paper's metadata, in whatever case; ``year``, ``venue``, ``doi`` and ``url`` are also
those that metadata of other names tell. ``=`` compares the whole text, numbers or dates, and
without a value holds where there is none; ``~`` looks for words within it; neither minds the case.
``<``, ``<=``, ``>`` and ``>=`` compare numbers and dates, a date as far as the value goes:
2024-05-03 is ``<=2024`` and, in a column of dates, ``=2024``. ``!=`` and ``!~`` are the opposites,
and hold for a paper without the column as well. ``|`` separates alternatives.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import UsageError
from extractor.publication import publication_of, tells_year, year_in
from extractor.readers.base import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from extractor.paper import Paper

_FORM = re.compile(r"\s*([^\s<>=!~][^<>=!~]*?)\s*([<>=!~]+)\s*(.*?)\s*", re.DOTALL)
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d.*)?)?", re.DOTALL)
_GROUPED = re.compile(r"([+-]?\d{1,3}(?:[,'’\s]\d{3})+)(\.\d+)?")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {  # of numbers, or of texts
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS = {"=", "!=", "~", "!~", *_ORDERS}
_MEANT = {"==": "=", "===": "=", "=>": ">=", "=<": "<=", "<>": "!=", "=!": "!=", "!==": "!="}
_MEANT |= {"=~": "~", "~=": "~", "~!": "!~", ">==": ">=", "<==": "<="}
OPERATORS = "=, !=, ~ (contains), !~, <, <=, > and >="


@dataclass(frozen=True)
class Condition:
    """One condition; `holds` tells whether a paper meets it."""

    column: str
    operator: str
    values: tuple[str, ...]

    @property
    def negative(self) -> bool:
        """Whether a paper without the column meets it."""
        return self.operator.startswith("!")

    def holds(self, paper: Paper) -> bool:
        texts = list(_texts(paper, self.column)) or [""]
        return any(map(self._meets, texts)) is not self.negative

    def compares(self, paper: Paper) -> bool:
        """Whether a paper has what can be compared, a number or a date where these are."""
        return self.operator not in _ORDERS or any(
            self._ordered(text) is not None for text in _texts(paper, self.column)
        )

    def _meets(self, text: str) -> bool:
        """Whether a text meets it, the opposite of it for a negative one."""
        kind = self.operator.removeprefix("!")
        if kind == "~":
            return any(value.casefold() in text.casefold() for value in self.values)
        if kind == "=":
            return any(_equal(text, value) or self._same_date(text, value) for value in self.values)
        return self._ordered(text) is True

    def _same_date(self, text: str, value: str) -> bool:
        """Whether a column of dates has that date, as far as the value goes."""
        return (
            tells_year(self.column)
            and _DATE.fullmatch(value) is not None
            and all(_date_in_order(text, kind, value) for kind in ("<=", ">="))
        )

    def _ordered(self, text: str) -> bool | None:
        """Whether a text is in the order; None where nothing tells."""
        if tells_year(self.column):
            return _date_in_order(text, self.operator, self.values[0])
        return _in_order(text, self.operator, self.values[0])


def parse_condition(text: str) -> Condition:
    """The condition in a text. Raises UsageError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--where {text!r} is not a condition.",
            hint=f"Give a column, one of {OPERATORS}, and a value, such as 'year>=2024'.",
        )
    column, kind, value = found.groups()
    if kind not in _OPERATORS:
        raise _no_operator(text, kind)
    values = tuple(part.strip() for part in value.split("|"))
    if not all(values) and kind not in {"=", "!="}:
        raise UsageError(
            f"--where {text!r} has no value to compare with.",
            hint="Give one behind the operator, such as 'venue~ICML'; 'venue=' means no value.",
        )
    if kind in _ORDERS and (len(values) > 1 or not _comparable(values[0])):
        raise UsageError(
            f"--where {text!r} compares with {value!r}, which is not one number or date.",
            hint="Give a number or a date such as 2024-05; '=' and '~' compare texts.",
        )
    return Condition(column, kind, values)


def _no_operator(text: str, kind: str) -> UsageError:
    meant = _MEANT.get(kind)
    return UsageError(
        f"--where {text!r}: {kind!r} is not an operator.",
        hint=f"Write {meant!r}."
        if meant
        else f"Write one of {OPERATORS}, and a space before a value that begins with such a sign.",
    )


def columns_of(paper: Paper) -> Iterator[str]:
    """The columns that a paper has."""
    yield from ("id", "title", "abstract")
    yield from paper.source
    told = publication_of(paper.source, paper.id)._asdict()
    yield from (name for name, value in told.items() if value is not None)


def _texts(paper: Paper, column: str) -> Iterator[str]:
    """The texts in a column of a paper: each item of a list by itself."""
    own = {"id": paper.id, "title": paper.title, "abstract": paper.abstract}
    name = column.casefold()
    if name in own:
        yield own[name]
        return
    values = [value for key, value in paper.source.items() if key.casefold() == name]
    if not values:
        values = [publication_of(paper.source, paper.id)._asdict().get(name)]
    for value in values:
        parts = value if isinstance(value, list) else [value]
        yield from filter(None, map(_text, parts))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else json_text(value).strip()


def _number(text: str) -> float | None:
    """The number that a text is, also with separators of thousands."""
    if grouped := _GROUPED.fullmatch(text):
        text = re.sub(r"[^\d+-]", "", grouped[1]) + (grouped[2] or "")
    try:
        return float(text)
    except ValueError:
        return None


def _comparable(text: str) -> bool:
    number = _number(text)
    return number == number if number is not None else _DATE.fullmatch(text) is not None


def _equal(text: str, value: str) -> bool:
    if text.casefold() == value.casefold():
        return True
    one, other = _number(text), _number(value)
    return one is not None and one == other


def _in_order(text: str, kind: str, value: str) -> bool | None:
    """Whether numbers or dates are in order; None where they are not both one or the other."""
    one, other = _number(text), _number(value)
    if one is not None and other is not None:
        return _ORDERS[kind](one, other)
    # Dates written year first are in order as texts.
    if _DATE.fullmatch(text) and _DATE.fullmatch(value):
        return _ORDERS[kind](text[: len(value)], value)
    return None


def _date_in_order(text: str, kind: str, value: str) -> bool | None:
    """As `_in_order`, also where the text has no more than a year in it, such as May 2024; None
    where it has none, or more than the years would have to be known."""
    found = _in_order(text, kind, value)
    if found is not None:
        return found
    year = year_in(text)
    if year is None or not _DATE.fullmatch(value):
        return None
    other, more = int(value[:4]), len(value) > len("2024")
    return None if more and year == other else _ORDERS[kind](year, other)
