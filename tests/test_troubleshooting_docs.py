"""docs/troubleshooting.md quotes messages that Extractor still has."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.M)
_VARYING = "…"
_FORMATTED = re.compile(r"\{\w*(?:![rs])?(?::[^{}]*)?\}")


def templates() -> Iterator[str]:
    """The texts in the code, with a sign for each part that varies."""
    for file in (ROOT / "extractor").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(_part(each) for each in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield _FORMATTED.sub(_VARYING, node.value)


def _part(node: ast.expr) -> str:
    constant = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if constant else _VARYING  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(scope="module")
def known() -> list[str]:
    return [re.sub(f"{_VARYING}+", _VARYING, text) for text in templates() if " " in text]


@pytest.mark.parametrize("message", QUOTED)
def test_message_is_one_of_ours(message: str, known: list[str]) -> None:
    # The page leaves out what begins or ends a message, but no word within.
    words = message.strip(f"{_VARYING} .:,")
    assert len(words) > 8
    assert any(words in text for text in known)


def test_options_that_help_exist() -> None:
    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= set(re.findall(r"--[a-z][a-z-]+", commands))


def test_each_message_is_told_once() -> None:
    assert len(QUOTED) > 50
    assert len(set(QUOTED)) == len(QUOTED)
