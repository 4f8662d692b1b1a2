"""The requests to a provider about files and batches, by openai's client."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from extractor.errors import BatchFailed, UsageError, one_line
from extractor.llm.faults import no_reply
from extractor.llm.transport import NoReply, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    import openai
    from openai.types import Batch as Told

    from extractor.llm.endpoint import Endpoint
    from extractor.llm.faults import Fault
    from extractor.llm.redaction import Redaction

_WINDOW: Literal["24h"] = "24h"
_PATH: Literal["/v1/chat/completions"] = "/v1/chat/completions"
_OURS = "extractor"
_ENDED = {"completed", "failed", "expired", "cancelled"}
_NOT_THERE = {404, 405, 501}
_TOO_MANY_TOKENS = "token_limit_exceeded"


@dataclass(frozen=True)
class BatchStatus:
    """What a provider says of a batch: ``done`` of its ``lines`` are worked on.

    ``files`` are the ids of the files that hold its results, ``reason`` says why it failed, and
    ``waits`` whether it did since too many tokens are under way.
    """

    id: str
    state: str
    lines: int = 0
    done: int = 0
    files: tuple[str, ...] = ()
    reason: str = ""
    waits: bool = False

    @property
    def ended(self) -> bool:
        """Whether no more results will come."""
        return self.state in _ENDED


class BatchApi:
    """Files and batches of a provider.

    Raises what the provider's `Fault` of a reply is, an ExtractorError; it is ``retryable`` where
    the same request may succeed later.
    """

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        endpoint: Endpoint,
        fault: Callable[[Reply], Fault],
        redaction: Redaction,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._fault = fault
        self._redaction = redaction

    async def upload(self, file: Path) -> str:
        """Upload a file of requests; returns its id. Raises UsageError where there are no files."""
        import openai

        with self._errors():
            try:
                return (await self._client.files.create(file=file, purpose="batch")).id
            except openai.APIStatusError as error:
                if error.status_code not in _NOT_THERE:
                    raise
        raise UsageError(
            f"{self._endpoint.address} has no batches: it knows no files.",
            hint="Leave out --batch, or write the requests with --batch-files.",
        )

    async def create(self, file_id: str, local_id: str) -> BatchStatus:
        """Submit the requests of a file. Nothing is submitted twice: it is tried once."""
        once = self._client.with_options(max_retries=0)
        with self._errors():
            told = await once.batches.create(
                input_file_id=file_id,
                endpoint=_PATH,
                completion_window=_WINDOW,
                metadata={_OURS: local_id},
            )
        return _status(told)

    async def find(self, file_id: str, local_id: str) -> BatchStatus | None:
        """The batch that was made of a file, if there is one."""
        with self._errors():
            async for told in self._client.batches.list(limit=100):
                named = (told.metadata or {}).get(_OURS)
                if told.input_file_id == file_id or named == local_id:
                    return _status(told)
        return None

    async def status(self, batch_id: str) -> BatchStatus:
        with self._errors():
            return _status(await self._client.batches.retrieve(batch_id))

    async def cancel(self, batch_id: str) -> BatchStatus:
        with self._errors():
            return _status(await self._client.batches.cancel(batch_id))

    async def lines(self, file_id: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file of results."""
        with self._errors():
            streamed = self._client.files.with_streaming_response.content(file_id)
            async with streamed as response:
                rest = b""
                async for chunk in response.iter_bytes():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield self._redaction.content(line)
                yield self._redaction.content(rest)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what openai's client raises into our errors."""
        import httpx2
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            content = self._redaction.content(error.response.content)
            reply = Reply(error.status_code, error.response.headers, content)
            raise self._fault(reply).error from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            said = self._redaction.text(str(error.__cause__ or error)) or type(error).__name__
            raise no_reply(NoReply(said, sent=True), self._endpoint).error from None
        except openai.OpenAIError as error:
            said = one_line(self._redaction.text(str(error)))
            raise BatchFailed(f"No reply of {self._endpoint.address} fits: {said}.") from None


def _status(told: Told) -> BatchStatus:
    counts, errors = told.request_counts, (told.errors.data if told.errors else None) or []
    first = errors[0] if errors else None
    return BatchStatus(
        told.id,
        told.status,
        lines=counts.total if counts else 0,
        done=counts.completed + counts.failed if counts else 0,
        files=tuple(filter(None, (told.output_file_id, told.error_file_id))),
        reason=one_line(first.message or first.code or "") if first else "",
        waits=any(each.code == _TOO_MANY_TOKENS for each in errors),
    )


@asynccontextmanager
async def open_batch_api(
    endpoint: Endpoint,
    fault: Callable[[Reply], Fault],
    key: str,
    *,
    headers: Mapping[str, str | openai.Omit],
    query: Mapping[str, str],
    redaction: Redaction,
) -> AsyncIterator[BatchApi]:
    """A client of an OpenAI-compatible API; headers and query are part of every request."""
    import openai

    client = openai.AsyncOpenAI(
        api_key=key or "none",
        base_url=endpoint.base_url,
        default_headers=headers,  # type: ignore[arg-type]  # an Omit is taken as well
        default_query=query,
    )
    async with client:
        yield BatchApi(client, endpoint, fault, redaction)
