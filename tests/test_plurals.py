"""No message says "1 papers"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from extractor.plurals import counted

PACKAGE = Path(__file__).parent.parent / "extractor"
# A number with its noun in an f-string; what is always many is excepted below.
_BARE = re.compile(
    r"\{(?!_)[\w.]+(?:\([\w.]*\))?:?,?\} (?!AS )(?:\w+ )?"
    r"(?:papers|records|requests|tokens|answers|failures|values|rows|entries|files|cells)\b"
)
_ALWAYS_MANY = {
    "extractor/llm/dialect.py": "an answer has at most",
    "extractor/run/engine.py": "papers in a row failed",
    "extractor/readers/_dump.py": "files",
    "extractor/candidates/lexicon.py": "lex",
    "extractor/evaluation/text.py": "prompt + ",
    "extractor/cli/options.py": "Price of a million",
}


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 entries"), (1, "1 entry"), (2000, "2,000 entries")]
)
def test_a_number_has_its_noun(number: int, said: str) -> None:
    assert counted(number, "entry", "entries") == said
    assert counted(number, "paper") == said.replace("entries", "papers").replace("entry", "paper")


def test_messages_count_by_that_rule() -> None:
    for module in PACKAGE.rglob("*.py"):
        name = module.relative_to(PACKAGE.parent).as_posix()
        for line in module.read_text(encoding="utf-8").splitlines():
            if found := _BARE.search(line):
                excepted = _ALWAYS_MANY.get(name)
                assert excepted, f"{name}: {found[0]}"
                assert excepted in line, f"{name}: {found[0]}"
