"""How calls are made, limited and stored: the same settings for the command and the Python API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.confidence import MinConfidence
from extractor.errors import UsageError
from extractor.llm.budget import Ceilings
from extractor.llm.limits import Limits
from extractor.llm.settings import check_numbers

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """How calls are made, limited and stored.

    With ``cache_dir`` None nothing is stored. ``tries`` limits the requests for one answer,
    ``timeout`` one request, in seconds, and ``patience`` the seconds for which a rate limit or an
    outage is waited out. ``price_in`` and ``price_out`` are US dollars per million
    tokens, by default those of the price data. Values less likely than ``min_confidence`` are left
    out of records; None leaves out none.
    """

    cache_dir: Path | None
    tries: int = 6
    timeout: float = 120.0
    patience: float = 900.0
    limits: Limits = field(default_factory=Limits)
    ceilings: Ceilings = field(default_factory=Ceilings)
    price_in: float | None = None
    price_out: float | None = None
    min_confidence: float | None = None

    def __post_init__(self) -> None:
        check_numbers(self, ("tries", "timeout", "patience"))
        if self.min_confidence is not None:
            MinConfidence(self.min_confidence)
        if (self.price_in is None) != (self.price_out is None):
            raise UsageError(
                "One of two prices is missing.", hint="Give both --price-in and --price-out."
            )
