"""A transport carries one request body to the model, and the reply back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; ``content`` is None if it exceeds the transport's limit."""

    status: int
    headers: Mapping[str, str]
    content: bytes | None


class NoReply(Exception):
    """The connection failed; ``sent`` says whether the request may have arrived."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Transport(Protocol):
    """What a provider opens; :mod:`extractor.llm.http_transport` has the usual one."""

    async def send(self, path: str, content: bytes) -> Reply:
        """Post a request body (JSON) to a path such as ``/chat/completions``.

        Returns the reply whatever its status, without the API key that it may echo
        (:mod:`extractor.llm.redaction`). Raises NoReply if there is none.
        """
        ...
