"""The approach ``constrained``: phrases labelled by sentence, and one answer for the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from gbnf import Grammar
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from extractor.approaches import choose_approach
from extractor.errors import InvalidResponse, TooLong
from extractor.grounding import NumberIn, Verbatim
from extractor.llm.answer import CHAT, COMPLETION, Answer, Request, Usage
from extractor.llm.endpoint import Endpoint
from extractor.paper import Paper
from extractor.task import Task, load_task

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.approaches import Approach, Draft

ENGINE = Endpoint(
    model="m", identity="m", address="m", enforces_grammars=True, extra={"seed": 3}, temperature=0.5
)
SERVER = Endpoint(model="m", identity="m", address="m")
LISTS = "birds list: species of birds, places list"
MIXED = f"{LISTS}, count int, is_rare bool"
PAPER = Paper(
    "1",
    "Herons of Lake Orr",
    "Grey herons breed at Lake Orr. We counted 12 nests. In winter the herons move to Finn Bay.",
)
Labels = Mapping[str, str]
Answers = Callable[[Request], str]


def approach_of(task: Task[Any], endpoint: Endpoint = ENGINE) -> Approach[Any]:
    return choose_approach(None, task, endpoint)(task, endpoint)


def sentence_of(request: Request) -> str:
    """The sentence that a request asks about: its last one."""
    prompt: str = request.body["prompt"]
    return prompt.rpartition("Text: ")[2].removesuffix("\n")


def labelling(labels: Labels) -> Answers:
    """Labels phrases as ``labels`` says, in each sentence that has them.

    All that a sentence says of one phrase is the same, unless the key is "sentence|phrase".
    """

    def answer(request: Request) -> str:
        sentence, lines, at = sentence_of(request), "", 0
        for key, label in labels.items():
            within, _, phrase = key.rpartition("|")
            place = sentence.find(phrase, at)
            if place >= 0 and within in sentence:
                lines, at = f"{lines}{phrase}: {label}\n", place + len(phrase)
        grammar = Grammar(request.body["grammar"])
        return next(said for said in (f"{lines}\n", lines) if grammar.allows(said))

    return answer


def form(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)


def run(
    task: Task[Any] | str,
    answers: Answers,
    paper: Paper = PAPER,
    finish_reason: str = "stop",
) -> tuple[Draft[Any], list[Request]]:
    """The draft of a paper, and the requests that it took."""
    steps = approach_of(load_task(task) if isinstance(task, str) else task).steps(paper)
    requests: list[Request] = []
    try:
        request = next(steps)
        while True:
            requests.append(request)
            message = {"content": answers(request)}
            request = steps.send(Answer(message, finish_reason, Usage(), 0.0))
    except StopIteration as done:
        return done.value, requests


def both(labels: Labels, **values: Any) -> Answers:
    """Labels phrases, and fills the other fields."""
    label = labelling(labels)
    return lambda request: form(**values) if is_form(request) else label(request)


def is_form(request: Request) -> bool:
    """Whether a request asks for the fields that are no labels."""
    return request.path == CHAT or request.body["prompt"].endswith("Answer: ")


# ------------------------------------------------------------------- when it is used


class Place(BaseModel):
    name: Annotated[str, Verbatim()]


class Nested(BaseModel):
    places: list[Place] = []


class Free(BaseModel):
    summary: str | None = None


class Bounded(BaseModel):
    count: Annotated[int | None, NumberIn(), Field(ge=1)] = None


@pytest.mark.parametrize("schema", [LISTS, MIXED, "name, page url"])
def test_flat_schemas_are_filled_so_where_grammars_are_enforced(schema: str) -> None:
    task = load_task(schema)

    assert approach_of(task).name == "constrained"
    assert approach_of(task, SERVER).name == "full-schema"


@pytest.mark.parametrize("schema", [Nested, Free, Bounded])
def test_other_schemas_are_filled_by_one_request_for_the_full_schema(
    schema: type[BaseModel],
) -> None:
    assert approach_of(load_task(schema)).name == "full-schema"


# ------------------------------------------------------------------- labels


def test_each_sentence_is_asked_about_alone_and_the_title_first() -> None:
    draft, requests = run(LISTS, labelling({}))

    assert [sentence_of(each) for each in requests] == [
        "Herons of Lake Orr",
        "Grey herons breed at Lake Orr.",
        "We counted 12 nests.",
        "In winter the herons move to Finn Bay.",
    ]
    assert draft.fields.model_dump() == {"birds": [], "places": []}
    assert {each.path for each in requests} == {COMPLETION}
    assert all(each.body["temperature"] == 0.5 for each in requests)
    assert all(each.body["seed"] == 3 for each in requests)


def test_the_model_is_told_the_fields_and_what_they_are() -> None:
    _, (request, *_) = run(LISTS, labelling({}))

    fields = request.body["prompt"].rpartition("Fields: ")[2].partition("\n")[0]
    assert fields == "birds (species of birds), places, other"


def test_phrases_are_listed_in_the_order_of_the_text_with_evidence() -> None:
    labels = {"Grey herons": "birds", "Lake Orr": "places", "Finn Bay": "places"}
    draft, _ = run(LISTS, labelling(labels))

    assert draft.fields.birds == ["Grey herons"]
    assert draft.fields.places == ["Lake Orr", "Finn Bay"]
    assert draft.dropped == ()
    texts = {"title": PAPER.title, "abstract": PAPER.abstract}
    shown = {each.path: texts[each.source][each.start : each.end] for each in draft.evidence}
    assert shown == {"birds[0]": "Grey herons", "places[0]": "Lake Orr", "places[1]": "Finn Bay"}


def test_what_is_other_is_in_no_field() -> None:
    draft, _ = run(LISTS, labelling({"winter": "other", "Finn Bay": "places"}))

    assert draft.fields.model_dump() == {"birds": [], "places": ["Finn Bay"]}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (["places", "birds", "birds"], "birds"),
        (["birds", "places", "places"], "places"),
        (["other", "birds", "other"], None),
    ],
)
def test_the_label_that_a_phrase_gets_most_often_counts(said: list[str], field: str | None) -> None:
    paper = Paper("1", "Orr one", "At Orr it is two. The ORR is three.")
    labels = iter(said)

    def answer(request: Request) -> str:
        phrase = next(form for form in ("Orr", "ORR") if form in sentence_of(request))
        return f"{phrase}: {next(labels)}\n\n"

    draft, _ = run(LISTS, answer, paper)

    found = {name: values for name, values in draft.fields.model_dump().items() if values}
    assert found == ({field: ["Orr"]} if field else {})


def test_a_phrase_that_is_written_in_two_ways_is_one() -> None:
    paper = Paper("1", "Grey-Herons", "The grey herons breed.")
    draft, _ = run(LISTS, labelling({"Grey-Herons": "birds", "grey herons": "birds"}), paper)

    assert draft.fields.birds == ["Grey-Herons"]


def test_a_field_named_other_is_a_field() -> None:
    labels = {"Herons": "other", "Grey herons": "something else", "Lake Orr": "places"}
    draft, (request, *_) = run("other list, places list", labelling(labels))

    assert "Fields: other, places, something else\n" in request.body["prompt"]
    assert draft.fields.model_dump() == {"other": ["Herons"], "places": ["Lake Orr"]}


def test_a_long_sentence_is_labelled_in_parts() -> None:
    words = " ".join(f"w{number}" for number in range(150))
    draft, requests = run(LISTS, labelling({"w149": "birds"}), Paper("1", "", words))

    parts = [sentence_of(each) for each in requests]
    assert len(parts) == 3
    assert " ".join(parts) == words
    assert draft.fields.birds == ["w149"]


def test_texts_without_words_cost_no_request() -> None:
    for abstract in ("", "?! 12. 3.", "the of and"):
        draft, requests = run(LISTS, labelling({}), Paper("1", "", abstract))
        assert requests == []
        assert draft.fields.model_dump() == {"birds": [], "places": []}


def test_of_an_answer_that_was_cut_the_whole_lines_count() -> None:
    paper = Paper("1", "", "Grey herons breed at Lake Orr.")
    draft, _ = run(LISTS, lambda _: "Grey herons: birds\nLake Orr: pla", paper, "length")

    assert draft.fields.model_dump() == {"birds": ["Grey herons"], "places": []}


def test_hidden_characters_and_line_breaks_change_no_label() -> None:
    paper = Paper("1", "", "The Grey\u00ad her\u200bons breed at Lake\nOrr.")
    draft, _ = run(LISTS, labelling({"Grey herons": "birds", "Lake": "other"}), paper)

    assert draft.fields.birds == ["Grey herons"]
    assert draft.dropped == ()


def test_no_word_is_cut_where_a_text_is_too_long() -> None:
    abstract = "Grey herons! " * 1_600
    spoken = set[str]()

    def answer(request: Request) -> str:
        spoken.update(sentence_of(request).split())
        return "\n"

    run(LISTS, answer, Paper("1", "Herons" * 1_000, abstract))

    assert {"Grey", "herons!"} <= spoken <= {"Grey", "herons!"}


# ------------------------------------------------------------------- one answer for the rest


def test_other_fields_are_filled_by_one_answer_about_the_whole_paper() -> None:
    draft, requests = run(MIXED, both({"Lake Orr": "places"}, count=12, is_rare=None))

    assert draft.fields.model_dump() == {
        "birds": [],
        "places": ["Lake Orr"],
        "count": 12,
        "is_rare": None,
    }
    (request,) = filter(is_form, requests)
    asked = request.body["prompt"]
    assert PAPER.abstract in asked
    assert "count (a whole number)" in asked
    assert "places" not in asked.partition("The form:")[2]
    assert Grammar(request.body["grammar"]).allows('{"count": 12, "is_rare": null}')
    assert [each.path for each in draft.evidence] == ["places[0]", "count"]


def test_with_a_prompt_of_ones_own_one_answer_holds_everything(tmp_path: Path) -> None:
    prompt = tmp_path / "birds.txt"
    prompt.write_text("Only birds that breed.\n---\nRead: {{ title }} / {{ abstract }}")
    answer = form(birds=["Grey herons"], places=["Lake Orr", "Finn Bay"])
    draft, (request,) = run(load_task(LISTS, prompt), lambda _: answer)

    assert draft.fields.model_dump() == json.loads(answer)
    assert request.path == CHAT
    assert request.body["messages"][0]["content"].startswith("Only birds that breed.")
    assert request.body["messages"][1]["content"].startswith("Read: Herons of Lake Orr / Grey")
    assert Grammar(request.body["grammar"]).allows(answer)


def test_an_answer_that_was_cut_is_too_long() -> None:
    with pytest.raises(TooLong) as raised:
        run("name, count int", lambda _: '{"name": "Grey', finish_reason="length")

    assert "--answer-tokens" in str(raised.value.hint)


def test_an_answer_that_is_no_json_fails_the_paper() -> None:
    with pytest.raises(InvalidResponse, match="no JSON"):
        run("name, count int", lambda _: "Grey herons")


class Required(BaseModel):
    name: Annotated[str, Verbatim()]


def test_a_paper_without_a_value_that_must_be_there_fails() -> None:
    def answer(request: Request) -> str:
        said = '{"name": null}'
        assert Grammar(request.body["grammar"]).allows(said)
        return said

    with pytest.raises(InvalidResponse) as raised:
        run(load_task(Required), answer, Paper("1", "", "12."))

    assert "null" in str(raised.value.hint)


class Renamed(BaseModel):
    species: list[Annotated[str, Verbatim()]] = Field([], alias="birds")
    count: Annotated[int | None, NumberIn()] = Field(None, alias="how many")


def test_fields_may_have_other_names_outside() -> None:
    answers = both({"Grey herons": "birds"}, **{"how many": 12})
    draft, _ = run(load_task(Renamed), answers)

    assert draft.fields.model_dump() == {"species": ["Grey herons"], "count": 12}


# ------------------------------------------------------------------- what is common


@pytest.mark.parametrize("schema", [LISTS, MIXED, "name, count int"])
def test_every_request_begins_as_the_opening_does(schema: str) -> None:
    opening = approach_of(load_task(schema)).opening()
    _, requests = run(schema, both({}, name=None, count=None, is_rare=None))

    assert opening is not None
    assert "heron" not in str(opening.body)
    assert requests
    for request in requests:
        assert request.path == opening.path
        if request.path == COMPLETION:
            assert request.body["prompt"].startswith(opening.body["prompt"])
            continue
        *fixed, user = opening.body["messages"]
        assert request.body["messages"][:-1] == fixed
        assert request.body["messages"][-1]["content"].startswith(user["content"])


texts = st.lists(
    st.one_of(
        st.sampled_from(["Lake Orr", "12", "C++", '"', "\\", "https://a.org/b", ". ", "%", "鷺"]),
        st.text(max_size=8),
    ),
    max_size=20,
).map(" ".join)


@given(texts, texts, st.integers(0, 2**32))
def test_whatever_the_model_says_is_a_record_of_what_the_paper_says(
    title: str, abstract: str, seed: int
) -> None:
    choose = Random(seed).randrange
    schema = f"{MIXED}, name, page url, pages url[], sizes float[]"

    draft, _ = run(
        schema,
        lambda request: Grammar(request.body["grammar"]).write(choose),
        Paper("1", title, abstract),
    )

    sources = {"title": title, "abstract": abstract}
    for each in draft.evidence:
        assert sources[each.source][each.start : each.end].strip()
