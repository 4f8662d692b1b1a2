"""The classifier's rules on invented weights, its file, and the blend with a model's answers."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractor.candidates.blend import ANSWERS, Blend, answer_logs, log_odds, probability
from extractor.candidates.classifier import (
    Classifier,
    LinearModel,
    Scored,
    ScoredQuantity,
    ScoredUrl,
)
from extractor.candidates.document import Document
from extractor.candidates.forms import NAME_FIELDS, ScoredName
from extractor.candidates.lexicon import Lexicon, lexicon_entry
from extractor.candidates.spans import find_names, find_quantities, find_urls
from extractor.llm.weights.catalog import DEFAULT_MODEL

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from pathlib import Path

FIELDS = ("method_name", "claimed_speedups", "benchmarks", "hardware", "code_url")
THRESHOLDS = dict.fromkeys(FIELDS, 0.5)
BLEND = Blend({"benchmarks": (0.1, 0.9, 0.2, 1.5, -0.5, -0.3, -0.9)}, (0.1, 0.9), 3)


def classifier(
    names: Mapping[str, tuple[float, ...]] | None = None,
    quantities: Mapping[str, tuple[float, ...]] | None = None,
    urls: Mapping[str, tuple[float, ...]] | None = None,
    thresholds: Mapping[str, float] = THRESHOLDS,
) -> Classifier:
    """A classifier that knows a few features; all else is unlikely."""
    return Classifier(
        lexicon=Lexicon({"waderset": lexicon_entry(8, (0.1, 0.9, 0.1))}),
        names=LinearModel(NAME_FIELDS, (-4.0, -4.0, -4.0), names or {}),
        quantities=LinearModel(("claimed_speedups",), (-4.0,), quantities or {}),
        urls=LinearModel(("code_url",), (-4.0,), urls or {}),
        thresholds=thresholds,
        blend={DEFAULT_MODEL: BLEND},
    )


def scored(abstract: str, chances: Mapping[str, tuple[float, float, float]]) -> Scored:
    """The name candidates of an abstract with these chances; those not named have none."""
    document = Document("A Title", abstract)
    names = tuple(
        ScoredName(
            candidate,
            dict(zip(NAME_FIELDS, chances.get(candidate.text, (0.0, 0.0, 0.0)), strict=True)),
        )
        for candidate in find_names(document).candidates
    )
    return Scored(document, names, (), ())


def texts(names: tuple[ScoredName, ...]) -> list[str]:
    return [name.candidate.text for name in names]


def benchmarks(abstract: str, **chances: float) -> list[str]:
    of_name = {name.replace("_", " "): (0.0, chance, 0.0) for name, chance in chances.items()}
    return texts(classifier().decide(scored(abstract, of_name)).benchmarks)


def hardware(abstract: str, **chances: float) -> list[str]:
    of_name = {name.replace("_", " "): (0.0, 0.0, chance) for name, chance in chances.items()}
    return texts(classifier().decide(scored(abstract, of_name)).hardware)


# ---------------------------------------------------------------------------- scoring


def test_weights_of_the_features_that_hold_are_added_up() -> None:
    model = LinearModel(("a", "b"), (0.5, -1.0), {"x": (1.0, 0.0), "y": (0.25, 2.0)})

    assert model.chances([]) == [probability(0.5), probability(-1.0)]
    assert model.chances(["x", "y", "unknown"]) == [probability(1.75), probability(1.0)]


def test_every_candidate_of_a_paper_is_scored() -> None:
    title, abstract = "Rook: A Study", "Rook is 3x faster on WaderSet. Code: https://a.org/x."
    found = classifier(
        names={"id=rook": (9.0, 0.0, 0.0)},
        quantities={"unit=x": (9.0,)},
        urls={"host=other": (9.0,)},
    ).score(title, abstract)

    document = Document(title, abstract)
    assert [name.candidate for name in found.names] == list(find_names(document).candidates)
    assert [(q.offset, q.mention) for q in found.quantities] == find_quantities(document)
    assert [url.candidate for url in found.urls] == find_urls(document)
    likely = {name.candidate.text for name in found.names if name.probability["method_name"] > 0.9}
    assert likely == {"Rook"}
    assert found.quantities[0].probability == pytest.approx(probability(5.0))
    assert found.urls[0].probability == pytest.approx(probability(5.0))


def test_the_lexicon_is_read_when_scoring() -> None:
    knows = classifier(names={"lex papers=3": (0.0, 9.0, 0.0)})
    found = knows.score("T", "on WaderSet and Rook")
    names = {name.candidate.text: name.probability for name in found.names}

    assert names["WaderSet"]["benchmarks"] > 0.9
    assert names["Rook"]["benchmarks"] < 0.1


# ---------------------------------------------------------------------------- deciding


def test_the_likeliest_method_is_chosen_and_no_second_one() -> None:
    abstract = "We present Rook, Heron and Dunlin."
    chances = {"Rook": (0.6, 0.0, 0.0), "Heron": (0.8, 0.0, 0.0), "Dunlin": (0.7, 0.0, 0.0)}
    method = classifier().decide(scored(abstract, chances)).method_name

    assert method is not None
    assert method.candidate.text == "Heron"


def test_no_method_is_named_below_the_threshold() -> None:
    just_below = {"Rook": (0.49, 0.0, 0.0)}

    assert classifier().decide(scored("We present Rook.", just_below)).method_name is None
    lower = classifier(thresholds={**THRESHOLDS, "method_name": 0.49})
    assert lower.decide(scored("We present Rook.", just_below)).method_name is not None


def test_lists_hold_what_reaches_the_threshold_the_likeliest_first() -> None:
    found = benchmarks("on Heron, Rook and Dunlin.", Heron=0.6, Rook=0.9, Dunlin=0.4)
    assert found == ["Rook", "Heron"]


def test_a_name_can_be_in_two_fields() -> None:
    decision = classifier().decide(scored("We release Rook.", {"Rook": (0.9, 0.8, 0.0)}))

    assert decision.method_name is not None
    assert texts(decision.benchmarks) == ["Rook"]


@pytest.mark.parametrize(
    ("abstract", "chances", "kept"),
    [
        (  # an acronym and its long form
            "on the Long Harbour Survey (LHS) today",
            {"Long_Harbour_Survey": 0.8, "LHS": 0.9},
            ["LHS"],
        ),
        ("on Open Harbour today", {"Open_Harbour": 0.9, "Harbour": 0.8}, ["Open Harbour"]),
        ("on the Rook benchmark today", {"Rook_benchmark": 0.8, "Rook": 0.9}, ["Rook"]),
        ("on Rook and Heron today", {"Rook": 0.8, "Heron": 0.9}, ["Heron", "Rook"]),
    ],
)
def test_a_list_has_no_two_forms_of_one_thing(
    abstract: str, chances: dict[str, float], kept: list[str]
) -> None:
    assert benchmarks(abstract, **chances) == kept


@pytest.mark.parametrize("measure", ["256Kb", "40nm", "8GB", "3.5GHz", "16bit", "20ms", "5W"])
def test_a_measure_is_not_a_name(measure: str) -> None:
    chances = {measure: (0.0, 0.99, 0.99), "Rook": (0.0, 0.9, 0.0)}
    decision = classifier().decide(scored(f"a {measure} macro on Rook", chances))

    assert texts(decision.benchmarks) == ["Rook"]
    assert decision.hardware == ()


def test_a_device_takes_its_longer_form_where_that_is_nearly_as_likely() -> None:
    assert hardware("on a Knot NX now", Knot=0.9, Knot_NX=0.6) == ["Knot NX"]
    assert hardware("on a Knot NX now", Knot=0.9, Knot_NX=0.5) == ["Knot"]
    assert benchmarks("on a Knot NX now", Knot=0.9, Knot_NX=0.6) == ["Knot"]


@pytest.mark.parametrize("two", ["Knot and Heron", "Knot/Heron", "Knot or Heron"])
def test_a_longer_form_does_not_swallow_another_device(two: str) -> None:
    chances = {"Knot": 0.9, "Heron": 0.8, two: 0.85}
    found = hardware(f"on {two} now", **chances)
    assert found == ["Knot", "Heron"]


def test_what_is_joined_to_a_name_is_no_part_of_it() -> None:
    chances = {"Knot NX": 0.6, "Knot NX-based": 0.9, "8-core Knot NX": 0.9}

    assert hardware("a Knot NX-based rover", **chances) == ["Knot NX"]
    assert hardware("the 8-core Knot NX here", **chances) == ["Knot NX"]
    assert benchmarks("a Knot NX-based test", **chances) == ["Knot NX"]


def quantity(value: float) -> ScoredQuantity:
    document = Document("T", "It is 3x faster.")
    ((offset, mention),) = find_quantities(document)
    return ScoredQuantity(mention, offset, value)


def url(place: int, value: float) -> ScoredUrl:
    found = find_urls(Document("T", "at https://a.org/x and https://b.org/y"))
    return ScoredUrl(found[place], value)


def test_claims_are_those_that_reach_their_threshold_in_the_order_of_the_text() -> None:
    likely, unlikely, sure = quantity(0.5), quantity(0.49), quantity(0.9)
    decision = classifier().decide(Scored(Document("T", "x"), (), (likely, unlikely, sure), ()))

    assert decision.claimed_speedups == (likely, sure)


def test_the_likeliest_url_is_the_code() -> None:
    document = Document("T", "x")
    decide = classifier().decide

    assert decide(Scored(document, (), (), (url(0, 0.6), url(1, 0.8)))).code_url == url(1, 0.8)
    assert decide(Scored(document, (), (), (url(0, 0.4), url(1, 0.3)))).code_url is None


def test_a_paper_without_candidates_gives_nothing() -> None:
    decision = classifier().decide(classifier().score("", ""))

    assert decision.method_name is decision.code_url is None
    assert decision.claimed_speedups == decision.benchmarks == decision.hardware == ()


# ---------------------------------------------------------------------------- its file


def test_a_saved_classifier_is_read_back_and_has_the_same_bytes(tmp_path: Path) -> None:
    saved = classifier(
        names={"id=rook": (1.25, -0.5, 0.0), 'wörd\\ "x"=1': (0.01, 0.02, 0.03)},
        quantities={"unit=x": (2.0,)},
        urls={"host=code": (3.0,)},
    )
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        folder.mkdir()
    saved.save(first)
    read = Classifier.load(first)
    read.save(second)

    for file in ("classifier.json.gz", "lexicon.json.gz"):
        assert (first / file).read_bytes() == (second / file).read_bytes()
    assert read.names == saved.names
    assert read.quantities == saved.quantities
    assert read.urls == saved.urls
    assert read.thresholds == saved.thresholds
    assert read.blend == saved.blend
    assert read.lexicon.get("waderset") == saved.lexicon.get("waderset")
    paper = ("Rook: A Study", "Rook is 3x faster on WaderSet.")
    assert read.score(*paper).names == saved.score(*paper).names


def test_the_order_of_weights_does_not_change_the_file(tmp_path: Path) -> None:
    rows = {"a": (1.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0), "c": (0.0, 0.0, 1.0)}
    classifier(names=rows).save(tmp_path)
    before = (tmp_path / "classifier.json.gz").read_bytes()
    classifier(names=dict(reversed(rows.items()))).save(tmp_path)

    assert (tmp_path / "classifier.json.gz").read_bytes() == before


def test_the_shipped_classifier_knows_every_field_and_the_default_model() -> None:
    shipped = Classifier.load()

    assert shipped.names.outputs == NAME_FIELDS
    assert set(shipped.thresholds) == set(THRESHOLDS)
    assert all(0 < limit < 1 for limit in shipped.thresholds.values())
    assert set(shipped.blend_for(DEFAULT_MODEL).fields) <= set(NAME_FIELDS)
    assert shipped.blend_for("unheard-of") == shipped.blend_for(DEFAULT_MODEL)


# ------------------------------------------------------------------------------- blend

chances = st.floats(0.0, 1.0, allow_nan=False)


def answers(word: str, sure: float = 0.9) -> dict[str, float]:
    return {each: sure if each == word else (1 - sure) / 4 for each in ANSWERS}


@pytest.mark.parametrize(
    ("field", "chance", "is_open"),
    [
        ("benchmarks", 0.5, True),
        ("benchmarks", 0.11, True),
        ("benchmarks", 0.1, False),  # the bounds themselves are settled
        ("benchmarks", 0.9, False),
        ("benchmarks", 0.99, False),
        ("hardware", 0.5, False),  # a field for which answers do not help
    ],
)
def test_a_field_is_open_strictly_between_the_bounds(
    field: str, chance: float, is_open: bool
) -> None:
    assert BLEND.leaves_open(field, chance) is is_open


def test_an_answer_moves_the_probability_by_its_weight() -> None:
    at_even = {word: BLEND.combine("benchmarks", 0.5, answers(word)) for word in ANSWERS}

    assert at_even["dataset"] > 0.9 > at_even["ours"] > at_even["topic"]
    ours, dataset, *others = answer_logs(answers("ours"))
    expected = 0.1 + 0.2 * ours + 1.5 * dataset + sum(map(mul, (-0.5, -0.3, -0.9), others))
    assert at_even["ours"] == pytest.approx(probability(expected))


@settings(deadline=None)
@given(chances, chances, st.sampled_from(ANSWERS), st.floats(0.2, 0.99))
def test_a_likelier_name_stays_likelier_whatever_the_answer(
    one: float, other: float, word: str, sure: float
) -> None:
    low, high = sorted((one, other))
    said = answers(word, sure)

    assert BLEND.combine("benchmarks", low, said) <= BLEND.combine("benchmarks", high, said)


@settings(deadline=None)
@given(chances, st.floats(0.2, 0.98))
def test_a_surer_answer_of_dataset_makes_a_benchmark_likelier(chance: float, sure: float) -> None:
    less = BLEND.combine("benchmarks", chance, answers("dataset", sure))
    more = BLEND.combine("benchmarks", chance, answers("dataset", sure + 0.01))

    assert less <= more


@settings(deadline=None)
@given(chances)
def test_any_combination_is_a_probability(chance: float) -> None:
    for said in ({}, answers("ours", 1.0), dict.fromkeys(ANSWERS, 0.0)):
        assert 0.0 <= BLEND.combine("benchmarks", chance, said) <= 1.0


def test_what_the_model_does_not_tell_counts_as_unlikely() -> None:
    assert answer_logs({}) == [pytest.approx(-6.0)] * len(ANSWERS)
    assert answer_logs({"ours": 1.0})[0] == 0.0


@settings(deadline=None)
@given(st.floats(1e-8, 1 - 1e-8))
def test_log_odds_are_the_inverse_of_the_logistic_function(chance: float) -> None:
    assert probability(log_odds(chance)) == pytest.approx(chance)


def test_the_logistic_function_is_bounded() -> None:
    assert probability(1e9) == pytest.approx(1.0)
    assert probability(-1e9) == pytest.approx(0.0)
    assert math.isfinite(log_odds(0.0))
    assert math.isfinite(log_odds(1.0))


@given(st.randoms(use_true_random=False))
def test_the_order_of_features_changes_no_bit_of_a_probability(order: random.Random) -> None:
    names = [f"f{i}" for i in range(60)]
    weights = {name: (0.1 * (i % 7) - 0.3, 1 / (i + 3)) for i, name in enumerate(names)}
    model = LinearModel(("one", "other"), (0.01, -0.02), weights)
    wanted = model.chances(names)
    order.shuffle(names)
    assert model.chances(names) == wanted
