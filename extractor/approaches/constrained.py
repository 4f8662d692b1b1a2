"""Constrained: a value can be nothing but the paper's own words, numbers and URLs, or a choice.

For flat schemas. Phrases are found by the encoder (:mod:`extractor.encoder`), which is far ahead of
a small language model in quality and speed (docs/accuracy.md). All other fields are filled by one
JSON answer of an engine that enforces grammars; so are the phrases if the task has a prompt of its
own.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import from_json

from extractor import errors
from extractor.approaches.base import Approach, Draft, Fit, Steps, Work
from extractor.approaches.reading import place_of
from extractor.confidence import answer_confidence
from extractor.decoding import (
    AskedField,
    Linker,
    answer_grammar,
    askable_fields,
    asked_fields,
    completed,
    mentions_of,
)
from extractor.encoder import choose, confidence, likeliest, shared_encoder
from extractor.grounding import Dropped, ground_fields, path_of
from extractor.grounding.boundaries import is_whole
from extractor.grounding.hidden import visible
from extractor.llm.answer import Request
from extractor.paper import LONGEST_ABSTRACT, LONGEST_TITLE
from extractor.record import SchemaT
from extractor.task import shipped_prompts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from extractor.decoding import Found
    from extractor.encoder import ScoredSpan
    from extractor.llm.answer import Answer
    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task

_FORMS = {"int": "a whole number", "float": "a number", "url": "an address"}
_ANY_NAME = frozenset(("name", "text", "term", "title", "label", "phrase", "mention"))
_LISTS = {**_FORMS, "object": "a list, in the order of the text"}


class Constrained(Approach[SchemaT]):
    """Fills schemas with words, numbers and URLs of the paper, choices, and objects of these."""

    name = "constrained"

    @classmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:
        if endpoint.answers:
            suits = endpoint.enforces_grammars and asked_fields(task.schema) is not None
        else:
            suits = not cls.left_open(task)
        return Fit.BEST if suits else Fit.CANNOT

    @classmethod
    def left_open(cls, task: Task[Any]) -> list[str]:
        plan = _Plan.of(task, askable_fields(task.schema))
        filled = {field.attribute for field in plan.fields if field not in plan.answered}
        return [name for name in task.schema.model_fields if name not in filled]

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._task = task
        self._model = endpoint.model
        self._sampling = endpoint.sampling()
        self._plan = _Plan.of(task, asked_fields(task.schema) or ())
        form = "\n".join(line for field in self._plan.answered for line in _described(field))
        self._system = f"{task.prompt.system}\n\nThe form:\n{form}"

    def opening(self) -> Request | None:
        if not self._plan.answered:
            return None
        system = {"role": "system", "content": self._system}
        user = {"role": "user", "content": self._task.prompt.opening}
        return Request({**self._sampling, "messages": [system, user]})

    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Find the phrases and objects, ask for what is open, ground."""
        title = _beginning(visible(paper.title), LONGEST_TITLE)
        abstract = _beginning(visible(paper.abstract), LONGEST_ABSTRACT)
        found: dict[AskedField, dict[str, float]] = {}
        objects: dict[str, list[Found]] = {}
        if self._plan.scored:
            found, objects = yield Work(partial(self._found, title, abstract))
        values: dict[str, Any] = {
            field.name: list(found[field]) if field.listed else next(iter(found[field]), None)
            for field in self._plan.phrases
            if field.listed or field.nullable or found[field]
        }
        answer: Answer | None = None
        said: Mapping[str, Any] = {}
        lost: tuple[Dropped, ...] = ()
        if self._plan.is_open(objects):
            answer, said, lost = yield from self._answer(paper, (title, abstract), objects)
        values |= self._plan.merged(said, objects, (title, abstract))
        try:
            fields, unfit = _fitting(self._task.schema, values)
            likely = dict(_confidence(found, fields.model_dump()))
            # Behind an item that is left out, the items are no more where the answer has them.
            moved = any(each.path.endswith("]") for each in unfit)
            if answer is not None and not lost and not moved:
                likely |= answer_confidence(answer, fields, title, abstract, model=self._model)
            kept, evidence, dropped, judged = ground_fields(
                fields, title=paper.title, abstract=paper.abstract, confidence=likely
            )
        except ValidationError as error:
            raise errors.InvalidResponse(
                f"The paper has no values that fit the schema: {errors.one_line(str(error))}.",
                hint="Let fields that a paper may not have be null.",
            ) from error
        return Draft(kept, evidence, (*lost, *unfit, *dropped), judged)

    def _found(
        self, title: str, abstract: str
    ) -> tuple[dict[AskedField, dict[str, float]], dict[str, list[Found]]]:
        """What the encoder finds: phrases with how likely they are, and the objects of lists."""
        text, names = f"{title}\n{abstract}", self._plan.scored
        spans = [
            span
            for span in shared_encoder().score(title, abstract, names)
            if is_whole(text, span.start, span.end) and _is_balanced(text[span.start : span.end])
        ]
        phrases = self._phrases(text, spans)
        objects: dict[str, list[Found]] = {}
        first = len(self._plan.phrases)
        for linker in self._plan.linkers:
            own = slice(first, first := first + len(linker.phrases))
            parts = [replace(span, probabilities=span.probabilities[own]) for span in spans]
            objects[linker.owner.name] = linker.objects(title, abstract, parts)
        return phrases, objects

    def _phrases(
        self, text: str, spans: Sequence[ScoredSpan]
    ) -> dict[AskedField, dict[str, float]]:
        """The phrases of the fields that are phrases, in the order of the text."""
        fields = self._plan.phrases
        chosen = choose(spans, [at for at, field in enumerate(fields) if field.listed])
        phrases: dict[AskedField, dict[str, float]] = {}
        for at, field in enumerate(fields):
            best = chosen[at] if field.listed else filter(None, [likeliest(spans, at)])
            phrases[field] = _each_once(
                (text[span.start : span.end], confidence(span.probabilities[at])) for span in best
            )
        return phrases

    def _answer(
        self, paper: Paper, texts: tuple[str, str], objects: Mapping[str, Sequence[Found]]
    ) -> Generator[Request, Answer, tuple[Answer, Mapping[str, Any], tuple[Dropped, ...]]]:
        """One JSON answer, its fields, and what of it was lost at its token limit."""
        _, user = self._task.prompt.messages(paper)
        messages = [{"role": "system", "content": self._system}, user]
        found = {
            linker.owner.name: (linker, objects[linker.owner.name]) for linker in self._plan.linkers
        }
        grammar = answer_grammar(self._plan.answered, texts, found)
        body = {**self._sampling, "grammar": grammar, "messages": messages}
        answer = yield Request(body, token_logprobs=True)
        try:
            return answer, dict(from_json(answer.said)), ()
        except ValueError as error:
            if answer.cut:
                return answer, *_before_the_cut(self._plan.answered, answer.said)
            raise errors.InvalidResponse(
                f"The answer is no JSON object: {errors.one_line(answer.said[:80])}.",
                hint="Use --approach full-schema.",
            ) from error


@dataclass(frozen=True)
class _Plan:
    """Who fills which fields.

    ``phrases`` are filled by the encoder, the objects of ``linkers`` by it as far as it can, and
    ``answered`` are in the answer of the language model; ``derived`` are read off the others.
    """

    fields: tuple[AskedField, ...]
    phrases: tuple[AskedField, ...]
    linkers: tuple[Linker, ...]

    @classmethod
    def of(cls, task: Task[Any], fields: Sequence[AskedField]) -> _Plan:
        if task.prompt not in shipped_prompts():
            return cls(tuple(fields), (), ())
        phrases = tuple(field for field in fields if field.kind == "phrase")
        return cls(tuple(fields), phrases, tuple(filter(None, map(Linker.of, fields))))

    @cached_property
    def scored(self) -> list[str]:
        """What the encoder looks for, by its names."""
        parts = (
            # "name" alone says nothing: that of "methods" is looked for as methods.
            _named(replace(part, name=linker.owner.name) if part.name in _ANY_NAME else part)
            for linker in self.linkers
            for part in linker.phrases
        )
        return [*map(_named, self.phrases), *parts]

    @cached_property
    def answered(self) -> list[AskedField]:
        """What the language model is asked for."""
        linkers = {linker.owner: linker for linker in self.linkers}
        return [
            field
            for field in self.fields
            if field not in self.phrases
            and field.kind not in ("quote", "unit")
            and not (field in linkers and not linkers[field].open_parts)
        ]

    def is_open(self, objects: Mapping[str, Sequence[Found]]) -> bool:
        """Whether the language model has anything to say of a paper."""
        return any(objects.get(field.name, True) for field in self.answered)

    def merged(
        self,
        said: Mapping[str, Any],
        objects: Mapping[str, Sequence[Found]],
        texts: Sequence[str],
    ) -> dict[str, Any]:
        """The values of the fields that the encoder does not fill alone."""
        values = dict(said)
        for linker in self.linkers:
            name = linker.owner.name
            values[name] = linker.merged(objects[name], said.get(name))
        mentions = [mention for text in texts for mention in mentions_of(text)]
        linked = {linker.owner for linker in self.linkers}
        others = [field for field in self.fields if field not in (*self.phrases, *linked)]
        return values | completed(others, values, mentions)


def _before_the_cut(
    fields: Sequence[AskedField], said: str
) -> tuple[dict[str, Any], tuple[Dropped, ...]]:
    """The items of the list in which an answer was cut off, and the fields before it.

    Raises TooLong where there is none.
    """
    begun = [field for field in fields if f'"{field.name}": ' in said]
    values = from_json(said, allow_partial=True) if begun else {}
    last = begun[-1] if begun else None
    items = values.get(last.name) if last and last.listed else None
    if last is None or not items or len(items) < 2:
        raise errors.TooLong(
            "The answer was cut off at its token limit.",
            hint="Raise --answer-tokens.",
        )
    values[last.name] = items[:-1]  # the last one may not be whole
    reason = "the answer was cut off here, at its token limit"
    lost = Dropped(f"{last.name}[{len(items) - 1}]", items[-1], reason)
    missing: dict[str, Any] = {
        each.name: [] if each.listed else None for each in fields if each not in begun
    }
    return values | missing, (lost,)


def _fitting(schema: type[SchemaT], values: dict[str, Any]) -> tuple[SchemaT, tuple[Dropped, ...]]:
    """The fields, without values that the schema refuses, as one that is too long for it.

    Raises ValidationError where it refuses what it cannot do without.
    """
    values, dropped = copy.deepcopy(values), list[Dropped]()
    first: ValidationError | None = None
    while True:
        try:
            return schema.model_validate(values), tuple(dropped)
        except ValidationError as error:
            first = first or error
            wrong = _refused(values, error)
        if not wrong:
            raise first
        # From the back, so that the places of the others stay right.
        for place in sorted(wrong, key=_order, reverse=True):
            *_, holder, value = place_of(values, place)
            del holder[place[-1]]
            dropped.append(Dropped(path_of(place), value, wrong[place]))


def _refused(values: dict[str, Any], error: ValidationError) -> dict[tuple[int | str, ...], str]:
    """What an error is about, each with a reason: values, and objects that lack a part."""
    wrong = error.errors(include_url=False, include_context=False)
    places = {tuple(place_of(values, each["loc"])[0]): each["msg"] for each in wrong}
    places.pop((), None)
    return places


def _order(place: tuple[int | str, ...]) -> list[tuple[bool, int | str]]:
    """What orders places."""
    return [(isinstance(each, str), each) for each in place]


def _named(field: AskedField) -> str:
    """A field as the encoder was trained to read it: a name, and what it says about itself."""
    return f"{field.name} ({field.description})" if field.description else field.name


def _described(field: AskedField, indent: str = "") -> Iterator[str]:
    """The lines that name a field in a prompt, and below it the fields of its objects."""
    forms = _LISTS if field.listed else _FORMS
    notes = [note for note in (forms.get(field.kind), field.description) if note]
    yield f"{indent}- {field.name}" + (f" ({'; '.join(notes)})" if notes else "")
    for part in field.asked_parts:
        yield from _described(part, f"{indent}  ")


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
