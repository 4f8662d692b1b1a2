"""A streamed reply, put together as the completion that it would have been otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONTINUED = {"content", "arguments", "reasoning_content", "reasoning", "refusal"}
_DATA, _DONE = b"data:", b"[DONE]"


def joined(content: bytes) -> dict[str, Any]:
    """The chat completion that a stream of events (``data: {...}``) adds up to.

    An event that reports an error is returned as it is. Raises ValueError when it is no such
    stream, or one that ended early; KeyError, TypeError or AttributeError when an event is odd.
    """
    message: dict[str, Any] = {"role": "assistant"}
    choice: dict[str, Any] = {
        "index": 0,
        "message": message,
        "finish_reason": None,
        "logprobs": None,
    }
    completion: dict[str, Any] = {"choices": [choice]}
    ended = False
    for data in _events(content):
        if data == _DONE:
            ended = True
            continue
        event = from_json(data)
        if event.get("error"):
            return dict(event)
        completion |= {"usage": event["usage"]} if event.get("usage") else {}
        for part in event.get("choices") or ():
            if part.get("index", 0) == 0:
                _add(message, part.get("delta") or {"content": part.get("text")})
                choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
                _add_logprobs(choice, part.get("logprobs"))
    if not ended and choice["finish_reason"] is None:
        raise ValueError("no end of a stream")
    return completion


def _events(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        if line.startswith(_DATA):
            yield line.removeprefix(_DATA).strip()


def _add_logprobs(choice: dict[str, Any], logprobs: Any) -> None:
    """Add what one event tells of its tokens."""
    known = choice["logprobs"]
    if known and isinstance(known.get("content"), list) and isinstance(logprobs, dict):
        known["content"] += logprobs.get("content") or ()
    else:
        choice["logprobs"] = logprobs or known


def _add(whole: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add a part of a message: texts are continued, tool calls are told apart by their index."""
    for name, value in delta.items():
        if name == "tool_calls":
            calls = whole.setdefault(name, [])
            for call in value or ():
                number = min(call.get("index", 0), len(calls))
                calls += [{"function": {}}] if number == len(calls) else []
                _add(calls[number], call)
        elif isinstance(value, dict):
            _add(whole.setdefault(name, {}), value)
        elif name in _CONTINUED:
            whole[name] = whole.get(name, "") + (value or "")
        elif value:
            whole[name] = value
