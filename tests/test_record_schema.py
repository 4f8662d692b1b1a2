"""The published schema of a record: what is written fits it, and it is what is printed."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field

from extractor import Extractor, Paper
from extractor.errors import OutputError, UsageError
from extractor.grounding import Dropped, Evidence
from extractor.record import RECORD_KEYS, VERSION, Failure, Meta, Record, record_schema
from extractor.schemas.paper import PaperFields, Speedup
from extractor.task import Prompt, Task, builtin_schemas, load_task
from extractor.testing import FakeModel
from extractor.writers import writers

if TYPE_CHECKING:
    from helpers import Invoke

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "tests" / "fixtures" / "records" / "papers.jsonl"
PROMPT = Prompt("", "{{ abstract }}")


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return record_schema(Task(model.__name__, model, PROMPT))


def written(fields: BaseModel, **source: object) -> dict[str, Any]:
    """A record with these fields, through its JSON and back."""
    meta = Meta("m", "t@0", False, 10, 5, (Dropped("hardware[0]", {"any": [1]}, "not said"),))
    evidence = (
        Evidence("method_name", "title", 0, 3),
        Evidence("method_name", "title", 0, 3, 0.5),
    )
    row: dict[str, Any] = json.loads(Record("1", "Title", fields, evidence, meta, source).to_json())
    return row


def keys_outside(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """The keys of a value that its schema does not name."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [key for item in value for key in keys_outside(item, schema["items"], root)]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    deeper = [keys_outside(value[key], known[key], root) for key in value.keys() & known.keys()]
    return sorted(value.keys() - known.keys()) + [key for keys in deeper for key in keys]


@pytest.mark.parametrize("name", builtin_schemas())
def test_the_published_file_is_what_the_command_prints(name: str, invoke: Invoke) -> None:
    path = ROOT / "docs" / "schema" / f"record.{name}.v{VERSION}.json"
    printed = invoke("schema", "--schema", name).out
    published = path.read_text(encoding="utf-8") if path.exists() else ""
    assert published == printed, (
        f"The record of {name} is not what {path.relative_to(ROOT)} says. Where every record "
        f"that was valid still is, publish it anew: extractor schema --schema {name} > "
        f"{path.relative_to(ROOT)}. Otherwise raise VERSION in record.py first."
    )


@pytest.mark.parametrize("name", builtin_schemas())
def test_it_is_a_valid_schema_that_names_its_version(name: str) -> None:
    schema = record_schema(load_task(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:abstract-extractor:record:{name}:v{VERSION}"


@pytest.mark.parametrize(
    "row",
    [
        written(PaperFields()),
        written(
            PaperFields(
                method_name="Foo",
                claimed_speedups=[Speedup(quote="3x faster", value=3, unit="x")],
                benchmarks=["GLUE"],
                hardware=["A100"],
                code_url="https://example.org",
            ),
            doi="10.1/x",
            authors=["A", "B"],
        ),
        *(json.loads(line) for line in RECORDS.read_text(encoding="utf-8").splitlines()),
    ],
)
def test_every_record_fits_and_holds_nothing_else(row: dict[str, Any]) -> None:
    schema = record_schema(load_task("paper"))
    Draft202012Validator(schema).validate(row)
    assert keys_outside(row, schema, schema) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": 1},
        {"title": None},
        {"benchmarks": None},
        {"claimed_speedups": [{"quote": "3x", "value": 3, "unit": "x"}]},
        {"evidence": [{"path": "a", "source": "body", "start": 0, "end": 1}]},
        {"source": "arXiv"},
    ],
)
def test_what_is_no_record_does_not_fit(change: dict[str, Any]) -> None:
    validator = Draft202012Validator(record_schema(load_task("paper")))
    row = written(PaperFields())
    assert validator.is_valid(row)
    assert not validator.is_valid(row | change)
    assert not validator.is_valid({key: row[key] for key in row if key != "meta"})


class Aliased(BaseModel):
    name: str = Field(alias="theName")
    hidden: int = Field(default=1, exclude=True)


class Aliasing(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field(alias="theName")


class Nested(BaseModel):
    name: str = ""
    children: list[Nested] = []


@pytest.mark.parametrize(
    "fields",
    [
        Aliased(theName="x"),
        Aliasing(theName="x"),
        Nested(name="a", children=[Nested(name="b"), Nested()]),
    ],
    ids=lambda fields: type(fields).__name__,
)
def test_a_users_model_is_described_as_it_is_written(fields: BaseModel) -> None:
    schema = schema_of(type(fields))
    Draft202012Validator.check_schema(schema)
    row = written(fields)
    Draft202012Validator(schema).validate(row)
    assert keys_outside(row, schema, schema) == []
    assert set(schema["required"]) == row.keys()


class TwoTitles(BaseModel):
    title: str


class NoFields(BaseModel):
    pass


def test_a_field_that_every_record_has_is_refused() -> None:
    with pytest.raises(UsageError, match="'title'"):
        schema_of(TwoTitles)


def test_the_refusal_is_the_same_when_a_task_is_loaded() -> None:
    with pytest.raises(UsageError) as made:
        schema_of(TwoTitles)
    with pytest.raises(UsageError) as loaded:
        load_task(TwoTitles)
    assert str(made.value) == str(loaded.value)


def test_a_record_its_schema_and_the_reserved_names_have_the_same_keys_in_order() -> None:
    row = written(PaperFields(), doi="10.1/x")
    assert list(row) == list(schema_of(PaperFields)["properties"])
    assert [key for key in row if key not in PaperFields.model_fields] == list(RECORD_KEYS)


class Measured(BaseModel):
    loss: float = float("nan")


def test_a_number_that_json_does_not_know_is_null() -> None:
    meta = Meta("m", "t@0", False, 1, 1)
    record = Record("1", "T", Measured(), (), meta, {"score": float("inf")})
    row = json.loads(record.to_json())
    assert (row["loss"], row["source"]) == (None, {"score": None})
    with writers()["jsonl"].open(stream := BytesIO(), {}) as sink:
        sink.write(record.to_dict())
    assert stream.getvalue() == record.to_json() + b"\n"


def test_a_record_that_is_not_unicode_is_an_error_of_the_output() -> None:
    record = Record("1", "\ud800", PaperFields(), (), Meta("m", "t@0", False, 1, 1), {})
    with pytest.raises(OutputError, match="Record '1' does not fit into JSON"):
        record.to_json()


def test_a_failure_comes_back_from_its_json() -> None:
    for failure in (
        Failure("1", "T", "timeout", "No answer.", tries=6),
        Failure(None, None, "unreadable", "No abstract.", line=3),
    ):
        assert Failure.from_dict(json.loads(failure.to_json())) == failure


def test_a_model_without_fields_is_refused() -> None:
    with pytest.raises(UsageError, match="no fields"):
        schema_of(NoFields)


def test_a_record_has_the_keys_of_the_frame_around_those_of_its_schema() -> None:
    paper = Paper("1", "T", "A.", {"doi": "10.1/x"})
    with Extractor("name str, year int", model=FakeModel({}), cache=False) as extractor:
        (record,) = extractor.extract_many([paper])
    keys = list(record.to_dict())
    assert keys == ["id", "title", "name", "year", "evidence", "meta", "source"]
    assert [key for key in keys if key in RECORD_KEYS] == list(RECORD_KEYS)
