"""Single numbers of a text, in digits and in words, each with its unit.

Ranges, lists and phrases such as "up to" are put together in ``numbers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.grounding.digits import numbers_in_digits
from extractor.grounding.number_words import numbers_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractor.grounding.quantity import Numeral


def numerals(text: str) -> Iterator[Numeral]:
    """Every numeral of ``text``, in order, none inside another."""
    found = [*numbers_in_digits(text), *numbers_in_words(text)]
    found.sort(key=lambda numeral: (numeral.start, -numeral.stop))
    reached = 0
    for numeral in found:
        if numeral.start >= reached:
            reached = numeral.stop
            yield numeral
