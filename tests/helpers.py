"""What several test modules need: files of JSON Lines, and how a command ended."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Invoked(NamedTuple):
    """How a command ended, and what it wrote on standard output and standard error."""

    code: int
    out: str
    err: str


Invoke = Callable[..., Invoked]


def write_jsonl(path: Path, rows: Iterable[object]) -> Path:
    """Write one JSON value a line, and give the path back."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON Lines; empty lines do not count."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


class TooMuch(BaseException):
    """The work calls more functions than it may."""


def calls(work: Callable[[], object], most: float = float("inf")) -> int:
    """How many functions ``work`` calls; TooMuch as soon as these are more than ``most``."""
    count = 0

    def profile(_frame: object, event: str, _value: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")
        if count > most:
            sys.setprofile(None)
            raise TooMuch

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what earlier tests left would be counted
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count
