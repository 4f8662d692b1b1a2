"""The command as a person meets it: exit codes, one clear line for each error, no traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fault_server import FaultServer

from extractor.cli import commands

if TYPE_CHECKING:
    from helpers import Invoke

EXAMPLE = str(Path(__file__).parent.parent / "examples" / "papers.txt")


@pytest.fixture(autouse=True)
def _wide_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_help_names_every_command(invoke: Invoke) -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    for command in ("run", "extract", "eval", "inspect", "convert", "report", "schema"):
        assert re.search(rf"\b{command}\b", out), command


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["extract", "--help"], ["models", "list"], ["schema", "-h"]],
)
def test_what_calls_no_model_imports_nothing_heavy(arguments: list[str]) -> None:
    probe = (
        "import sys; sys.argv = ['extractor', *sys.argv[1:]]\n"
        "from extractor.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'openai', 'instructor', 'diskcache', 'xllamacpp', 'numpy', 'httpx2', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_run_from_the_store_loads_nothing_that_only_a_paid_answer_needs(
    tmp_path: Path,
) -> None:
    """Loading them takes longer than the rest of such a run."""
    dump = tmp_path / "dump.jsonl"
    dump.write_text('{"title": "Rook", "abstract": "We present Rook, a fast kernel."}\n')
    probe = (
        "import sys; sys.argv = ['extractor', *sys.argv[1:]]\n"
        "from extractor.cli import main\n"
        "try: main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "heavy = {'openai', 'instructor', 'aiohttp', 'genai_prices'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    arguments = ["run", str(dump), "-o", str(tmp_path / "out.jsonl"), "--model", "m"]
    with FaultServer() as server:
        command = [sys.executable, "-c", probe, *arguments, "--base-url", server.url]

        def loaded() -> str:
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        assert loaded() != "[]"
        assert loaded() == "[]"


def test_the_list_of_commands_needs_neither_rich_nor_pydantic() -> None:
    probe = (
        "import sys; sys.argv = ['extractor', '--help']\n"
        "from extractor.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'pydantic', 'pydantic_core', 'asyncio'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_the_command_that_is_called_is_imported() -> None:
    probe = (
        "import sys; sys.argv = ['extractor', 'schema']\n"
        "from extractor.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('extractor.cli.commands.')])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "['extractor.cli.commands.schema']"


def test_help_lists_options_under_headings(invoke: Invoke) -> None:
    _, out, _ = invoke("run", "--help")
    headings = re.findall(r"^([A-Z][\w ]+):$", out, re.MULTILINE)
    usual = ["Arguments", "Options", "Reading the dump", "Model", "Asking", "Spending", "Cache"]
    usual += ["Batches", "On a cluster"]
    assert headings == usual
    spending = out.split("\nSpending:\n")[1].split("\n\n")[0]
    names = ["--max-cost", "--max-requests", "--max-tokens", "--price-in", "--price-out"]
    assert re.findall(r"^  (--[a-z-]+)", spending, re.MULTILINE) == names


def test_a_command_is_one_file(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trial.py").write_text(
        "from extractor.cli import options\n"
        "from extractor.cli.expand import expanded\n"
        "@expanded\n"
        "def trial(*, number: int, model: options.ModelOptions, calls: options.CallOptions):\n"
        "    '''Try it.'''\n"
        "    print(number, model.mode, calls.settings().limits.requests_per_minute)\n"
    )
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    try:
        assert invoke("--help")[1].rstrip().endswith("Try it.")
        assert invoke("trial", "7", "--mode", "tools", "--rpm", "3") == (0, "7 tools 3\n", "")
    finally:
        sys.modules.pop("extractor.cli.commands.trial", None)


def test_a_mistyped_command_is_guessed(invoke: Invoke) -> None:
    code, _, err = invoke("rnu")
    assert code == 2
    assert "Did you mean 'run'?" in err


def test_version(invoke: Invoke) -> None:
    code, out, _ = invoke("--version")
    assert code == 0
    assert re.fullmatch(r"extractor \d+\.\d+\.\d+\S*\n", out)


def test_an_unknown_option_is_a_usage_error(invoke: Invoke) -> None:
    code, _, err = invoke("run", EXAMPLE, "--no-such-option")
    assert code == 2
    assert "--no-such-option" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "missing.txt"], 1, "missing.txt"),
        (["run", EXAMPLE, "--schema", "no/such/file.py:Model"], 2, "no/such/file.py"),
        (["run", EXAMPLE, "--prompt", "no-prompt.txt"], 2, "no-prompt.txt"),
        (["run", EXAMPLE, "--base-url", "http://127.0.0.1:9/v1"], 2, "--model"),
        (["run", EXAMPLE, "--model", "m", "--base-url", "nonsense"], 2, "nonsense"),
        (["run", EXAMPLE, "--model", "gpt-x"], 1, "OPENAI_API_KEY"),
        (["models", "path", "smollm2-135m"], 1, "extractor models pull smollm2-135m"),
        (["models", "pull", "nobody"], 2, "smollm2-135m"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(
    invoke: Invoke, arguments: list[str], code: int, said: str
) -> None:
    got, out, err = invoke(*arguments)
    assert (got, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_an_endpoint_that_is_down_ends_the_run_with_one_message(
    invoke: Invoke, tmp_path: Path
) -> None:
    out_file = tmp_path / "records.jsonl"
    arguments = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1", "-o", str(out_file)]
    code, _, err = invoke("run", EXAMPLE, "--quiet", *arguments)
    assert code == 1
    assert "127.0.0.1:9" in err
    assert len(err.strip().splitlines()) == 1
    assert not out_file.exists()


def test_schema_prints_the_json_schema_of_a_record(invoke: Invoke) -> None:
    code, out, _ = invoke("schema")
    properties = json.loads(out)["properties"]
    assert code == 0
    assert list(properties)[:3] == ["id", "title", "method_name"]
    assert {"evidence", "meta"} <= set(properties)


def test_a_users_own_schema_file(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from pydantic import BaseModel\n"
        "class Finding(BaseModel):\n"
        "    species: str | None = None\n"
    )
    code, out, _ = invoke("schema", "--schema", f"{file}:Finding")
    assert code == 0
    assert "species" in json.loads(out)["properties"]


def test_models_list_tells_what_is_there(invoke: Invoke) -> None:
    code, out, _ = invoke("models", "list")
    assert code == 0
    assert "(default)" in out
    assert "smollm2-135m" in out


def test_cache_info_and_clear(invoke: Invoke, tmp_path: Path) -> None:
    folder = str(tmp_path / "cache")
    code, out, _ = invoke("cache", "info", "--cache-dir", folder)
    assert code == 0
    assert folder in out
    code, _, err = invoke("cache", "clear", "--yes", "--cache-dir", folder)
    assert code == 0
    assert "0 answers" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.usefixtures("embedded_replay")
def test_an_output_that_is_full_is_one_line(invoke: Invoke) -> None:
    code, _, err = invoke("run", EXAMPLE, "-q", "-o", "/dev/full")
    assert code == 1
    assert err.startswith("extractor: /dev/full cannot be written: No space left")
    assert len(err.strip().splitlines()) == 1


def test_a_cluster_without_ray_says_what_to_install(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.startswith("extractor.run.ray")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = invoke("run", EXAMPLE, "-o", tmp_path / "parts", "--engine", "ray")
    assert code == 2
    assert err.count("\n") == 1
    assert "pip install 'abstract-extractor[ray]'" in err


@pytest.mark.parametrize("option", ["--ray-address", "--workers", "--part-papers"])
def test_options_of_a_cluster_are_not_left_unused(invoke: Invoke, option: str) -> None:
    code, _, err = invoke("run", EXAMPLE, option, "7", "--model", "none")
    assert code == 2
    assert f"{option} is for a cluster. Add --engine ray." in err
