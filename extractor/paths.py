"""When two paths are the same file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths are, or would be, the same file: by links and other spellings, too."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return one.resolve() == other.resolve()
