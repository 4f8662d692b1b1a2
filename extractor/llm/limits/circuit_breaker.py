"""Tells a fault of one request from an outage of the endpoint, as a circuit breaker does.

A request that fails while others are answered has a fault of its own. When different requests fail
and none is answered between them, the circuit opens: until an answer comes, the fault is the
endpoint's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST_WITNESSES = 8
"""The number of requests that must fail in a row, where as many are in flight: with fewer, faults
of single requests would often look like an outage."""

_FEWEST_WITNESSES = 3


@dataclass
class CircuitBreaker:
    """Counts which requests have failed since the last answer, and how often by themselves."""

    clock: Callable[[], float] = time.monotonic
    answers: int = field(default=0, init=False)
    _failing: set[Hashable] = field(default_factory=set, init=False)
    _alone: dict[Hashable, int] = field(default_factory=dict, init=False)
    _since: float = field(default=0.0, init=False)
    _open: bool = field(default=False, init=False)

    def failed(self, request: Hashable, *, in_flight: int, believed: int) -> bool:
        """Count a failed try; returns whether the circuit is open.

        ``in_flight`` is how many requests may be in flight. A request is a witness of an outage
        until it has failed by itself ``believed`` times.
        """
        alone = self._alone.get(request, 0)
        if alone < believed:
            if not self._failing:
                self._since = self.clock()
            self._failing.add(request)
        if len(self._failing) >= max(_FEWEST_WITNESSES, min(MOST_WITNESSES, in_flight)):
            self._open = True
            self._alone.clear()
        if not self._open:
            self._alone[request] = alone + 1
        return self._open

    def answered(self) -> None:
        """Close the circuit: the endpoint answers."""
        self.answers += 1
        if self._failing:
            self._failing.clear()
            self._open = False

    @property
    def failing_alone(self) -> bool:
        """Whether the endpoint answers, and few requests have failed since its last answer."""
        return self.answers > 0 and len(self._failing) < _FEWEST_WITNESSES

    def seconds_open(self) -> float:
        """Seconds since the first failure of the outage; 0 if there is none."""
        return self.clock() - self._since if self._open else 0.0

    def forget(self, request: Hashable) -> None:
        """The request has ended."""
        self._alone.pop(request, None)
