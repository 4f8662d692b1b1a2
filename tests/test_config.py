"""Options in files and variables in .env: which one counts, what is refused, and what is told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from engine_runs import papers, write_dump
from fault_server import FaultServer, answer, refuse

from extractor.cli import config

if TYPE_CHECKING:
    from pathlib import Path

    from fault_server import Asked, Reply
    from helpers import Invoke

SCHEMA = ["schema"]  # prints the JSON Schema of the schema that is chosen


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory in a repository; variables that a test sets are removed."""
    for name in config.VARIABLES:  # those that are read of .env are gone after the test
        monkeypatch.setenv(name, "")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    inner = tmp_path / "repository" / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return inner


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def fields(invoke: Invoke, *arguments: object) -> str:
    code, out, err = invoke(*SCHEMA, *arguments)
    assert (code, err) == (0, "")
    return out


def test_a_file_gives_options_and_the_command_line_beats_it(invoke: Invoke, folder: Path) -> None:
    write(folder / "extractor.toml", 'schema = "colour, weight float"\n')
    assert '"weight"' in fields(invoke)
    assert '"weight"' not in fields(invoke, "--schema", "shape str")
    code, out, _ = invoke("--no-config", *SCHEMA)
    assert (code, '"weight"' in out) == (0, False)


def test_the_nearest_file_counts_up_to_the_root_of_the_repository(
    invoke: Invoke, folder: Path
) -> None:
    write(folder.parent.parent / "extractor.toml", 'schema = "outside str"')
    assert '"outside"' not in fields(invoke)
    write(folder.parent / "pyproject.toml", '[tool.extractor]\nschema = "project str"')
    assert '"project"' in fields(invoke)
    write(folder / "pyproject.toml", "[tool.other]\n")
    assert '"project"' in fields(invoke)
    write(folder.parent / "extractor.toml", 'schema = "own str"')
    assert '"own"' in fields(invoke)
    write(folder / "pyproject.toml", '[tool.extractor]\nschema = "nearest str"')
    assert '"nearest"' in fields(invoke)


def test_outside_of_a_repository_only_the_working_directory_counts(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain" / "inner").mkdir(parents=True)
    write(tmp_path / "plain" / "extractor.toml", 'schema = "outside str"')
    monkeypatch.chdir(tmp_path / "plain" / "inner")
    assert '"outside"' not in fields(invoke)


def test_a_table_is_for_one_command_and_beats_the_top(invoke: Invoke, folder: Path) -> None:
    write(
        folder / "extractor.toml",
        'schema = "weight str"\ncache-dir = "top"\n[cache]\ncache-dir = "own"\n[run]\nlimit = 1\n',
    )
    assert '"weight"' in fields(invoke)
    assert "directory  own\n" in invoke("cache", "info")[1]
    write(folder / "extractor.toml", 'cache-dir = "top"\n[run]\nlimit = 1\n')
    assert "directory  top\n" in invoke("cache", "info")[1]
    dump = write_dump(folder / "dump.jsonl", papers(3))
    how = ["run", dump, "--model", "none", "-o", "out.jsonl", "--no-cache"]
    assert invoke(*how)[2].startswith("1 record in out.jsonl, ")


def test_paths_are_meant_from_where_the_file_is(invoke: Invoke, folder: Path) -> None:
    write(
        folder.parent / "mine.py",
        "from pydantic import BaseModel\nclass Mine(BaseModel):\n    colour: str\n",
    )
    write(folder.parent / "extractor.toml", 'schema = "mine.py:Mine"\ncache-dir = "answers"')
    assert '"colour"' in fields(invoke)
    assert f"directory  {folder.parent / 'answers'}\n" in invoke("cache", "info")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('modell = "none"', "extractor.toml: there is no option 'modell'. Did you mean 'model'?"),
        ("base_url = 'x'", "there is no option 'base_url'. Did you mean 'base-url'?"),
        ("[runn]\nlimit = 1", "there is no command 'runn'. Did you mean 'run'?"),
        ("[run]\ngold = 'x'", "there is no option 'gold' of 'extractor run'."),
        ("[cache]\nyes = true", "there is no option 'yes'"),
        ("limit = 'ten'", "limit: 'ten' is not a whole number."),
        ("limit = true", "limit: True is not a whole number."),
        ("limit = -1", "limit: -1 is not possible. The least is 0."),
        ("timeout = 'x'", "timeout: 'x' is not a number."),
        ("unique = 1", "unique: 1 is not true or false."),
        ("schema = 3", "schema: 3 is not a text."),
        ("mode = 'tool'", "mode: there is no 'tool'. Known: tools, json_schema, json, md_json."),
        ("where = [3]", "where: 3 is not a text."),
        ("api-key = 'sk-1'", "OPENAI_API_KEY"),
        ("openai_api_key = 'sk-1'", "OPENAI_API_KEY"),
        ("extra-header = ['X-Api-Key: sk-1']", "extra-header: it may hold a secret."),
        ("limit = ", "extractor.toml cannot be read: Invalid value"),
        ("schema = 'paper'\n[schema]", "put the option into [run]"),
        ("limit = 1\nlimit = 2", "extractor.toml cannot be read: Cannot overwrite a value"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(
    invoke: Invoke, folder: Path, text: str, said: str
) -> None:
    write(folder / "extractor.toml", text)
    command = ("cache", "info") if "[cache]" in text else ("run", "missing.txt")
    code, out, err = invoke(*command)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert "sk-1" not in err
    assert invoke("run", "--help").code == 0


def test_a_key_of_another_command_is_no_mistake(invoke: Invoke, folder: Path) -> None:
    write(folder / "extractor.toml", 'min-f1 = 0.8\nrpm = 60\nmodel = "none"\ntries = 2')
    assert '"title"' in fields(invoke)


def test_variables_beat_the_file_and_the_environment_beats_dotenv(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "extractor.toml", 'cache-dir = "file"')
    assert "directory  file\n" in invoke("cache", "info")[1]
    write(folder / ".env", "EXTRACTOR_CACHE_DIR=dotenv\nPATH_OF_MINE=x\nOPENAI_API_KEY='$HOME'\n")
    assert "directory  dotenv\n" in invoke("cache", "info")[1]
    assert "PATH_OF_MINE" not in os.environ
    assert os.environ["OPENAI_API_KEY"] == "$HOME"
    monkeypatch.setenv("EXTRACTOR_CACHE_DIR", "environment")
    assert "directory  environment\n" in invoke("cache", "info")[1]
    assert "directory  line\n" in invoke("cache", "info", "--cache-dir", "line")[1]


def test_a_dotenv_that_is_no_text_is_told(invoke: Invoke, folder: Path) -> None:
    (folder / ".env").write_bytes(b"OPENAI_API_KEY=\xff\xfe")
    code, _, err = invoke("formats")
    assert (code, err.count("\n")) == (2, 1)
    assert ".env cannot be read" in err


def test_it_is_told_who_gets_requests_where_a_file_decides_that(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = write_dump(folder / "dump.jsonl", papers(2))
    with FaultServer() as server:
        address = server.url.split("/")[2]
        write(folder / "extractor.toml", f'base-url = "{server.url}"\nmodel = "m"')
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1234567890")
        how = ["run", dump, "-o", "out.jsonl"]
        err = invoke(*how)[2]
        assert (
            f"Requests go to {address}, as extractor.toml says; the key is of environment." in err
        )
        assert "sk-1234567890" not in err
        assert "Requests go" not in invoke(*how, "-q")[2]
        (folder / "extractor.toml").unlink()
        how += ["--model", "m", "--base-url", server.url]
        assert "Requests go" not in invoke(*how)[2]
        monkeypatch.setenv("OPENAI_API_KEY", "")
        write(folder / ".env", "OPENAI_API_KEY=sk-1234567890")
        assert "as command line says; the key is of .env." in invoke(*how)[2]


def test_verbose_tells_what_is_used_and_what_is_tried_again(
    invoke: Invoke, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extractor.llm.client._FIRST_WAIT_SECONDS", 0.01)
    dump, failed = write_dump(folder / "dump.jsonl", papers(3)), set()

    def once(asked: Asked) -> Reply:
        if asked.title in failed or not asked.title.startswith("Net1"):
            return answer(asked)
        failed.add(asked.title)
        return refuse(500, "busy")

    write(folder / "extractor.toml", 'schema = "paper"\nextra-header = ["X-Team: sk-blue"]')
    with FaultServer(once) as server:
        how = ["--model", "m", "--base-url", f"{server.url}?code=sk-red", "--limit", 2]
        code, _, err = invoke("run", dump, *how, "-v", "-o", "out.jsonl")
    assert code == 0
    assert f"model      m at {server.url.split('/')[2]}" in err
    assert "option     --schema paper (extractor.toml)" in err
    assert "option     --limit 2 (command line)" in err
    assert f"option     --base-url {server.url} (command line)" in err
    assert "option     --extra-header X-Team: ... (extractor.toml)" in err
    assert "paper 1: try 1 failed: server_error" in err
    assert "sk-" not in err


@pytest.mark.parametrize("command", ["run", "extract", "eval", "inspect"])
@pytest.mark.parametrize("option", ["--verbose", "-v"])
def test_every_command_that_asks_tells_what_it_uses(
    invoke: Invoke, folder: Path, command: str, option: str
) -> None:
    dump = write_dump(folder / "dump.jsonl", papers(1))
    gold = write(folder / "gold.jsonl", '{"id": "0", "hardware": []}\n')
    write(folder / "extractor.toml", 'model = "none"')
    of_command = {"extract": ["--file", dump], "eval": [dump, "--gold", gold]}
    code, _, err = invoke(command, *of_command.get(command, [dump]), option)
    assert code == 0
    assert "option     --model none (extractor.toml)" in err
    assert "task       paper@" in err
    assert "option     --model" not in invoke(command, *of_command.get(command, [dump])).err


def test_scores_are_not_refused_for_a_model_in_a_file(invoke: Invoke, folder: Path) -> None:
    write(folder / "extractor.toml", 'schema = "name, size int"\nmodel = "none"\nrpm = 3')
    gold = write(folder / "gold.jsonl", '{"id": "1", "name": "Foo", "size": 1}\n')
    records = write(
        folder / "records.jsonl", '{"id": "1", "title": "T", "name": "Foo", "size": 1}\n'
    )
    code, _, err = invoke("eval", "--gold", gold, "--records", records)
    assert (code, err) == (0, "")
    assert invoke("eval", "--gold", gold, "--records", records, "--rpm", 3).code == 2
