"""Annotations by which a schema says what its fields must rest on in the paper.

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
    """The string stands in the title or abstract."""


@dataclass(frozen=True, slots=True)
class Url:
    """The string is a URL that stands in the title or abstract, whole."""


@dataclass(frozen=True, slots=True)
class NumberIn:
    """The number is said by the words of the sibling field ``quote``, or anywhere if None."""

    quote: str | None = None


@dataclass(frozen=True, slots=True)
class UnitIn:
    """The unit is said in the sibling field ``quote``, or anywhere if None.

    "x" is said as "x", "×", "times", "-fold", "twice", "orders of magnitude" and their kind,
    "%" as "%", "percent" and "per cent". Any other unit must stand there itself. Where a number
    of the same quote is annotated too, the unit must be that of the number.
    """

    quote: str | None = None


Annotation = Verbatim | Url | NumberIn | UnitIn
