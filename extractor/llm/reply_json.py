"""JSON of a reply that is not quite JSON, as far as Python reads it: the reply is paid for."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json


def read_damaged_json(content: bytes) -> Any:
    """The value in a reply's bytes. Raises ValueError if they are not JSON.

    A byte order mark, bytes that are not UTF-8, control characters in a string and half of a
    surrogate pair do not make a reply unreadable.
    """
    try:
        value = json.loads(content.decode("utf-8-sig", errors="replace"), strict=False)
        whole = json.dumps(value, ensure_ascii=False).encode(errors="ignore")
    except RecursionError as error:
        raise ValueError("It is nested too deeply.") from error
    return from_json(whole)
