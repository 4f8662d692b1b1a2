"""Keys: what two values have in common that count as the same."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Key: TypeAlias = "Hashable"


def text_key(text: str) -> str:
    """What tells texts of any script apart: letters, marks, digits, "+" and "#", without case.

    A text that holds none of these ("%") is its own key.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(_tells_apart, folded)) or folded.strip()


def _tells_apart(char: str) -> bool:
    return char.isalnum() or char in "+#" or unicodedata.category(char).startswith("M")


def url_key(url: object) -> str:
    """A URL without its scheme, "www.", ".git" and whatever closes the sentence it stands in."""
    address = str(url).strip().lower()
    scheme, mark, rest = address.partition("://")
    if mark and scheme.isascii() and scheme.isalpha():
        address = rest
    return address.removeprefix("www.").rstrip("/.,;)").removesuffix(".git").rstrip("/")


def claim_key(claim: Mapping[str, Any]) -> Key:
    """Low end, high end and unit of a claimed speedup; a range of one number is that number."""
    low, high = float(claim["value"]), claim.get("value_max")
    return low, None if high is None or float(high) == low else float(high), claim["unit"]


def scalar_key(value: object) -> Key:
    """The key of one JSON value. Raises TypeError for an array or object."""
    if isinstance(value, str):
        return text_key(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be compared")
