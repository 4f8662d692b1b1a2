"""One paper's way through an approach: questions go out, answers come in, a draft comes out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic

from extractor.errors import PaperError
from extractor.llm.answer import Answer, Usage
from extractor.record import Failure, Record
from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from extractor.approaches import Steps
    from extractor.llm.answer import Request
    from extractor.llm.cached_client import Asked
    from extractor.paper import Paper

logger = logging.getLogger("extractor.run")


class Attempt(Generic[SchemaT]):
    """Drives an approach's steps for one paper; ``ask`` says where its answers come from.

    `begin` goes as far as the answers that are there already; `finish` awaits the others. So a
    paper is scored once and the store is asked once for each request, however it ends.
    """

    def __init__(
        self,
        paper: Paper,
        steps: Steps[SchemaT],
        ask: Callable[[Request], Asked],
        *,
        model: str,
        task: str,
    ) -> None:
        self.paper = paper
        self._steps = steps
        self._ask = ask
        self._labels = {"model": model, "task": task}
        self._awaited: Awaitable[Answer] | None = None
        self._answers = 0
        self._stored = 0
        self._usage = Usage()

    @property
    def waits(self) -> bool:
        """Whether an answer is awaited, or was."""
        return self._awaited is not None

    def begin(self, answer: Answer | None = None) -> Record[SchemaT] | None:
        """Give the approach an answer (none at first), and go on while the next ones are there.

        Returns the record, or None where an answer is awaited or will never come. Raises
        PaperError.
        """
        try:
            while True:
                request = self._steps.send(answer)  # type: ignore[arg-type]  # None starts it
                asked = self._ask(request)
                if not isinstance(asked, Answer):
                    self._awaited = asked
                    return None
                answer = self._counted(asked)
        except StopIteration as done:
            logger.debug("done")
            cached = 0 < self._answers == self._stored
            return Record.of(
                self.paper, done.value, usage=self._usage, cached=cached, **self._labels
            )
        except PaperError as error:
            error.tries = error.tries or self._usage.tries
            raise

    async def finish(self) -> Record[SchemaT]:
        """Await what `begin` asked for, and so on to the end. Raises what asking raises."""
        record: Record[SchemaT] | None = None
        while record is None:
            assert self._awaited is not None
            record = self.begin(self._counted(await self._awaited))
        return record

    def failure(self, error: PaperError) -> Failure:
        """The paper's failure, noted in the debug log."""
        logger.debug("failed: %s after %d tries", error.kind, error.tries)
        return Failure.of(self.paper, error)

    def _counted(self, answer: Answer) -> Answer:
        self._answers += 1
        self._stored += answer.cached
        self._usage = self._usage + answer.usage
        return answer
