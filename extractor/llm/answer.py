"""A request to a model, and a paid answer as it is stored: the raw message and what it cost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json, to_json

from extractor.llm.token_logprobs import UnsureToken, unsure_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping


_MOST_TOKENS = 2**31
_TEXT_PARTS = ("text", "output_text")
CHAT, COMPLETION = "/chat/completions", "/completions"

# Of OpenAI, and of others behind the same API.
_CUT = {"length", "max_tokens", "model_length", "max_output_tokens"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request body (JSON values) and the path of the API that it goes to.

    The model and the limit of the answer are added when it is sent: ``limit`` tokens, by default
    the endpoint's. With ``token_logprobs`` the endpoint is asked for those of the answer's tokens,
    if it is known to tell them.
    """

    body: Mapping[str, Any]
    path: str = CHAT
    limit: int | None = None
    token_logprobs: bool = False


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
        """The token counts in a chat completion (the endpoint's JSON); zero where it has none."""
        usage = completion.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        details = usage.get("prompt_tokens_details")
        return cls(
            prompt_tokens=_tokens(usage.get("prompt_tokens")),
            cached_tokens=_tokens(details.get("cached_tokens")) if isinstance(details, dict) else 0,
            completion_tokens=_tokens(usage.get("completion_tokens")),
            tries=tries,
        )

    def __add__(self, other: Usage) -> Usage:  # type: ignore[override]  # of numbers, not of tuples
        return Usage(*map(add, self, other))


@dataclass(frozen=True, slots=True)
class Answer:
    """The first choice of a completion.

    ``message`` is the raw assistant message, ``logprobs`` the log probabilities of a text
    completion where they were asked for, ``paid_at`` the Unix time in seconds at which the answer
    arrived, ``cached`` whether it came from the store, and ``earlier`` whether an earlier attempt
    at this run paid for it. ``unsure`` are the tokens of a chat's ``text`` that the model was not
    sure of; None if the endpoint does not tell.
    """

    message: Mapping[str, Any]
    finish_reason: str | None
    usage: Usage
    paid_at: float
    logprobs: Mapping[str, Any] | None = None
    cached: bool = False
    unsure: tuple[UnsureToken, ...] | None = None
    earlier: bool = False

    @property
    def tool(self) -> str | None:
        """The name of the first tool that the model called, if any; empty if it has none."""
        calls = self.message.get("tool_calls") or ()
        return str(calls[0]["function"].get("name") or "") if calls else None

    @property
    def cut(self) -> bool:
        """Whether it ended at its token limit."""
        return (self.finish_reason or "").lower() in _CUT

    @property
    def said(self) -> str:
        """The arguments of the model's tool call, else its content."""
        calls = self.message.get("tool_calls") or ()
        arguments = calls[0]["function"].get("arguments") if calls else None
        return str(arguments or self.message.get("content") or "")

    @property
    def text(self) -> str:
        """What the model wrote; some servers take the whole answer for the model's thoughts."""
        return self.said or str(self.message.get("reasoning_content") or "")

    def paid_in_this_run(self, *, earlier: bool) -> Answer:
        """The same answer, not ``cached``."""
        return replace(self, cached=False, earlier=earlier)

    def to_json(self) -> str:
        """One JSON object, as the store keeps it."""
        row = {
            "message": self.message,
            "finish_reason": self.finish_reason,
            "usage": self.usage,
            "paid_at": self.paid_at,
            "logprobs": self.logprobs,
        }
        return to_json(row if self.unsure is None else {**row, "unsure": self.unsure}).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Answer:
        """Read a stored answer. Raises ValueError, KeyError or TypeError when it is damaged."""
        row = from_json(text)
        usage = Usage(*row["usage"])
        unsure = row.get("unsure")
        if not (isinstance(row["message"], dict) and {int}.issuperset(map(type, usage))):
            raise TypeError("a stored answer has a message and numbers")
        return cls(
            message=row["message"],
            finish_reason=row["finish_reason"],
            usage=usage,
            paid_at=float(row["paid_at"]),
            logprobs=row["logprobs"],
            cached=True,
            unsure=None if unsure is None else tuple(UnsureToken(*each) for each in unsure),
        )

    @classmethod
    def from_completion(cls, completion: Mapping[str, Any], *, tries: int, now: float) -> Answer:
        """Take the first choice of a completion, of a chat or of a text (the endpoint's JSON).

        Raises KeyError, IndexError, TypeError or ValueError when it has no such shape, or holds
        an error.
        """
        choice = completion["choices"][0]
        if choice.get("error") or completion.get("error"):
            raise ValueError("an error in place of an answer")
        is_chat = "message" in choice
        said = choice["message"] if is_chat else {"content": choice["text"]}
        finish, logprobs = choice.get("finish_reason"), choice.get("logprobs")
        answer = cls(
            message=_message({"content": said} if isinstance(said, str) else said),
            finish_reason=finish if isinstance(finish, str) else None,
            usage=Usage.from_completion(completion, tries=tries),
            paid_at=now,
            logprobs=None if is_chat else logprobs,
        )
        if not (is_chat and logprobs):
            return answer
        return replace(answer, unsure=unsure_tokens(logprobs, answer.text))


def _tokens(count: object) -> int:
    """A number of tokens; 0 if it is none that can be true."""
    if type(count) is int and 0 <= count < _MOST_TOKENS:
        return count
    with suppress(TypeError, ValueError, OverflowError):
        number = int(float(count))  # type: ignore[arg-type]  # anything that a server writes
        return number if 0 <= number < _MOST_TOKENS else 0
    return 0


def _message(said: Mapping[str, Any]) -> dict[str, Any]:
    """An assistant message in OpenAI's shape, of which servers deviate.

    Raises ValueError if it calls a tool in no readable way, and says nothing else.
    """
    message = {key: value for key, value in said.items() if value is not None}
    if not isinstance(content := message.get("content", ""), str):
        message["content"] = _text(content)
    if "tool_calls" not in message and "function_call" not in message:
        return message
    calls = message.pop("tool_calls", None) or message.pop("function_call", None)
    calls = calls if isinstance(calls, list) else [calls]
    whole = [call for call in map(_call, calls) if call is not None]
    if whole:
        message["tool_calls"] = whole
    elif "tool_calls" in said and said["tool_calls"] and not message.get("content"):
        raise ValueError("a call without a function")
    return message


def _text(content: Any) -> str:
    """The text of a message's content: its parts of text, or an object written as JSON."""
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else str(part.get("text") or "")
            for part in content
            if isinstance(part, str)
            or (isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS)
        )
    return to_json(content).decode()


def _call(call: Any) -> dict[str, Any] | None:
    """A call of a tool, whose function may be the call itself, and its arguments an object."""
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not function.keys() & {"name", "arguments"}:
        return None
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else to_json(arguments).decode()
    named = {"name": str(function.get("name") or ""), "arguments": arguments}
    return {"id": str(call.get("id") or "call"), "type": "function", "function": named}
