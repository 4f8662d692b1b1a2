"""Which files are meant by what the user names: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.readers._archives import is_hidden
from extractor.readers._source import STANDARD_INPUT, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def files_at(places: Iterable[str], skip: Collection[Path] = ()) -> Iterator[str]:
    """Yield the files that the places name, in their order; those of a folder by name.

    A folder stands for the files in it and below it, without hidden ones and those to ``skip``.
    What it holds that cannot be read, a folder or a link that leads nowhere, is yielded as well,
    so that it is told of. A pattern, such as ``*.bib``, stands for the files that fit, and ``-``
    is standard input.

    Raises:
        DumpError: a name is empty, a file is not there, or a folder or a pattern holds none.
    """
    left_out = {path.resolve() for path in skip}
    for place in places:
        if not place.strip():
            raise DumpError("The name of a dump is empty.", hint="Name a file or a folder.")
        if place == STANDARD_INPUT:
            yield place
        elif not Path(place).is_dir():
            yield from _matching(place)
        else:
            found = [path for path in _files_in(place) if path.resolve() not in left_out]
            if not found:
                raise DumpError(f"There is no file in the folder {place}.", hint="Check the path.")
            yield from map(str, found)


def _files_in(folder: str) -> list[Path]:
    found: list[Path] = []
    been: set[str] = set()
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for inner, folders, files in os.walk(folder, onerror=note, followlinks=True):
        # A link may lead back to where it stands.
        been.add(os.path.realpath(inner))
        at = Path(inner)
        folders[:] = [each for each in folders if os.path.realpath(at / each) not in been]
        found += (at / each for each in files if _may_be_dump(at / each))
    found += unreadable
    return sorted(path for path in found if not is_hidden(path.relative_to(folder).as_posix()))


def _may_be_dump(path: Path) -> bool:
    """Say whether it is a file, or a link that leads nowhere and is told of."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _matching(place: str) -> list[str]:
    """Return the files that fit a pattern; the place itself where it is none."""
    if not glob.has_magic(place) or os.path.lexists(place):
        if not os.path.exists(place):  # noqa: PTH110 -- a path may hold what no path can
            Source(place).close()  # which says what is wrong
        return [place]
    fitting = glob.glob(place, recursive=True)  # noqa: PTH207 -- it may begin at a root
    found = sorted(path for path in fitting if Path(path).is_file())
    if not found:
        raise DumpError(f"No file fits {place}.", hint="Check the path.")
    return found
