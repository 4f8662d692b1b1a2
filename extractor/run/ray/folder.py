"""The folder of a run in parts: whose run it is, which parts are complete, and where each lies.

    OUT/part-000000.jsonl            the records of the first part, there only when it is complete
    OUT/_failures/part-000000.jsonl  its failures, if it has any
    OUT/_stores/000000/              its answers (extractor.run.ray.epochs), and complete.json
    OUT/_run.json                    what makes it the same run when it is started again
    OUT/_SUCCESS                     the counts, there only when every part is complete

Names with an underscore are no data to whatever reads a folder of parts.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from extractor.errors import OutputError, UnreadableEntry, UsageError
from extractor.llm.budget import Spent
from extractor.llm.locks import private
from extractor.run.batch import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_RUN, _SUCCESS, _LOCK = "_run.json", "_SUCCESS", "_run.lock"
_STORES, _FAILURES = "_stores", "_failures"
_MARK = "complete.json"
_VERSION = 1
_UNCOUNTED = ("stopped", "interrupted", "seconds")


@dataclass(frozen=True)
class Mark:
    """What a complete part came to: by which ``attempt`` at which ``run`` of this folder, of which
    papers, and what the run has ``spent`` on it."""

    run: int
    attempt: str
    digest: str
    summary: Summary
    spent: Spent

    @property
    def has_retryable(self) -> bool:
        """Whether papers failed that the same command tries again."""
        return any(kind != UnreadableEntry.kind for kind in self.summary.kinds)

    def to_json(self) -> str:
        summary = {k: v for k, v in asdict(self.summary).items() if k not in _UNCOUNTED}
        return json.dumps(
            {**asdict(self), "summary": summary, "spent": self.spent._asdict()}, default=str
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        row = json.loads(text)
        row["summary"], row["spent"] = Summary(**row["summary"]), Spent(**row["spent"])
        return cls(**row)


@dataclass(frozen=True)
class PartFolder:
    """Where the files of one part are."""

    out: Path
    number: int
    ending: str

    @property
    def name(self) -> str:
        return f"{self.number:06d}"

    @property
    def records(self) -> Path:
        return self.out / f"part-{self.name}{self.ending}"

    @property
    def failures(self) -> Path:
        return self.out / _FAILURES / f"part-{self.name}.jsonl"

    @property
    def stores(self) -> Path:
        return self.out / _STORES / self.name

    def mark(self) -> Mark | None:
        """What it came to, if it is complete."""
        try:
            return Mark.from_json((self.stores / _MARK).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise OutputError(
                f"{self.stores / _MARK} cannot be read: {error}.",
                hint="Delete it: the part is then made again of its answers.",
            ) from error

    def complete(self, records: Path, failures: Path, mark: Mark) -> None:
        """Put the files in their places, the mark last: without it the part is made again."""
        self.failures.parent.mkdir(exist_ok=True)
        if failures.exists():
            failures.replace(self.failures)
        else:
            self.failures.unlink(missing_ok=True)
        records.replace(self.records)
        for folder in (self.failures.parent, self.out):
            sync(folder)
        write_whole(self.stores / _MARK, mark.to_json())


class RunFolder:
    """An open folder of a run; one process at a time works on it, where the system has locks."""

    def __init__(self, out: Path, run: int, ending: str) -> None:
        self.out = out
        self.run = run
        self._ending = ending

    def part(self, number: int) -> PartFolder:
        return PartFolder(self.out, number, self._ending)

    def begun(self) -> Iterator[PartFolder]:
        """The parts that were begun, in order."""
        stores = self.out / _STORES
        names = sorted(each.name for each in stores.iterdir()) if stores.exists() else ()
        return (self.part(int(name)) for name in names if name.isdigit())

    def succeed(self, counts: Mapping[str, Any]) -> None:
        """Say that every part is complete."""
        write_whole(self.out / _SUCCESS, json.dumps(counts) + "\n")


@contextmanager
def open_folder(out: Path, identity: Mapping[str, Any], ending: str) -> Iterator[RunFolder]:
    """Open the folder of a run, a new one or the one that was begun.

    Raises UsageError where it holds something else, another run, or is worked on. A run that was
    complete is followed by another one, which tries again what failed.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", hint="Name a folder for the parts with -o.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / _RUN).exists() and any(out.iterdir()):
            raise UsageError(
                f"{out} is not empty, and no run in parts was begun in it.",
                hint="Name another folder with -o.",
            )
        with _alone(out):
            yield RunFolder(out.resolve(), _number(out, identity), ending)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror or error}.") from error


def _number(out: Path, identity: Mapping[str, Any]) -> int:
    """The number of the run in its folder. Raises UsageError where the folder is another's."""
    wanted = json.loads(json.dumps(identity))
    try:
        known = json.loads((out / _RUN).read_text(encoding="utf-8"))
        number, before = int(known["run"]), dict(known["identity"])
    except FileNotFoundError:
        number, before = 1, wanted
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{out / _RUN} is damaged.", hint="Name another folder.") from error
    others = [name for name in wanted if before.get(name) != wanted[name]]
    if others:
        raise UsageError(
            f"{out} holds a run with another {', '.join(others)}.",
            hint="Name another folder with -o, or give the command of before.",
        )
    if (out / _SUCCESS).exists():
        number += 1
    write_whole(
        out / _RUN, json.dumps({"version": _VERSION, "run": number, "identity": wanted}, indent=1)
    )
    (out / _SUCCESS).unlink(missing_ok=True)
    return number


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Admit one driver at a time; a lock ends with its process."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    file = private(out / _LOCK)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"Another process works on the run in {out}.",
                hint="Wait for it, or name another folder with -o.",
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(file)


def write_whole(path: Path, text: str) -> None:
    """Write a small file that is there whole, on disk, or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    with suppress(OSError):  # not every file system can
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def add(total: Summary, part: Summary) -> None:
    """Add what a part came to."""
    for each in fields(Summary):
        value, more = getattr(total, each.name), getattr(part, each.name)
        if each.name in ("kinds", "reasons"):
            for kind, found in more.items():
                value[kind] = (
                    value.get(kind, 0) + found if each.name == "kinds" else value.get(kind, found)
                )
        elif each.name not in _UNCOUNTED and more is not None:
            setattr(total, each.name, (value or 0) + more)


def as_earlier(summary: Summary) -> Summary:
    """What a part came to, for an attempt that found it complete."""
    found = Summary()
    add(found, summary)
    found.earlier, found.prompt_tokens, found.completion_tokens = found.records - found.cached, 0, 0
    return found
