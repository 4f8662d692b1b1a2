"""Providers: where answers come from. One file for each kind of endpoint; none is registered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from extractor.discovery import concrete_classes
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
    found = concrete_classes(__name__, Provider)
    return tuple(sorted(found, key=lambda kind: (kind.fallback, kind.__name__)))
