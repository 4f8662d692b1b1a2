"""Every error that Extractor raises, in one tree.

    ExtractorError
    ├── UsageError             the call itself is wrong: an unknown schema, a bad option
    │   └── ArgumentError      an argument that there is not, or of the wrong kind: a TypeError too
    ├── DumpError              a dump that cannot be read as a whole
    │   └── UnreadableRecord   one entry of a file of records: the others are read
    ├── WeightsError           an embedded model's weights are missing and cannot be downloaded
    ├── CacheError             the cache cannot be opened, read or written
    ├── OutputError            a result that cannot be written
    │   └── UnfitRecord        one record that its format cannot hold: the others are written
    ├── ClusterError           a Ray cluster cannot be reached, or failed
    ├── CeilingReached         the next request might exceed a ceiling: the run stops
    ├── EndpointError          the endpoint refuses every paper: the run stops
    │   ├── AuthenticationFailed
    │   ├── QuotaSpent         the quota of the day is spent
    │   ├── UnknownModel
    │   ├── EndpointUnreachable
    │   └── BatchFailed        the provider refuses a batch, or it was cancelled
    ├── AnswersAwaited         requests were written to files: their answers come from elsewhere
    └── PaperError             one paper cannot be extracted: the run continues
        ├── UnreadableEntry    a line or block of the dump
        ├── RateLimited        still rate limited after every retry
        ├── TimedOut
        ├── ConnectionLost
        ├── ServerFailed       5xx after every retry
        ├── RequestRejected    HTTP 400 and similar: asking again cannot help
        ├── TooLong            the abstract, or the answer, exceeds a limit
        ├── Refused            the model or a content filter declined
        ├── InvalidResponse    no valid record, even after asking again
        └── InternalError      something unexpected, in Extractor or in a schema's validator

Each class has a stable ``kind``, which is the ``error`` of a failures file, a
``hint`` that says what to do, and ``retryable``: whether the same request may
succeed later. Options are named as on the command line, or as in Python where that was called
(`extractor.option_names`).
"""

from __future__ import annotations

from typing import ClassVar

from extractor.option_names import as_typed


def resume_hint(how: str = "again") -> str:
    """What to do after a run that ended early; ``how`` completes "Run the same command ..."."""
    return f"Answers already paid for are kept. Run the same command {how} to continue."


def harmless(text: str) -> str:
    """Somebody else's text without line ends, and characters that a terminal would act on."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str) -> str:
    """Somebody else's text on one line, as `harmless`, with single spaces between its words."""
    return " ".join(harmless(text).split())


class ExtractorError(Exception):
    """The root of the tree. ``str(error)`` is one line: what happened, to what, and what to do."""

    kind: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = as_typed(message)
        self.hint = as_typed(self.hint if hint is None else hint)

    def __str__(self) -> str:
        return harmless(f"{self.message} {self.hint}".strip())


class UsageError(ExtractorError):
    """The call itself is wrong."""

    kind = "usage"


class ArgumentError(UsageError, TypeError):
    """An argument of the Python API that there is not, or that is of the wrong kind."""


class DumpError(ExtractorError):
    """A dump that cannot be read as a whole."""

    kind = "dump"


class UnreadableRecord(DumpError):
    """One entry of a file of records that is none; the others are read."""


class WeightsError(ExtractorError):
    """The weights of an embedded model are missing and cannot be downloaded."""

    kind = "weights"


class CacheError(ExtractorError):
    """The cache cannot be opened, read or written."""

    kind = "cache"


class OutputError(ExtractorError):
    """A result cannot be written."""

    kind = "output"


class UnfitRecord(OutputError):
    """One record has a value that the output's format cannot hold; the others are written."""

    kind = "unfit"
    hint = "Write JSON Lines; converted from there, columns follow the records."


class ClusterError(ExtractorError):
    """A cluster cannot be reached, or failed: what its workers stored is kept."""

    kind = "cluster"
    hint = resume_hint()

    @classmethod
    def of(cls, error: Exception) -> ClusterError:
        """What Ray raised, of whose message the last line tells most."""
        lines = [each for each in str(error).splitlines() if each.strip()]
        return cls(f"The cluster failed: {one_line(lines[-1] if lines else repr(error))[:300]}.")


class CeilingReached(ExtractorError):
    """The next request might exceed a ceiling, so the run stops."""

    kind = "ceiling"


class EndpointError(ExtractorError):
    """The endpoint refuses every paper, so the run stops."""

    kind = "endpoint"


class AuthenticationFailed(EndpointError):
    """The key is missing, wrong or revoked (HTTP 401 or 403)."""

    kind = "authentication"
    hint = "Set OPENAI_API_KEY to a key of this endpoint."


class QuotaSpent(EndpointError):
    """The quota of a day, a week or a month is spent: waiting within the run cannot help."""

    kind = "quota"
    hint = resume_hint("when there is a new quota")


class UnknownModel(EndpointError):
    """The endpoint does not know the model (HTTP 404)."""

    kind = "unknown_model"
    hint = "Check --model and --base-url."


class EndpointUnreachable(EndpointError):
    """Nothing answers at the endpoint's address."""

    kind = "unreachable"
    hint = "Check --base-url and the network."


class BatchFailed(EndpointError):
    """The provider refuses a batch, or it was cancelled."""

    kind = "batch"
    hint = "Answers already paid for are kept."


class AnswersAwaited(ExtractorError):
    """Requests were written to files; the run ends when their answers are there."""

    kind = "awaited"


class PaperError(ExtractorError):
    """One paper cannot be extracted; the run continues with the others.

    ``tries`` counts the requests that were sent for the paper, including failed ones.
    """

    kind = "paper"

    def __init__(self, message: str, *, hint: str | None = None, tries: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.tries = tries


class UnreadableEntry(PaperError):
    """A line or block of the dump that is not a paper; ``line`` counts from 1."""

    kind = "unreadable"

    def __init__(self, message: str, *, line: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class RateLimited(PaperError):
    """Still rate limited (HTTP 429) after every retry."""

    kind = "rate_limited"
    retryable = True
    hint = "Run the same command again later: finished papers are kept."


class TimedOut(PaperError):
    """No answer in time, after every retry."""

    kind = "timeout"
    retryable = True
    hint = "Run the same command again, or raise --timeout."


class ConnectionLost(PaperError):
    """The connection broke, after every retry."""

    kind = "connection"
    retryable = True
    hint = "Run the same command again: finished papers are kept."


class ServerFailed(PaperError):
    """The server failed (HTTP 5xx), after every retry."""

    kind = "server_error"
    retryable = True
    hint = "Run the same command again later: finished papers are kept."


class RequestRejected(PaperError):
    """The endpoint rejects the request (HTTP 400 and similar)."""

    kind = "rejected"
    hint = (
        "What is sent can be changed with --mode, --answer-tokens, --reasoning-effort and "
        "--extra-body."
    )


class TooLong(PaperError):
    """The abstract exceeds the model's context, or the answer its limit."""

    kind = "too_long"


class Refused(PaperError):
    """The model or a content filter declined to answer."""

    kind = "refused"


class InvalidResponse(PaperError):
    """No valid record came back, even after the model was asked again."""

    kind = "invalid_response"


class LowConfidence(PaperError):
    """What the schema requires is less likely than ``--min-confidence`` allows."""

    kind = "low_confidence"
    hint = "Let the field be null, or the list be shorter, or lower --min-confidence."


class InternalError(PaperError):
    """Something unexpected went wrong with this paper."""

    kind = "internal"
    hint = "Please report it: --debug-log FILE writes down where it happened."

    @classmethod
    def of(cls, error: BaseException, *, tries: int = 0) -> InternalError:
        """The failure of a paper in whose work an error was raised that nobody expected."""
        try:
            said = f"{type(error).__name__}: {error}"
        except Exception:  # noqa: BLE001 -- an error of a schema's own need not have words
            said = type(error).__name__
        return cls(one_line(said)[:200], tries=tries)
