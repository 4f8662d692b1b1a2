"""Candidates: rules find the spans that could be values, and only a few are put to the model.

A trained classifier decides the clear cases; the model is asked one short question about each
remaining name, and its answers are blended with the classifier's probabilities
(:mod:`extractor.candidates`). The result is grounded like any other answer.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from extractor.approaches.base import Approach, Draft, Fit, Steps, Work
from extractor.candidates.blend import ANSWERS
from extractor.candidates.claims import SpeedupClaim, read_claim
from extractor.candidates.classifier import Classifier, Decision, Scored, ScoredQuantity
from extractor.candidates.questions import answered, questions, shared_prefix
from extractor.grounding import ground_fields
from extractor.grounding.hidden import visible
from extractor.llm.answer import COMPLETION, Request
from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from extractor.candidates.forms import ScoredName
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
        texts = visible(paper.title), visible(paper.abstract)
        scored: Scored = yield Work(partial(self._classifier.score, *texts))
        if (blend := self._blend) is not None:
            for question in questions(scored, blend):
                body = {**self._sampling, "prompt": question.prompt}
                answer = yield Request(body, COMPLETION, limit=1)
                scored = answered(scored, question, likelihoods(answer.logprobs), blend)
        decision = self._classifier.decide(scored)
        said = self._schema.model_validate(_values(scored, decision))
        confidence = dict(_confidence(self._classifier, decision))
        return Draft(
            *ground_fields(said, title=paper.title, abstract=paper.abstract, confidence=confidence)
        )


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
    document, url = scored.document, decision.code_url
    return {
        "method_name": decision.method_name.candidate.text if decision.method_name else None,
        "claimed_speedups": [
            _claim(read_claim(document, each), document.text) for each in _claims(decision)
        ],
        "benchmarks": [name.candidate.text for name in _in_order(decision.benchmarks)],
        "hardware": [name.candidate.text for name in _in_order(decision.hardware)],
        "code_url": url.candidate.text if url else None,
    }


def _confidence(classifier: Classifier, decision: Decision) -> Iterator[tuple[str, float]]:
    """How likely each value is right, by its path; of a claim, its number."""
    field = "method_name"
    if decision.method_name:
        yield field, classifier.confidence(field, decision.method_name.probability[field])
    for at, claim in enumerate(_claims(decision)):
        chance = classifier.confidence("claimed_speedups", claim.probability)
        yield f"claimed_speedups[{at}].value", chance
    for field, names in (("benchmarks", decision.benchmarks), ("hardware", decision.hardware)):
        for at, name in enumerate(_in_order(names)):
            yield f"{field}[{at}]", classifier.confidence(field, name.probability[field])
    if decision.code_url:
        yield "code_url", classifier.confidence("code_url", decision.code_url.probability)


def _claims(decision: Decision) -> list[ScoredQuantity]:
    """The claims: "0x faster" is none."""
    return [each for each in decision.claimed_speedups if each.mention.value > 0]


def _in_order(names: Sequence[ScoredName]) -> list[ScoredName]:
    """Names as they first occur in the text."""
    return sorted(names, key=lambda name: name.candidate.spans[0])


def _claim(claim: SpeedupClaim, text: str) -> dict[str, Any]:
    """The claim with the words of its spans."""
    baseline = text[slice(*claim.baseline)] if claim.baseline else None
    return {**asdict(claim), "quote": text[slice(*claim.quote)], "baseline": baseline}
