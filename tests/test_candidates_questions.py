"""Questions to a model: only about open names, few, with the sentences where the name stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.candidates.blend import ANSWERS, Blend
from extractor.candidates.classifier import Classifier, Scored
from extractor.candidates.document import Document
from extractor.candidates.forms import NAME_FIELDS, ScoredName
from extractor.candidates.questions import answered, questions, shared_prefix
from extractor.candidates.spans import find_names

if TYPE_CHECKING:
    from collections.abc import Mapping

ABSTRACT = (
    "We study nests in general. It is tested on Heron and on Dunlin. Nothing happens here. "
    "Heron is the harder one. On the Long Harbour Survey (LHS) it fails."
)
NAMES = ["Heron", "Dunlin", "LHS", "Long Harbour Survey"]
BLEND = Blend(
    {
        "method_name": (0.0, 1.0, 1.0, -0.2, -0.2, -0.2, -0.2),
        "benchmarks": (0.0, 1.0, -0.2, 1.0, -0.2, -0.2, -0.2),
    },
    (0.1, 0.9),
    4,
)


def paper(
    benchmark_chances: Mapping[str, float], abstract: str = ABSTRACT, title: str = "Nests"
) -> Scored:
    """A paper whose names have these chances of being a benchmark, and none of all else."""
    document = Document(title, abstract)
    none = dict.fromkeys(NAME_FIELDS, 0.01)
    names = tuple(
        ScoredName(each, {**none, "benchmarks": benchmark_chances.get(each.text, 0.01)})
        for each in find_names(document).candidates
    )
    return Scored(document, names, (), ())


def asked(scored: Scored, blend: Blend = BLEND) -> list[str]:
    return [question.key for question in questions(scored, blend)]


def excerpt(scored: Scored) -> str:
    """What the only question shows of the paper."""
    (question,) = questions(scored, BLEND)
    return question.prompt.removeprefix(shared_prefix())


def chance(scored: Scored, name: str, field: str = "benchmarks") -> float:
    return next(n.probability[field] for n in scored.names if n.candidate.text == name)


# ------------------------------------------------------------------- which are asked


def test_only_open_names_are_asked_about() -> None:
    assert asked(paper({"Heron": 0.5})) == ["heron"]
    assert asked(paper({"Heron": 0.95, "Dunlin": 0.05})) == []
    assert asked(paper({})) == []


def test_a_name_that_is_open_in_a_field_without_a_blend_is_not_asked_about() -> None:
    scored = paper({"Heron": 0.5})
    only_methods = Blend({"method_name": BLEND.fields["method_name"]}, (0.1, 0.9), 4)

    assert asked(scored, only_methods) == []


def test_no_more_are_asked_than_is_allowed_and_these_are_the_most_open() -> None:
    chances = {"Heron": 0.2, "Dunlin": 0.45, "LHS": 0.85}

    for most, expected in ((1, ["dunlin"]), (2, ["heron", "dunlin"]), (0, [])):
        assert asked(paper(chances), Blend(BLEND.fields, (0.1, 0.9), most)) == expected


def test_questions_follow_the_order_of_the_text() -> None:
    assert asked(paper({"Dunlin": 0.5, "Heron": 0.3})) == ["heron", "dunlin"]


def test_two_forms_of_one_name_are_one_question() -> None:
    assert asked(paper({"LHS": 0.5, "Long Harbour Survey": 0.4})) == ["lhs"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1)), st.integers(0, 5))
def test_questions_are_few_and_about_different_open_names(
    chances: dict[str, float], most: int
) -> None:
    keys = asked(paper(chances), Blend(BLEND.fields, (0.1, 0.9), most))

    assert len(keys) == len(set(keys)) <= most
    open_names = [name for name, chance in chances.items() if 0.1 < chance < 0.9]
    assert set(keys) <= {name.lower().replace(" ", "") for name in open_names}


# ------------------------------------------------------------------- what is shown


def test_every_question_begins_with_the_shared_prefix() -> None:
    found = questions(paper({"Heron": 0.5, "Dunlin": 0.4}), BLEND)

    assert len(found) == 2
    assert all(question.prompt.startswith(shared_prefix()) for question in found)
    assert found[0].prompt != found[1].prompt


def test_the_prefix_explains_every_answer_and_gives_an_example_of_each() -> None:
    for answer in ANSWERS:
        assert f"{answer} (" in shared_prefix()
        assert f"Kind: {answer}\n" in shared_prefix()


def test_the_first_and_the_last_sentence_with_the_name_are_shown() -> None:
    assert excerpt(paper({"Heron": 0.5})) == (
        "Title: Nests\nText: It is tested on Heron and on Dunlin. Heron is the harder one.\n"
        "Name: Heron\nKind:"
    )


def test_a_name_with_one_place_has_one_sentence_shown() -> None:
    assert "Text: It is tested on Heron and on Dunlin.\n" in excerpt(paper({"Dunlin": 0.5}))


def test_a_name_of_the_title_alone_shows_the_first_sentence() -> None:
    scored = paper({"Turnstone": 0.5}, title="Turnstone")

    assert excerpt(scored).startswith("Title: Turnstone\nText: We study nests in general.\n")


def test_a_name_without_an_abstract_shows_no_sentence() -> None:
    assert excerpt(paper({"Rook": 0.5}, abstract="", title="Rook")) == (
        "Title: Rook\nText: \nName: Rook\nKind:"
    )


def test_a_long_sentence_is_cut() -> None:
    scored = paper({"Heron": 0.5}, abstract="It is Heron " + "and so on " * 100 + "in the end.")

    assert len(excerpt(scored)) < 500
    assert "in the end" not in excerpt(scored)


# ------------------------------------------------------------------- what an answer does


def says(word: str) -> dict[str, float]:
    return {each: 0.96 if each == word else 0.01 for each in ANSWERS}


def after(scored: Scored, word: str) -> Scored:
    (question,) = questions(scored, BLEND)
    return answered(scored, question, says(word), BLEND)


@pytest.mark.parametrize("word", ANSWERS)
def test_an_answer_is_blended_with_the_chance_of_the_name(word: str) -> None:
    scored = paper({"Heron": 0.5})
    expected = BLEND.combine("benchmarks", 0.5, says(word))

    assert chance(after(scored, word), "Heron") == expected
    assert (chance(after(scored, word), "Heron") > 0.9) is (word == "dataset")


def test_an_answer_leaves_settled_fields_and_other_names_alone() -> None:
    scored = paper({"Heron": 0.5, "Dunlin": 0.95})
    told = after(scored, "dataset")

    assert chance(told, "Dunlin") == 0.95
    assert chance(told, "Heron", "method_name") == 0.01
    assert chance(told, "Heron", "hardware") == 0.01


def test_an_answer_counts_for_every_form_of_the_name() -> None:
    told = after(paper({"LHS": 0.5, "Long Harbour Survey": 0.4}), "dataset")

    assert chance(told, "LHS") > 0.9
    assert chance(told, "Long Harbour Survey") > 0.9


def test_a_paper_is_not_changed_by_an_answer() -> None:
    scored = paper({"Heron": 0.5})
    after(scored, "dataset")

    assert chance(scored, "Heron") == 0.5


def test_an_answer_settles_what_is_decided() -> None:
    classifier = Classifier.load()
    scored = paper({"Heron": 0.5})

    def decided(scored: Scored) -> list[str]:
        return [name.candidate.text for name in classifier.decide(scored).benchmarks]

    assert decided(after(scored, "dataset")) == ["Heron"]
    assert decided(after(scored, "topic")) == []
