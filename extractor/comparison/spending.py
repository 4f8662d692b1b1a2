"""What the records of a run took: tokens, and their cost where prices are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from extractor.errors import UsageError
from extractor.llm.endpoint import Endpoint
from extractor.llm.prices import Prices, known
from extractor.llm.providers.hosted import OPENAI_URL
from extractor.llm.providers.none import NAME as NO_MODEL
from extractor.llm.weights.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PriceOf: TypeAlias = Callable[[str], "Prices | None"]
"""The prices of a model by the name that records have; None where unknown."""

_FREE = Prices(0.0, 0.0, 0.0)


@dataclass(slots=True)
class Spending:
    """Tokens of every answer behind the records, whether it was paid for in this run or before.

    ``cost`` in US dollars is None where a price is unknown, which ``unpriced`` names; prompt
    tokens that a server had cached count in full. Records of before are ``cached``.
    """

    models: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: int = 0
    cost: float | None = None
    unpriced: list[str] = field(default_factory=list)
    _by_model: dict[str, list[int]] = field(default_factory=dict)

    def add(self, meta: Mapping[str, Any]) -> None:
        """Count the ``meta`` of a record."""
        model = str(meta.get("model") or "")
        self.models[model] += 1
        self.tasks[str(meta.get("task") or "")] += 1
        self.cached += meta.get("cached") is True
        tokens = self._by_model.setdefault(model, [0, 0])
        for place, name in enumerate(("prompt_tokens", "completion_tokens")):
            number = meta.get(name)
            tokens[place] += number if isinstance(number, int) else 0

    def settle(self, price_of: PriceOf | None) -> None:
        """Sum up, when all records were counted."""
        self.prompt_tokens = sum(prompt for prompt, _ in self._by_model.values())
        self.completion_tokens = sum(answer for _, answer in self._by_model.values())
        if price_of is None:
            return
        cost = 0.0
        for model, (prompt, answer) in self._by_model.items():
            prices = price_of(model) if prompt or answer else _FREE
            if prices is None:
                self.unpriced.append(model)
            else:
                cost += prices.cost(prompt, 0, answer)
        if not self.unpriced:
            self.cost = cost

    def to_dict(self) -> dict[str, Any]:
        """The spending as JSON values."""
        return {
            "models": dict(self.models),
            "tasks": dict(self.tasks),
            "cached": self.cached,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
        }


def prices(given: Iterable[str] = ()) -> PriceOf:
    """Prices of models: those ``given`` as MODEL=IN,OUT, then those of OpenAI's own models.

    Embedded models cost nothing. Records do not say at which endpoint a model answered, so the
    price of any other is not looked up. Raises UsageError for what has another form.
    """
    own = dict(map(_price, given))

    def price_of(model: str) -> Prices | None:
        if model in own:
            return own[model]
        if model == NO_MODEL or model in CATALOG:
            return _FREE
        return known(Endpoint(model=model, identity=model, address=OPENAI_URL, base_url=OPENAI_URL))

    return price_of


def _price(text: str) -> tuple[str, Prices]:
    model, _, numbers = text.rpartition("=")
    prompt, _, answer = numbers.partition(",")
    try:
        found = Prices(float(prompt), float(answer), float(prompt))
    except ValueError:
        found = None
    if not model or found is None or not (found.prompt >= 0 and found.completion >= 0):
        raise UsageError(
            f"The price {text!r} is not MODEL=IN,OUT.",
            hint="Give US dollars per million prompt and answer tokens: 'my-model=0.15,0.6'.",
        )
    return model, found
