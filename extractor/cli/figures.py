"""Durations and sums of money as people read them."""

from __future__ import annotations

_UNITS = (("days", 86400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float, *ends: float) -> str:
    """In the largest unit of which there are two or more; the ends of the range in brackets."""
    unit, length = next((name, size) for name, size in _UNITS if seconds >= 2 * size or size == 1)
    amount, *others = (
        f"{each / length:,.2g}" if each < 100 * length else f"{each / length:,.0f}"
        for each in (seconds, *ends)
    )
    return f"{amount} {unit}" + (f" ({' to '.join(others)})" if others else "")


def money(dollars: float) -> str:
    """Cents, and below a dollar two significant digits."""
    places = next((places for places in range(2, 8) if dollars * 10**places >= 10), 2)
    return f"{dollars:,.{places}f}"
