"""What is found by lying in its package's folder: modules, and the classes that they define."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def module_names(package: str) -> list[str]:
    """The modules of a package's folder, except those named with an underscore."""
    found = pkgutil.iter_modules(import_module(package).__path__)
    return [info.name for info in found if not info.name.startswith("_")]


def public_modules(package: str) -> Iterator[ModuleType]:
    """Import the modules that `module_names` finds, in turn."""
    return (import_module(f"{package}.{name}") for name in module_names(package))


def concrete_classes(package: str, base: type[Any]) -> list[type[Any]]:
    """The classes under ``base`` that the package's modules define and that can be made."""
    return [
        value
        for module in public_modules(package)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
