"""How many papers are in flight: as many as the endpoint takes, found while it is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = 16
"""Papers in flight at first, where a cap does not say fewer."""

_CUT = 0.8
_STEP = 0.05
# What a higher level must bring of what it was raised by; less, and it only makes a queue.
_WORTH = 0.3
_RAISED = 1.2
_ROUNDS_OF_REST = 20


@dataclass
class AdaptiveConcurrency:
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
    _levels: float = field(default=0.0, init=False)
    _round: tuple[float, int] = field(init=False)
    _before: tuple[float, float] | None = field(default=None, init=False)

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
        self._levels += self._level
        if self._doubling and not self._rest:
            self._level = min(self._level + 1, self.cap)
        if self._answers >= self._round[1]:
            self._end_round()

    def limited(self, sent_at: float) -> bool:
        """Cut the level for a request sent at ``sent_at``; say whether it was a new episode."""
        if sent_at < self._cut_at:
            return False
        self._level = max(1.0, self._level * _CUT)
        self._doubling, self._rest, self._before = False, 0, None
        self._cut_at = self.clock()
        self._begin_round()
        return True

    def _begin_round(self) -> None:
        self._round = (self.clock(), self.limit)
        self._answers, self._levels = 0, 0.0

    def _end_round(self) -> None:
        seconds = self.clock() - self._round[0]
        rate = self._answers / seconds if seconds > 0 else float("inf")
        mean = self._levels / self._answers
        if self._rest:
            self._rest, self._before = self._rest - 1, (mean, rate)
        elif self._doubling:
            self._judge(mean, rate)
        else:
            self._level = min(self._level + max(1.0, _STEP * self._level), self.cap)
        self._begin_round()

    def _judge(self, level: float, rate: float) -> None:
        """Go back where growing brought little: answers a second, at the mean level of a round."""
        if self._before is None:
            self._before = (level, rate)
            return
        raised, brought = level / self._before[0], rate / self._before[1]
        if raised < _RAISED:
            return
        if brought < 1 + _WORTH * (raised - 1):
            self._level = max(1.0, float(int(self._before[0])))
            self._rest = _ROUNDS_OF_REST
        else:
            self._before = (level, rate)
