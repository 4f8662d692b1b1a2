"""What a user says about the model: the same settings for the command and the Python API."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.errors import UsageError
from extractor.llm.weights.catalog import CATALOG, DEFAULT_MODEL

if TYPE_CHECKING:
    from extractor.llm.endpoint import Approach, Mode


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """``model`` None is the embedded default; a name of the catalog is embedded; any other
    name is asked for at ``base_url`` (or OPENAI_BASE_URL, else OpenAI) with ``api_key`` (or
    OPENAI_API_KEY). ``mode``, ``approach`` and ``concurrency`` None leave the choice to the
    endpoint's defaults."""

    model: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    mode: Mode | None = None
    approach: Approach | None = None
    concurrency: int | None = None

    def __post_init__(self) -> None:
        if self.base_url and not self.model:
            raise UsageError(
                "--base-url names an endpoint, but no model to ask there.", hint="Add --model."
            )
        if self.base_url and self.model in CATALOG:
            raise UsageError(
                f"{self.model} is an embedded model, which needs no --base-url.",
                hint="Name the model as the endpoint calls it.",
            )

    @property
    def name(self) -> str:
        return self.model or DEFAULT_MODEL

    @property
    def embedded(self) -> bool:
        """Without a model's name nothing leaves the machine: no money is spent by surprise."""
        return self.name in CATALOG

    @property
    def endpoint_url(self) -> str | None:
        return self.base_url or os.environ.get("OPENAI_BASE_URL")

    @property
    def key(self) -> str | None:
        return self.api_key or os.environ.get("OPENAI_API_KEY")
