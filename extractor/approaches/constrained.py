"""Constrained: an engine that enforces grammars can say nothing but the paper's own words.

For flat schemas. Lists of phrases are filled sentence by sentence: the model labels the phrases of
each sentence with a field or as something other, without seeing its answers to the sentences
before, and the label that a phrase gets most often counts. A small model is far better at this than
at writing lists, where it goes on with whatever it has begun (docs/accuracy.md). All other fields
are filled by one JSON answer about the whole paper; so are the lists if the task has a prompt of
its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import from_json

from extractor import errors
from extractor.approaches.base import Approach, Draft, Fit, Steps
from extractor.decoding import AskedField, answer_grammar, asked_fields, label_grammar
from extractor.grounding import ground_fields
from extractor.grounding.hidden import visible
from extractor.llm.answer import COMPLETION, Request
from extractor.paper import LONGEST_ABSTRACT, LONGEST_TITLE
from extractor.record import SchemaT
from extractor.sentences import sentence_spans
from extractor.task import general_prompt, prompt_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from extractor.llm.answer import Answer
    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task

# A sentence that is longer is labelled in parts, so that an answer keeps within its limit.
_MOST_WORDS = 60
_OTHER = "other"
_FORMS = {"int": "a whole number", "float": "a number", "url": "an address"}


class Constrained(Approach[SchemaT]):
    """Fills flat schemas with words, numbers and URLs of the paper, and with choices."""

    name = "constrained"

    @classmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:
        if not endpoint.enforces_grammars or asked_fields(task.schema) is None:
            return Fit.CANNOT
        return Fit.BEST

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._task = task
        self._sampling = endpoint.sampling()
        fields = asked_fields(task.schema) or ()
        own_prompt = task.prompt != general_prompt()
        listed = [f for f in fields if f.listed and f.kind == "phrase" and not own_prompt]
        self._labelled = {field.name: field for field in listed}
        self._answered = [field for field in fields if field.name not in self._labelled]
        labels = ", ".join([*map(_described, listed), self._other])
        self._examples = f"{prompt_file('labels').read_text(encoding='utf-8')}Fields: {labels}\n"
        form = "\n".join(f"- {_described(field)}" for field in self._answered)
        self._system = f"{task.prompt.system}\n\nThe form:\n{form}"

    @property
    def _other(self) -> str:
        """What a phrase is labelled that belongs to no field."""
        return _OTHER if _OTHER not in self._labelled else "something else"

    def opening(self) -> Request | None:
        if self._labelled:
            return Request({**self._sampling, "prompt": self._examples}, COMPLETION)
        system = {"role": "system", "content": self._system}
        user = {"role": "user", "content": self._task.prompt.opening}
        return Request({**self._sampling, "messages": [system, user]})

    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Label each sentence, ask for the other fields, ground."""
        title = _beginning(visible(paper.title), LONGEST_TITLE)
        abstract = _beginning(visible(paper.abstract), LONGEST_ABSTRACT)
        values: dict[str, Any] = {}
        if self._labelled:
            values |= yield from self._label(_sentences(title, abstract))
        if self._answered:
            values |= yield from self._answer(paper, title, abstract)
        try:
            said = self._task.schema.model_validate(values)
            return Draft(*ground_fields(said, title=paper.title, abstract=paper.abstract))
        except ValidationError as error:
            raise errors.InvalidResponse(
                f"The paper has no values that fit the schema: {errors.one_line(str(error))}.",
                hint="Let fields that a paper may not have be null.",
            ) from error

    def _label(self, sentences: Iterator[str]) -> Generator[Request, Answer, dict[str, list[str]]]:
        """The phrases of each labelled field, in the order of the text."""
        labels = [*self._labelled, self._other]
        votes: dict[str, Counter[str]] = {}
        phrases: dict[str, str] = {}
        for sentence in sentences:
            grammar = label_grammar(sentence, labels)
            if grammar is None:
                continue
            prompt = f"{self._examples}Text: {sentence}\n"
            body = {**self._sampling, "prompt": prompt, "grammar": grammar}
            answer = yield Request(body, COMPLETION)
            for phrase, label in _labels(answer.said):
                key = _key(phrase)
                phrases.setdefault(key, phrase)
                votes.setdefault(key, Counter())[label] += 1
        values: dict[str, list[str]] = {label: [] for label in labels}
        for key, vote in votes.items():
            values[vote.most_common(1)[0][0]].append(phrases[key])
        del values[self._other]
        return values

    def _form_request(self, paper: Paper, grammar: str) -> Request:
        """The request for one JSON answer.

        After requests for labels it begins as they do: an engine that keeps the last prompt would
        else read the examples anew for every paper.
        """
        _, user = self._task.prompt.messages(paper)
        body: dict[str, Any] = {**self._sampling, "grammar": grammar}
        if not self._labelled:
            system = {"role": "system", "content": self._system}
            return Request({**body, "messages": [system, user]})
        prompt = f"{self._examples}\n{self._system}\n\n{user['content']}\n\nAnswer: "
        return Request({**body, "prompt": prompt}, COMPLETION)

    def _answer(
        self, paper: Paper, title: str, abstract: str
    ) -> Generator[Request, Answer, dict[str, Any]]:
        """The fields of one JSON answer."""
        grammar = answer_grammar(self._answered, (title, abstract))
        answer = yield self._form_request(paper, grammar)
        try:
            values = from_json(answer.said)
        except ValueError as error:
            if answer.cut:
                raise errors.TooLong(
                    "The answer was cut off at its token limit.",
                    hint="Raise --answer-tokens (answer_tokens in Python).",
                ) from error
            raise errors.InvalidResponse(
                f"The answer is no JSON object: {errors.one_line(answer.said[:80])}.",
                hint="Use --approach full-schema.",
            ) from error
        return dict(values)


def _described(field: AskedField) -> str:
    """A field as a prompt names it."""
    notes = [note for note in (_FORMS.get(field.kind), field.description) if note]
    return f"{field.name} ({'; '.join(notes)})" if notes else field.name


def _beginning(text: str, most: int) -> str:
    """The words that are whole within the first ``most`` characters."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0]


def _sentences(title: str, abstract: str) -> Iterator[str]:
    """The title and the sentences of the abstract, in parts of at most ``_MOST_WORDS`` words."""
    texts = (title, *(abstract[start:end] for start, end in sentence_spans(abstract)))
    for text in texts:
        words = text.split()
        for first in range(0, len(words), _MOST_WORDS):
            yield " ".join(words[first : first + _MOST_WORDS])


def _labels(answer: str) -> Iterator[tuple[str, str]]:
    """The phrases of an answer and their labels; a last line that was cut is none."""
    for line in answer.split("\n")[:-1]:
        phrase, _, label = line.rpartition(": ")
        if _key(phrase):
            yield phrase, label


def _key(phrase: str) -> str:
    """A phrase's letters and digits: one phrase may be written in several ways."""
    return "".join(filter(str.isalnum, phrase.casefold()))
