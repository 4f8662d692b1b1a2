"""A request to a model, and a paid answer as it is stored: the raw message and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping


CHAT, COMPLETION = "/chat/completions", "/completions"


@dataclass(frozen=True, slots=True)
class Request:
    """A request body (JSON values) and the path of the API that it goes to."""

    body: Mapping[str, Any]
    path: str = CHAT


class Usage(NamedTuple):
    """Tokens of one answer, and the requests it took (failed tries included)."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    tries: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @classmethod
    def from_completion(cls, completion: Mapping[str, Any], *, tries: int) -> Usage:
        """The token counts in a chat completion (the endpoint's JSON); zero where it has none.

        Raises TypeError, ValueError or AttributeError when it has no such shape.
        """
        usage = completion.get("usage") or {}
        details = usage.get("prompt_tokens_details") or {}
        return cls(
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            cached_tokens=int(details.get("cached_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            tries=tries,
        )

    def __add__(self, other: Usage) -> Usage:  # type: ignore[override]  # of numbers, not of tuples
        return Usage(*map(add, self, other))


@dataclass(frozen=True, slots=True)
class Answer:
    """The first choice of a completion.

    ``message`` is the raw assistant message, ``logprobs`` the choice's log-probabilities where
    they were asked for, ``paid_at`` the Unix time in seconds at which the answer arrived, and
    ``cached`` whether it came from the store.
    """

    message: Mapping[str, Any]
    finish_reason: str | None
    usage: Usage
    paid_at: float
    logprobs: Mapping[str, Any] | None = None
    cached: bool = False

    @property
    def tool(self) -> str | None:
        """The name of the first tool that the model called, if any."""
        calls = self.message.get("tool_calls") or ()
        return str(calls[0]["function"].get("name")) if calls else None

    @property
    def text(self) -> str:
        """What the model wrote: the arguments of its tool call, else its content."""
        calls = self.message.get("tool_calls") or ()
        if calls:
            return str(calls[0]["function"].get("arguments") or "")
        return str(self.message.get("content") or "")

    def paid_in_this_run(self) -> Answer:
        """The same answer, not ``cached``."""
        return Answer(
            self.message, self.finish_reason, self.usage, self.paid_at, self.logprobs, cached=False
        )

    def to_json(self) -> str:
        """One JSON object, as the store keeps it."""
        return to_json(
            {
                "message": self.message,
                "finish_reason": self.finish_reason,
                "usage": self.usage,
                "paid_at": self.paid_at,
                "logprobs": self.logprobs,
            }
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Answer:
        """Read a stored answer. Raises ValueError, KeyError or TypeError when it is damaged."""
        row = from_json(text)
        usage = Usage(*row["usage"])
        if not (isinstance(row["message"], dict) and all(isinstance(n, int) for n in usage)):
            raise TypeError("a stored answer has a message and numbers")
        return cls(
            message=row["message"],
            finish_reason=row["finish_reason"],
            usage=usage,
            paid_at=float(row["paid_at"]),
            logprobs=row["logprobs"],
            cached=True,
        )

    @classmethod
    def from_completion(cls, completion: Mapping[str, Any], *, tries: int, now: float) -> Answer:
        """Take the first choice of a completion, of a chat or of a text (the endpoint's JSON).

        Raises KeyError, IndexError or TypeError when it has no such shape.
        """
        choice = completion["choices"][0]
        said = choice["message"] if "message" in choice else {"content": choice["text"]}
        message = {key: value for key, value in said.items() if value is not None}
        for call in message.get("tool_calls", ()):
            call["function"].get("arguments")  # else it is none
        return cls(
            message=message,
            finish_reason=choice.get("finish_reason"),
            usage=Usage.from_completion(completion, tries=tries),
            paid_at=now,
            logprobs=choice.get("logprobs"),
        )
