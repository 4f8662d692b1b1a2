"""Candidates: rules find the spans that could be values, and only a few are put to the model.

A trained classifier decides the clear cases; the model is asked one short question about each
remaining name, and its answers are blended with the classifier's probabilities
(:mod:`extractor.candidates`). The result is grounded like any other answer.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from extractor.approaches.base import Approach, Draft, Fit, Steps
from extractor.candidates.blend import ANSWERS
from extractor.candidates.claims import SpeedupClaim, read_claim
from extractor.candidates.classifier import Classifier, Decision, Scored, ScoredName
from extractor.candidates.questions import answered, questions, shared_prefix
from extractor.grounding import ground_fields
from extractor.grounding.hidden import visible
from extractor.llm.answer import COMPLETION, Request
from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task


class Candidates(Approach[SchemaT]):
    """Fills the ``paper`` schema by deciding among spans of the text."""

    name = "candidates"

    @classmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:
        from extractor.schemas.paper import PaperFields

        if task.schema is not PaperFields:
            return Fit.CANNOT
        return Fit.BEST if endpoint.prefers_questions else Fit.CAN

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._schema = task.schema
        self._classifier = Classifier.load()
        self._blend = self._classifier.blend_for(endpoint.model) if endpoint.answers else None
        self._sampling = question_sampling(endpoint)

    def opening(self) -> Request | None:
        return Request({**self._sampling, "prompt": shared_prefix()}, COMPLETION)

    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Score the candidates, ask about the open ones, decide and ground."""
        scored = self._classifier.score(visible(paper.title), visible(paper.abstract))
        if (blend := self._blend) is not None:
            for question in questions(scored, blend):
                body = {**self._sampling, "prompt": question.prompt}
                answer = yield Request(body, COMPLETION, limit=1)
                scored = answered(scored, question, likelihoods(answer.logprobs), blend)
        values = _values(scored, self._classifier.decide(scored))
        said = self._schema.model_validate(values)
        return Draft(*ground_fields(said, title=paper.title, abstract=paper.abstract))


def question_sampling(endpoint: Endpoint) -> dict[str, Any]:
    """The fixed part of every question's request: the alternatives of the answer's one token."""
    return {**endpoint.sampling(), "logprobs": endpoint.alternatives}


def likelihoods(logprobs: Mapping[str, Any] | None) -> Mapping[str, float]:
    """The probability of each allowed word from the first token's alternatives.

    A token stands for the word that begins with it, in any case.
    """
    found = dict.fromkeys(ANSWERS, 0.0)
    for token, logprob in _alternatives(logprobs or {}):
        start = token.strip().lower()
        for word in found:
            if len(start) > 1 and word.startswith(start):
                found[word] += math.exp(logprob)
    return found


def _alternatives(logprobs: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Token and log-probability, in the chat format (llama.cpp) or the older one (vLLM)."""
    if logprobs.get("content"):
        for each in logprobs["content"][0].get("top_logprobs") or ():
            yield str(each["token"]), float(each["logprob"])
    elif logprobs.get("top_logprobs"):
        for token, logprob in logprobs["top_logprobs"][0].items():
            yield str(token), float(logprob)


def _values(scored: Scored, decision: Decision) -> dict[str, Any]:
    """The decisions as values of the schema."""
    text = scored.document.text
    claims = (read_claim(scored.document, each) for each in decision.claimed_speedups)
    return {
        "method_name": decision.method_name.candidate.text if decision.method_name else None,
        # "0x faster" is no claim.
        "claimed_speedups": [_claim(claim, text) for claim in claims if claim.value > 0],
        "benchmarks": _in_order(decision.benchmarks),
        "hardware": _in_order(decision.hardware),
        "code_url": decision.code_url.candidate.text if decision.code_url else None,
    }


def _in_order(names: Sequence[ScoredName]) -> list[str]:
    """Names, each as it first occurs in the text."""
    placed = sorted(names, key=lambda name: name.candidate.spans[0])
    return [name.candidate.text for name in placed]


def _claim(claim: SpeedupClaim, text: str) -> dict[str, Any]:
    """The claim with the words of its spans."""
    baseline = text[slice(*claim.baseline)] if claim.baseline else None
    return {**asdict(claim), "quote": text[slice(*claim.quote)], "baseline": baseline}
