"""When a request may be sent: pauses, rate limits, outages, and the signal that ends a run."""

from extractor.llm.limits.concurrency import START, AdaptiveConcurrency
from extractor.llm.limits.rate_limiter import (
    BELIEVED_REFUSALS,
    TOLD_SECONDS,
    Limits,
    RateLimiter,
    Sending,
    Wait,
)
from extractor.llm.limits.stop_signal import Stopped, StopSignal
from extractor.llm.limits.windows import (
    LONGEST_PAUSE_SECONDS,
    WINDOW_SECONDS,
    SlidingWindow,
    parse_duration,
)

__all__ = [
    "BELIEVED_REFUSALS",
    "LONGEST_PAUSE_SECONDS",
    "START",
    "TOLD_SECONDS",
    "WINDOW_SECONDS",
    "AdaptiveConcurrency",
    "Limits",
    "RateLimiter",
    "Sending",
    "SlidingWindow",
    "StopSignal",
    "Stopped",
    "Wait",
    "parse_duration",
]
