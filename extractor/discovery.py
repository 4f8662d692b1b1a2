"""Modules that are found by lying in their package's folder, and the classes that they define."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def concrete_classes(package: ModuleType, base: type[Any]) -> list[type[Any]]:
    """The classes under ``base`` that the package's modules define and that can be made."""
    found: list[type[Any]] = []
    for info in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, base)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ]
    return found
