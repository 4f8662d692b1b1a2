"""JSON of a reply that is not quite JSON, as far as Python reads it: the reply is paid for."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

_NEW_LINES = ("\n", "\r\n")


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer, strict=False)


def read_damaged_json(content: bytes) -> Any:
    """The value in a reply's bytes. Raises ValueError if they are not JSON.

    A byte order mark, bytes that are not UTF-8, control characters in a string, half of a surrogate
    pair, a number of thousands of digits and lines behind an object do not make a reply unreadable.
    """
    text = content.decode("utf-8-sig", errors="replace").strip()
    try:
        value, end = _DECODER.raw_decode(text)
        if text[end:] and not (isinstance(value, dict) and text[end:].startswith(_NEW_LINES)):
            raise ValueError("There is more than one value.")
        whole = json.dumps(value, ensure_ascii=False).encode(errors="ignore")
    except RecursionError as error:
        raise ValueError("It is nested too deeply.") from error
    return from_json(whole)
