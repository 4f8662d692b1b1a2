"""The built-in ``results`` schema: every result that an abstract states as a number.

One item is one row of a result catalogue: what was measured on which data, with which outcome,
against whom. Unit, range and margin are read off the quote and never asked of the model.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    computed_field,
)

from extractor.grounding import NumberIn, NumberMention, Verbatim, numbers

from ._comparisons import baseline_of, is_relative
from ._values import Among, AskedAtMost, ReadOff, blank_is_none, without_blanks

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

_QUOTE = 100
"""Characters of a quote that are asked for."""


def _is_measured(text: str, number: NumberMention) -> bool:
    """Whether a number has a unit or a fraction; "1,240 speakers" and "12 tasks" have neither."""
    has_unit = number.unit is not None or _BEHIND.match(text, number.end) is not None
    return has_unit or not float(number.value).is_integer()


def _without_cut_word(value: object, info: ValidationInfo) -> object:
    """A quote of an answer that ends where its room ended, without the word that was cut."""
    if info.mode == "json" and isinstance(value, str) and len(value) == _QUOTE:
        return value.rpartition(" ")[0] or value
    return value


Words = Annotated[
    str,
    Field(min_length=1),
    BeforeValidator(_without_cut_word),
    AskedAtMost(_QUOTE),
    Verbatim(),
]
Name = Annotated[Annotated[str, AskedAtMost(80)] | None, BeforeValidator(blank_is_none), Verbatim()]


def _ask_for_all(schema: dict[str, Any]) -> None:
    """Small models leave out whatever they may: every field is asked for, if only as null."""
    schema["required"] = list(schema["properties"])


class Result(BaseModel):
    """One number that the abstract states as a result."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, json_schema_extra=_ask_for_all)

    value: Annotated[float, NumberIn("quote"), Among(_is_measured)] = Field(
        description="The number; the low end of a range."
    )
    quote: Words = Field(
        description="The shortest span, copied from the text, with the number and what it says."
    )
    relative: Annotated[bool, ReadOff(is_relative)] = Field(
        default=False,
        description="True when the number says how much better, faster, smaller or worse it is "
        "than something else, False when it is what was reached.",
    )
    metric: Name = Field(default=None, description="What was measured, as the text calls it.")
    dataset: Name = Field(
        default=None, description="The data or benchmark that it was measured on, the name alone."
    )
    task: Name = Field(default=None, description="The task that is solved, as the text calls it.")
    baseline: Annotated[Name, ReadOff(baseline_of)] = Field(
        default=None, description="What it is compared with, copied from the text, or null."
    )

    @computed_field(description="What the number counts, as the quote has it, derived.")  # type: ignore[prop-decorator]
    @property
    def unit(self) -> str | None:
        """The unit of ``value``: "%", "x", a key of ``_UNITS``, or None for a bare number."""
        return unit_of(self.value, self.quote)

    @computed_field(description="The high end of a range that value begins, derived.")  # type: ignore[prop-decorator]
    @property
    def value_max(self) -> float | None:
        """The high end of the range in the quote whose low end is ``value``."""
        mention = _mention_of(self.value, self.quote)
        return mention.value_max if mention and mention.value_max != self.value else None

    @computed_field(description="By how much it differs from the baseline, derived.")  # type: ignore[prop-decorator]
    @property
    def margin(self) -> float | None:
        """``value`` where it is a difference or a multiple, None where it is what was reached."""
        return self.value if self.relative or self.unit == "x" else None


class ResultFields(BaseModel):
    """The results that one title and abstract state. Copy words and numbers; invent nothing."""

    model_config = ConfigDict(extra="ignore")

    results: Annotated[list[Result], BeforeValidator(without_blanks), AskedAtMost(8)] = Field(
        default_factory=list,
        description="One item for each result with a number: a score, error, speed, time, memory "
        "or energy that was measured, or a gain in one. Not sizes, settings or bounds.",
    )


def unit_of(number: float, quote: str) -> str | None:
    """What ``number`` counts according to the words behind it in ``quote``; None if nothing."""
    mention = _mention_of(number, quote)
    if mention is None:
        return None
    behind = _BEHIND.match(quote, mention.end)
    if behind is None or (mention.unit == "x" and behind["u0"] is None):
        return mention.unit
    return next(unit for at, unit in enumerate(_UNITS) if behind[f"u{at}"])


def _mention_of(number: float, quote: str) -> NumberMention | None:
    size = abs(number)
    said = numbers(quote)
    return next((each for each in said if size in (each.value, each.value_max, *each.also)), None)


SCHEMA = ResultFields
