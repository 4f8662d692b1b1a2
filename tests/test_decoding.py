"""Grammars of a paper: whatever a model says under them stands in the paper and has the form."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Annotated, Any, Literal

import pytest
from gbnf import Grammar
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, Field, StringConstraints

from extractor.decoding import AskedField, answer_grammar, asked_fields, completed, mentions_of
from extractor.grounding import SAID_BEFORE, NumberIn, UnitIn, Url, Verbatim, ground
from extractor.grounding.hidden import visible
from extractor.task import load_task

Words = Annotated[str, Verbatim()]


class Sighting(BaseModel):
    """Everything that a grammar can fill."""

    bird: Annotated[str | None, Verbatim()] = None
    places: list[Words] = []
    count: Annotated[int | None, NumberIn()] = None
    length: Annotated[float | None, NumberIn()] = None
    sizes: list[Annotated[float, NumberIn()]] = []
    page: Annotated[str | None, Url()] = None
    pages: list[Annotated[str, Url()]] = []
    season: Literal["spring", "été"] | None = None
    is_rare: bool | None = None


PIECES = [
    "naïve", "nai\u0308ve", "Schrödinger", "使用", "数据集", "데이터", "हिन्दी", "עברית", "🦩",
    "👩\u200d🔬", "ef\ufb01cient", "\uff21\uff11\uff10\uff10", "$3.2\\times$", "\\textbf{FlashX}",
    "E$^2$-RAG", "10³", "x₂", "\\emph{up to}", "95\\%", "A100", "(80GB)", "GPT-3.5", "2-5x",
    "1,000", "3.20", "-4", "Long-Range", "“quoted”", "don’t", "https://a.org/b", "C++", "A*",
    "R&D", "e.g.", "–", "...", "%", "İstanbul", "ß", "½", "①", "{", "}", "$", "\\", "^", "_", "~",
    "the", "of", "without", "T", "cells,", "[3]", "(LSH)", "www.b.org/c_d.", "known:", '"', "'s",
    "mice's", "non-Heron", "Heron-based", "a/b", "k-means", "CD4+", "foo.Bar", "\\n", "Osprey.",
    "\u200b", "\u00ad", "\x00",
]  # fmt: skip
marked_texts = st.lists(st.sampled_from(PIECES), max_size=24).map(" ".join)
any_texts = st.one_of(
    marked_texts,
    st.text(max_size=120),
    st.text("aB1.,-/\\\"'()[]{}$%*+^_ \n\t", max_size=60),
)


def random_choice(data: st.DataObject) -> Any:
    """Chooses at random, as a model of which nothing is known."""
    return Random(data.draw(st.integers(0, 2**32))).randrange


def one_line(text: str) -> str:
    return " ".join(visible(text).split())


def list_grammar(text: str) -> Grammar:
    """The grammar of an answer that is one list of phrases."""
    field = AskedField("birds", "phrase", None, listed=True)
    return Grammar(answer_grammar([field], ("", text)))


def listed(text: str, data: st.DataObject) -> list[str]:
    """The phrases of such an answer."""
    phrases = json.loads(list_grammar(text).write(random_choice(data)))["birds"]
    assert isinstance(phrases, list)
    return phrases


def answered(text: str, data: st.DataObject, title: str = "") -> dict[str, Any]:
    """An answer that a grammar of ``Sighting`` allows."""
    grammar = answer_grammar(asked_fields(Sighting) or (), (title, text))
    answer = json.loads(Grammar(grammar).write(random_choice(data)))
    assert isinstance(answer, dict)
    return answer


# ------------------------------------------------------------------- lists of phrases


@given(any_texts, st.data())
def test_phrases_stand_in_the_text_one_behind_the_other(text: str, data: st.DataObject) -> None:
    text = one_line(text)
    at = 0
    for phrase in listed(text, data):
        at = text.index(phrase, at) + len(phrase)


@given(marked_texts, st.data())
def test_grounding_keeps_every_phrase(text: str, data: st.DataObject) -> None:
    for phrase in listed(one_line(text), data):
        grounded = ground(Sighting, {"bird": phrase}, title="", abstract=text)
        assert grounded.dropped == ()
        assert len(grounded.evidence) == 1


def allowed(text: str, *phrases: str) -> bool:
    return list_grammar(text).allows(json.dumps({"birds": phrases}, ensure_ascii=False))


def test_any_run_of_words_may_be_listed_and_none_need_be() -> None:
    text = "Grey herons (Ardea cinerea) breed near Lake Orr."

    assert allowed(text)
    assert allowed(text, "Grey herons", "Ardea cinerea", "Lake Orr")
    assert allowed(text, "Grey herons (Ardea cinerea) breed near Lake Orr")
    assert allowed(text, "Orr")


@pytest.mark.parametrize(
    "phrases",
    [
        ["Purple herons"],
        ["Lake Orr", "Grey herons"],
        ["Grey herons", "Grey herons"],
        ["Grey herons", "herons"],
        ["rey herons"],
        ["Grey heron"],
        ["at Lake Orr"],
        ["breed at"],
    ],
)
def test_what_is_not_said_or_said_twice_cannot_be_listed(phrases: list[str]) -> None:
    assert not allowed("Grey herons breed at Lake Orr.", *phrases)


@pytest.mark.parametrize(
    ("text", "whole", "cut"),
    [
        ("Tested with GPT-3.5 today", "GPT-3.5", "GPT"),
        ("Funds for R&D rose", "R&D", "R"),
        ("The nai\u0308ve way", "nai\u0308ve way", "nai"),
        ("It is at https://orr.org/herons now", "now", "herons"),
        ("Written in C++ here", "C++", "C"),
        ("Counts of CD4+ cells", "CD4+ cells", "CD4"),
        ("It holds 12 GB-sticks", "GB-sticks", "12"),
    ],
)
def test_no_phrase_is_cut_from_a_longer_word(text: str, whole: str, cut: str) -> None:
    assert allowed(text, whole)
    assert not allowed(text, cut)


def test_a_phrase_ends_where_a_sentence_or_a_clause_does() -> None:
    text = "Herons, Ospreys and Terns. Gulls"

    assert allowed(text, "Herons", "Ospreys and Terns", "Gulls")
    assert not allowed(text, "Herons, Ospreys")
    assert not allowed(text, "Terns. Gulls")


# ------------------------------------------------------------------- size and time


@given(any_texts)
def test_every_answer_ends(text: str) -> None:
    assert list_grammar(one_line(text)).longest_way() <= 6 * len(text) + 20
    grammar = answer_grammar(asked_fields(Sighting) or (), ("", visible(text)))
    assert Grammar(grammar).longest_way() > 0


@pytest.mark.parametrize("unit", ["heron ", "Grey heron, ", 'R&D "x" \\y ', "数据 "])
def test_a_grammar_is_as_long_as_its_text(unit: str) -> None:
    def sizes(times: int) -> tuple[int, int]:
        answer = answer_grammar(asked_fields(Sighting) or (), ("", unit * times))
        return list_grammar((unit * times).strip()).size(), Grammar(answer).size()

    for small, large in zip(sizes(50), sizes(500), strict=True):
        assert large <= 11 * small


@pytest.mark.parametrize(
    "unit",
    [
        "a-", "a ", "T cells, ", "a", '\\"', "https://a.org/b ", "*a*", "1 ", "x.y.", "(", "न",
        "a*", "the ", "a^", "1,", "a\u0308", "A$_2$", "1.5 x ", "-", "a/", "\n", "www.",
        "a.github.io", "’", "]",
    ],
)  # fmt: skip
def test_no_text_takes_long(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    started = time.process_time()
    answer_grammar(asked_fields(Sighting) or (), (text[:2_000], text))

    assert time.process_time() - started < 3  # alone it is less than one


# ------------------------------------------------------------------- answers in JSON


@given(any_texts, any_texts, st.data())
@example("", "", None)
def test_an_answer_has_all_fields_and_fits_the_schema(
    title: str, text: str, data: st.DataObject | None
) -> None:
    if data is None:
        return
    answer = answered(visible(text), data, visible(title))

    assert list(answer) == list(Sighting.model_fields)
    Sighting.model_validate(answer)


@given(marked_texts, st.data())
def test_grounding_keeps_every_value_of_an_answer(text: str, data: st.DataObject) -> None:
    said = Sighting.model_validate(answered(visible(text), data)).model_dump()
    grounded = ground(Sighting, said, title="", abstract=text)

    # Two places may be the same, written in two ways, and a text may deny a URL ("without").
    reasons = {each.reason.partition(" denied")[0] for each in grounded.dropped}
    assert reasons <= {SAID_BEFORE, "the text has it only"}


def may_answer(text: str, **values: Any) -> bool:
    nothing = Sighting().model_dump()
    grammar = Grammar(answer_grammar(asked_fields(Sighting) or (), ("", text)))
    return grammar.allows(json.dumps(nothing | values, ensure_ascii=False))


SEEN = (
    "We saw 12 herons of 1.4 m at -3 degrees on Lake Orr and Lake Finn: "
    "https://orr.org/seen, https://finn.org."
)


def test_nothing_is_an_answer_to_every_text() -> None:
    for text in ("", "?!", SEEN):
        assert may_answer(text)


@pytest.mark.parametrize(
    "values",
    [
        {"bird": "herons"},
        {"places": ["Lake Orr", "Lake Finn"]},
        {"places": ["Lake Finn"]},
        {"count": 12},
        {"length": 1.4},
        {"count": -3, "length": 12},
        {"sizes": [12, 1.4]},
        {"page": "https://finn.org"},
        {"pages": ["https://orr.org/seen", "https://finn.org"]},
        {"season": "été", "is_rare": False},
        {"season": "spring", "is_rare": True},
    ],
)
def test_what_the_text_says_may_be_answered(values: dict[str, Any]) -> None:
    assert may_answer(SEEN, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"bird": "storks"},
        {"bird": ""},
        {"places": ["Lake Finn", "Lake Orr"]},
        {"places": ["Lake Orr", "Lake Orr"]},
        {"places": None},
        {"places": [""]},
        {"count": 13},
        {"count": 1.4},
        {"count": "12"},
        {"sizes": [12, 12]},
        {"page": "https://orr.org"},
        {"pages": ["https://finn.org", "https://finn.org"]},
        {"season": "summer"},
        {"is_rare": "true"},
    ],
)
def test_nothing_else_may_be_answered(values: dict[str, Any]) -> None:
    assert not may_answer(SEEN, **values)


def test_words_with_signs_of_json_and_gbnf_are_said_as_they_are() -> None:
    text = 'The "Grey \\heron" of C:\\orr\\new'

    assert may_answer(text, bird='Grey \\heron" of C')
    assert may_answer(text, places=["C:\\orr\\new"])


def test_a_field_that_must_have_a_value_is_null_only_where_the_text_has_none() -> None:
    class Heron(BaseModel):
        name: Words
        other: Words
        count: Annotated[int, NumberIn()]

    fields = asked_fields(Heron) or ()
    null = '{"name": null, "other": null, "count": null}'

    assert Grammar(answer_grammar(fields, ("", "?!"))).allows(null)
    assert not Grammar(answer_grammar(fields, ("", "12 herons"))).allows(null)


def test_title_and_abstract_are_both_looked_at() -> None:
    fields = asked_fields(load_task("bird, count int").schema) or ()
    grammar = Grammar(answer_grammar(fields, ("Grey herons", "We count 12 birds.")))

    assert grammar.allows('{"bird": "Grey herons", "count": 12}')
    assert not grammar.allows('{"bird": "herons We", "count": 12}')


# ------------------------------------------------------------------- which schemas


class _Free(BaseModel):
    name: Words
    summary: str | None = None


class _Choices(BaseModel):
    """Nothing of it lies anywhere in the text."""

    is_rare: bool


class _Untied(BaseModel):
    """The number is to stand in a quote that nobody finds."""

    count: Annotated[int, NumberIn("quotes")]
    quotes: list[Words]


class _Endless(BaseModel):
    name: Words
    parts: list[_Endless] = []


def schema_of(annotation: Any, field: Any = ...) -> type[BaseModel]:
    namespace = {"__annotations__": {"value": annotation}, "value": field}
    return type("Schema", (BaseModel,), namespace)


@pytest.mark.parametrize(
    "annotation",
    [
        str,
        list[str],
        int,
        float | None,
        _Free,
        list[_Free],
        list[_Choices],
        _Untied,
        _Endless,
        list[list[Words]],
        dict[str, Words],
        Words | Annotated[int, NumberIn()],
        list[Words | None],
        tuple[Words, Words],
        list,
        Annotated[int, NumberIn(), Field(ge=1)],
        Annotated[str, Verbatim(), Field(max_length=9)],
        Annotated[str, Verbatim(), Field(pattern="x+")],
        Annotated[str, Verbatim(), StringConstraints(to_upper=True)],
        Annotated[list[Words], Field(min_length=1)],
        Annotated[str, UnitIn()],
        list[Literal["a", "b"]],
        Literal[b"a"],
    ],
)
def test_a_schema_that_wants_more_than_the_papers_words_is_left_to_others(annotation: Any) -> None:
    assert asked_fields(schema_of(annotation)) is None


@pytest.mark.parametrize(
    ("annotation", "kind", "listed", "nullable"),
    [
        (Words, "phrase", False, False),
        (Words | None, "phrase", False, True),
        (Annotated[str | None, Verbatim()], "phrase", False, True),
        (list[Words], "phrase", True, False),
        (set[Words], "phrase", True, False),
        (tuple[Words, ...], "phrase", True, False),
        (Annotated[int, NumberIn()], "int", False, False),
        (list[Annotated[float, NumberIn()]], "float", True, False),
        (Annotated[str, Url()], "url", False, False),
        (bool | None, "choice", False, True),
        (Literal["a", 1], "choice", False, False),
    ],
)
def test_a_field_is_asked_for_by_its_type(
    annotation: Any, kind: str, listed: bool, nullable: bool
) -> None:
    (field,) = asked_fields(schema_of(annotation)) or ()

    assert (field.kind, field.listed, field.nullable) == (kind, listed, nullable)


@pytest.mark.parametrize(
    "field", [Field(alias="the bird"), Field(validation_alias="the bird")], ids=["both", "in"]
)
def test_a_field_is_asked_for_by_the_name_that_the_schema_reads(field: Any) -> None:
    (asked,) = asked_fields(schema_of(Words, field)) or ()

    assert asked.name == "the bird"


def test_a_field_of_several_names_is_left_to_others() -> None:
    several = Field(validation_alias=AliasChoices("bird", "name"))

    assert asked_fields(schema_of(Words, several)) is None


# ------------------------------------------------------------------- objects


class Count(BaseModel):
    quote: Words
    number: Annotated[float, NumberIn("quote")]
    unit: Annotated[str, UnitIn("quote")]
    place: Annotated[str | None, Verbatim()] = None
    is_new: bool = False


class Nest(BaseModel):
    bird: Words
    eggs: Annotated[int | None, NumberIn()] = None


class Survey(BaseModel):
    counts: list[Count] = []
    nests: list[Nest] = []
    best: Nest | None = None


COUNTED = "We saw 12 nests of grey herons and 3.5 times more terns on Lake Orr. Then 12 % left."


def survey(text: str, **values: Any) -> bool:
    """Whether an answer of these values is allowed."""
    nothing = Survey().model_dump()
    grammar = Grammar(answer_grammar(asked_fields(Survey) or (), ("", text)))
    return grammar.allows(json.dumps(nothing | values, ensure_ascii=False))


def count(number: float, place: str | None = None, *, is_new: bool = False) -> dict[str, Any]:
    return {"number": number, "place": place, "is_new": is_new}


@pytest.mark.parametrize(
    "values",
    [
        {"counts": [count(12, "Lake Orr"), count(3.5, is_new=True), count(12)]},
        {"counts": [count(3.5, "grey herons")]},
        {"nests": [{"bird": "grey herons", "eggs": 12}, {"bird": "terns", "eggs": None}]},
        {"best": {"bird": "terns", "eggs": 12}},
    ],
)
def test_objects_hold_what_the_text_says(values: dict[str, Any]) -> None:
    assert survey(COUNTED, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"counts": [count(13)]},
        {"counts": [count(3.5), count(3.5)]},
        {"counts": [count(12)] * 3},
        {"counts": [count(12, "Lake Finn")]},
        {"counts": [{**count(12), "quote": "12 nests"}]},
        {"nests": [{"bird": "terns", "eggs": None}, {"bird": "grey herons", "eggs": None}]},
        {"nests": [{"bird": "terns", "eggs": None}] * 2},
        {"nests": [{"bird": None, "eggs": 12}]},
        {"best": {"bird": "terns", "eggs": 13}},
    ],
)
def test_objects_hold_nothing_else_and_none_comes_twice(values: dict[str, Any]) -> None:
    assert not survey(COUNTED, **values)


@given(marked_texts, marked_texts, st.data())
def test_whatever_objects_are_answered_fit_the_schema_and_are_grounded(
    title: str, text: str, data: st.DataObject
) -> None:
    texts = (visible(title), visible(text))
    fields = asked_fields(Survey) or ()
    said = json.loads(Grammar(answer_grammar(fields, texts)).write(random_choice(data)))
    mentions = [mention for each in texts for mention in mentions_of(each)]
    whole = completed(fields, said, mentions)
    whole["counts"] = [each for each in whole["counts"] if each["unit"]]
    if whole["best"] and whole["best"]["bird"] is None:  # a text without words
        whole["best"] = None
    answer = Survey.model_validate(whole).model_dump()
    grounded = ground(Survey, answer, title=title, abstract=text)

    assert all("quote" not in each.path for each in grounded.dropped)
    assert len(grounded.values["nests"]) + len(grounded.dropped) >= len(answer["nests"])


@pytest.mark.parametrize("unit", ["12 herons, ", "Grey heron, "])
def test_a_grammar_of_objects_is_as_long_as_its_text(unit: str) -> None:
    def size(times: int) -> int:
        return Grammar(answer_grammar(asked_fields(Survey) or (), ("", unit * times))).size()

    assert size(500) <= 11 * size(50)


def test_quote_and_unit_are_read_off_the_number() -> None:
    fields = asked_fields(Survey) or ()
    said = {"counts": [count(12, "grey herons"), count(3.5), count(12)]}
    found = completed(fields, said, mentions_of(COUNTED))["counts"]

    assert [each["quote"] for each in found] == [
        "12 nests of grey herons",
        "nests of grey herons and 3.5 times more terns on Lake Orr",
        "Then 12 % left",
    ]
    assert [each["unit"] for each in found] == ["nests", "x", "%"]


@pytest.mark.parametrize(
    ("text", "near", "quote"),
    [
        ("The mean precision (mAP) of 0.439 was seen.", "mAP", "(mAP) of 0.439"),
        ("It was best (12 nests at Orr, in all) here.", "best", "best (12 nests at Orr, in all)"),
        ("It has 2) 12 nests (of", "2)", "2) 12 nests"),
    ],
)
def test_a_quote_has_both_halves_of_its_brackets(text: str, near: str, quote: str) -> None:
    (mention,) = [each for each in mentions_of(text) if each.values[0] in (0.439, 12)]
    assert mention.quote([near]) == quote
