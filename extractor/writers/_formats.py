"""Which formats there are, and which one an output is to have."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from extractor.errors import UsageError

if TYPE_CHECKING:
    from extractor.writers._protocol import Writer

_FOLDER, _PACKAGE = Path(__file__).parent, __name__.rpartition(".")[0]


@cache
def writers() -> dict[str, Writer]:
    """Every output format by its name, those that stream first."""
    names = [info.name for info in pkgutil.iter_modules([str(_FOLDER)]) if info.name[0] != "_"]
    found: list[Writer] = [import_module(f"{_PACKAGE}.{name}").WRITER for name in names]
    return {writer.name: writer for writer in sorted(found, key=lambda w: (not w.streams, w.name))}


def choose_writer(name: str | None, out: Path | None) -> Writer:
    """The format of that name, else the one that the output's ending says, else JSON Lines.

    ``out`` is None for standard output. Raises :class:`UsageError` for a name or an ending
    that no format has, and where the format cannot be written there.
    """
    writer = _by_name(name) if name else _by_ending(out)
    if out is None and not writer.streams:
        raise UsageError(
            f"{writer.name} cannot be written to standard output.", hint="Name a file for it."
        )
    if out and out.suffix.lower() == ".gz" and not writer.compresses:
        raise UsageError(f"{writer.name} is not written compressed.", hint="Leave .gz out.")
    return writer


def _by_name(name: str) -> Writer:
    known = writers()
    if name not in known:
        raise UsageError(f"There is no output format {name!r}.", hint=f"Known: {', '.join(known)}.")
    return known[name]


def _by_ending(out: Path | None) -> Writer:
    ending = out.name.lower().removesuffix(".gz") if out else ""
    for writer in writers().values():
        if ending.endswith(writer.suffixes):
            return writer
    if out and out.suffix:
        known = ", ".join(suffix for w in writers().values() for suffix in w.suffixes)
        raise UsageError(
            f"The ending of {out.name} says no output format.",
            hint=f"Known: {known}; or name the format with --format.",
        )
    return _by_name("jsonl")
