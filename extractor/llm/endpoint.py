"""An endpoint: the model that answers, and how to ask it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


# llama.cpp tells 20 alternatives of each token where none are named, and nothing where it is 0.
_TOKEN_LOGPROBS = {"logprobs": True, "top_logprobs": 1}


class Mode(StrEnum):
    """How an endpoint is made to follow the schema; the names are instructor's."""

    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    JSON = "json"
    MD_JSON = "md_json"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The model that answers, and how to ask it. Describing one needs no key, server or weights.

    - ``model``: the name that requests and records carry. ``identity`` names the model in the
      keys of the answer store and holds no credentials; ``address`` names it in messages.
    - ``base_url``: identifies the provider in the price data; empty if the model is free.
    - ``limit_field``: the request field that bounds the answer to ``max_tokens`` tokens, what the
      model thinks before it answers included.
    - ``temperature``: None sends none. ``extra``: more fields of every request body.
    - ``reasks``: how often at most an invalid answer is asked for again.
    - ``concurrency``: papers in flight at most.
    - ``token_logprobs``: whether requests may ask for the log probabilities of an answer's tokens.
    - ``alternatives``: how many of the likeliest first tokens the endpoint can report.
    - ``reads_schema``: whether the JSON Schema is part of the prompt that is paid for, or only
      constrains decoding.
    - ``enforces_grammars``: answers keep the GBNF grammar in the request field "grammar".
    - ``prefers_questions``: many short questions cost less than one long answer.
    - ``answers``: False if there is no language model.
    - ``repeats``: the same request has the same answer for sure, so that asking again is in vain.
    - ``free``: tokens cost no money. ``speed``: prompt and answer tokens per second, one paper
      at a time, measured on two cores; None if unknown.
    """

    model: str
    identity: str
    address: str
    base_url: str = ""
    mode: Mode = Mode.TOOLS
    temperature: float | None = 0.0
    max_tokens: int = 2048
    limit_field: str = "max_tokens"
    extra: Mapping[str, object] = field(default_factory=dict)
    concurrency: int = 256
    reasks: int = 1
    token_logprobs: bool = False
    alternatives: int = 20
    reads_schema: bool = True
    enforces_grammars: bool = False
    prefers_questions: bool = False
    answers: bool = True
    repeats: bool = False
    free: bool = False
    speed: tuple[float, float] | None = None

    def sampling(self) -> dict[str, object]:
        """The settings of a request body that may change an answer."""
        settings: dict[str, object] = {}
        if self.temperature is not None:
            settings["temperature"] = self.temperature
        return {**settings, **self.extra}

    def fields_for(self, limit: int | None, token_logprobs: bool = False) -> dict[str, object]:
        """The fields that are added when a request is sent: the model, the answer's limit, and
        the probabilities that it is to tell.

        They are no part of its key in the store: a complete answer holds under any limit, and it
        is the same with and without probabilities.
        """
        fields: dict[str, object] = {
            "model": self.model,
            self.limit_field: limit or self.max_tokens,
        }
        return {**fields, **_TOKEN_LOGPROBS} if token_logprobs and self.token_logprobs else fields
