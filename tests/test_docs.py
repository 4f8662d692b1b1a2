"""What the documents say holds: commands, options, links and examples."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import extractor
from extractor.errors import ExtractorError

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMANDS = ROOT / "docs" / "commands.md"

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_BLOCK = re.compile(r"^```.*?^```", re.M | re.S)
# Paths in the repository, and the names of modules; other files are the reader's.
_PATH = re.compile(
    r"`((?:extractor|schemas|prompts|docs|tests|benchmarks|examples|cassettes|\.ci)/[^`\s]*"
    r"|[a-z_*]+\.py)`"
)
# Files that a page tells its reader to write.
_EXAMPLES = {"corpora.py", "trials.py", "schemas/licence.py", "prompts/licence.txt"}
# Options of other programs that the pages show.
_FOREIGN = {"--quiet", "--version", "--help", "--record", "--no-isolation", "--outdir", "--wheel"}


def commands_page() -> str:
    """docs/commands.md as the command describes itself."""
    command = [sys.executable, "-m", "typer", "extractor.cli.app", "utils", "docs"]
    done = subprocess.run(
        [*command, "--name", "extractor"], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_every_option_is_tried_by_a_test() -> None:
    """By its long name, but for those that Typer itself adds."""
    heads = re.findall(r"^\* `(.*?)`:", COMMANDS.read_text(encoding="utf-8"), re.M)
    options = set(_OPTION.findall("\n".join(heads)))
    tests = "\n".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "tests").glob("*.py")
        if file != Path(__file__)
    )
    of_typer = {"--help", "--install-completion", "--show-completion"}
    assert options - set(re.findall(r"[\"' ](--[a-z][a-z-]+)", tests)) - of_typer == set()


def test_every_command_and_option_is_documented() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == commands_page(), (
        "write the page anew: python -m typer extractor.cli.app utils docs"
        " --name extractor > docs/commands.md"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [p for p in PAGES if p != COMMANDS], ids=lambda page: page.name)
def test_options_that_are_named_exist(page: Path) -> None:
    known = set(_OPTION.findall(COMMANDS.read_text(encoding="utf-8"))) | _FOREIGN
    shown = re.findall(r"(?:\$ |^)extractor [^\n|]*", page.read_text(encoding="utf-8"), re.M)
    named = {option for line in shown for option in _OPTION.findall(line)}
    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_that_are_named_exist(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    for path in set(_PATH.findall(text)) - _EXAMPLES:
        places = (ROOT,) if "/" in path else (ROOT / "extractor", ROOT / "benchmarks")
        pattern = path.replace("NAME", "*").rstrip("/")
        find = Path.glob if "/" in path else Path.rglob
        assert any(next(iter(find(place, pattern)), None) for place in places), path


def test_every_page_is_on_the_site() -> None:
    site = yaml.safe_load((ROOT / ".ci" / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = re.findall(r"[\w-]+\.md", str(site["nav"]))
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_every_public_name_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^::: extractor\.(?:\w+\.)*(\w+)$", page, re.M))
    public = {name: getattr(extractor, name) for name in extractor.__all__}
    errors = {
        name
        for name, each in public.items()
        if isinstance(each, type) and issubclass(each, ExtractorError)
    }
    assert set(public) - errors - {"__version__"} <= described
    assert "errors" in described
