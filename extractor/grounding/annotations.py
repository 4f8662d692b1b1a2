"""Annotations by which a schema says which fields must be found in the paper, and how.

They are inert metadata of ``typing.Annotated``: pydantic validates the field, and writes its
JSON Schema, as if they were not there.

    class Claim(BaseModel):
        quote: Annotated[str, Verbatim()]
        value: Annotated[float, NumberIn("quote")]
        unit: Annotated[Literal["x", "%"], UnitIn("quote")]
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verbatim:
    """The title or abstract contains the string."""


@dataclass(frozen=True, slots=True)
class Url:
    """The title or abstract contains the string as a whole URL."""


@dataclass(frozen=True, slots=True)
class NumberIn:
    """The sibling field ``quote`` says the number; if None, the title or abstract does."""

    quote: str | None = None


@dataclass(frozen=True, slots=True)
class UnitIn:
    """The sibling field ``quote`` says the unit; if None, the title or abstract does.

    "x" may be written "x", "×", "times", "-fold", "twice", "orders of magnitude" and the like,
    "%" as "%", "percent" or "per cent". Any other unit must be there itself. If a number is
    annotated with the same quote, the unit must be that of the number.
    """

    quote: str | None = None


Annotation = Verbatim | Url | NumberIn | UnitIn
