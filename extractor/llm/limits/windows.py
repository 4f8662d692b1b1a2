"""Limits on an amount per time: the user's, and those that the server reports."""

from __future__ import annotations

import re
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOW_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 60.0
_BLINK_SECONDS = 0.001
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class SlidingWindow:
    """A limit on an amount per minute."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._taken: deque[list[float]] = deque()
        self._sum = 0.0

    def delay(self, amount: float = 1) -> float:
        """Seconds until there may be room for ``amount``; 0 if there is room now."""
        now = self._clock()
        while self._taken and self._taken[0][0] <= now - WINDOW_SECONDS:
            self._sum -= self._taken.popleft()[1]
        # An amount that exceeds the limit by itself is sent alone.
        if self._sum + amount <= self._limit or not self._taken:
            return 0.0
        return max(_BLINK_SECONDS, self._taken[0][0] + WINDOW_SECONDS - now)

    def take(self, amount: float = 1) -> list[float]:
        """Take ``amount``; the return value can be passed to `correct` later."""
        entry = [self._clock(), amount]
        self._taken.append(entry)
        self._sum += amount
        return entry

    def correct(self, entry: list[float], amount: float) -> None:
        """Replace the estimate with the actual amount."""
        if self._taken and entry[0] >= self._taken[0][0]:
            self._sum += amount - entry[1]
            entry[1] = amount


class ServerLimit:
    """What the server last reported as left of its limit, and when the limit resets."""

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self._remaining = f"x-ratelimit-remaining-{what}"
        self._reset = f"x-ratelimit-reset-{what}"
        self._clock = clock
        self._left: float | None = None
        self._whole_at = 0.0

    def read(self, headers: Mapping[str, str]) -> None:
        remaining, reset = headers.get(self._remaining), headers.get(self._reset)
        if remaining is None or not remaining.strip().isdigit():
            return
        self._left = float(remaining)
        self._whole_at = self._clock() + min(parse_duration(reset), LONGEST_PAUSE_SECONDS)

    def delay(self, out: float) -> float:
        """Seconds until one more may be sent, with ``out`` in flight and uncounted."""
        if self._left is None or self._left > out:
            return 0.0
        left = self._whole_at - self._clock()
        if left <= 0:
            self._left = None
        return max(0.0, left)


def parse_duration(text: str | None) -> float:
    """Seconds of "1s", "6m0s", "120ms" or "12"; 0 if it is not a duration."""
    text = (text or "").strip()
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return float(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts))
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0
