"""The base of an approach: how one paper is put to a model and its answers become a draft.

An approach does no I/O. For each paper it is a generator that yields requests, is sent their
answers, and returns a draft; its driver (a run, a store look-up, a forecast, training) decides
where the answers come from. What takes a processor long it yields as well, for its driver to run in
a thread. A new approach is a module in this folder with a subclass of
:class:`Approach`; it needs no registration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias

from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from extractor.grounding import Dropped, Evidence
    from extractor.llm.answer import Answer, Request
    from extractor.llm.endpoint import Endpoint
    from extractor.paper import Paper
    from extractor.task import Task


@dataclass(frozen=True, slots=True)
class Draft(Generic[SchemaT]):
    """The result of one paper: grounded fields, their evidence, and the rejected values.

    ``confidence`` is that of values without evidence, by their paths.
    """

    fields: SchemaT
    evidence: tuple[Evidence, ...]
    dropped: tuple[Dropped, ...]
    confidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """A computation that takes long; it needs nothing of the thread or event loop it runs in."""

    run: Callable[[], Any]


Steps: TypeAlias = "Generator[Request | Work, Any, Draft[SchemaT]]"
"""The work on one paper: it yields requests and is sent their answers, yields computations and is
sent their results, and returns the draft."""


class Fit(IntEnum):
    """How well an approach suits a task at an endpoint; the best one is the default."""

    CANNOT = 0
    CAN = 1
    USUAL = 2
    BEST = 3


class Approach(ABC, Generic[SchemaT]):
    """Created once for a task and an endpoint, then used for every paper."""

    name: ClassVar[str]
    """Its name for ``--approach``."""

    instant: ClassVar[bool] = False
    """Whether it makes the first request of a paper without any work but filling in a prompt."""

    @classmethod
    @abstractmethod
    def fit(cls, task: Task[Any], endpoint: Endpoint) -> Fit:
        """How well it suits the task at the endpoint."""

    @classmethod
    def left_open(cls, task: Task[Any]) -> list[str]:
        """The fields that it cannot fill without a language model."""
        return list(task.schema.model_fields)

    @abstractmethod
    def __init__(self, task: Task[SchemaT], endpoint: Endpoint) -> None: ...

    def opening(self) -> Request | None:
        """A request that holds only what all its requests begin with, or None if that is nothing.

        The embedded engine reads it once and keeps its state on disk.
        """
        return None

    @abstractmethod
    def steps(self, paper: Paper) -> Steps[SchemaT]:
        """Work on one paper. Raises PaperError if no answer makes a draft."""

    def requests(self, paper: Paper) -> Generator[Request, Answer, Draft[SchemaT]]:
        """The same for a driver that has no other work: computations run at once."""
        steps = self.steps(paper)
        sent: Any = None
        while True:
            try:
                step = steps.send(sent)
            except StopIteration as end:
                draft: Draft[SchemaT] = end.value
                return draft
            sent = step.run() if isinstance(step, Work) else (yield step)
