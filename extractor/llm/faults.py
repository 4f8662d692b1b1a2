"""What a failed try means: maps statuses, broken connections and invalid replies to our errors."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.llm.answer import Usage
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.transport import NoReply, Reply

_LONGEST_MESSAGE = 300
_CONTEXT = re.compile(r"context|too long|maximum.{0,20}tokens|exceed.{0,20}(size|length)", re.I)
_FILTER = re.compile(r"content.?(filter|management|policy)|moderation|flagged", re.I)
_UNFIT = re.compile(r"json_validate_failed|tool_use_failed|failed_generation", re.I)
_OVERLOADED = {429, 503, 529}
_UNPAID = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}


@dataclass(eq=False)
class Fault(Exception):
    """One try that failed.

    ``error`` is what it means. ``wait`` is the seconds that the server asks to wait for.
    ``overloaded`` says that the server asks for fewer requests overall. ``ambiguous`` says that
    what reads like a refused key or an unknown model may concern this one paper (a firewall that
    blocks an abstract). ``billed`` says that the try may have been charged for although its
    tokens are not known. ``shared`` says that other requests fail as well. ``resend`` says that the
    request is sent again in another form, which is no try of its own.
    """

    error: errors.ExtractorError
    wait: float | None = None
    overloaded: bool = False
    ambiguous: bool = False
    billed: bool = False
    usage: Usage | None = None
    shared: bool = False
    resend: bool = False

    @property
    def unfit(self) -> bool:
        """Whether the endpoint itself found the model's answer not to fit, and kept it."""
        return isinstance(self.error, errors.InvalidResponse)

    @property
    def retryable(self) -> bool:
        """Whether the request should be sent again."""
        return self.error.retryable or self.resend or self.unfit


def timed_out(endpoint: Endpoint) -> Fault:
    """The fault of a try without a complete reply in time."""
    return Fault(errors.TimedOut(f"{endpoint.address} did not answer in time."), billed=True)


def no_reply(error: NoReply, endpoint: Endpoint) -> Fault:
    """The fault of a try whose connection failed."""
    reason = errors.one_line(str(error).rstrip("."))
    lost = errors.ConnectionLost(f"The connection to {endpoint.address} failed: {reason}.")
    return Fault(lost, billed=error.sent)


def strange_reply(what: str, endpoint: Endpoint, usage: Usage | None = None) -> Fault:
    """The fault of a reply with status 200 that is not an answer."""
    error = errors.ServerFailed(f"{endpoint.address} answered with {what}.")
    return Fault(error, billed=usage is None, usage=usage)


def failed_reply(reply: Reply, endpoint: Endpoint) -> Fault:
    """The fault of a reply with an error status."""
    error = _status_error(reply, endpoint)
    wait = parse_retry_after(reply.headers, now=time.time()) if error.retryable else None
    return Fault(
        error,
        wait=wait,
        overloaded=error.retryable and reply.status in _OVERLOADED,
        ambiguous=reply.status in (403, 404) and isinstance(error, errors.EndpointError),
        billed=isinstance(error, errors.InvalidResponse),
    )


def _status_error(reply: Reply, endpoint: Endpoint) -> errors.ExtractorError:
    status, (said, code) = reply.status, _explanation(reply)
    where = f"{endpoint.address} (HTTP {status})"
    if status == 402 or code in _UNPAID:
        return errors.AuthenticationFailed(
            f"{where} requires payment: {said}.", hint="Check the account's credit."
        )
    if status in (400, 422) and _UNFIT.search(f"{code} {said}"):
        return errors.InvalidResponse(f"{where} says that the answer does not fit: {said}.")
    if status in (400, 403, 422) and _FILTER.search(f"{code} {said}"):
        return errors.Refused(f"{where} refuses the abstract: {said}.")
    if status in (401, 403):
        return errors.AuthenticationFailed(f"{where} rejects the API key: {said}.")
    if status == 404:
        return errors.UnknownModel(f"{where} does not know the model {endpoint.model!r}: {said}.")
    if status == 429:
        return errors.RateLimited(f"{where} has a rate limit: {said}.")
    if status in (408, 409, 425) or status >= 500:
        return errors.ServerFailed(f"{where} failed: {said}.")
    return _rejection(status, where, said)


def _rejection(status: int, where: str, said: str) -> errors.PaperError:
    if status == 413 or _CONTEXT.search(said):
        return errors.TooLong(f"{where} says that the abstract is too long: {said}.")
    if 300 <= status < 400:
        hint = "Give the address that it redirects to with --base-url."
        return errors.RequestRejected(f"{where} redirects to another address.", hint=hint)
    return errors.RequestRejected(f"{where} rejects the request: {said}.")


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that a server asks to wait: Retry-After-Ms, else Retry-After (seconds or a date).

    An invalid value counts as absent.
    """
    if (milliseconds := _finite(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := _finite(value)) is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _explanation(reply: Reply) -> tuple[str, str]:
    """The server's message, in one short line, and its code."""
    body: Any = None
    with suppress(ValueError):
        body = from_json(reply.content or b"")
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        error = {"message": error}
    said = error.get("message") or error.get("detail")
    text = errors.one_line(said).rstrip(".") if isinstance(said, str) else ""
    return text[:_LONGEST_MESSAGE] or "no explanation", str(error.get("code") or "")
