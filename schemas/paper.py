"""The built-in ``paper`` schema: what an abstract says a method is called, runs on and speeds up.

The descriptions are read by the model; ``factor`` is derived and never asked for.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, computed_field

from extractor.grounding import NumberIn, UnitIn, Url, Verbatim, canonical_unit

from ._values import blank_is_none

_LESS_TIME = re.compile(
    r"\b(less|lower|reduc\w*|decreas\w*|cut\w*|sav\w*|shorten\w*|short\w*|drop\w*|fewer)\b", re.I
)
_TIME = re.compile(
    r"\b(time|latency|latencies|delay|runtime|duration|overhead|wall[- ]clock)\b", re.I
)
_MORE_SPEED = re.compile(
    r"\b(faster|quicker|speed\w*|throughput|accelerat\w*|quicken\w*|fps|rate)\b", re.I
)
_SHARE_OF_TIME = re.compile(
    r"(%|percent)\s+of\s+(the\s+|its\s+)?[\w\s-]{0,30}\b(time|latency)\b", re.I
)

Words = Annotated[str, Field(min_length=1), Verbatim()]
Name = Annotated[str, Field(min_length=1), Verbatim()]


def speed_factor(value: float, unit: str, quote: str) -> float | None:
    """The claim as a multiple of the baseline's speed; None where the words do not settle it."""
    if unit == "x":
        return value
    if _SHARE_OF_TIME.search(quote):
        return 100 / value if value > 0 else None
    if _LESS_TIME.search(quote) and _TIME.search(quote):
        return 1 / (1 - value / 100) if value < 100 else None
    return 1 + value / 100 if _MORE_SPEED.search(quote) else None


class Speedup(BaseModel):
    """One quantified claim that something of this paper is faster."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    quote: Words = Field(
        description="The shortest span, copied from the text, with the number and what it claims."
    )
    value: Annotated[float, Field(gt=0), NumberIn("quote")] = Field(
        description='The number; the low end of a range. "two orders of magnitude" is 100.'
    )
    value_max: Annotated[float | None, NumberIn("quote")] = Field(
        default=None, description="The high end of a range, else null."
    )
    unit: Annotated[
        Literal["x", "%"],
        BeforeValidator(lambda unit: canonical_unit(unit) or unit),
        UnitIn("quote"),
    ] = Field(description='"x" for a multiple (x, times, fold), "%" for a percentage.')
    up_to: bool = Field(
        default=False, description='True when said as "up to", "as much as" or "at most".'
    )
    kind: Literal["throughput", "latency", "training", "inference", "convergence", "runtime"] = (
        Field(
            default="runtime",
            description="What is faster. throughput and latency where those words are used, "
            "runtime where nothing more is said.",
        )
    )
    baseline: Annotated[str | None, BeforeValidator(blank_is_none), Verbatim()] = Field(
        default=None, description="What it is compared with, copied from the text, or null."
    )

    @computed_field(description="The claim as a multiple of the baseline's speed, derived.")  # type: ignore[prop-decorator]
    @property
    def factor(self) -> float | None:
        """Derived from value, unit and quote (docs/schemas.md says how)."""
        factor = speed_factor(self.value, self.unit, self.quote)
        return None if factor is None else round(factor, 6)


class PaperFields(BaseModel):
    """What one title and abstract say. Copy names character for character; invent nothing."""

    model_config = ConfigDict(extra="ignore")

    method_name: Annotated[str | None, BeforeValidator(blank_is_none), Verbatim()] = Field(
        default=None,
        description="The short proper name of the main thing this paper introduces (method, "
        "model, system, tool, dataset or benchmark), or null if it has no name.",
    )
    claimed_speedups: list[Speedup] = Field(
        default_factory=list,
        max_length=12,
        description="Quantified claims of being faster: less time, lower latency, higher "
        "throughput. Not accuracy, not parameters, FLOPs, memory or cost, not bare rates.",
    )
    benchmarks: list[Name] = Field(
        default_factory=list,
        max_length=16,
        description="Named benchmarks, datasets, corpora or task suites that the paper "
        "evaluates on or releases. Not tasks, metrics, models or methods.",
    )
    hardware: list[Name] = Field(
        default_factory=list,
        max_length=16,
        description="Named devices, chips, accelerators, boards or computing platforms. "
        "Not generic words such as GPU.",
    )
    code_url: Annotated[str | None, BeforeValidator(blank_is_none), Url()] = Field(
        default=None, description="The URL of this paper's source code as the text gives it."
    )


SCHEMA = PaperFields
