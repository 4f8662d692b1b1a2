"""Files that people wrote by deciding: no command replaces them, whatever it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import from_json

from extractor.decisions.log import ENDING, is_decisions
from extractor.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {
    ENDING: "may hold decisions of 'extractor review'",
    ".gold.jsonl": "is gold, which may hold corrections",
    ".gold.jsonl.gz": "is gold, which may hold corrections",
}


def check_not_by_hand(path: Path | None) -> None:
    """Raise UsageError where a file holds decisions, or has the name of such a file or of gold and
    no records of a run."""
    if path is None or not path.is_file():
        return
    what = next((what for ending, what in _NAMES.items() if path.name.endswith(ending)), None)
    if is_decisions(path):
        what = "holds decisions of 'extractor review'"
    elif what is None or _is_of_run(path):
        return
    raise UsageError(f"{path} {what}.", hint="Name another file.")


def _is_of_run(path: Path) -> bool:
    """Whether the first line is a record as a run writes it: gold does not say what made it."""
    try:
        with path.open("rb") as stream:
            row = from_json(stream.readline())
    except (OSError, ValueError):
        return False
    return isinstance(row, dict) and "meta" in row
