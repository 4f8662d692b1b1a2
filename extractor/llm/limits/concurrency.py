"""How many papers are in flight: as many as bring more answers, as far as the server allows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = 16
"""Papers in flight at first, unless the cap is lower."""

_CUT = 0.8
_FEW_REFUSED = 0.1
_CUTS_IN_VAIN = 3
_STEP = 0.05
# The share of a raise that must show up as throughput; with less, requests only queue.
_WORTH = 0.3
_RAISED = 1.2
_ROUNDS_OF_REST = 20
_ROUNDS_HELD = 12


@dataclass
class AdaptiveConcurrency:
    """Grows while requests succeed and throughput rises; is cut when the server asks for fewer.

    A *round* is as many replies as papers were in flight when it began. At first the level
    doubles with each round; after the first cut it grows by 5 % a round. A cut takes a fifth,
    once for all the requests that were sent before it. A round with more than 10 refusals for
    100 answers, chance apart, also cuts it, for twelve rounds at least, but not below the first
    level, and for twenty rounds no more after three such cuts in a row: single requests may be
    refused at any level. Where a higher level brings no more answers a second, the lower one is
    taken again and kept for twenty rounds.
    """

    cap: int
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _doubling: bool = field(default=True, init=False)
    _cut_at: float = field(default=-1.0, init=False)
    _rest: int = field(default=0, init=False)
    _replies: int = field(default=0, init=False)
    _answers: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _settling: bool = field(default=False, init=False)
    _rounds_refused: int = field(default=0, init=False)
    _rounds_unjudged: int = field(default=0, init=False)
    _levels: float = field(default=0.0, init=False)
    _round: tuple[float, int] = field(init=False)
    _before: tuple[float, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._level = float(min(START, self.cap))
        self._begin_round()

    @property
    def limit(self) -> int:
        """The number of papers that may be in flight now, from 1 to ``cap``."""
        return int(self._level)

    def answered(self) -> None:
        """Count a clean answer."""
        self._answers += 1
        self._levels += self._level
        few = self._refused <= _FEW_REFUSED * self._answers
        if self._doubling and not self._rest and few:
            self._level = min(self._level + 1, self.cap)
        self._replied()

    def refused(self) -> None:
        """Count a request that the server refused because it has too many."""
        self._refused += 1
        self._replied()

    def failed(self) -> None:
        """Count a request that failed otherwise, which says nothing about the level."""
        self._replied()

    def _replied(self) -> None:
        self._replies += 1
        if self._replies >= self._round[1]:
            self._end_round()

    def limited(self, sent_at: float) -> bool:
        """Cut the level for a request sent at ``sent_at``; returns whether an episode began."""
        if sent_at < self._cut_at:
            return False
        self._cut(1.0)
        self._cut_at = self.clock()
        self._begin_round()
        return True

    def _cut(self, least: float) -> None:
        self._level = max(least, self._level * _CUT)
        self._doubling, self._rest, self._before = False, 0, None

    def _begin_round(self) -> None:
        self._round = (self.clock(), self.limit)
        self._replies, self._answers, self._refused, self._levels = 0, 0, 0, 0.0

    def _end_round(self) -> None:
        if self._answers:
            self._weigh_round()
        self._begin_round()

    def _weigh_round(self) -> None:
        seconds = self.clock() - self._round[0]
        rate = self._answers / seconds if seconds > 0 else float("inf")
        mean = self._levels / self._answers
        if self._settling:
            self._settling = False  # its requests were sent at the level before the cut
        elif self._refused_at_this_level():
            self._cut(min(START, self._level))
            self._settling, self._rest = True, _ROUNDS_HELD
        elif self._rest:
            self._rest, self._before = self._rest - 1, (mean, rate)
        elif self._doubling:
            self._judge(mean, rate)
        else:
            self._level = min(self._level + max(1.0, _STEP * self._level), self.cap)

    def _refused_at_this_level(self) -> bool:
        """Whether requests were refused in this round because there are too many."""
        if self._rounds_unjudged:
            self._rounds_unjudged -= 1
            return False
        expected = _FEW_REFUSED * self._answers
        few = self._refused <= expected + 2 * math.sqrt(expected)
        self._rounds_refused = 0 if few else self._rounds_refused + 1
        if self._rounds_refused > _CUTS_IN_VAIN:
            self._rounds_refused, self._rounds_unjudged = 0, _ROUNDS_OF_REST
            return False
        return not few

    def _judge(self, level: float, rate: float) -> None:
        """Go back if a raise brought little throughput at the mean level of a round."""
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
