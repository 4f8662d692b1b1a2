"""A schema in one line: its grammar, its errors, and that what it extracts is grounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fault_server import FaultServer, answer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from extractor import Extractor
from extractor.errors import UsageError
from extractor.grounding import ground
from extractor.record import RECORD_KEYS
from extractor.shorthand import ShorthandField, is_shorthand, parse_shorthand, shorthand_model
from extractor.task import load_task

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

TITLE = "LoomNet: Weaving Local Convolution and Sparse Attention"
ABSTRACT = (
    "LoomNet reaches 81.3% top-1 accuracy on ImageNet-1K and CIFAR-100 with 4 stages. "
    "Code: https://github.com/example-lab/loomnet"
)

types = st.sampled_from(
    ["str", "int", "float", "bool", "url", "str[]", "int[]", "float[]", "url[]"]
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: name not in RECORD_KEYS and not hasattr(BaseModel, name)
)
descriptions = st.none() | st.text("abc:;()€ ", min_size=1).map(str.strip).filter(bool)
fields = st.lists(
    st.builds(ShorthandField, names, types, descriptions),
    min_size=1,
    max_size=8,
    unique_by=lambda field: field.name.lower(),
)
spaces = st.sampled_from(["", " ", "  ", "\t"])


def written(field: ShorthandField, space: str) -> str:
    tail = f"{space}:{space}{field.description}" if field.description else ""
    return f"{space}{field.name} {space}{field.type}{tail}{space}"


@given(fields, spaces)
def test_what_is_written_is_read(parts: list[ShorthandField], space: str) -> None:
    one_line = ",".join(written(part, space) for part in parts) + ","
    many_lines = "\n\n".join(written(part, space) for part in parts)
    assert parse_shorthand(one_line) == tuple(parts)
    assert parse_shorthand(many_lines) == tuple(parts)


@given(fields, spaces)
def test_the_fingerprint_is_that_of_the_fields_and_not_of_their_spacing(
    parts: list[ShorthandField], space: str
) -> None:
    one = load_task(",".join(written(part, " ") for part in parts) + ",")
    other = load_task("\n".join(written(part, space) for part in parts) + ",")
    again = load_task(",".join(written(part, " ") for part in parts) + ",")
    assert one.label == other.label == again.label
    assert one.label.startswith("fields@")
    assert one.schema.__name__ == "Fields"


@given(fields)
def test_every_field_may_be_absent(parts: list[ShorthandField]) -> None:
    model = shorthand_model(",".join(written(part, " ") for part in parts) + ",")
    empty = model().model_dump()
    assert model.model_validate(dict.fromkeys(empty)).model_dump() == empty
    assert all(value in (None, []) for value in empty.values())
    assert "required" not in model.model_json_schema()


@given(st.text() | st.text("ab ,:\n[]?str0"))
def test_any_text_is_a_schema_or_one_line_that_says_why_not(spec: str) -> None:
    try:
        said = ", ".join(shorthand_model(spec).model_fields)
    except UsageError as error:
        said = str(error) if error.hint else ""
    assert said
    assert said.isprintable()


def test_without_a_type_a_field_is_words_and_list_is_a_list_of_words() -> None:
    assert parse_shorthand("name, datasets list") == (
        ShorthandField("name", "str"),
        ShorthandField("datasets", "str[]"),
    )


def test_a_description_ends_at_a_comma_only_where_the_schema_is_one_line() -> None:
    assert [f.name for f in parse_shorthand("a: one, two, b int")] == ["a", "two", "b"]
    lines = parse_shorthand("a: one, two,\nb int\n")
    assert lines == (ShorthandField("a", "str", "one, two"), ShorthandField("b", "int"))


def test_a_description_goes_to_the_model() -> None:
    schema = shorthand_model("accuracy float: top-1, year int").model_json_schema()
    assert schema["properties"]["accuracy"]["description"] == "top-1"


@pytest.mark.parametrize(
    ("spec", "place", "meant"),
    [
        ("name, accuracy flaot", "Field 2 of the schema, 'accuracy flaot': ", "'float'"),
        ("name string", "no type 'string'", "'str'"),
        ("year integer", "no type 'integer'", "'int'"),
        ("name, year int?", "no type 'int?'", "'year int'"),
        ("int year", "no type 'year'", "'year int'"),
        ("method name", "no type 'name'", "'method_name'"),
        ("sizes list[int]", "no type 'list[int]'", "'sizes int[]'"),
        ("open bool[]", "no type 'bool[]'", "write bool"),
        ("score float in percent", "'in' belongs neither", "'score float: in percent'"),
        ("sample size int", "followed by more than its type", "Write 'sample_size int'"),
        ("species list; proteins list", "it holds a semicolon", "Separate fields with commas"),
        ("número int", "is not a name made of", "Write 'numero'"),
        ("best score reached", "'score' belongs neither", "'best: score reached'"),
        ("name, f1-score", "Field 2", "'f1_score'"),
        ("name, 3d", "'3d' is not a name", "Begin with a letter"),
        ("species; count int", "'species;' is not a name", "Separate fields with commas."),
        ("a,,b", "Field 2 of the schema, '': it has no name", "comma"),
        ("a, : what", "it has no name", "colon"),
        ("a: , b", "no description after the colon", "drop the colon"),
        ("a int, b\nc", "Field 1 of the schema, 'a int, b': it holds a comma", "line of its own"),
        ("name, Name", "already a field 'name'", "own name"),
        ("name, title", "every record already has a 'title'", "another name"),
        ("name, json", "reserved by pydantic", "'json_'"),
        ("", "empty", "name, year int"),
        (" , ", "no name", "comma"),
    ],
)
def test_an_error_points_at_the_part_that_is_wrong(spec: str, place: str, meant: str) -> None:
    with pytest.raises(UsageError) as error:
        load_task(spec)
    assert place in error.value.message
    assert meant in error.value.hint


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("papre", "Did you mean 'paper'?"),
        ("accuracy", "'name, year int'"),
        ("schemas/mine.py", "schemas/mine.py:Model"),
        ("my schemas/mine.py", "my schemas/mine.py:Model"),
    ],
)
def test_a_single_word_or_a_path_is_no_schema_in_one_line(spec: str, hint: str) -> None:
    assert not is_shorthand(spec)
    with pytest.raises(UsageError, match="There is no schema") as error:
        load_task(spec)
    assert hint in error.value.hint


def test_one_field_is_told_from_a_name_by_its_type_or_a_comma() -> None:
    assert load_task("accuracy,").label == load_task("accuracy str").label


def test_a_model_of_ones_own_may_not_take_a_records_keys() -> None:
    class Mine(BaseModel):
        title: str | None = None

    with pytest.raises(UsageError, match="every record already has"):
        load_task(Mine)


def grounded(spec: str, **values: Any) -> dict[str, Any]:
    model = shorthand_model(spec)
    answer = model.model_validate_json(json.dumps(values)).model_dump()
    kept = ground(model, answer, title=TITLE, abstract=ABSTRACT).values
    return model.model_validate(kept).model_dump()


def test_words_numbers_and_urls_rest_on_the_text() -> None:
    spec = "method, accuracy float, stages int, datasets list, code url, open bool"
    assert grounded(
        spec,
        method="LoomNet",
        accuracy=81.3,
        stages=4,
        datasets=["ImageNet-1K", "CIFAR-100"],
        code="https://github.com/example-lab/loomnet",
        open=True,
    ) == {
        "method": "LoomNet",
        "accuracy": 81.3,
        "stages": 4,
        "datasets": ["ImageNet-1K", "CIFAR-100"],
        "code": "https://github.com/example-lab/loomnet",
        "open": True,
    }


def test_what_the_text_does_not_say_is_refused() -> None:
    assert grounded(
        "method, accuracy float, stages int, datasets list, code url",
        method="LoomFormer",
        accuracy=81.4,
        stages=8,
        datasets=["ImageNet-1K", "SQuAD"],
        code="https://github.com/example-lab/loom",
    ) == {
        "method": None,
        "accuracy": None,
        "stages": None,
        "datasets": ["ImageNet-1K"],
        "code": None,
    }


@given(st.text(min_size=1, max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_no_answer_gets_past_grounding(word: str, number: float) -> None:
    kept = grounded("a, b float, c str[]", a=word, b=number, c=[word])
    for said in (kept["a"], *kept["c"]):
        assert said is None or said in TITLE or said in ABSTRACT
    assert kept["b"] in (None, 81.3, 1, 100, 4)


def test_models_write_nothing_in_many_ways() -> None:
    nothing = grounded("a, b int, c list, d bool", a="N/A", b="none", c=[None, ""], d="")
    assert nothing == {"a": None, "b": None, "c": [], "d": None}


def test_the_api_takes_it() -> None:
    assert Extractor("method, accuracy float").task.label.startswith("fields@")


SPEC = "method, accuracy float, datasets list"


def test_run_and_extract_take_it(invoke: Invoke, tmp_path: Path) -> None:
    said = {"method": "LoomNet", "accuracy": 99.9, "datasets": ["ImageNet-1K"]}
    with FaultServer(lambda asked: answer(asked, said)) as server:
        asked = ["--schema", SPEC, "--model", "any", "--base-url", server.url, "-q"]
        code, out, _ = invoke("extract", "--title", TITLE, ABSTRACT, *asked)
        assert code == 0
        record = json.loads(out)
        assert record["method"] == "LoomNet"
        assert record["accuracy"] is None
        assert record["meta"]["dropped"][0]["path"] == "accuracy"
        assert {item["path"] for item in record["evidence"]} == {"method", "datasets[0]"}

        dump = tmp_path / "dump.jsonl"
        dump.write_text(json.dumps({"id": "a", "title": TITLE, "abstract": ABSTRACT}))
        code, out, _ = invoke("run", str(dump), *asked)
        assert code == 0
        assert json.loads(out)["datasets"] == ["ImageNet-1K"]


def test_the_command_schema_takes_it(invoke: Invoke) -> None:
    code, out, _ = invoke("schema", "--schema", SPEC)
    assert code == 0
    datasets = json.loads(out)["properties"]["datasets"]
    assert (datasets["type"], datasets["items"]) == ("array", {"type": "string"})


def test_a_model_is_asked_for_a_bounded_list_and_read_beyond_it() -> None:
    model = shorthand_model("datasets list")
    assert model.model_json_schema()["properties"]["datasets"]["maxItems"] == 16
    many = [str(number) for number in range(40)]
    assert model.model_validate({"datasets": many}).model_dump()["datasets"] == many


def test_the_command_says_in_one_line_what_is_wrong(invoke: Invoke) -> None:
    code, out, err = invoke("schema", "--schema", "name, accuracy flaot")
    assert (code, out) == (2, "")
    assert err == (
        "extractor: Field 2 of the schema, 'accuracy flaot': there is no type 'flaot'. "
        "Did you mean 'float'?\n"
    )
