"""Where a run would write its records, and what stands there now."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from extractor.decisions import check_not_by_hand
from extractor.errors import UsageError
from extractor.paths import same_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from extractor.run.resumable import Destination


@dataclass(frozen=True)
class Target:
    """The file of records: ``exists`` tells whether there is one, ``problem`` why a run could not
    write it, None where nothing speaks against it."""

    path: str
    format: str
    exists: bool
    problem: str | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def target_of(destination: Destination, inputs: Iterable[Path]) -> Target | None:
    """What is known of the output before a run; None for standard output. Nothing is written.

    ``inputs`` are files that must not be overwritten.
    """
    if destination.out is None:
        return None
    inputs = list(inputs)
    problems = (_problem(file, inputs) for file in destination.files)
    problem = next(filter(None, problems), None)
    return Target(str(destination.out), destination.writer.name, destination.out.exists(), problem)


def _problem(file: Path, inputs: Iterable[Path]) -> str | None:
    if file.is_dir():
        return f"{file} is a folder"
    if any(same_file(file, each) for each in inputs):
        return f"it would overwrite {file}, which is read"
    folder = next(each for each in file.absolute().parents if each.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return f"nothing can be written to {folder}"
    try:
        check_not_by_hand(file)
    except UsageError as error:
        return error.message.rstrip(".")
    return None
