"""An endpoint: everything that a call needs to know about who answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """How an endpoint is made to answer in the schema; the names are instructor's."""

    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    JSON = "json"
    MD_JSON = "md_json"


class Approach(StrEnum):
    """How a paper is put to the model.

    ``full-schema``: the whole abstract and the whole schema in one request, the same schema for
    every paper. ``candidates``: rules find the candidate spans, a trained classifier settles the
    certain ones, and the model is asked only about the rest.
    """

    FULL_SCHEMA = "full-schema"
    CANDIDATES = "candidates"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Who answers, and how to ask.

    ``identity`` names the model in the store and holds no credentials; ``limit_field`` is the
    request field that bounds the answer to ``max_tokens`` tokens; ``temperature`` None sends
    none; ``concurrency`` is how many papers may be in flight at most; ``reasks`` how often a
    model is asked again for one paper.
    """

    model: str
    identity: str
    base_url: str
    address: str
    api_key: str = field(default="", repr=False)
    mode: Mode = Mode.TOOLS
    approach: Approach = Approach.FULL_SCHEMA
    temperature: float | None = 0.0
    max_tokens: int = 2048
    limit_field: str = "max_tokens"
    concurrency: int = 256
    reasks: int = 1
    embedded: bool = False

    @property
    def path(self) -> str:
        """Where requests go: questions of one word are completions, everything else is a chat."""
        return "/completions" if self.approach is Approach.CANDIDATES else "/chat/completions"

    def sampling(self) -> dict[str, object]:
        """The sampling settings of a request body."""
        settings: dict[str, object] = {"model": self.model, self.limit_field: self.max_tokens}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        return settings
