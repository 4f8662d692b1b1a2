"""A picture of bars, as SVG that is readable on a light and on a dark page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _LABELS, _ROW = 760, 250, 30
_OURS = "extractor"


def draw(rows: Sequence[tuple[str, float]], unit: str = "papers/s") -> str:
    """One bar for each label and value, the largest first; those of this project stand out."""
    ordered = sorted(rows, key=lambda row: -row[1])
    most = max(value for _, value in ordered)
    room = _WIDTH - _LABELS - 110
    parts = [
        _bar(i * _ROW + 8, label, value, room * value / most, unit)
        for i, (label, value) in enumerate(ordered)
    ]
    height = len(ordered) * _ROW + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="system-ui, sans-serif" '
        'font-size="14" role="img">\n'
        "<style>text { fill: #1f2328 } @media (prefers-color-scheme: dark) "
        "{ text { fill: #e6edf3 } }</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _bar(top: int, label: str, value: float, length: float, unit: str) -> str:
    colour = "#1a7f37" if label.startswith(_OURS) else "#8c959f"
    plain = escape(label.replace("*", ""))
    return (
        f'<text x="{_LABELS - 10}" y="{top + 16}" text-anchor="end">{plain}</text>'
        f'<rect x="{_LABELS}" y="{top}" width="{max(length, 1):.1f}" height="22" rx="3" '
        f'fill="{colour}"/>'
        f'<text x="{_LABELS + length + 8:.1f}" y="{top + 16}">{value:,.0f} {unit}</text>'
    )
