"""The approach ``constrained``: phrases that the encoder finds, and one answer for the rest."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from gbnf import Grammar
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from extractor.approaches import choose_approach, constrained
from extractor.encoder import ScoredSpan
from extractor.encoder.phrases import THRESHOLD
from extractor.errors import InvalidResponse, TooLong, UsageError
from extractor.grounding import NumberIn, UnitIn, Verbatim
from extractor.llm.answer import CHAT, Answer, Request, Usage
from extractor.llm.endpoint import Endpoint
from extractor.llm.providers.none import NoModel
from extractor.llm.token_logprobs import UnsureToken
from extractor.paper import Paper
from extractor.task import Task, load_task

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.approaches import Approach, Draft

ENGINE = Endpoint(
    model="m", identity="m", address="m", enforces_grammars=True, extra={"seed": 3}, temperature=0.5
)
SERVER = Endpoint(model="m", identity="m", address="m")
NONE = NoModel.endpoint
LISTS = "birds list: species of birds, places list"
MIXED = f"{LISTS}, count int, is_rare bool"
PAPER = Paper(
    "1",
    "Herons of Lake Orr",
    "Grey herons breed at Lake Orr. We counted 12 nests. In winter the herons move to Finn Bay.",
)
Found = Mapping[str, tuple[str, float]]
Answers = Callable[[Request], str]
Finds = Callable[[Found], "FixedEncoder"]


class FixedEncoder:
    """Finds each phrase of ``found`` wherever it stands, for one field and so likely.

    A phrase may be said more than once, as "phrase#2"; ``asked`` are the fields of the last call.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.asked: list[str] = []
        self.read = ""

    def score(self, title: str, abstract: str, fields: Sequence[str]) -> list[ScoredSpan]:
        self.asked, self.read = list(fields), abstract
        names = [field.partition(" ")[0] for field in fields]
        text = f"{title}\n{abstract}"
        return [
            ScoredSpan(
                place.start(),
                place.end(),
                tuple(chance if name == field else 0.01 for name in names),
            )
            for phrase, (field, chance) in self.found.items()
            for place in re.finditer(re.escape(phrase.partition("#")[0]), text)
        ]


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Callable[[Found], FixedEncoder]:
    """Lets an encoder find what it is told."""

    def use(found: Found) -> FixedEncoder:
        encoder = FixedEncoder(found)
        monkeypatch.setattr(constrained, "shared_encoder", lambda: encoder)
        return encoder

    return use


def approach_of(task: Task[Any], endpoint: Endpoint = ENGINE) -> Approach[Any]:
    return choose_approach(None, task, endpoint)(task, endpoint)


def form(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)


def run(
    task: Task[Any] | str,
    answers: Answers,
    paper: Paper = PAPER,
    finish_reason: str = "stop",
    unsure: tuple[UnsureToken, ...] | None = None,
) -> tuple[Draft[Any], list[Request]]:
    """The draft of a paper, and the requests that it took."""
    steps = approach_of(load_task(task) if isinstance(task, str) else task).requests(paper)
    requests: list[Request] = []
    try:
        request = next(steps)
        while True:
            requests.append(request)
            message = {"content": answers(request)}
            request = steps.send(Answer(message, finish_reason, Usage(), 0.0, unsure=unsure))
    except StopIteration as done:
        return done.value, requests


def nothing(_: Request) -> str:
    raise AssertionError("nothing is left to ask")


# ------------------------------------------------------------------- when it is used


class Free(BaseModel):
    summary: str | None = None


class Bounded(BaseModel):
    count: Annotated[int | None, NumberIn(), Field(ge=1)] = None


@pytest.mark.parametrize("schema", [LISTS, MIXED, "name, page url"])
def test_flat_schemas_are_filled_so_where_grammars_are_enforced(schema: str) -> None:
    task = load_task(schema)

    assert approach_of(task).name == "constrained"
    assert approach_of(task, SERVER).name == "full-schema"


@pytest.mark.parametrize("schema", [Free, Bounded])
def test_other_schemas_are_filled_by_one_request_for_the_full_schema(
    schema: type[BaseModel],
) -> None:
    assert approach_of(load_task(schema)).name == "full-schema"


@pytest.mark.parametrize("schema", [LISTS, "name str", "name, places list"])
def test_phrases_need_no_language_model(schema: str) -> None:
    approach = approach_of(load_task(schema), NONE)

    assert approach.name == "constrained"
    assert approach.opening() is None


class Survey(BaseModel):
    birds: list[Annotated[str, Verbatim()]] = []
    counted: Annotated[int | None, NumberIn()] = Field(default=None, alias="count")
    summary: str | None = None


@pytest.mark.parametrize(
    ("schema", "named"),
    [(MIXED, "count, is_rare"), (Survey, "counted, summary"), (Bounded, "count")],
)
def test_numbers_choices_and_free_texts_need_one(schema: Any, named: str) -> None:
    with pytest.raises(UsageError, match=f"language model for {named}, and "):
        approach_of(load_task(schema), NONE)


def test_with_a_prompt_of_ones_own_every_field_needs_one(tmp_path: Path) -> None:
    prompt = tmp_path / "birds.txt"
    prompt.write_text("Only birds.\n---\n{{ abstract }}")
    with pytest.raises(UsageError, match="language model for birds, places, and"):
        approach_of(load_task(LISTS, prompt), NONE)


# ------------------------------------------------------------------- phrases


def test_the_encoder_is_told_the_fields_and_what_they_are(finds: Finds) -> None:
    encoder = finds({})
    draft, requests = run(LISTS, nothing)

    assert encoder.asked == ["birds (species of birds)", "places"]
    assert requests == []
    assert draft.fields.model_dump() == {"birds": [], "places": []}


def test_phrases_are_listed_in_the_order_of_the_text_with_evidence(finds: Finds) -> None:
    finds({"Finn Bay": ("places", 0.9), "Lake Orr": ("places", 0.6), "Grey herons": ("birds", 0.8)})
    draft, _ = run(LISTS, nothing)

    assert draft.fields.birds == ["Grey herons"]
    assert draft.fields.places == ["Lake Orr", "Finn Bay"]
    assert draft.dropped == ()
    texts = {"title": PAPER.title, "abstract": PAPER.abstract}
    shown = {each.path: texts[each.source][each.start : each.end] for each in draft.evidence}
    assert shown == {"birds[0]": "Grey herons", "places[0]": "Lake Orr", "places[1]": "Finn Bay"}


def test_every_phrase_has_a_confidence(finds: Finds) -> None:
    finds({"Lake Orr": ("places", 0.99), "Finn Bay": ("places", 0.4), "herons": ("bird", 0.7)})
    draft, _ = run("places list, bird", nothing)

    confidence = {each.path: each.confidence or 0 for each in draft.evidence}
    assert 1 > confidence["places[0]"] > confidence["bird"] > confidence["places[1]"] > 0


def test_what_is_unlikely_is_in_no_field(finds: Finds) -> None:
    finds({"winter": ("places", THRESHOLD - 0.01), "Finn Bay": ("places", THRESHOLD)})
    draft, _ = run(LISTS, nothing)

    assert draft.fields.model_dump() == {"birds": [], "places": ["Finn Bay"]}


def test_of_phrases_that_overlap_the_likeliest_counts(finds: Finds) -> None:
    finds({"Grey herons": ("birds", 0.9), "Grey": ("places", 0.5), "herons breed": ("birds", 0.8)})
    draft, _ = run(LISTS, nothing)

    assert draft.fields.model_dump() == {"birds": ["Grey herons"], "places": []}


def test_a_phrase_belongs_to_its_likeliest_field(finds: Finds) -> None:
    finds({"Lake Orr": ("birds", 0.5), "Lake Orr#2": ("places", 0.7)})
    draft, _ = run(LISTS, nothing)

    assert draft.fields.model_dump() == {"birds": [], "places": ["Lake Orr"]}


def test_a_phrase_that_is_written_in_two_ways_is_one(finds: Finds) -> None:
    finds({"Grey-Herons": ("birds", 0.5), "grey herons": ("birds", 0.9)})
    draft, _ = run(LISTS, nothing, Paper("1", "Grey-Herons", "The grey herons breed."))

    assert draft.fields.birds == ["Grey-Herons"]


def test_no_phrase_is_cut_from_a_longer_word(finds: Finds) -> None:
    finds({"GPT-3": ("birds", 0.9), "CD4+ cells": ("birds", 0.9), "Heron": ("places", 0.9)})
    draft, _ = run(LISTS, nothing, Paper("1", "", "GPT-3.5 and CD4+ cells of Herons"))

    assert draft.fields.model_dump() == {"birds": ["CD4+ cells"], "places": []}
    assert draft.dropped == ()


def test_a_single_phrase_is_the_likeliest(finds: Finds) -> None:
    finds({"Lake Orr": ("place", 0.6), "Finn Bay": ("place", 0.9)})
    draft, _ = run("place, bird", nothing)

    assert draft.fields.model_dump() == {"place": "Finn Bay", "bird": None}


class Required(BaseModel):
    name: Annotated[str, Verbatim()]


class Defaulted(BaseModel):
    name: Annotated[str, Verbatim()] = "Lake"
    others: Annotated[list[Annotated[str, Verbatim()]], AfterValidator(sorted)] = []


def test_a_default_stands_where_nothing_is_likely(finds: Finds) -> None:
    finds({"Finn Bay": ("name", 0.1)})
    draft, _ = run(load_task(Defaulted), nothing)

    assert draft.fields.name == "Lake"


def test_confidence_keeps_to_a_value_that_a_validator_moves(finds: Finds) -> None:
    finds({"Lake Orr": ("others", 0.9), "Finn Bay": ("others", 0.4)})
    draft, _ = run(load_task(Defaulted), nothing)

    confidence = {each.path: each.confidence or 0 for each in draft.evidence}
    assert draft.fields.others == ["Finn Bay", "Lake Orr"]
    assert confidence["others[0]"] < 0.5 < confidence["others[1]"]


def test_a_phrase_closes_the_brackets_that_it_opens(finds: Finds) -> None:
    finds({"Orr) of herons": ("places", 0.9), "lake (by Orr)": ("places", 0.5)})
    draft, _ = run(LISTS, nothing, Paper("1", "", "A lake (by Orr) of herons."))

    assert draft.fields.places == ["lake (by Orr)"]


@pytest.mark.parametrize("space", ["", " ", "\n", "。"])
def test_a_long_text_is_read_from_its_start(finds: Finds, space: str) -> None:
    encoder = finds({})
    run(LISTS, nothing, Paper("1", "", f"数据{space}" * 20_000))

    assert len(encoder.read) > 19_000


def test_a_paper_without_a_value_that_must_be_there_fails(finds: Finds) -> None:
    finds({"Lake Orr": ("name", 0.1)})
    with pytest.raises(InvalidResponse) as raised:
        run(load_task(Required), nothing)

    assert "null" in str(raised.value.hint)


def test_hidden_characters_and_line_breaks_hide_no_phrase(finds: Finds) -> None:
    finds({"Grey herons": ("birds", 0.9)})
    paper = Paper("1", "", "The Grey\u00ad her\u200bons breed at Lake\nOrr.")
    draft, _ = run(LISTS, nothing, paper)

    assert draft.fields.birds == ["Grey herons"]
    assert draft.dropped == ()


# ------------------------------------------------------------------- one answer for the rest


def test_other_fields_are_filled_by_one_answer_about_the_whole_paper(finds: Finds) -> None:
    finds({"Lake Orr": ("places", 0.9)})
    draft, (request,) = run(MIXED, lambda _: form(count=12, is_rare=None))

    assert draft.fields.model_dump() == {
        "birds": [],
        "places": ["Lake Orr"],
        "count": 12,
        "is_rare": None,
    }
    system, user = request.body["messages"]
    assert PAPER.abstract in user["content"]
    assert "count (a whole number)" in system["content"]
    assert "places" not in system["content"].partition("The form:")[2]
    assert Grammar(request.body["grammar"]).allows('{"count": 12, "is_rare": null}')
    assert request.body["temperature"] == 0.5
    assert request.body["seed"] == 3
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
        run("page url, count int", lambda _: '{"page": "https', finish_reason="length")

    assert "answer_tokens=" in str(raised.value.hint)


def test_of_a_list_that_was_cut_the_whole_items_stay(tmp_path: Path) -> None:
    prompt = tmp_path / "nests.txt"
    prompt.write_text("Only nests.\n---\n{{ title }} / {{ abstract }}")
    whole = form(nests=[{"number": n, "place": None, "is_new": False} for n in (12, 30)])
    cut = whole[: whole.index("30") + 20]
    draft, _ = run(load_task(Nests, prompt), lambda _: cut, NESTS, finish_reason="length")

    assert [each.number for each in draft.fields.nests] == [12]
    assert [each.path for each in draft.dropped] == ["nests[1]"]
    assert "token limit" in draft.dropped[0].reason


def test_an_answer_that_is_no_json_fails_the_paper() -> None:
    with pytest.raises(InvalidResponse, match="no JSON"):
        run("page url, count int", lambda _: "Grey herons")


class Renamed(BaseModel):
    species: list[Annotated[str, Verbatim()]] = Field([], alias="birds")
    count: Annotated[int | None, NumberIn()] = Field(None, alias="how many")


def test_fields_may_have_other_names_outside(finds: Finds) -> None:
    finds({"Grey herons": ("birds", 0.9)})
    draft, _ = run(load_task(Renamed), lambda _: form(**{"how many": 12}))

    assert draft.fields.model_dump() == {"species": ["Grey herons"], "count": 12}
    confidence = {each.path: each.confidence for each in draft.evidence}
    assert (confidence["species[0]"] or 0) > 0.5


@pytest.mark.parametrize("schema", [MIXED, "page url, count int"])
def test_every_request_begins_as_the_opening_does(schema: str, finds: Finds) -> None:
    finds({})
    opening = approach_of(load_task(schema)).opening()
    _, (request,) = run(schema, lambda _: form(page=None, count=None, is_rare=None))

    assert opening is not None
    assert "heron" not in str(opening.body)
    assert request.path == opening.path
    *fixed, user = opening.body["messages"]
    assert request.body["messages"][:-1] == fixed
    assert request.body["messages"][-1]["content"].startswith(user["content"])


# ------------------------------------------------------------------- what the schema refuses


class Short(BaseModel):
    model_config = ConfigDict(str_max_length=8, str_strip_whitespace=True)

    birds: list[Annotated[str, Verbatim()]] = []
    place: Annotated[str | None, Verbatim()] = None


class Place(BaseModel):
    model_config = ConfigDict(str_max_length=8)

    place: Annotated[str, Verbatim()]
    bird: Annotated[str | None, Verbatim()] = None


class Named(BaseModel):
    model_config = ConfigDict(str_max_length=8)

    bird: Annotated[str, Verbatim()]


def test_a_value_that_the_schema_refuses_is_left_out_and_told(finds: Finds) -> None:
    finds(
        {
            "Grey herons": ("birds", 0.9),
            "herons#2": ("birds", 0.8),
            "Lake Orr": ("place", 0.9),
        }
    )
    draft, _ = run(load_task(Short), nothing)

    assert draft.fields.birds == ["herons"]
    assert draft.fields.place == "Lake Orr"
    (dropped,) = draft.dropped
    assert (dropped.path, dropped.value) == ("birds[0]", "Grey herons")
    assert "8 characters" in dropped.reason
    confidence = {each.path: each.confidence for each in draft.evidence}
    assert confidence["birds[0]"]


def test_a_field_that_is_left_out_takes_its_default(finds: Finds) -> None:
    finds({"Herons of Lake Orr": ("place", 0.9)})
    draft, _ = run(load_task(Short), nothing)

    assert draft.fields.place is None
    assert [each.path for each in draft.dropped] == ["place"]


def test_a_record_that_cannot_do_without_it_fails_the_paper_and_says_why(finds: Finds) -> None:
    finds({"Grey herons": ("bird", 0.9)})
    with pytest.raises(InvalidResponse, match="8 characters"):
        run(load_task(Named), nothing)


# ------------------------------------------------------------------- objects


class Places(BaseModel):
    places: list[Place] = []


class Nest(BaseModel):
    number: Annotated[int, NumberIn("quote")]
    quote: Annotated[str, Verbatim()]
    unit: Annotated[str, UnitIn("quote")]
    place: Annotated[str | None, Verbatim()] = None
    is_new: bool = False


class Nests(BaseModel):
    nests: list[Nest] = []


NESTS = Paper(
    "1",
    "Herons of Lake Orr",
    "In 1998 we began. We counted 12 nests at Lake Orr, and 30 nests at Finn Bay. It took 3 weeks.",
)


def test_objects_of_phrases_need_no_language_model(finds: Finds) -> None:
    finds(
        {
            "Lake Orr": ("place", 0.9),
            "Finn Bay": ("place", 0.8),
            "herons#2": ("bird", 0.9),
        }
    )
    task = load_task(Places)
    draft, _ = run(task, nothing)

    assert approach_of(task, NONE).name == "constrained"
    said = [(each.place, each.bird) for each in draft.fields.places]
    # What the title says of Lake Orr is in the abstract as well.
    assert said == [("Lake Orr", "herons"), ("Finn Bay", "herons")]
    assert draft.dropped == ()


def test_an_object_that_lacks_what_it_cannot_do_without_goes_alone(finds: Finds) -> None:
    finds({"Herons of Lake Orr": ("place", 0.9), "Finn Bay": ("place", 0.8)})
    draft, _ = run(load_task(Places), nothing)

    assert [each.place for each in draft.fields.places] == ["Finn Bay"]
    assert draft.dropped[0].path == "places[0].place"


class Sighting(BaseModel):
    place: Annotated[str, Verbatim()]
    bird: Annotated[str, Verbatim()]
    tree: Annotated[str, Verbatim()]


class Sightings(BaseModel):
    sightings: list[Sighting] = []


def test_an_object_that_lacks_two_such_parts_takes_no_other_with_it(finds: Finds) -> None:
    finds(
        {
            "Lake Orr": ("place", 0.9),
            "Finn Bay": ("place", 0.9),
            "herons": ("bird", 0.9),
            "willow": ("tree", 0.9),
        }
    )
    paper = Paper("1", "Of Lake Orr", "At Finn Bay herons sit on a willow.")
    draft, _ = run(load_task(Sightings), nothing, paper)

    assert [each.place for each in draft.fields.sightings] == ["Finn Bay"]
    assert {each.path.partition(".")[0] for each in draft.dropped} == {"sightings[0]"}


def test_the_program_finds_the_numbers_and_their_words_and_the_model_the_rest(
    finds: Finds,
) -> None:
    finds({"Lake Orr#2": ("place", 0.9), "Finn Bay": ("place", 0.8)})
    said = form(nests=[{"number": 12, "is_new": True}, {"number": 30, "is_new": False}])
    draft, (request,) = run(load_task(Nests), lambda _: said, NESTS)

    grammar = Grammar(request.body["grammar"])
    assert grammar.allows(said)
    assert not grammar.allows('{"nests": []}')
    assert not grammar.allows(said.replace("12", "1998"))
    assert draft.dropped == ()
    assert [each.model_dump() for each in draft.fields.nests] == [
        {"number": 12, "quote": "12 nests at Lake Orr", "unit": "nests", "place": "Lake Orr"}
        | {"is_new": True},
        {"number": 30, "quote": "30 nests at Finn Bay", "unit": "nests", "place": "Finn Bay"}
        | {"is_new": False},
    ]
    form_said = request.body["messages"][0]["content"].partition("The form:")[2]
    assert "  - number (a whole number)" in form_said
    assert "quote" not in form_said


class ShortNest(Nest):
    model_config = ConfigDict(str_max_length=20)


class ShortNests(BaseModel):
    nests: list[ShortNest] = []


def test_no_item_has_the_confidence_of_one_before_it_that_is_left_out(finds: Finds) -> None:
    said = form(nests=[{"number": 12, "is_new": True}, {"number": 30, "is_new": True}])
    unsure = (UnsureToken(at := said.index("true"), at + 4, -3.0),)

    finds({"Lake Orr": ("place", 0.9), "Finn Bay": ("place", 0.8)})
    both, _ = run(load_task(ShortNests), lambda _: said, NESTS, unsure=unsure)
    finds({"counted 12 nests at Lake Orr": ("place", 0.9), "Finn Bay": ("place", 0.8)})
    one, _ = run(load_task(ShortNests), lambda _: said, NESTS, unsure=unsure)

    assert both.confidence["nests[0].is_new"] < both.confidence["nests[1].is_new"]
    assert [each.number for each in one.fields.nests] == [30]
    assert one.confidence == {}


class Bird(BaseModel):
    name: Annotated[str, Verbatim()] = Field(description="its species")


class Birds(BaseModel):
    birds: list[Bird] = []


def test_a_part_that_is_called_name_is_looked_for_by_the_name_of_its_owner(finds: Finds) -> None:
    encoder = finds({"Grey herons": ("birds", 0.9)})
    draft, _ = run(load_task(Birds), nothing)

    assert encoder.asked == ["birds (its species)"]
    assert [each.name for each in draft.fields.birds] == ["Grey herons"]


def test_a_paper_without_objects_is_not_asked_about(finds: Finds) -> None:
    finds({})
    draft, requests = run(load_task(Nests), nothing, NESTS)

    assert (draft.fields.nests, requests) == ([], [])


def test_with_a_prompt_of_ones_own_the_model_finds_the_objects(tmp_path: Path) -> None:
    prompt = tmp_path / "nests.txt"
    prompt.write_text("Only nests.\n---\n{{ title }} / {{ abstract }}")
    said = form(nests=[{"number": 30, "place": "Finn Bay", "is_new": False}])
    draft, (request,) = run(load_task(Nests, prompt), lambda _: said, NESTS)

    assert Grammar(request.body["grammar"]).allows(said)
    (nest,) = draft.fields.nests
    assert (nest.quote, nest.unit) == ("30 nests at Finn Bay", "nests")


def test_results_need_no_language_model(finds: Finds) -> None:
    finds({"accuracy": ("metric", 0.9), "ImageNet": ("dataset", 0.9), "BarNet": ("task", 0.9)})
    paper = Paper(
        "1",
        "FooNet",
        "On 12 machines, FooNet reaches 84.2% accuracy on ImageNet. This is 2.1 points above the "
        "large BarNet, while it runs at 45 FPS.",
    )
    draft, _ = run("results", nothing, paper)

    assert approach_of(load_task("results"), NONE).name == "constrained"
    rows = [
        (each.value, each.unit, each.relative, each.metric, each.dataset, each.baseline)
        for each in draft.fields.results
    ]
    assert rows == [
        (84.2, "%", False, "accuracy", "ImageNet", None),
        (2.1, "points", True, None, None, "large BarNet"),
        (45.0, "FPS", False, None, None, None),
    ]
    assert draft.dropped == ()


def test_a_result_that_is_said_twice_is_one_item(finds: Finds) -> None:
    finds({"recall": ("metric", 0.9)})
    twice = "We reach 91.5% recall. With so much recall as 91.5% we stop."
    draft, _ = run("results", nothing, Paper("1", "", twice))

    assert [(each.value, each.quote) for each in draft.fields.results] == [(91.5, "91.5% recall")]
    assert draft.dropped == ()


# ------------------------------------------------------------------- whatever is found or said


texts = st.lists(
    st.one_of(
        st.sampled_from(["Lake Orr", "12", "C++", '"', "\\", "https://a.org/b", ". ", "%", "鷺"]),
        st.text(max_size=8),
    ),
    max_size=20,
).map(" ".join)


class RandomEncoder:
    """Finds anything."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def score(self, title: str, abstract: str, fields: Sequence[str]) -> list[ScoredSpan]:
        text, draw = f"{title}\n{abstract}", self._random
        words = [found.span() for found in re.finditer(r"\S+", text)]
        return [
            ScoredSpan(start, end, tuple(draw.random() for _ in fields))
            for at, (start, _) in enumerate(words)
            for _, end in words[at : at + 3]
            if draw.random() < 0.5
        ]


@given(texts, texts, st.integers(0, 2**32))
def test_whatever_is_found_or_said_is_a_record_of_what_the_paper_says(
    title: str, abstract: str, seed: int
) -> None:
    random = Random(seed)
    schema = f"{MIXED}, name, page url, pages url[], sizes float[]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constrained, "shared_encoder", lambda: RandomEncoder(random))
        draft, _ = run(
            schema,
            lambda request: Grammar(request.body["grammar"]).write(random.randrange),
            Paper("1", title, abstract),
        )

    sources = {"title": title, "abstract": abstract}
    for each in draft.evidence:
        assert sources[each.source][each.start : each.end].strip()


@given(texts, texts, st.integers(0, 2**32))
def test_whatever_objects_are_found_or_said_stand_in_the_paper(
    title: str, abstract: str, seed: int
) -> None:
    random = Random(seed)
    for schema in (Nests, Places, "results"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(constrained, "shared_encoder", lambda: RandomEncoder(random))
            draft, _ = run(
                load_task(schema),  # type: ignore[arg-type]
                lambda request: Grammar(request.body["grammar"]).write(random.randrange),
                Paper("1", title, abstract),
            )

        sources = {"title": title, "abstract": abstract}
        for each in draft.evidence:
            assert sources[each.source][each.start : each.end].strip()


@pytest.mark.parametrize(
    "unit", ["1.5, ", "1 and ", "by 2% than a ", "1. ", "1,1,", "herons 2 x ", "+1 (1) to "]
)
def test_no_text_full_of_numbers_takes_long(unit: str, finds: Finds) -> None:
    finds({})
    started = time.process_time()
    run("results", nothing, Paper("1", "", (unit * 20_000)[:20_000]))

    assert time.process_time() - started < 10  # alone it is less than one
