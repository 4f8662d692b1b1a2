"""Tasks: prompts, schemas by every name, fingerprints, and what docs/schemas.md says of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field

from extractor import Extractor, Verbatim, read_dump
from extractor.errors import UsageError
from extractor.evaluation import read_gold
from extractor.paper import Paper
from extractor.schemas.paper import PaperFields
from extractor.schemas.results import ResultFields
from extractor.shorthand import _TYPES, parse_shorthand
from extractor.task import Prompt, builtin_schemas, load_task
from extractor.testing import FakeModel

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")
PAPER = Paper("1", "A {{ abstract }} title", "An abstract with {{ title }} and {% code %}.")


def test_a_prompt_has_a_fixed_part_and_a_papers_part() -> None:
    prompt = Prompt.parse("Be brief.\n---\nT: {{title}}\nA: {{ abstract }}\n")
    system, user = prompt.messages(PAPER)
    assert system == {"role": "system", "content": "Be brief."}
    assert user == {"role": "user", "content": f"T: {PAPER.title}\nA: {PAPER.abstract}"}


def test_a_prompt_without_a_papers_part_gets_the_usual_one() -> None:
    _, user = Prompt.parse("Be brief.").messages(PAPER)
    assert user["content"] == f"Title: {PAPER.title}\n\nAbstract: {PAPER.abstract}"


@given(st.text(), st.text())
def test_a_paper_is_data_whatever_it_says(title: str, abstract: str) -> None:
    prompt = Prompt.parse("Fixed.\n---\n{{ title }}|{{ abstract }}")
    assert prompt.messages(Paper("1", title, abstract))[1]["content"] == f"{title}|{abstract}"


def test_a_prompt_that_hides_the_abstract_is_refused() -> None:
    with pytest.raises(UsageError, match="never shows the abstract"):
        Prompt.parse("Fixed.\n---\n{{ title }}")


def test_a_prompt_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prompt.txt"
    path.write_text("Mine.\n---\n{{ abstract }}", encoding="utf-8")
    assert load_task("paper", path).prompt.system == "Mine."
    with pytest.raises(UsageError, match=r"nothing\.txt cannot be read"):
        load_task("paper", tmp_path / "nothing.txt")


def test_the_built_in_schemas_are_there_and_paper_is_the_default() -> None:
    assert {"paper", "results"} <= set(builtin_schemas())
    assert load_task().schema is load_task("paper").schema is PaperFields
    assert load_task("results").schema is ResultFields


@pytest.mark.parametrize("name", builtin_schemas())
def test_a_built_in_schema_has_its_prompt_and_describes_every_field(name: str) -> None:
    task = load_task(name)
    assert (ROOT / "prompts" / f"{name}.txt").read_text("utf-8").startswith(task.prompt.system)
    asked = task.schema.model_json_schema()
    models = [asked, *asked.get("$defs", {}).values()]
    fields = [field for model in models for field in model["properties"].values()]
    assert all(field.get("description") for field in fields)


@pytest.mark.parametrize("name", builtin_schemas())
def test_a_built_in_schema_may_find_nothing(name: str) -> None:
    schema = load_task(name).schema
    empty = schema.model_validate_json("{}").model_dump()
    assert schema.model_validate_json(schema().model_dump_json()).model_dump() == empty
    assert not any(empty.values())


class Mine(BaseModel):
    name: str | None = None


def test_a_model_of_ones_own_is_a_task_with_the_general_prompt() -> None:
    task = load_task(Mine)
    assert task.label == f"Mine@{task.fingerprint[:12]}"
    assert task.prompt.system.startswith("You read the title and abstract")


def test_a_models_file_is_run_and_its_model_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\nfrom pydantic import BaseModel\n"
        "class Part(BaseModel):\n    name: str | None = None\n"
        "class Mine(BaseModel):\n    parts: list[Part] = []\n",
        encoding="utf-8",
    )
    task = load_task(f"{path}:Mine")
    assert task.schema.model_validate({"parts": [{}]}).model_dump() == {"parts": [{"name": None}]}
    with pytest.raises(UsageError, match="no pydantic model named 'Other'"):
        load_task(f"{path}:Other")
    with pytest.raises(UsageError, match="does not exist"):
        load_task(f"{tmp_path / 'other.py'}:Mine")


def test_the_fingerprint_is_that_of_what_is_asked(tmp_path: Path) -> None:
    class Same(BaseModel):
        name: Annotated[str | None, Verbatim(), AfterValidator(lambda name: name)] = None

    class Described(BaseModel):
        name: str | None = Field(None, description="The name.")

    Same.__name__ = Described.__name__ = "Mine"
    Same.model_config["title"] = Described.model_config["title"] = "Mine"
    for model in (Same, Described):
        model.model_rebuild(force=True)
    assert load_task(Same).fingerprint == load_task(Mine).fingerprint
    assert load_task(Described).fingerprint != load_task(Mine).fingerprint
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Other.", encoding="utf-8")
    assert load_task(Mine, prompt).fingerprint != load_task(Mine).fingerprint


def test_the_fingerprint_outlives_the_process() -> None:
    spec = "method, accuracy float"
    printed = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from extractor.task import load_task as l; print(l({spec!r}).label)",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert printed.stdout.strip() == load_task(spec).label


# What docs/schemas.md says.


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


def block(language: str, holds: str) -> str:
    (found,) = (each for each in blocks(language) if holds in each)
    return found


def section(name: str) -> str:
    return re.split(r"^## ", DOCS.split(f"\n## {name}", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", builtin_schemas())
def test_docs_tell_every_field_of_a_built_in_schema(name: str) -> None:
    asked = load_task(name).schema.model_json_schema(mode="serialization")
    told = section(f"`{name}`")
    for field in asked["properties"]:
        assert f"**`{field}`**" in told
    for model in asked["$defs"].values():
        rows = re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)
        assert sorted(rows) == sorted(model["properties"])


def test_docs_tell_the_grammar() -> None:
    grammar = block("text", "schema = field")
    assert re.findall(r"[\w\[\]]+", grammar.partition("type   = ")[2]) == list(_TYPES)
    lines = block("text", "the name that the authors give it")
    assert [field.type for field in parse_shorthand(lines)] == ["str", "float", "str[]"]
    (spec,) = re.findall(r"--schema '(method, [^']*)'", DOCS)
    assert len(parse_shorthand(spec)) == 4
    with pytest.raises(UsageError) as error:
        load_task("name, accuracy flaot")
    assert block("text", "flaot") == f"extractor: {error.value}\n"


def test_the_gold_of_the_docs_is_gold(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text(block("json", "results_optional"), encoding="utf-8")
    assert list(read_gold(file, "results").papers) == ["7"]


def test_the_model_of_ones_own_gives_the_record_that_the_docs_show(tmp_path: Path) -> None:
    file = tmp_path / "corpora.py"
    file.write_text(block("python", "class Corpora"), encoding="utf-8")
    paper = next(each for each in read_dump(ROOT / "examples" / "papers.txt") if each.id == "8")
    model = FakeModel(block("json", '"size": 1420'), reasks=0)
    with Extractor(f"{file}:Corpora", model=model, cache=False) as extractor:
        record = extractor.extract(id=paper.id, title=paper.title, abstract=paper.abstract)
    row = record.to_dict()
    of_the_call = {"model": "example", "task": "Corpora@...", "cached": False}
    row["meta"] |= {**of_the_call, "prompt_tokens": 0, "completion_tokens": 0}
    assert row == json.loads(block("json", '"id": "8"'))


def test_every_way_to_name_a_schema_is_taken(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("corpora.py").write_text(block("python", "class Corpora"), encoding="utf-8")
    named = re.findall(r'`Extractor\("([^"]+)"\)`', DOCS.partition("\n## ")[0])
    labels = [Extractor(name).task.name for name in named]
    assert labels == ["results", "fields", "Corpora"]


def test_two_files_make_a_built_in_schema(tmp_path: Path) -> None:
    def ignore(*_: object) -> list[str]:
        return ["__pycache__"]

    shutil.copytree(ROOT / "extractor", tmp_path / "extractor", ignore=ignore)
    for folder in ("schemas", "prompts"):
        shutil.copytree(ROOT / folder, tmp_path / "extractor" / folder, ignore=ignore)
    schema = tmp_path / "extractor" / "schemas" / "licence.py"
    schema.write_text(block("python", "SCHEMA = LicenceFields"), encoding="utf-8")
    prompt = tmp_path / "extractor" / "prompts" / "licence.txt"
    prompt.write_text(block("text", "about its release"), encoding="utf-8")

    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "extractor", *arguments, "--schema", "licence"],
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr.decode()
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    assert {"licence", "released_at"} < run("schema")["properties"].keys()
    said = run("inspect", str(ROOT / "examples" / "papers.txt"), "--json")
    assert said["forecast"]["task"].startswith("licence@")
