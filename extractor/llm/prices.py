"""What tokens cost: prices given by the user, or those of genai-prices.

A price that is in neither is unknown, and is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.llm.endpoint import Endpoint

_SAMPLE = 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; ``cached`` is the price of cached prompt tokens."""

    prompt: float
    completion: float
    cached: float

    def cost(self, prompt: int, cached: int, completion: int) -> float:
        """The cost in dollars; ``cached`` tokens are included in ``prompt``."""
        fresh = prompt - cached
        return (fresh * self.prompt + cached * self.cached + completion * self.completion) / 1e6


def given(prompt: float | None, completion: float | None) -> Prices | None:
    """The prices given by the user, if both are; cached tokens cost the same as others."""
    if prompt is None or completion is None:
        return None
    return Prices(prompt, completion, prompt)


def known(endpoint: Endpoint) -> Prices | None:
    """The prices of an endpoint's model in the price data, or None."""
    if endpoint.free:
        return Prices(0.0, 0.0, 0.0)
    from genai_prices import Usage, calc_price

    def dollars(usage: Usage) -> float:
        url = endpoint.base_url + "/"
        price = calc_price(usage, model_ref=endpoint.model, provider_api_url=url)
        return float(price.total_price) * 1e6 / _SAMPLE

    try:
        return Prices(
            prompt=dollars(Usage(input_tokens=_SAMPLE)),
            completion=dollars(Usage(output_tokens=_SAMPLE)),
            cached=dollars(Usage(input_tokens=_SAMPLE, cache_read_tokens=_SAMPLE)),
        )
    except LookupError:
        return None
