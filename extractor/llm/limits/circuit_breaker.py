"""Tells a fault of one request from an outage of the endpoint, as a circuit breaker does.

A request that fails while others are answered has a fault of its own. When different requests fail
and none is answered between them, the circuit opens: until an answer comes, the fault is the
endpoint's. If nearly all of them have failed before while others were answered, as at the end of a
dump, where only bad papers are left, that is doubtful, and waited out for a minute only.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.llm.limits.windows import WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST_WITNESSES = 8
"""The number of requests that must fail in a row, where as many are in flight, and an eighth of
those in flight where they are more: with fewer, faults of single requests would often look like an
outage, since faults come sooner than answers."""

_FEWEST_WITNESSES = 3


@dataclass
class CircuitBreaker:
    """Counts which requests have failed since the last answer, and how often by themselves.

    An outage is waited out for ``patience`` seconds.
    """

    clock: Callable[[], float] = time.monotonic
    patience: float = math.inf
    answers: int = field(default=0, init=False)
    _failing: dict[Hashable, int] = field(default_factory=dict, init=False)
    _alone: dict[Hashable, int] = field(default_factory=dict, init=False)
    _since: float = field(default=0.0, init=False)
    _open: bool = field(default=False, init=False)

    def failed(self, request: Hashable, *, in_flight: int, begun: int, believed: int) -> bool:
        """Count a failed try; returns whether the circuit is open.

        ``in_flight`` is how many requests may be in flight, and ``begun`` how many are begun and
        not done. A request is a witness of an outage until it has failed ``believed`` times while
        others were answered.
        """
        alone = self._alone.setdefault(request, 0)
        if alone < believed:
            if not self._failing:
                self._since = self.clock()
            self._failing[request] = alone
        witnesses = min(MOST_WITNESSES, in_flight), min(in_flight // MOST_WITNESSES, begun)
        if len(self._failing) >= max(_FEWEST_WITNESSES, *witnesses):
            self._open = True
        return self._open

    def answered(self) -> None:
        """Close the circuit: the endpoint answers."""
        self.answers += 1
        if not self._failing:
            return
        if not self._open:
            for request in self._failing.keys() & self._alone.keys():
                self._alone[request] += 1
        self._failing.clear()
        self._open = False

    @property
    def failing_alone(self) -> bool:
        """Whether the endpoint answers, and few requests have failed since its last answer."""
        return self.answers > 0 and len(self._failing) < _FEWEST_WITNESSES

    @property
    def seconds_open(self) -> float:
        """Seconds since the first failure of the outage; 0 if there is none."""
        return self.clock() - self._since if self._open else 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds for which the outage is still waited out, below 0 if no longer."""
        certain = sum(not alone for alone in self._failing.values()) >= _FEWEST_WITNESSES
        patience = self.patience if certain else min(self.patience, WINDOW_SECONDS)
        return patience - self.seconds_open

    def forget(self, request: Hashable) -> None:
        """The request has ended."""
        self._alone.pop(request, None)
