"""The base of a provider: one kind of endpoint, with everything particular to it in one file.

A new provider is a module in this folder with a subclass of :class:`Provider`; it needs no
registration. :class:`extractor.testing.FakeModel` is the smallest one.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from extractor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from extractor.llm.answer import Request
    from extractor.llm.batches import BatchApi
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.faults import Fault
    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Reply, Transport


class Provider(ABC):
    """How to reach a model (`open`), how to ask it (`endpoint`), what its errors mean (`fault`)."""

    fallback: ClassVar[bool] = False
    """Whether it is tried only after every other provider has declined the model's name."""

    endpoint: Endpoint
    """Which model answers, and how to ask it."""

    opening: Request | None = None
    """What all requests of the task begin with, as a request, where the approach knows it; set
    before `open`. An engine may read it in advance."""

    time_limit: Callable[[float], AbstractAsyncContextManager[object]] = staticmethod(
        asyncio.timeout
    )
    """Limits the wait for one reply, by default to so many seconds.

    Raises TimeoutError, or EndpointError if no other request would be answered either.
    """

    @classmethod
    def create(cls, settings: ModelSettings) -> Provider | None:  # noqa: ARG003
        """The provider for these settings, or None if it does not serve the model.

        Raises UsageError if the settings contradict each other. Opens nothing.
        """
        return None

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[Transport]:
        """Connect; entered at the first request, and left at the end of the run.

        Raises an ExtractorError, such as AuthenticationFailed for a missing key.
        """

    def open_batches(self) -> AbstractAsyncContextManager[BatchApi]:
        """Connect to its batches, where it has them. Raises UsageError where it has none."""
        raise UsageError(
            f"{self.endpoint.model} has no batches: it runs in this process.",
            hint="Leave out --batch, or name a hosted model with --model.",
        )

    def fault(self, reply: Reply) -> Fault:
        """What a status other than 200 means, or an error in place of an answer with status 200."""
        from extractor.llm.faults import failed_reply

        return failed_reply(reply, self.endpoint)
