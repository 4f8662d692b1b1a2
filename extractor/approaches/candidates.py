"""Candidates: rules find the spans that could be values, and few of them are put to the model.

A trained classifier settles what is certain. The model is asked one short question about each
name that is left open, and its answers are weighed with the classifier's probabilities
(extractor.candidates). The result is grounded like any other answer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic

from extractor.approaches import Draft
from extractor.candidates.claims import read_claim
from extractor.candidates.classifier import Classifier
from extractor.candidates.questions import settle
from extractor.grounding import ground
from extractor.llm.answer import Usage
from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extractor.approaches import Ask
    from extractor.candidates.claims import SpeedupClaim
    from extractor.candidates.classifier import Decision, Scored, ScoredName
    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task

_ALTERNATIVES, _ALTERNATIVES_ELSEWHERE = 100, 20
"""How many of the likeliest tokens a model is asked to tell, in search of the allowed words;
other servers than the embedded one give no more than a few."""


class Candidates(Generic[SchemaT]):
    """Fills the ``paper`` schema by deciding among spans of the text."""

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._task = task
        self._classifier = Classifier.load()
        self._blend = self._classifier.blend_for(endpoint.model)
        self._endpoint = endpoint

    async def __call__(self, paper: Paper, ask: Ask) -> Draft[SchemaT]:
        """Score the candidates, ask about the open ones, decide and ground."""
        asked = questioner(self._endpoint, ask)
        scored = self._classifier.score(paper.title, paper.abstract)
        scored = await settle(scored, self._blend, asked)
        values = _values(scored, self._classifier.decide(scored))
        schema = self._task.schema
        answer = schema.model_validate(values).model_dump()
        grounded = ground(schema, answer, title=paper.title, abstract=paper.abstract)
        fields = schema.model_validate(grounded.values)
        return Draft(fields, grounded.evidence, grounded.dropped, asked.usage, asked.cached)


def questioner(endpoint: Endpoint, ask: Ask) -> Questioner:
    """What puts questions to an endpoint, for one paper."""
    alternatives = _ALTERNATIVES if endpoint.embedded else _ALTERNATIVES_ELSEWHERE
    sampling = {**endpoint.sampling(), endpoint.limit_field: 1, "logprobs": alternatives}
    return Questioner(sampling, ask)


class Questioner:
    """Puts questions to the model and counts what they cost.

    A paper that leaves nothing to ask has cost nothing, and is not called cached.
    """

    def __init__(self, sampling: Mapping[str, Any], ask: Ask) -> None:
        self._sampling = sampling
        self._ask = ask
        self._answers = 0
        self._kept = 0
        self.usage = Usage()

    @property
    def cached(self) -> bool:
        return 0 < self._answers == self._kept

    async def __call__(self, prompt: str, answers: Sequence[str]) -> Mapping[str, float]:
        """How likely each of the allowed words is to come first."""
        answer = await self._ask({**self._sampling, "prompt": prompt})
        self._answers += 1
        self._kept += answer.cached
        self.usage = self.usage + answer.usage
        return _likelihoods(answer.logprobs, answers)


def _likelihoods(logprobs: Mapping[str, Any] | None, answers: Sequence[str]) -> Mapping[str, float]:
    """The probability of each allowed word from the first token's alternatives.

    A word is known by the start that its first token is, in whatever case.
    """
    found = dict.fromkeys(answers, 0.0)
    for token, logprob in _alternatives(logprobs or {}):
        start = token.strip().lower()
        for word in found:
            if len(start) > 1 and word.startswith(start):
                found[word] += math.exp(logprob)
    return found


def _alternatives(logprobs: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Token and log-probability, in the chat's shape (llama.cpp) or the older one (vLLM)."""
    if logprobs.get("content"):
        for each in logprobs["content"][0].get("top_logprobs") or ():
            yield str(each["token"]), float(each["logprob"])
    elif logprobs.get("top_logprobs"):
        for token, logprob in logprobs["top_logprobs"][0].items():
            yield str(token), float(logprob)


def _values(scored: Scored, decision: Decision) -> dict[str, Any]:
    """What was decided, in the shape of the schema."""
    text = scored.document.text
    claims = (read_claim(scored.document, each) for each in decision.claimed_speedups)
    return {
        "method_name": decision.method_name.candidate.text if decision.method_name else None,
        "claimed_speedups": [_claim(claim, text) for claim in claims],
        "benchmarks": _in_order(decision.benchmarks),
        "hardware": _in_order(decision.hardware),
        "code_url": decision.code_url.candidate.text if decision.code_url else None,
    }


def _in_order(names: Sequence[ScoredName]) -> list[str]:
    """Names as the text first has them."""
    placed = sorted(names, key=lambda name: name.candidate.spans[0])
    return [name.candidate.text for name in placed]


def _claim(claim: SpeedupClaim, text: str) -> dict[str, Any]:
    return {
        "quote": text[slice(*claim.quote)],
        "value": claim.value,
        "value_max": claim.value_max,
        "unit": claim.unit,
        "up_to": claim.up_to,
        "kind": claim.kind,
        "baseline": text[slice(*claim.baseline)] if claim.baseline else None,
    }
