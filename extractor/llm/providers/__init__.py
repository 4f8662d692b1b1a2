"""Providers: where answers come from. One file for each kind of endpoint; none is registered."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from extractor.llm.providers.base import Provider

if TYPE_CHECKING:
    from extractor.llm.settings import ModelSettings

__all__ = ["Provider", "provider_for"]


def provider_for(settings: ModelSettings) -> Provider:
    """The provider that serves the model of the settings.

    Raises UsageError if the settings contradict each other.
    """
    if isinstance(settings.model, Provider):
        return settings.model
    created = (kind.create(settings) for kind in _kinds())
    return next(provider for provider in created if provider is not None)


@cache
def _kinds() -> tuple[type[Provider], ...]:
    """Every provider in this folder; the one that accepts any name comes last."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    own = [kind for kind in Provider.__subclasses__() if kind.__module__.startswith(__name__)]
    return tuple(sorted(own, key=lambda kind: (kind.fallback, kind.__name__)))
