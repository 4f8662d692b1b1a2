"""Output formats: one file each, found by name or by the ending of the output's name.

A format is a :class:`Writer`. Adding one is adding a module here with a ``WRITER``.
"""

from __future__ import annotations

import os
import pkgutil
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from extractor.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


class Sink(Protocol):
    """Takes the rows of one output, in order."""

    def write(self, row: Mapping[str, Any]) -> None: ...


class Writer(Protocol):
    """One output format. ``streams`` says that it can be written to standard output."""

    name: str
    suffixes: tuple[str, ...]
    streams: bool

    def open(self, target: Path | BinaryIO) -> AbstractContextManager[Sink]:
        """Open a sink on a path, or on a binary stream where ``streams`` is true."""
        ...


def writers() -> dict[str, Writer]:
    """Every output format by its name."""
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    found = [module.WRITER for module in modules if hasattr(module, "WRITER")]
    return {writer.name: writer for writer in found}


def choose_writer(name: str | None, out: Path | None) -> Writer:
    """The format of that name, else the one that the output's ending says, else JSON Lines."""
    known = writers()
    if name is not None:
        if name not in known:
            raise UsageError(
                f"There is no output format {name!r}.", hint=f"Known: {', '.join(known)}."
            )
        return known[name]
    ending = out.name.lower() if out else ""
    fitting = (w for w in known.values() if ending.endswith(w.suffixes))
    return next(fitting, known["jsonl"])


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path`` that takes its place when the block ends well.

    Raises :class:`OutputError` when it cannot be written; then ``path`` is as it was.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield scratch
        scratch.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="What was paid for is in the cache: the same command goes on from there.",
        ) from error
    finally:
        scratch.unlink(missing_ok=True)
