"""Numbers of things in words: one rule for every message."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with its noun: "1 paper", "2,000 papers"; ``plural`` where it is not noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
