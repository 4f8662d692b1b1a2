"""No language model: ``--model none`` runs the classifier and the encoder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.errors import UsageError
from extractor.llm.endpoint import Endpoint
from extractor.llm.providers.base import Provider

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from extractor.llm.settings import ModelSettings
    from extractor.llm.transport import Transport

NAME = "none"
# Nothing is waited for: more would only have to be finished when the run is interrupted.
_PAPERS_AT_ONCE = 2


class NoModel(Provider):
    """Answers no requests; an approach that needs a model refuses to start."""

    endpoint = Endpoint(
        model=NAME,
        identity=NAME,
        address="no model",
        concurrency=_PAPERS_AT_ONCE,
        prefers_questions=True,
        answers=False,
        free=True,
    )

    @classmethod
    def create(cls, settings: ModelSettings) -> NoModel | None:
        if settings.model != NAME:
            return None
        settings.refuse_address("--model none")
        return cls()

    def open(self) -> AbstractAsyncContextManager[Transport]:
        raise UsageError("--model none answers no questions.", hint="Name a model with --model.")
