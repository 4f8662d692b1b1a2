"""Models: where answers come from. One file for each kind of provider.

``open_endpoint`` turns a model's name into an :class:`Endpoint` that answers for as long as
the context is open.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from extractor.llm.endpoint import Approach, Endpoint, Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from extractor.llm.settings import ModelSettings

__all__ = ["Approach", "Endpoint", "Mode", "open_endpoint"]


@asynccontextmanager
async def open_endpoint(settings: ModelSettings) -> AsyncIterator[Endpoint]:
    """Make the model answer: start the embedded one, or describe the hosted one.

    Raises :class:`WeightsError` when embedded weights cannot be had and :class:`UsageError`
    when the settings contradict each other.
    """
    if settings.embedded:
        from extractor.llm.providers.embedded import serve

        async with serve(settings) as endpoint:
            yield endpoint
    else:
        from extractor.llm.providers.hosted import describe

        yield describe(settings)
