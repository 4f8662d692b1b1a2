"""Constrained: a value can be nothing but the paper's own words, numbers and URLs, or a choice.

For flat schemas. Phrases are found by the encoder (:mod:`extractor.encoder`), which is far ahead of
a small language model in quality and speed (docs/accuracy.md). All other fields are filled by one
JSON answer of an engine that enforces grammars; so are the phrases if the task has a prompt of its
own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import from_json

from extractor import errors
from extractor.approaches.base import Approach, Draft, Fit, Steps
from extractor.confidence import answer_confidence
from extractor.decoding import AskedField, answer_grammar, asked_fields
from extractor.encoder import choose, confidence, likeliest, shared_encoder
from extractor.grounding import ground_fields
from extractor.grounding.boundaries import is_whole
from extractor.grounding.hidden import visible
from extractor.llm.answer import Request
from extractor.paper import LONGEST_ABSTRACT, LONGEST_TITLE
from extractor.record import SchemaT
from extractor.task import general_prompt

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from extractor.llm.answer import Answer
    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task

_FORMS = {"int": "a whole number", "float": "a number", "url": "an address"}


class Constrained(Approach[SchemaT]):
    """Fills flat schemas with words, numbers and URLs of the paper, and with choices."""

    name = "constrained"

    @classmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:
        fields = asked_fields(task.schema)
        if fields is None:
            return Fit.CANNOT
        if endpoint.enforces_grammars:
            return Fit.BEST
        needs_model = len(_found_fields(task, fields)) < len(fields)
        return Fit.CANNOT if needs_model or endpoint.answers else Fit.BEST

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._task = task
        self._sampling = endpoint.sampling()
        fields = asked_fields(task.schema) or ()
        self._found = _found_fields(task, fields)
        self._answered = [field for field in fields if field not in self._found]
        form = "\n".join(f"- {_described(field)}" for field in self._answered)
        self._system = f"{task.prompt.system}\n\nThe form:\n{form}"

    def opening(self) -> Request | None:
        if not self._answered:
            return None
        system = {"role": "system", "content": self._system}
        user = {"role": "user", "content": self._task.prompt.opening}
        return Request({**self._sampling, "messages": [system, user]})

    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Find the phrases, ask for the other fields, ground."""
        title = _beginning(visible(paper.title), LONGEST_TITLE)
        abstract = _beginning(visible(paper.abstract), LONGEST_ABSTRACT)
        found = self._phrases(title, abstract) if self._found else {}
        values: dict[str, Any] = {
            field.name: list(found[field]) if field.listed else next(iter(found[field]), None)
            for field in self._found
            if field.listed or field.nullable or found[field]
        }
        answer: Answer | None = None
        if self._answered:
            answer, answered = yield from self._answer(paper, title, abstract)
            values |= answered
        try:
            said = self._task.schema.model_validate(values)
            likely = dict(_confidence(found, said.model_dump()))
            if answer is not None:
                likely |= answer_confidence(answer, said, title, abstract)
            return Draft(
                *ground_fields(said, title=paper.title, abstract=paper.abstract, confidence=likely)
            )
        except ValidationError as error:
            raise errors.InvalidResponse(
                f"The paper has no values that fit the schema: {errors.one_line(str(error))}.",
                hint="Let fields that a paper may not have be null.",
            ) from error

    def _phrases(self, title: str, abstract: str) -> dict[AskedField, dict[str, float]]:
        """The phrases that the encoder finds, in the order of the text, and how likely they are."""
        text = f"{title}\n{abstract}"
        names = [_named(field) for field in self._found]
        spans = [
            span
            for span in shared_encoder().score(title, abstract, names)
            if is_whole(text, span.start, span.end) and _is_balanced(text[span.start : span.end])
        ]
        listed = [at for at, field in enumerate(self._found) if field.listed]
        chosen = choose(spans, listed)
        phrases: dict[AskedField, dict[str, float]] = {}
        for at, field in enumerate(self._found):
            best = chosen[at] if field.listed else filter(None, [likeliest(spans, at)])
            phrases[field] = _each_once(
                (text[span.start : span.end], confidence(span.probabilities[at])) for span in best
            )
        return phrases

    def _answer(
        self, paper: Paper, title: str, abstract: str
    ) -> Generator[Request, Answer, tuple[Answer, dict[str, Any]]]:
        """One JSON answer, and its fields."""
        _, user = self._task.prompt.messages(paper)
        messages = [{"role": "system", "content": self._system}, user]
        grammar = answer_grammar(self._answered, (title, abstract))
        body = {**self._sampling, "grammar": grammar, "messages": messages}
        answer = yield Request(body, token_logprobs=True)
        try:
            values = from_json(answer.said)
        except ValueError as error:
            if answer.cut:
                raise errors.TooLong(
                    "The answer was cut off at its token limit.",
                    hint="Raise --answer-tokens.",
                ) from error
            raise errors.InvalidResponse(
                f"The answer is no JSON object: {errors.one_line(answer.said[:80])}.",
                hint="Use --approach full-schema.",
            ) from error
        return answer, dict(values)


def _found_fields(task: Task[Any], fields: Sequence[AskedField]) -> list[AskedField]:
    """The fields that the encoder fills."""
    own_prompt = task.prompt != general_prompt()
    return [field for field in fields if field.kind == "phrase" and not own_prompt]


def _named(field: AskedField) -> str:
    """A field as the encoder was trained to read it: a name, and what it says about itself."""
    return f"{field.name} ({field.description})" if field.description else field.name


def _described(field: AskedField) -> str:
    """A field as a prompt names it."""
    notes = [note for note in (_FORMS.get(field.kind), field.description) if note]
    return f"{field.name} ({'; '.join(notes)})" if notes else field.name


def _beginning(text: str, most: int) -> str:
    """The words that are whole within the first ``most`` characters, or all of these."""
    if len(text) <= most:
        return text
    start = text[:most]
    return start[: max(map(start.rfind, " \n\t"))] if re.search(r"\s", start) else start


def _is_balanced(phrase: str) -> bool:
    """Whether no bracket is opened or closed outside the phrase."""
    return all(phrase.count(one) == phrase.count(other) for one, other in ("()", "[]", "{}"))


def _each_once(phrases: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The phrases without those that differ from an earlier one in case and signs alone."""
    first: dict[str, tuple[str, float]] = {}
    for phrase, chance in phrases:
        first.setdefault("".join(filter(str.isalnum, phrase.casefold())), (phrase, chance))
    return dict(first.values())


def _confidence(
    found: Mapping[AskedField, Mapping[str, float]], fields: Mapping[str, Any]
) -> Iterator[tuple[str, float]]:
    """How likely each value is right, by its path in the validated fields.

    A validator may have left out, sorted or changed what was found: what it changed has none.
    """
    for field, chances in found.items():
        value = fields[field.attribute]
        if isinstance(value, str) and value in chances:
            yield field.attribute, chances[value]
        elif isinstance(value, (list, tuple)):
            for at, each in enumerate(value):
                if each in chances:
                    yield f"{field.attribute}[{at}]", chances[each]
