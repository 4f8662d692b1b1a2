"""The built-in ``results`` schema: every result that an abstract states as a number.

One item is one row of a result catalogue: who measures what on which data, with which outcome,
against whom. Units and the ends of ranges are read off the quote and never asked of the model.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, computed_field

from extractor.grounding import NumberIn, NumberMention, Verbatim, numbers

from ._values import AskedAtMost, blank_is_none, without_blanks

# What a number counts, by how it is written behind it; "x" and "%" are found with the number.
_UNITS = {
    "points": r"(?:[A-Za-z][\w-]* )?(?:points?|pts?)|pp|p\.p\.",
    "dB": r"dBs?|decibels?",
    "ns": r"ns|nanoseconds?",
    "µs": r"[µμu]s|\\mus|microseconds?",
    "ms": r"ms|milliseconds?|msecs?",
    "s": r"s|secs?|seconds?",
    "min": r"min|mins|minutes?",
    "h": r"h|hrs?|hours?",
    "days": r"days?",
    "weeks": r"weeks?",
    "FPS": r"FPS|fps|frames?(?: per |/)(?:s|sec|second)",
    "Hz": r"Hz",
    "kHz": r"kHz",
    "tokens/s": r"(?:tokens?|tok)(?: per |/)(?:s|sec|second)",
    "mW": r"mW|milliwatts?",
    "W": r"W|[Ww]atts?",
    "kW": r"kW|kilowatts?",
    "mJ": r"mJ|millijoules?",
    "J": r"J|[Jj]oules?",
    "kWh": r"kWh",
    "KB": r"[kK]i?B|kilobytes?",
    "MB": r"Mi?B|megabytes?",
    "GB": r"Gi?B|gigabytes?",
    "TB": r"Ti?B|terabytes?",
    "GFLOPs": r"GFLOPs?",
    "TFLOPS": r"TFLOPS?",
    "mm": r"mm|millimet(?:er|re)s?",
    "cm": r"cm|centimet(?:er|re)s?",
    "km": r"km|kilomet(?:er|re)s?",
}
_BEHIND = re.compile(
    r"[\s~$*]*(?:-|absolute |percentage |\\[,;] ?|\\(?:text|mathrm)\{)?"
    rf"(?:{'|'.join(f'(?P<u{at}>{unit})' for at, unit in enumerate(_UNITS.values()))})"
    r"(?![^\W_]|/\w)"
)

Words = Annotated[str, Field(min_length=1), Verbatim()]
Name = Annotated[str | None, BeforeValidator(blank_is_none), Verbatim()]
Number = Annotated[float | None, BeforeValidator(blank_is_none), NumberIn("quote")]


class Result(BaseModel):
    """One result that the abstract states as a number."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    quote: Words = Field(
        description="The shortest span, copied from the text, with the number and what it says."
    )
    task: Name = Field(default=None, description="The task that is solved, as the text calls it.")
    dataset: Name = Field(
        default=None, description="The data or benchmark that it was measured on, the name alone."
    )
    metric: Name = Field(default=None, description="What was measured, as the text calls it.")
    value: Number = Field(
        default=None, description="The number that was reached, or null if only a gain is stated."
    )
    baseline: Name = Field(
        default=None, description="What it is compared with, copied from the text."
    )
    margin: Number = Field(
        default=None, description="The number by which it differs from the baseline, or null."
    )

    @computed_field(description="The unit of value as the quote has it, derived.")  # type: ignore[prop-decorator]
    @property
    def unit(self) -> str | None:
        """The unit of ``value``: "%", "x", a key of ``_UNITS``, or None for a bare number."""
        return unit_of(self.value, self.quote)

    @computed_field(description="The high end where value is the low one of a range, derived.")  # type: ignore[prop-decorator]
    @property
    def value_max(self) -> float | None:
        """The high end of the range that ``value`` begins."""
        return _high_end(self.value, self.quote)

    @computed_field(description="The unit of margin as the quote has it, derived.")  # type: ignore[prop-decorator]
    @property
    def margin_unit(self) -> str | None:
        """The unit of ``margin``, as in ``unit``."""
        return unit_of(self.margin, self.quote)

    @computed_field(description="The high end where margin is the low one of a range, derived.")  # type: ignore[prop-decorator]
    @property
    def margin_max(self) -> float | None:
        """The high end of the range that ``margin`` begins."""
        return _high_end(self.margin, self.quote)


class ResultFields(BaseModel):
    """The results that one title and abstract state. Copy words and numbers; invent nothing."""

    model_config = ConfigDict(extra="ignore")

    results: Annotated[list[Result], BeforeValidator(without_blanks), AskedAtMost(12)] = Field(
        default_factory=list,
        description="One item for each result with a number: a score, error, speed, time, memory "
        "or energy that was measured, or a gain in one. Not sizes, settings or bounds.",
    )


def unit_of(number: float | None, quote: str) -> str | None:
    """What ``number`` counts according to the words behind it in ``quote``; None if nothing."""
    mention = _mention_of(number, quote)
    if mention is None:
        return None
    behind = _BEHIND.match(quote, mention.end)
    if behind is None or (mention.unit == "x" and behind["u0"] is None):
        return mention.unit
    return next(unit for at, unit in enumerate(_UNITS) if behind[f"u{at}"])


def _high_end(number: float | None, quote: str) -> float | None:
    mention = _mention_of(number, quote)
    return mention.value_max if mention and mention.value_max != number else None


def _mention_of(number: float | None, quote: str) -> NumberMention | None:
    if number is None:
        return None
    size = abs(number)
    said = numbers(quote)
    return next((each for each in said if size in (each.value, each.value_max, *each.also)), None)


SCHEMA = ResultFields
