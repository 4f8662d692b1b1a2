"""How many papers are in flight: as many as the endpoint takes, found while it is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = 8
"""Papers in flight at first, where a cap does not say fewer."""

_CUT = 0.8
_STEP = 0.05
# A level that was raised by half must bring this much more, or it only makes a queue.
_RAISED, _WORTH = 1.5, 1.15
_ROUNDS_OF_REST = 20


@dataclass
class Level:
    """Grows while answers are clean and growing pays, and is cut where the server says so.

    A *round* is as many answers as papers were in flight when it began. At first the level
    doubles with each round; after the first cut it grows by 5 % a round. A cut takes a fifth,
    once for all the requests that were sent before it. Where a higher level brings no more
    answers a second, the lower one is taken again and kept for twenty rounds.
    """

    cap: int
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _doubling: bool = field(default=True, init=False)
    _cut_at: float = field(default=-1.0, init=False)
    _rest: int = field(default=0, init=False)
    _answers: int = field(default=0, init=False)
    _round: tuple[float, int] = field(init=False)
    _before: tuple[int, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._level = float(min(START, self.cap))
        self._begin_round()

    @property
    def limit(self) -> int:
        """Papers that may be in flight now, from 1 to ``cap``."""
        return int(self._level)

    def answered(self) -> None:
        """Count a clean answer."""
        self._answers += 1
        if self._doubling and not self._rest:
            self._level = min(self._level + 1, self.cap)
        if self._answers >= self._round[1]:
            self._end_round()

    def limited(self, sent_at: float) -> bool:
        """Cut the level for a request sent at ``sent_at``; say whether it was a new episode."""
        if sent_at < self._cut_at:
            return False
        self._level = max(1.0, min(self._level, self._round[1]) * _CUT)
        self._doubling, self._rest, self._before = False, 0, None
        self._cut_at = self.clock()
        self._begin_round()
        return True

    def _begin_round(self) -> None:
        self._round = (self.clock(), self.limit)
        self._answers = 0

    def _end_round(self) -> None:
        began, size = self._round
        seconds = self.clock() - began
        rate = self._answers / seconds if seconds > 0 else float("inf")
        if self._rest:
            self._rest -= 1
            self._doubling = not self._rest and self._cut_at < 0
        elif self._doubling:
            self._judge(size, rate)
        else:
            self._level = min(self._level + max(1.0, _STEP * self._level), self.cap)
        self._begin_round()

    def _judge(self, size: int, rate: float) -> None:
        """Go back where the last doubling brought little."""
        if self._before is None or size < self._before[0] * _RAISED:
            self._before = self._before or (size, rate)
        elif rate < self._before[1] * _WORTH:
            self._level = float(self._before[0])
            self._rest, self._before = _ROUNDS_OF_REST, None
        else:
            self._before = (size, rate)
