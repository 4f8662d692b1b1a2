"""What a failed request means: one function from openai's exceptions to our error tree."""

from __future__ import annotations

import json
import math
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import openai

from extractor import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.models import Endpoint

_LONGEST_MESSAGE = 300
_CONTEXT = re.compile(r"context|too long|maximum.{0,20}tokens|exceed.{0,20}(size|length)", re.I)
_FILTER = re.compile(r"content.?(filter|management|policy)", re.I)


def translate(error: Exception, endpoint: Endpoint) -> errors.ExtractorError:
    """The error of our tree for an exception that a request to ``endpoint`` raised."""
    if isinstance(error, errors.ExtractorError):
        return error
    if isinstance(error, (openai.APITimeoutError, TimeoutError)):
        return errors.TimedOut(f"{endpoint.address} gave no answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return errors.ConnectionLost(
            f"The connection to {endpoint.address} failed: {_cause(error)}."
        )
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, endpoint)
    return errors.ServerFailed(f"{endpoint.address} answered with something else than an answer.")


def _status_error(error: openai.APIStatusError, endpoint: Endpoint) -> errors.ExtractorError:
    status, said = error.status_code, _message(error, endpoint)
    where = f"{endpoint.address} (HTTP {status})"
    if status in (401, 403):
        return errors.AuthenticationFailed(f"{where} refuses the key: {said}.")
    if status == 404:
        return errors.UnknownModel(f"{where} does not know the model {endpoint.model!r}: {said}.")
    if status == 402 or error.code == "insufficient_quota":
        return errors.AuthenticationFailed(
            f"{where} wants to be paid: {said}.", hint="Check the account's credit."
        )
    if status == 429:
        return errors.RateLimited(f"{where} limits the rate: {said}.")
    if status in (408, 409, 425) or status >= 500:
        return errors.ServerFailed(f"{where} failed: {said}.")
    if _FILTER.search(said):
        return errors.Refused(f"{where} refuses the abstract: {said}.")
    if status == 413 or _CONTEXT.search(said):
        return errors.TooLong(f"{where} finds the abstract too long: {said}.")
    return errors.RequestRejected(f"{where} rejects the request: {said}.")


def retry_after(error: BaseException, *, now: float | None = None) -> float | None:
    """Seconds the server asks to wait, from Retry-After (seconds or a date), else None."""
    if not isinstance(error, openai.APIStatusError):
        return None
    return parse_retry_after(error.response.headers, now=time.time() if now is None else now)


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read Retry-After-Ms, then Retry-After; nonsense counts as absent."""
    milliseconds = _finite(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _finite(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None


def _finite(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _message(error: openai.APIStatusError, endpoint: Endpoint) -> str:
    """What the server said, in one short line, without the key it may have echoed."""
    body = error.body
    text = body.get("message") if isinstance(body, dict) else None
    if not isinstance(text, str):
        text = json.dumps(body) if isinstance(body, dict) else "no explanation"
    text = " ".join(text.split()).rstrip(".")
    if endpoint.api_key:
        text = text.replace(endpoint.api_key, "[key]")
    return text[:_LONGEST_MESSAGE]


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).rstrip(".") or type(error).__name__
