"""Formats that other packages bring: found by their entry points, loaded when needed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from extractor.errors import UsageError

PluginT = TypeVar("PluginT")


def plugins(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name; nothing of theirs is imported."""
    return {entry.name: entry for entry in entry_points(group=group)}


def load_plugin(entry: EntryPoint, kind: type[PluginT]) -> PluginT:
    """Import what an entry point names.

    Raises :class:`UsageError`, which names the package, where that fails or where what it names
    is not a ``kind``: a class, or a protocol that can be checked at runtime.
    """
    package = entry.dist.name if entry.dist else entry.value
    try:
        found = entry.load()
    except Exception as error:  # noqa: BLE001 -- the code of another package may raise anything
        problem = f"cannot be loaded ({type(error).__name__}: {error})"
    else:
        if isinstance(found, kind):
            return found
        problem = f"is a {type(found).__name__} and not a {kind.__name__}"
    raise UsageError(
        f"The entry point {entry.name!r} of the package {package} ({entry.value}) {problem}.",
        hint=f"Update {package} or uninstall it.",
    )
