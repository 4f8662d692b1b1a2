"""What tokens cost: prices given by the user, or those of genai-prices.

A price that is in neither is unknown, and is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.llm.endpoint import Endpoint

_SAMPLE = 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; ``cached`` is the price of cached prompt tokens.

    ``batch`` are the prices in a provider's batch, None where they are the same.
    """

    prompt: float
    completion: float
    cached: float
    batch: Prices | None = None

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
    try:
        online, batch = _told(endpoint, {}), _told(endpoint, {"processing": "batch"})
    except LookupError:
        return None
    return online if batch == online else replace(online, batch=batch)


def _told(endpoint: Endpoint, context: Mapping[str, str]) -> Prices:
    """What the price data tell. Raises LookupError where they do not know the model."""
    from genai_prices import Usage, calc_price

    def dollars(usage: Usage) -> float:
        price = calc_price(
            usage,
            model_ref=endpoint.model,
            provider_api_url=endpoint.base_url + "/",
            price_context=context,
        )
        return float(price.total_price) * 1e6 / _SAMPLE

    return Prices(
        prompt=dollars(Usage(input_tokens=_SAMPLE)),
        completion=dollars(Usage(output_tokens=_SAMPLE)),
        cached=dollars(Usage(input_tokens=_SAMPLE, cache_read_tokens=_SAMPLE)),
    )
