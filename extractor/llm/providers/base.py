"""The base of a provider: one kind of endpoint, with everything particular to it in one file.

A new provider is a module in this folder with a subclass of :class:`Provider`; it is found by
itself. :class:`extractor.testing.FakeModel` is the smallest one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.faults import Fault
    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Reply, Transport


class Provider(ABC):
    """How to reach a model (`open`), how it is asked (`endpoint`), how it refuses (`fault`)."""

    fallback: ClassVar[bool] = False
    """Whether it is asked only where no other provider knows the model's name."""

    endpoint: Endpoint
    """Who answers and how it is asked."""

    @classmethod
    def create(cls, settings: ModelSettings) -> Provider | None:  # noqa: ARG003
        """The provider for these settings, None where the model's name is not one of its own.

        Raises UsageError where the settings contradict each other. Nothing is opened yet.
        """
        return None

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[Transport]:
        """Connect; entered when the first question is put, and left when the run is over.

        Raises an ExtractorError, such as AuthenticationFailed for a missing key.
        """

    def fault(self, reply: Reply) -> Fault:
        """What a reply with another status than 200 means; by default as OpenAI words it."""
        from extractor.llm.faults import failed_reply

        return failed_reply(reply, self.endpoint)
