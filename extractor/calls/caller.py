"""One request to an endpoint, tried again where that can help.

openai's client makes the request; what it would do anew for each call (transforming the
body, building the response object) is left out by handing it bytes and taking bytes back.
tenacity decides about trying again; openai's own retries are off.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import tenacity
from pydantic_core import from_json, to_json

from extractor import errors
from extractor.calls.answer import Answer
from extractor.calls.faults import retry_after, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.models import Endpoint

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_TRIES_BEFORE_FIRST_ANSWER = 3


class Caller:
    """Asks one endpoint. ``tries`` bounds the requests for one answer, the first included;
    ``timeout`` bounds one request in seconds, however slowly its bytes drip in."""

    def __init__(self, endpoint: Endpoint, *, tries: int = 6, timeout: float = 120.0) -> None:
        self.endpoint = endpoint
        self.tries = tries
        self.timeout = timeout
        self._answered = False
        self._client = openai.AsyncOpenAI(
            api_key=endpoint.api_key or "none",
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeout,
        )

    async def __call__(self, body: Mapping[str, Any]) -> Answer:
        """Send a chat completion request and return its answer.

        Raises a PaperError when this request cannot be answered, an EndpointError when none can.
        """
        content = to_json(body)
        attempts = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(self._worth_retrying),
            wait=_wait,
            stop=self._exhausted,
            reraise=True,
        )
        tried = 0
        try:
            async for attempt in attempts:
                with attempt:
                    tried += 1
                    return await self._once(content, tried)
        except (openai.OpenAIError, TimeoutError, errors.ExtractorError) as error:
            raise self._final(error, tried) from error
        raise AssertionError("tenacity ends by returning or raising")

    async def close(self) -> None:
        await self._client.close()

    async def _once(self, content: bytes, tried: int) -> Answer:
        async with asyncio.timeout(self.timeout):
            response = await self._client.post(
                self.endpoint.path,
                cast_to=httpx2.Response,
                content=content,
                options={"headers": {"Content-Type": "application/json"}},
            )
        try:
            answer = Answer.from_completion(
                from_json(response.content), tries=tried, now=time.time()
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise errors.ServerFailed(
                f"{self.endpoint.address} answered with something else than a chat completion."
            ) from error
        self._answered = True
        return answer

    def _worth_retrying(self, error: BaseException) -> bool:
        if not isinstance(error, Exception):
            return False
        return translate(error, self.endpoint).retryable

    def _exhausted(self, state: tenacity.RetryCallState) -> bool:
        """An endpoint that never answered is given up sooner: it is probably not there."""
        limit = self.tries if self._answered else min(self.tries, _TRIES_BEFORE_FIRST_ANSWER)
        failure = state.outcome.exception() if state.outcome else None
        lost = isinstance(failure, openai.APIConnectionError)
        return state.attempt_number >= (limit if lost else self.tries)

    def _final(self, error: Exception, tried: int) -> errors.ExtractorError:
        final = translate(error, self.endpoint)
        if isinstance(final, errors.ConnectionLost) and not self._answered:
            return errors.EndpointUnreachable(final.message)
        if isinstance(final, errors.PaperError):
            final.tries = tried
        return final


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asks for, else exponential back-off with full jitter, in seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = retry_after(error) if error else None
    if asked is not None:
        return min(asked, _LONGEST_WAIT_SECONDS)
    backoff = tenacity.wait_random_exponential(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
    return backoff(state)
