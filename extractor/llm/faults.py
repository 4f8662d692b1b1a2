"""What a failed try means: maps statuses, broken connections and invalid replies to our errors."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from extractor import errors
from extractor.llm.complaint import Complaint, read_complaint
from extractor.llm.limits import parse_duration

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from extractor.llm.answer import Usage
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.transport import NoReply, Reply

_LONGEST_MESSAGE = 300
_OVERLOADED = {429, 503, 529}
SUCCESSES = range(200, 300)
"""The statuses of answers; gateways make 200 another one."""
_UNNAMED = 0
"""Stands for the status of an error in a reply with status 200 that names none."""


class _Meaning(NamedTuple):
    """An error, and when it is meant: under any of ``statuses``, whatever is said; or when
    ``says`` is found in the codes and words under any of ``with_statuses``, or under no status.
    """

    error: type[errors.ExtractorError]
    what: str
    statuses: Container[int] = ()
    says: str = "(?!)"
    with_statuses: Container[int] = ()
    hint: str | None = None


_LESS = "If its answer has too many tokens, lower --answer-tokens."

_REJECTED = "{where} rejects the request: {said}."
_NO_QUOTA = "{where} has no quota left for now: {said}."
_NO_MONEY = "{where} requires payment: {said}."
_TOO_LONG = "{where} says that the abstract is too long: {said}."
# The statuses under which providers write of the account.
_ACCOUNT = {400, 401, 403, 412, 429}
_MEANINGS = (
    _Meaning(
        errors.QuotaSpent,
        _NO_QUOTA,
        # A limit per minute is waited out, even if the one per day is mentioned.
        says=r"^(?!.*(per[ _-]?(min|sec)|/ ?min|\b[RT]PM\b))"
        r".*(daily|weekly|monthly|(per|by|/) ?[_-]?(day|week|month)|per (86,?400|24)|\b[RT]PD\b"
        r"|\b(today|tomorrow)\b|call volume quota)",
        with_statuses={403, 429},
    ),
    _Meaning(
        errors.QuotaSpent,
        _NO_QUOTA,
        says=r"^(?!.*\b(retry|again) (in|after) \d)"
        r".*((reached|exceeded|hit)\b.{0,40}usage limit|regain access)",
        with_statuses=_ACCOUNT,
    ),
    _Meaning(
        errors.AuthenticationFailed,
        _NO_MONEY,
        {402},
        # Gemini says "exceeded your current quota" of each minute, and when to try again.
        says=r"insufficient[ _-]?(quota|credit|balance|funds)|payment[ _]required|arrearage"
        r"|billing[ _](hard[ _]limit|(is )?(not[ _](active|enabled)|disabled))|enable billing"
        r"|balance (is )?(too low|insufficient)|余额不足|欠费"
        r"|(add|no|any|out of|available|included) (more )?credits\b"
        r"|credits?[ _](limit|(\w+ )?(depleted|exhausted|expired|used up))|spend(ing)?[ _]limit"
        r"|(?<!thinking[ _])budget[ _]((has been|is|was) )?exceeded|free tier.{0,40}exhausted"
        r"|exceeded[ _].{0,20}current[ _]quota(?!.*\b(retry|again)\b)",
        with_statuses=_ACCOUNT,
        hint="Check the account's credit.",
    ),
    _Meaning(
        errors.AuthenticationFailed,
        "{where} does not serve this account: {said}.",
        says=r"(account|organi[sz]ation|subscription|project|workspace|team)\b.{0,40}"
        r"\b(is|been|was) (suspended|restricted|deactivated|disabled|inactive|not active|blocked)"
        r"(?! to\b)|organi[sz]ation_restricted|must be verified"
        r"|(country|region|territory|location)( is)? not supported",
        with_statuses=_ACCOUNT,
        hint="Ask the provider about the account.",
    ),
    _Meaning(
        errors.InvalidResponse,
        "{where} says that the answer does not fit: {said}.",
        says="json_validate_failed|tool_use_failed|failed_generation",
        with_statuses={400, 422},
    ),
    _Meaning(
        errors.Refused,
        "{where} refuses the abstract: {said}.",
        says=r"content.?(filter|management|policy|inspection)|data.?inspection|moderation|flagged"
        r"|content.{0,10}\brisk|high risk|inappropriate|prohibited.?content|harmful"
        r"|violat\w+.{0,30}(polic|guideline|terms)|敏感|不安全",
        with_statuses={400, 403, 422, 451},
    ),
    _Meaning(
        errors.AuthenticationFailed,
        "{where} rejects the API key: {said}.",
        {401, 403},
        says=r"(invalid|incorrect|wrong|missing|expired|no)[ _](api|auth\w*)[ _-]?(key|token)"
        r"|api[ _-]?key.{0,20}(invalid|not valid|not found|expired|required)|unauthenticated"
        r"|unauthori[sz]ed|authentication[ _](error|failed)",
        with_statuses={400},
    ),
    _Meaning(
        errors.TooLong,
        _TOO_LONG,
        {413},
        # Groq compares the limit of the answer, which is too high, with the context.
        says=r"^(?!.*max_(completion_)?tokens\W{0,3}must be less)"
        r".*(context.{0,3}(length|size|window|limit)|too many tokens)",
        with_statuses={400, 422, 500},
        hint=_LESS,
    ),
    _Meaning(
        errors.TooLong,
        _TOO_LONG,
        # vLLM counts the tokens that the abstract leaves for the answer. OpenAI names the place of
        # an error in a schema its context.
        says=r"^(?!.*(max_(completion_)?tokens|schema|grammar|context=))"
        r".*(context|too long|maximum.{0,20}tokens|exceed.{0,20}(size|length)"
        r"|inputs?\W.{0,40}tokens|longer than the max)"
        r"|max_(completion_)?tokens.{0,40}at least 1, got -",
        with_statuses={400, 422},
        hint=_LESS,
    ),
    _Meaning(
        errors.TooLong,
        _TOO_LONG,
        # More tokens than a whole minute allows: waiting does not help.
        says=r"request too large|tokens must be reduced",
        with_statuses={429},
        hint=_LESS,
    ),
    _Meaning(
        errors.UnknownModel,
        "{where} does not know the model {model!r}: {said}.",
        {404},
        says=r"model[ _]not[ _](found|exist|available)|(no such|unknown|invalid)[ _]model\b"
        r"|DeploymentNotFound|decommissioned|model: unknown variant"
        r"|unable to access (\S+ )?model|no models? (is |are )?loaded"
        r"|models?:? ?\S{1,99} (does not exist|(is |was )?not found)",
        with_statuses={400, 422},
    ),
    _Meaning(errors.RateLimited, "{where} has a rate limit: {said}.", {429}),
    _Meaning(
        errors.ServerFailed,
        "{where} failed: {said}.",
        {_UNNAMED, 408, 409, 425, 498, 499, *range(500, 1000)},
        says=r"model has crashed",
        with_statuses={400},
    ),
    _Meaning(
        errors.RequestRejected,
        "{where} redirects to another address.",
        range(300, 400),
        hint="Give the address that it redirects to with --base-url.",
    ),
    _Meaning(errors.RequestRejected, _REJECTED, range(1000)),
)
_RATE = re.compile(r"rate.?limit|too many requests|resource.?exhausted|quota", re.I)
_BUSY = re.compile(r"overloaded|unavailable|capacity", re.I)


@dataclass(eq=False)
class Fault(Exception):
    """One try that failed.

    ``error`` is what it means. ``wait`` is the seconds that the server asks to wait for.
    ``overloaded`` says that the server asks for fewer requests overall. ``alone`` is what the error
    means if others are answered: what reads like a refused key or an unknown model may concern this
    one paper (a firewall that blocks an abstract). ``billed`` says that the try may have been
    charged for although its tokens are not known. ``shared`` says that other requests fail as well.
    ``resend`` says that the request is sent again in another form, which is no try of its own.
    ``other`` is the request (JSON) as the refusal asks for it, and ``reversible`` whether another
    backend may ask for it as it was. ``complaint`` is what the provider says, where it said
    anything.
    """

    error: errors.ExtractorError
    wait: float | None = None
    overloaded: bool = False
    alone: errors.RequestRejected | None = None
    billed: bool = False
    usage: Usage | None = None
    shared: bool = False
    resend: bool = False
    other: bytes | None = None
    reversible: bool = False
    complaint: Complaint = field(default_factory=Complaint)

    def keep_form(self, other: bytes | None) -> bytes | None:
        """The form of the next try: the ``other`` one that was sent, if any.

        If each backend in turn refuses the form of the one before, one of them answers.
        """
        if other is None:
            return self.other
        if self.resend:  # to the form of all requests, which was refused
            self.resend, self.reversible, self.other = False, True, other
        return other

    @property
    def unfit(self) -> bool:
        """Whether the endpoint itself found the model's answer not to fit, and kept it."""
        return isinstance(self.error, errors.InvalidResponse)

    @property
    def retryable(self) -> bool:
        """Whether the request should be sent again."""
        return self.error.retryable or self.resend or self.unfit or self.other is not None


def timed_out(endpoint: Endpoint) -> Fault:
    """The fault of a try without a complete reply in time."""
    return Fault(errors.TimedOut(f"{endpoint.address} did not answer in time."), billed=True)


def no_reply(error: NoReply, endpoint: Endpoint) -> Fault:
    """The fault of a try whose connection failed."""
    reason = errors.one_line(str(error).rstrip("."))
    lost = errors.ConnectionLost(f"The connection to {endpoint.address} failed: {reason}.")
    return Fault(lost, billed=error.sent)


def strange_reply(what: str, endpoint: Endpoint) -> Fault:
    """The fault of a reply with status 200 that is not an answer."""
    return Fault(errors.ServerFailed(f"{endpoint.address} answered with {what}."), billed=True)


def failed_reply(reply: Reply, endpoint: Endpoint) -> Fault:
    """The fault of a reply with an error status, or with an error in place of an answer."""
    complaint = read_complaint(reply.content)
    if reply.status in SUCCESSES and not (complaint.words or complaint.status):
        return strange_reply("no chat completion", endpoint)
    text = " ".join((*complaint.codes, complaint.words))
    status = _status(reply, complaint, text)
    meant = next(meaning for meaning in _MEANINGS if _is_meant(meaning, status, text))
    said = {
        "where": f"{endpoint.address} (HTTP {status or reply.status})",
        "said": complaint.words[:_LONGEST_MESSAGE] or "no explanation",
        "model": endpoint.model,
    }
    ambiguous = meant.error is errors.UnknownModel or (status == 403 and 403 in meant.statuses)
    wait = parse_retry_after(reply.headers, now=time.time()) if meant.error.retryable else None
    return Fault(
        meant.error(meant.what.format_map(said), hint=meant.hint),
        wait=complaint.wait if wait is None and meant.error.retryable else wait,
        overloaded=meant.error.retryable and status in _OVERLOADED,
        alone=errors.RequestRejected(_REJECTED.format_map(said)) if ambiguous else None,
        billed=meant.error is errors.InvalidResponse,
        complaint=complaint,
    )


def _status(reply: Reply, complaint: Complaint, text: str) -> int:
    """The reply's status; within a success, the one that the error names or describes."""
    if reply.status not in SUCCESSES:
        return reply.status
    if complaint.status is not None:
        return complaint.status
    return 429 if _RATE.search(text) else 503 if _BUSY.search(text) else _UNNAMED


def _is_meant(meaning: _Meaning, status: int, text: str) -> bool:
    if status in meaning.statuses:
        return True
    said_here = status in meaning.with_statuses or status == _UNNAMED
    return said_here and re.search(meaning.says, text, re.IGNORECASE) is not None


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that a server asks to wait: Retry-After-Ms, else Retry-After (seconds, "1m2.5s" or
    a date).

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
        return parse_duration(value) or None


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
