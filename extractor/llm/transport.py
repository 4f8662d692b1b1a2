"""A transport carries one request body to whoever answers, and the reply back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``content`` is None where it exceeds the transport's limit."""

    status: int
    headers: Mapping[str, str]
    content: bytes | None


class NoReply(Exception):
    """The connection failed; ``sent`` says whether the request may have arrived."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Transport(Protocol):
    """What a provider opens: see :mod:`extractor.llm.http_transport` for the usual one."""

    async def send(self, path: str, content: bytes) -> Reply:
        """Post a request body (JSON) to a path such as ``/chat/completions``.

        Whatever the reply's status, it is returned. Raises NoReply where there is none.
        """
        ...
