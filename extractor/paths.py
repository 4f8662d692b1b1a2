"""When two paths are the same file, and the names of files that go together."""

from __future__ import annotations

from pathlib import Path


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths are, or would be, the same file: by links and other spellings, too."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return one.resolve() == other.resolve()


def beside(path: Path, ending: str) -> Path:
    """The path of a file that goes with another one: ``records.jsonl.gz``, ``records.html``."""
    return path.with_name(Path(path.name.removesuffix(".gz")).stem + ending)
