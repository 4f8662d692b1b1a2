"""Files that people wrote by deciding: a run must not replace them, whatever it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import from_json

from extractor.decisions.log import is_decisions
from extractor.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_GOLD = (".gold.jsonl", ".gold.jsonl.gz")


def check_not_by_hand(path: Path | None) -> None:
    """Raise UsageError where a file holds decisions, or is gold and no records of a run."""
    if path is None or not path.is_file():
        return
    if is_decisions(path):
        what = "holds decisions of 'extractor review'"
    elif path.name.endswith(_GOLD) and not _is_of_run(path):
        what = "is gold, which may hold corrections"
    else:
        return
    raise UsageError(f"{path} {what}.", hint="Name another file with -o.")


def _is_of_run(path: Path) -> bool:
    """Whether the first line is a record as a run writes it: gold does not say what made it."""
    try:
        with path.open("rb") as stream:
            row = from_json(stream.readline())
    except (OSError, ValueError):
        return False
    return isinstance(row, dict) and "meta" in row
