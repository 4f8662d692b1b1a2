"""Which files are meant by what the user names: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.errors import DumpError
from extractor.readers._archives import is_hidden
from extractor.readers._source import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def files_at(
    places: Iterable[str | os.PathLike[str]], skip: Collection[Path] = ()
) -> Iterator[str]:
    """Yield the files that the places name, in their order; those of a folder by name.

    A folder stands for the files in it and in its folders, but for hidden ones and those to
    ``skip``; a pattern, such as ``*.bib``, for the files that fit. ``-`` is standard input.

    Raises:
        DumpError: a folder or a pattern holds no file.
    """
    left_out = {path.resolve() for path in skip}
    for place in (os.fspath(each) for each in places):
        if place == STANDARD_INPUT or not (folder := Path(place)).is_dir():
            yield from _matching(place)
            continue
        found = [path for path in _files_in(folder) if path.resolve() not in left_out]
        if not found:
            raise DumpError(f"There is no file in the folder {place}.", hint="Check the path.")
        yield from map(str, found)


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(
            path
            for path in folder.rglob("*")
            if path.is_file() and not is_hidden(path.relative_to(folder).as_posix())
        )
    except OSError as error:
        raise DumpError(
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            hint="Check the permissions.",
        ) from error


def _matching(place: str) -> list[str]:
    """Return the files that fit a pattern; the place itself where it is none."""
    if not glob.has_magic(place) or os.path.lexists(place):
        return [place]
    fitting = glob.glob(place, recursive=True)  # noqa: PTH207 -- it may begin at a root
    found = sorted(path for path in fitting if Path(path).is_file())
    if not found:
        raise DumpError(f"No file fits {place}.", hint="Check the path.")
    return found
