"""A fake model, to test your own schemas and prompts.

    from extractor import Extractor
    from extractor.testing import FakeModel

    model = FakeModel({"species": "Apis mellifera", "count": 12})
    with Extractor(Finding, model=model, cache=False) as extractor:
        record = extractor.extract(title="...", abstract="12 hives of Apis mellifera ...")
    assert record.fields.species == "Apis mellifera"
    assert "Apis mellifera" in model.requests[0]["messages"][-1]["content"]

No server is started, no network is used and nothing is patched: prompt, validation, grounding,
reasks, failures and the answer store are the real ones.
"""

from __future__ import annotations

import inspect
import json
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel

from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.providers.base import Provider
from extractor.llm.transport import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

__all__ = ["FakeAnswer", "FakeModel", "Reply"]

FakeAnswer: TypeAlias = "Mapping[str, Any] | BaseModel | str | Reply"
"""An answer: the fields of a schema, raw text, or a whole reply such as
``Reply(429, {"retry-after": "1"}, b"")``."""

_REMEMBERED = 1000


class FakeModel(Provider):
    """Answers every request with ``answer``, or with what ``answer`` returns for its JSON body.

    A function may be async. ``requests`` holds the bodies of the last thousand requests, in
    order; ``reasks`` is how many times at most an invalid answer is asked for again.
    """

    def __init__(
        self,
        answer: FakeAnswer | Callable[[dict[str, Any]], FakeAnswer | Awaitable[FakeAnswer]],
        *,
        name: str = "fake",
        reasks: int = 1,
    ) -> None:
        self.requests: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
        self._answer = answer
        self.endpoint = Endpoint(
            model=name,
            identity=name,
            address="the fake model",
            mode=Mode.JSON_SCHEMA,
            reasks=reasks,
            reads_schema=False,
            free=True,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FakeModel]:
        yield self

    async def send(self, path: str, content: bytes) -> Reply:  # noqa: ARG002
        """Answer one request as a server would."""
        body = json.loads(content)
        self.requests.append(body)
        answer = self._answer(body) if callable(self._answer) else self._answer
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Reply):
            return answer
        if isinstance(answer, BaseModel):
            text = answer.model_dump_json()
        else:
            text = answer if isinstance(answer, str) else json.dumps(answer)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return Reply(200, {}, json.dumps({"choices": [choice], "usage": {}}).encode())
