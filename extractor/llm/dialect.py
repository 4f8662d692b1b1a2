"""What an endpoint accepts, learned from what it refuses: one table of rules.

A refusal that names a field changes all later requests of the run. The store's keys are hashes of
the requests before these changes, so an answer is found again whatever has been learned by then.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

_Body: TypeAlias = dict[str, Any]

STATUSES = frozenset({400, 404, 422, 500, 501})
"""The statuses of refusals that may name a field; some servers answer 404 or 500 to tools."""

_LONGEST_REFUSAL = 2000
_UNKNOWN = (
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|deprecated|instead|extra inputs|"
    r"extra_forbidden|not (?:permitted|allowed|recogni[sz]ed|accepted)"
)
_REFUSED = (
    rf"{_UNKNOWN}|no endpoints|unavailable|not (?:available|enabled|implemented)|disabled|invalid|"
    r"requires|must|only|cannot|failed|locked"
)
_FORM = (
    r"\btools?\b|tool_\w+|\bfunctions?\b|function_\w+|response.?format|json.?(?:schema|object|mode)|"
    r"structured.?outputs?|grammar|guided"
)
_TOO_MANY = (
    r"too (?:large|high|big|many|long)|at most|less than|up to|maximum|exceed|valid range|"
    r"(?:greater|larger|more) than|<=|>"
)
_LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")
_LIMITS = [2**n for n in range(15, 7, -1)]
_SYSTEM = (
    r"(?:system|developer).{0,30}(?:role|message|prompt|instruction)|"
    r"role.{0,40}(?:system|developer)|\broles\b"
)


@dataclass(frozen=True, eq=False)
class Rule:
    """A refusal and its remedy: ``change`` alters a body in place, and says whether it did.

    ``remedy`` tells the user what is done in the whole run.
    """

    refusal: re.Pattern[str]
    change: Callable[[_Body], bool]
    remedy: str
    reversible: bool = False
    """Whether another rule changes it back, as backends of one endpoint may each ask for."""

    def rewritten(self, content: bytes) -> bytes:
        """A request body after the change."""
        body = from_json(content)
        self.change(body)
        return to_json(body)


@dataclass(frozen=True)
class Dialect:
    """The changes that a request body needs before an endpoint accepts it, as far as is known."""

    rules: tuple[Rule, ...] = ()

    def write(self, content: bytes) -> bytes:
        """The request body (JSON) as the endpoint accepts it."""
        body = from_json(content)
        for rule in self.rules:
            rule.change(body)
        return to_json(body)

    def changes(self, content: bytes) -> bool:
        """Whether a body that was sent would be another one now."""
        return bool(from_json(self.write(content)) != from_json(content))

    @staticmethod
    def remedy(content: bytes, refusal: bytes) -> Rule | None:
        """The rule that heeds the refusal of a body, None if none helps."""
        body = from_json(content)
        # A model's name may contain words such as "tool-use".
        model = rf"(?<!\w){re.escape(str(body['model']))}(?!\w)"
        said = re.sub(model, "", refusal[:_LONGEST_REFUSAL].decode(errors="replace"))
        for rule in _RULES:
            if rule.refusal.search(said) and rule.change(body):
                return rule
        return None


def _near(field: str, refused: str) -> re.Pattern[str]:
    """A field's name, and words that refuse it, in either order."""
    either = rf"(?:{field}).{{0,200}}?(?:{refused})|(?:{refused}).{{0,200}}?(?:{field})"
    return re.compile(either, re.IGNORECASE | re.DOTALL)


def _renamed(old: str, new: str) -> Callable[[_Body], bool]:
    def change(body: _Body) -> bool:
        if old not in body:
            return False
        body[new] = body.pop(old)
        return True

    return change


def _without(*fields: str) -> Callable[[_Body], bool]:
    def change(body: _Body) -> bool:
        there = body.keys() & fields
        for field in there:
            del body[field]
        return bool(there)

    return change


def _limited_to(most: int) -> Callable[[_Body], bool]:
    def change(body: _Body) -> bool:
        higher = {field: most for field in _LIMIT_FIELDS if body.get(field, 0) > most}
        body |= higher
        return bool(higher)

    return change


def _users_say_it_all(body: _Body) -> bool:
    """Put the text of system messages into the user's next message."""
    messages: list[_Body] = []
    for message in body.get("messages", ()):
        role = "user" if message["role"] in ("system", "developer") else message["role"]
        if messages and role == "user" == messages[-1]["role"]:
            messages[-1]["content"] += f"\n\n{message['content']}"
        else:
            messages.append({**message, "role": role})
    changed: bool = messages != body.get("messages", [])
    if changed:
        body["messages"] = messages
    return changed


def _schema_for_tools(body: _Body) -> bool:
    if not body.get("tools"):
        return False
    function = body.pop("tools")[0]["function"]
    body.pop("tool_choice", None)
    schema = {"description": function.get("description", ""), **function["parameters"]}
    form = {"name": function["name"], "schema": schema}
    body["response_format"] = {"type": "json_schema", "json_schema": form}
    return True


def _json_for_schema(body: _Body) -> bool:
    if body.get("response_format", {}).get("type") != "json_schema":
        return False
    schema = json.dumps(body["response_format"]["json_schema"]["schema"])
    body["response_format"] = {"type": "json_object"}
    _instruct(body, f"Answer with one JSON object that follows this JSON Schema:\n{schema}")
    return True


def _text_for_json(body: _Body) -> bool:
    if body.get("response_format", {}).get("type") != "json_object":
        return False
    del body["response_format"]
    _instruct(body, "Answer with the JSON object alone.")
    return True


def _instruct(body: _Body, text: str) -> None:
    body["messages"][0]["content"] += f"\n\n{text}"


def _streamed(body: _Body) -> bool:
    if body.get("stream"):
        return False
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    return True


_RULES = (
    Rule(
        _near(r"\bmax_tokens\b", _UNKNOWN),
        _renamed("max_tokens", "max_completion_tokens"),
        "the answer's limit is sent as max_completion_tokens",
        reversible=True,
    ),
    Rule(
        _near(r"\bmax_completion_tokens\b", _UNKNOWN),
        _renamed("max_completion_tokens", "max_tokens"),
        "the answer's limit is sent as max_tokens",
        reversible=True,
    ),
    Rule(
        _near(r"\btemp(?:erature)?\b", _REFUSED),
        _without("temperature"),
        "no temperature is sent",
    ),
    Rule(
        _near(r"\breasoning[_. ]?effort\b", _REFUSED),
        _without("reasoning_effort"),
        "no reasoning_effort is sent",
    ),
    Rule(
        _near(r"\b(?:top_)?logprobs\b", rf"{_REFUSED}|{_TOO_MANY}|allow"),
        _without("logprobs", "top_logprobs"),
        "no token probabilities are asked for, so that values have no confidence",
    ),
    Rule(
        _near(r"\bstream_options\b", _UNKNOWN),
        _without("stream_options"),
        "no stream_options are sent",
    ),
    Rule(
        _near(r"\bstream(?:ing|ed)?\b", rf"{_REFUSED}|enable"),
        _streamed,
        "answers are streamed",
    ),
    Rule(
        _near(_SYSTEM, _REFUSED),
        _users_say_it_all,
        "the system text is part of the user message",
    ),
    Rule(
        _near(_FORM, _REFUSED),
        _schema_for_tools,
        "the schema is sent as response_format json_schema instead of a tool",
    ),
    Rule(
        _near(_FORM, _REFUSED),
        _json_for_schema,
        "the schema is part of the prompt, with response_format json_object",
    ),
    Rule(
        _near(_FORM, _REFUSED),
        _text_for_json,
        "the schema is part of the prompt alone",
    ),
    *(
        Rule(
            _near(r"\bmax_(?:completion_)?tokens\b|(?:completion|output) tokens", _TOO_MANY),
            _limited_to(most),
            f"an answer has at most {most:,} tokens",
        )
        for most in _LIMITS
    ),
)
"""Tried in this order; of the forms in which a schema can be sent, a body has only one."""
