"""Confidence of a language model's values, and records without what is not likely enough."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from extractor import Extractor, NumberIn, Verbatim
from extractor.confidence import (
    Features,
    MinConfidence,
    answer_confidence,
    confidence_of,
    probability,
)
from extractor.confidence.places import places
from extractor.errors import LowConfidence, UsageError
from extractor.grounding import Dropped, Evidence, ground
from extractor.llm.answer import Answer, Usage
from extractor.llm.token_logprobs import UnsureToken
from extractor.llm.transport import Reply
from extractor.llm.weights.catalog import DEFAULT_MODEL
from extractor.record import Meta, Record
from extractor.testing import FakeModel

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
OBJECTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=12
    ),
)
ABSTRACT = "Grey herons breed at Lake Orr and at Finn Bay. We counted 12 nests."


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        inner = ((f"{path}.{name}" if path else name, each) for name, each in value.items())
    elif isinstance(value, list):
        inner = ((f"{path}[{at}]", each) for at, each in enumerate(value))
    else:
        return {path: value}
    return {name: leaf for place, each in inner for name, leaf in leaves(each, place).items()}


@given(OBJECTS, st.sampled_from([None, 2]), st.booleans())
def test_every_value_of_a_json_text_is_found_where_it_stands(
    value: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=True)
    written = f"<think>{{no}}</think>\n```json\n{text}\n```"
    found = places(written)
    read = {path: json.loads(written[slice(*place)]) for path, place in found.items()}
    assert read == leaves(value)


@given(st.text(alphabet='{}[]",:a1\\ \n'))
def test_no_text_is_too_broken_to_be_looked_at(text: str) -> None:
    assert isinstance(places(text), dict)


class Nest(BaseModel):
    place: Annotated[str, Verbatim()]
    count: Annotated[int | None, NumberIn()] = None
    sure: bool = False


class Birds(BaseModel):
    species: Annotated[str | None, Verbatim()] = Field(None, alias="kind")
    nests: list[Nest] = []
    season: Literal["winter", "summer"] | None = None


def answer(text: str, unsure: dict[str, float] | None) -> Answer:
    """An answer in which the model was unsure of some words."""
    told = None
    if unsure is not None:
        starts = {word: text.index(word) for word in unsure}
        told = tuple(
            UnsureToken(at, at + len(word), unsure[word])
            for word, at in sorted(starts.items(), key=lambda each: each[1])
        )
    return Answer({"content": text}, "stop", Usage(), 0.0, unsure=told)


SAID = (
    '{"kind": "grey herons", "nests": [{"place": "Lake Orr", "count": 12, "sure": true}, '
    '{"place": "Finn Bay"}], "season": "summer"}'
)


def likely(unsure: dict[str, float] | None, model: str = DEFAULT_MODEL) -> dict[str, float]:
    said = Birds.model_validate_json(SAID)
    return answer_confidence(answer(SAID, unsure), said, "", ABSTRACT, model=model)


def test_every_value_that_the_answer_has_gets_one_by_the_names_of_the_schema() -> None:
    assert likely({}).keys() == {
        "species",
        "nests[0].place",
        "nests[0].count",
        "nests[0].sure",
        "nests[1].place",
        "season",
    }
    assert likely(None) == {}


def test_the_least_sure_token_of_a_value_counts_and_no_other() -> None:
    sure, unsure = likely({}), likely({"Orr": -3.0, '"place"': -9.0})
    changed = {path for path in sure if sure[path] != unsure[path]}
    assert changed == {"nests[0].place"}
    assert unsure["nests[0].place"] < sure["nests[0].place"]


def test_words_in_another_notation_are_less_likely() -> None:
    chances = likely({})
    assert chances["species"] < chances["nests[0].place"]  # "Grey herons" in the text


def test_a_value_that_a_validator_changed_has_none() -> None:
    said = Birds.model_validate_json(SAID).model_copy(update={"species": "Ardea"})
    assert "species" not in answer_confidence(
        answer(SAID, {}), said, "", ABSTRACT, model=DEFAULT_MODEL
    )


def test_a_model_that_nothing_was_fitted_to_is_taken_at_its_word() -> None:
    chances = likely({"Orr": math.log(0.8)}, model="gpt-4.1-mini")
    assert chances["nests[0].place"] == 0.8
    assert chances["species"] == chances["nests[0].count"] == 0.99


FEATURES = st.tuples(st.floats(-3, 0), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))


@given(FEATURES, FEATURES)
def test_what_is_better_in_every_way_is_never_less_likely(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    better = Features(*map(max, one, other))
    assert 0 <= probability(Features(*one)) <= probability(better) <= 0.99


def test_grounding_moves_the_confidence_of_what_has_no_evidence() -> None:
    said = json.loads(SAID.replace("Lake Orr", "Lake Como"))
    said["nests"][1]["sure"] = True
    fields = Birds.model_validate(said)
    chances = {"nests[0].sure": 0.1, "nests[1].sure": 0.9, "season": 0.8, "nests[1].place": 0.7}
    kept = ground(Birds, fields.model_dump(), title="", abstract=ABSTRACT, confidence=chances)
    assert kept.confidence == {"nests[0].sure": 0.9, "season": 0.8}
    proven = {item.path: item.confidence for item in kept.evidence}
    assert proven["nests[0].place"] == 0.7


def record(**chances: float) -> Record[Birds]:
    """Two nests with their evidence; ``chances`` by path, with "_" for ".nests"."""
    fields = Birds.model_validate_json(SAID)
    given = {"species": 0.9, "nests[0].place": 0.9, "nests[0].count": 0.9, "nests[1].place": 0.9}
    given |= {"species": chances.get("species", 0.9), "nests[0].count": chances.get("count", 0.9)}
    evidence = tuple(Evidence(path, "abstract", 0, 4, chance) for path, chance in given.items())
    judged = {"season": chances.get("season", 0.9), "nests[1].sure": chances.get("sure", 0.9)}
    meta = Meta("m", "t", False, 0, 0, (Dropped("season", "x", "not in the text"),), judged)
    return Record("1", "Herons", fields, evidence, meta, {})


def test_a_value_below_is_null_and_listed_with_its_own_reason() -> None:
    least = MinConfidence(0.8)
    left = least.of_record(record(species=0.634, season=0.5))
    assert (left.fields.species, left.fields.season) == (None, None)
    assert [(item.path, item.value, item.reason) for item in left.meta.dropped[1:]] == [
        ("species", "grey herons", "confidence below 0.8: 0.63"),
        ("season", "summer", "confidence below 0.8: 0.50"),
    ]
    assert "species" not in {item.path for item in left.evidence}
    assert left.meta.confidence == {"nests[1].sure": 0.9}
    assert (least.left_out, least.unknown) == (2, 0)


def test_an_item_goes_as_a_whole_and_those_behind_it_move_up() -> None:
    left = MinConfidence(0.8).of_record(record(count=0.2))
    assert [nest.place for nest in left.fields.nests] == ["Finn Bay"]
    assert [item.path for item in left.evidence] == ["species", "nests[0].place"]
    assert left.meta.confidence == {"season": 0.9, "nests[0].sure": 0.9}
    assert left.meta.dropped[-1].path == "nests[0]"


def test_a_judgement_within_an_item_does_not_cost_the_item() -> None:
    assert len(MinConfidence(0.8).of_record(record(sure=0.1)).fields.nests) == 2


def test_a_record_in_which_all_is_likely_is_the_same() -> None:
    given_ = record()
    assert MinConfidence(0.9).of_record(given_) is given_


def test_the_json_of_a_record_is_cut_in_the_same_way() -> None:
    for chances in ({"species": 0.1}, {"count": 0.1}, {"season": 0.1, "species": 0.2}, {}):
        whole = record(**chances)
        cut = MinConfidence(0.8).of_record(whole).to_dict()
        assert MinConfidence(0.8).of_row(whole.to_dict()) == cut
        assert MinConfidence(0.8).of_row(cut) == cut


def test_values_without_a_confidence_are_kept_and_counted() -> None:
    least = MinConfidence(0.99)
    row = record().to_dict()
    del row["meta"]["confidence"]
    row["evidence"] = [{**item, "confidence": 1.0} for item in row["evidence"][1:]]
    assert least.of_row(row) == row
    assert (least.left_out, least.unknown) == (0, 2)  # species and season; the nests have theirs


class Strict(BaseModel):
    name: Annotated[str, Verbatim()]
    places: list[Annotated[str, Verbatim()]] = Field(default=[], min_length=1)
    is_rare: bool = False


def strict(name: float, place: float, is_rare: float = 0.9) -> Record[Strict]:
    fields = Strict(name="herons", places=["Orr"], is_rare=True)
    evidence = (Evidence("name", "title", 0, 1, name), Evidence("places[0]", "title", 0, 1, place))
    return Record(
        "1", "t", fields, evidence, Meta("m", "t", False, 0, 0, (), {"is_rare": is_rare}), {}
    )


def test_a_field_that_cannot_be_null_takes_its_default() -> None:
    assert MinConfidence(0.8).of_record(strict(0.9, 0.9, 0.2)).fields.is_rare is False


@pytest.mark.parametrize(("name", "place"), [(0.1, 0.9), (0.9, 0.1)])
def test_what_the_schema_requires_makes_the_paper_a_failure(name: float, place: float) -> None:
    with pytest.raises(LowConfidence, match=r"confidence below 0\.8: 0\.10") as caught:
        MinConfidence(0.8).of_record(strict(name, place))
    assert caught.value.kind == "low_confidence"


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan"), "0.5", True])
def test_what_is_no_share_is_refused(least: Any) -> None:
    with pytest.raises(UsageError, match="min_confidence="):
        MinConfidence(least)
    with pytest.raises(UsageError, match="min_confidence="):
        Extractor(model=FakeModel({}), min_confidence=least)


def test_units_are_the_items_of_lists_or_single_values() -> None:
    assert confidence_of(record(count=0.3).to_dict()) == {
        "species": 0.9,
        "nests[0]": 0.3,
        "nests[1]": 0.9,
        "season": 0.9,
    }


def told(chance: float) -> Reply:
    """An answer of a server that tells how sure it is of a name."""
    text = '{"name": "Finn Bay", "nests": 12}'
    parts = [
        ('{"name": "', 0.0),
        ("Finn Bay", chance),
        ('", "nests": ', 0.0),
        ("12", 0.0),
        ("}", 0),
    ]
    content = [{"token": part, "logprob": number, "bytes": None} for part, number in parts]
    choice = {"message": {"content": text}, "logprobs": {"content": content}}
    return Reply(200, {}, json.dumps({"choices": [choice]}).encode())


def test_the_same_answers_serve_any_lowest_confidence(tmp_path: Path) -> None:
    model = FakeModel(lambda _: told(-3.0))
    names = []
    for least in (None, 0.5, None):
        with Extractor(
            "name, nests int", model=model, cache_dir=tmp_path, min_confidence=least
        ) as extractor:
            names.append(extractor.extract(title="Herons", abstract=ABSTRACT).fields.name)
    assert names == ["Finn Bay", None, "Finn Bay"]
    assert len(model.requests) == 1


def test_a_run_says_how_much_was_left_out_and_convert_leaves_out_more(
    invoke: Invoke, tmp_path: Path
) -> None:
    dump, records = tmp_path / "dump.jsonl", tmp_path / "records.jsonl"
    text = "We present FooNet, a network for birds. It is 3 times faster than BarNet on ImageNet."
    dump.write_text(json.dumps({"id": "1", "title": "FooNet", "abstract": text}) + "\n")
    everything = invoke("run", dump, "--model", "none", "-o", records)
    assert "values left out" not in everything.err
    nothing = invoke("run", dump, "--model", "none", "-o", records, "--min-confidence", 1)
    row = json.loads(records.read_text())
    assert (row["method_name"], row["claimed_speedups"], row["evidence"]) == (None, [], [])
    left_out = len(row["meta"]["dropped"])
    assert f"{left_out} values left out: confidence too low (see meta.dropped)" in nothing.err
    assert "rejected" not in nothing.err
    invoke("run", dump, "--model", "none", "-o", records)
    converted = invoke("convert", records, tmp_path / "out.jsonl", "--min-confidence", 1)
    assert json.loads((tmp_path / "out.jsonl").read_text()) == row
    assert f"{left_out} values left out" in converted.err
