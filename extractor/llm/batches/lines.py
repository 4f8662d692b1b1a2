"""The lines of a batch's files: one request, or one result, each a JSON object.

The form is OpenAI's (https://platform.openai.com/docs/api-reference/batch), which vLLM's
``run-batch`` reads and writes as well. The ``custom_id`` of a request is its key in the store, so
that a result says by itself whose answer it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from extractor.errors import one_line
from extractor.llm.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINES, SIZE = 50_000, 200_000_000
"""The most lines and bytes of a file."""

_AGAIN = {408, 409, 425, 429}
# What OpenAI says of lines that it has not worked on.
_UNTRIED = {"batch_expired", "batch_cancelled"}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request: its answer, or why there is none, and whether it may come when it
    is asked for ``again``."""

    key: str
    answer: Answer | None
    error: str = ""
    again: bool = False


def request_line(key: str, path: str, content: bytes) -> bytes:
    """The line of a request to a path such as ``/chat/completions``, whose body is ``content``."""
    head = to_json({"custom_id": key, "method": "POST", "url": f"/v1{path}"})
    return head[:-1] + b',"body":' + content + b"}\n"


def read_results(lines: Iterable[bytes]) -> Iterator[Result]:
    """Yield the result of each line; one that is damaged, or answers no request, has no key."""
    for line in filter(bytes.strip, lines):
        try:
            row = from_json(line)
        except ValueError:
            row = None
        key = row.get("custom_id") if isinstance(row, dict) else None
        yield _result(key, row) if key and isinstance(key, str) else Result("", None, "no result")


def _result(key: str, row: dict[str, Any]) -> Result:
    response = row.get("response")
    response = response if isinstance(response, dict) else {}
    status, body, error = response.get("status_code"), response.get("body"), row.get("error")
    if not error and isinstance(body, dict):
        try:
            return Result(key, Answer.from_completion(body, tries=1, now=time.time()))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            error = body.get("error")
    told = error if isinstance(error, dict) else {"message": error}
    untried = told.get("code") in _UNTRIED
    failing = isinstance(status, int) and (status in _AGAIN or status >= 500)
    said = one_line(str(told.get("message") or told.get("code") or "no answer"))[:_LONGEST]
    return Result(key, None, said, again=untried or failing or status is None)
