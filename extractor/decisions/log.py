"""The file of decisions: each is on disk before it counts, and two writers lose nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic_core import from_json

from extractor.decisions.decision import Decision
from extractor.decisions.standing import Decisions
from extractor.errors import DumpError, OutputError
from extractor.llm.locks import turns
from extractor.paths import beside
from extractor.record import encode_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDING = ".review.jsonl"
_HEAD = 2**24
_BOM = b"\xef\xbb\xbf"


def decisions_path(records: Path) -> Path:
    """The file of decisions that goes with a file of records: ``records.review.jsonl``."""
    return beside(records, ENDING)


def is_decisions(path: Path) -> bool:
    """Whether a file holds decisions, by its first line that is not blank."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return _parse(head.removeprefix(_BOM).lstrip().partition(b"\n")[0]) is not None


def read_decisions(path: Path) -> Decisions:
    """The decisions of a file. Raises DumpError where it cannot be read or holds something else."""
    decisions = Decisions()
    for number, line in _lines(path):
        decision = _parse(line)
        if decision is None and line.endswith(b"\n"):
            raise DumpError(
                f"{path}, line {number}: this is not a decision of 'extractor review'.",
                hint="Remove the line, or name another file.",
            )
        if decision is not None:  # else the last line, which a killed writer left unfinished
            decisions.add(decision)
    return decisions


class DecisionLog:
    """A file of decisions that is appended to, by several processes if need be.

    ``decisions`` are those of the file, also of others, as of the last `append` or `refresh`;
    ``size`` is how many bytes of it were read.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one. Raises DumpError as `read_decisions` does.

        Raises OutputError where nothing can be written to it.
        """
        self.path = path
        self.decisions = Decisions()
        self.size = 0
        if path.exists():
            try:
                with turns(path):
                    _heal(path)
                    self.decisions = read_decisions(path)
                    self.size = path.stat().st_size
            except OSError as error:
                raise OutputError(
                    f"Decisions are kept in {path}, which cannot be written: "
                    f"{error.strerror or error}.",
                    hint="Make it writable, or review a copy of the records in a folder of your "
                    "own.",
                ) from error

    def append(self, *decisions: Decision) -> None:
        """Add decisions; they are on disk on return. Raises OutputError where they cannot be."""
        lines = b"".join(encode_json(each.to_dict()) + b"\n" for each in decisions)
        try:
            self.path.touch()
            with turns(self.path):
                _heal(self.path)
                _append(self.path, lines)
        except OSError as error:
            raise OutputError(
                f"The decision cannot be written to {self.path}: {error.strerror or error}.",
                hint="Nothing of it was kept. Mend that and decide again.",
            ) from error
        self.refresh()

    def refresh(self) -> bool:
        """Read what was added to the file since the last time; False where nothing was."""
        try:
            if self.path.stat().st_size < self.size:  # another file stands there now
                self.decisions, self.size = Decisions(), 0
            with self.path.open("rb") as stream:
                stream.seek(self.size)
                lines = stream.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            return False
        if not lines:
            return False
        self.size += len(lines) + 1
        for line in lines.split(b"\n"):
            if (decision := _parse(line)) is not None:
                self.decisions.add(decision)
        return True


def _append(path: Path, lines: bytes) -> None:
    """Append lines, whole or not at all."""
    with path.open("ab", buffering=0) as stream:
        end = stream.tell()
        try:
            if stream.write(lines) < len(lines):
                raise OSError("the disk is full")
            os.fsync(stream.fileno())
        except OSError:
            stream.truncate(end)
            raise


def _heal(path: Path) -> None:
    """Give the last line its end, or remove it where a killed writer left it unfinished."""
    with path.open("rb+") as stream:
        size = stream.seek(0, os.SEEK_END)
        if not size:
            return
        stream.seek(size - 1)
        if stream.read(1) == b"\n":
            return
        stream.seek(0)
        start = stream.read().rfind(b"\n") + 1
        stream.seek(start)
        if _parse(stream.read()) is None:
            stream.truncate(start)
        else:
            stream.write(b"\n")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.removeprefix(_BOM).strip():
                    yield number, line
    except OSError as error:
        raise DumpError(f"{path} cannot be read: {error.strerror or error}.") from error


def _parse(line: bytes) -> Decision | None:
    try:
        return Decision.from_dict(from_json(line.removeprefix(_BOM)))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
