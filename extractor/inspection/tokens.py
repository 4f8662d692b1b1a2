"""Approximate token counts of texts, requests and answers, by a rule, without a tokeniser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_ERROR = 0.03
"""The relative error of the rule in a sum over many English texts.

Measured against the tokenisers of Qwen2.5 and of OpenAI's models (o200k, cl100k) on 1,963 titles
and abstracts: 1.2 % for the sum, at most 8 % for nine papers out of ten. For prompts, JSON Schema
and compact JSON it is 4 %. For texts in other languages it can reach a third.
"""

_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]+|_")
_LONG_WORD = 10
_MESSAGE_TOKENS = 5  # what a chat template puts around a message
_WORDS, _NUMBER, _ITEMS = "five words in a row", 12.5, 3
_DEPTH = 6


def count_tokens(text: str) -> int:
    """The approximate number of tokens in a text; see `TOKEN_ERROR`.

    A word counts as one token, or two from eleven letters on; so does each digit, and each run of
    up to three punctuation marks. In other alphabets three letters make one token; in Chinese,
    Japanese and Korean five characters make three.
    """
    return sum(map(_piece_tokens, _PIECE.findall(text)))


def _piece_tokens(piece: str) -> int:
    if piece.isascii():
        return 1 + (len(piece) > _LONG_WORD) if piece[0].isalnum() else -(-len(piece) // 3)
    return -(-len(piece) * 3 // 5) if piece[0] >= "\u2e80" else -(-len(piece) // 3)


def request_tokens(body: Mapping[str, Any], *, schema_is_read: bool) -> tuple[int, int]:
    """The prompt tokens of a request: those before its last message, and those of the last.

    ``schema_is_read``: the JSON Schema in the request counts too. It does not where the server
    only constrains decoding with it.
    """
    *fixed, last = (_MESSAGE_TOKENS + count_tokens(text) for text in request_texts(body))
    schema = answer_schema(body) if schema_is_read else None
    return sum(fixed) + (count_tokens(_compact(schema)) if schema else 0), last


def request_texts(body: Mapping[str, Any]) -> list[str]:
    """The texts of a request in order: its messages, or the prompt of a plain completion."""
    if "messages" in body:
        return [str(message["content"]) for message in body["messages"]]
    return [str(body["prompt"])]


def answer_schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema that the answer to a request must follow, if it has one."""
    if body.get("tools"):
        schema = body["tools"][0]["function"]["parameters"]
    else:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return schema if schema is None else dict(schema)


def answer_tokens(schema: Mapping[str, Any], limit: int | None = None) -> tuple[int, int]:
    """The tokens of an answer in which nothing was found, and of one with every field filled in.

    The latter has five words in each text and three items in each list. Neither exceeds ``limit``.
    """
    answers = (_compact(_example(schema, schema, full)) for full in (False, True))
    empty, full = (min(count_tokens(answer), limit or 2**31) for answer in answers)
    return empty, full


def _example(schema: Mapping[str, Any], root: Mapping[str, Any], full: bool, depth: int = 0) -> Any:
    """A value that fits the schema, as empty or as full as it may be."""
    if "$ref" in schema:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    if depth > _DEPTH:
        return None
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        options = schema["anyOf"]
        if not full and any(option.get("type") == "null" for option in options):
            return None
        return _example(options[0], root, full, depth + 1)
    if schema.get("type") == "object":
        parts = schema.get("properties", {}).items()
        return {name: _example(part, root, full, depth + 1) for name, part in parts}
    if schema.get("type") == "array":
        item = _example(schema.get("items", {}), root, full, depth + 1) if full else None
        return [item] * _ITEMS if full else []
    return {"string": _WORDS, "number": _NUMBER, "integer": 12, "boolean": False}.get(
        str(schema.get("type"))
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
