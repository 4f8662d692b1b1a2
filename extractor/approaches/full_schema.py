"""Full schema: the whole abstract and the whole schema in one request.

instructor turns the schema into a request for the endpoint's mode, once for each task, and words
the reask when an answer does not validate or holds values that the paper does not say.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from extractor import errors
from extractor.approaches.base import Approach, Draft, Fit, Steps
from extractor.approaches.reading import AnswerReader
from extractor.approaches.request_form import handlers, request_form
from extractor.confidence import answer_confidence
from extractor.grounding import SAID_BEFORE, Dropped, ground_fields
from extractor.llm.answer import Answer, Request
from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task

_SHOWN = 80
# Of OpenAI, and of others behind the same API.
_FILTERED = {"content_filter", "safety", "recitation", "prohibited_content", "blocklist", "spii"}


class _Unfit(Exception):
    """An answer that is worth asking again; the text goes to the model."""


class FullSchema(Approach[SchemaT]):
    """Fills any schema from one request, asking again at most ``endpoint.reasks`` times."""

    name = "full-schema"
    instant = True

    @classmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:  # noqa: ARG003
        return Fit.USUAL if endpoint.answers else Fit.CANNOT

    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None:
        self._task = task
        self._reasks = endpoint.reasks
        self._most_tokens = endpoint.max_tokens
        self._repeats = endpoint.repeats
        self._mode = endpoint.mode
        request = request_form(task, endpoint.mode)
        self._fixed: list[dict[str, str]] = request.pop("messages")
        self._model = endpoint.model
        self._sampling = endpoint.sampling()
        self._rest: dict[str, Any] = {**self._sampling, **request}
        self._tool: str | None = next(
            (tool["function"]["name"] for tool in request.get("tools", ())), None
        )
        names = (task.name, task.schema.__name__, self._tool or "")
        self._reader = AnswerReader(task.schema, filter(None, names))

    def opening(self) -> Request | None:
        user = {"role": "user", "content": self._task.prompt.opening}
        return Request({"messages": [*self._fixed, user], **self._sampling})

    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Ask, read, ground; ask again if that can help, and keep the better of the two.

        Rejected values are reported even if the second answer left them out.
        """
        user = self._task.prompt.messages(paper)[1]
        body = {"messages": [*self._fixed, user], **self._rest}
        best: Draft[SchemaT] | None = None
        dropped: dict[str, Dropped] = {}
        for reasks_left in range(self._reasks, -1, -1):
            answer = yield Request(body, token_logprobs=True)
            try:
                draft = self._draft(paper, answer)
            except _Unfit as unfit:
                complaint = unfit
            else:
                best = draft if best is None else min(best, draft, key=_rejected)
                dropped |= {f"{item.path} {item.value!r}": item for item in draft.dropped}
                if not _rejected(draft):
                    break
                said = (f"{item.path} {item.value!r}: {item.reason}" for item in draft.dropped)
                complaint = _Unfit(
                    f"{'; '.join(said)}. Copy from the text, or leave the field empty"
                )
            if reasks_left:
                body = self._reask(body, answer, complaint)
        if best is None:
            raise errors.InvalidResponse(
                f"The answer does not fit the schema: {complaint}.",
                hint="Try another model, or a simpler schema.",
            )
        return replace(best, dropped=tuple(dropped.values())) if dropped else best

    def _draft(self, paper: Paper, answer: Answer) -> Draft[SchemaT]:
        """Read and ground one answer. Raises _Unfit when it is worth asking again."""
        _check_refusal(answer)
        # A call of another tool is not an answer, even if its arguments fit.
        called = answer.tool
        if self._tool and called and called != self._tool and not self._reader.is_tool(called):
            raise _Unfit(f"The tool {called!r} was called, and there is only {self._tool!r}")
        try:
            said = self._fields(answer)
            title, abstract = paper.title, paper.abstract
            likely = answer_confidence(answer, said, title, abstract, model=self._model)
            return Draft(*ground_fields(said, title=title, abstract=abstract, confidence=likely))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)
            places = (".".join(map(str, item["loc"])) or "answer" for item in wrong)
            told = (f"{place}: {item['msg']}" for place, item in zip(places, wrong, strict=True))
            raise _Unfit("; ".join(told)) from error

    def _fields(self, answer: Answer) -> SchemaT:
        """The fields in an answer; one that was cut at its limit may still be whole."""
        text = answer.text
        if not (text.strip() or answer.cut):
            raise _Unfit("It is empty")
        try:
            fields = self._task.schema.model_validate_json(text)
            if self._are_all(fields, text):
                return fields
            raise _Unfit("None of the schema's fields is in the answer")
        except (ValidationError, _Unfit) as error:
            if answer.cut:
                raise self._cut_off(answer.said) from None
            found = self._reader.read(text)
            if found is not None:
                return found
            if isinstance(error, ValidationError) and error.errors()[0]["type"] == "json_invalid":
                raise _Unfit(
                    f"There is no whole JSON object in it: {errors.one_line(text[:_SHOWN])}"
                ) from None
            raise

    def _are_all(self, fields: SchemaT, text: str) -> bool:
        """Whether an answer says no more than these fields.

        One that fits only thanks to the fields' defaults does not say that nothing was found.
        """
        given = len(fields.model_fields_set)
        if given == len(self._task.schema.model_fields) or text.strip() == "{}":
            return True
        return given > 0 and not self._reader.may_be_elsewhere(text)

    def _cut_off(self, said: str) -> errors.TooLong:
        spent = "" if _begun(said) else ", all of it spent on thinking"
        again = ", as it would be again" if self._repeats else ""
        return errors.TooLong(
            f"The answer was cut off at its token limit of {self._most_tokens:,}{spent}{again}.",
            hint="Raise --answer-tokens, lower --reasoning-effort, "
            "or use a schema with shorter answers.",
        )

    def _reask(self, body: Mapping[str, Any], answer: Answer, unfit: _Unfit) -> dict[str, Any]:
        from openai.types.chat import ChatCompletion, ChatCompletionMessage
        from openai.types.chat.chat_completion import Choice

        # Not validated: some servers leave parts of a message out, which is no reason to fail.
        said = {"role": "assistant", "content": None, **answer.message}
        message = ChatCompletionMessage.construct(**said)
        choice = Choice.construct(index=0, finish_reason=answer.finish_reason, message=message)
        asked_again: dict[str, Any] = handlers(self._mode).reask_handler(
            kwargs={**body, "messages": copy.deepcopy(body["messages"])},
            response=ChatCompletion.construct(choices=[choice]),
            exception=unfit,
        )
        return asked_again


def _begun(text: str) -> bool:
    """Whether a text goes beyond what the model thinks before its answer."""
    thought = text.lstrip()
    return bool(thought) and not (thought.startswith("<think>") and "</think>" not in thought)


def _check_refusal(answer: Answer) -> None:
    """Raise for a declined answer, which asking again the same way cannot improve."""
    refusal = answer.message.get("refusal")
    finish = re.split(r"\W+", (answer.finish_reason or "").lower())  # "content_filter: SPII"
    if refusal or not _FILTERED.isdisjoint(finish):
        reason = " ".join(str(refusal or "content filter").split())[:200]
        raise errors.Refused(f"The model declined: {reason.rstrip('.')}.")


def _rejected(draft: Draft[SchemaT]) -> int:
    """How many values are not in the text; a duplicate item is not worth asking again."""
    return sum(item.reason != SAID_BEFORE for item in draft.dropped)
