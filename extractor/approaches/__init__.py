"""Approaches: how one paper is put to a model and its answer becomes grounded fields.

One file each. An approach is built once for a task and an endpoint and then called for every
paper with an ``Ask``, the only stop_signal to anything paid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol

from extractor.errors import UsageError
from extractor.llm.endpoint import Approach
from extractor.task import SchemaT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractor.grounding import Dropped, Evidence
    from extractor.llm.answer import Answer, Usage
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.settings import ModelSettings
    from extractor.paper import Paper
    from extractor.task import Task


class Ask(Protocol):
    """Answers a request body, from the store or by a paid call."""

    async def __call__(self, body: Mapping[str, Any]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Draft(Generic[SchemaT]):
    """What came of one paper: grounded fields, their evidence, and what was refused."""

    fields: SchemaT
    evidence: tuple[Evidence, ...]
    dropped: tuple[Dropped, ...]
    usage: Usage
    cached: bool


class Extraction(Protocol[SchemaT]):
    """An approach, ready for papers. Raises PaperError or EndpointError."""

    async def __call__(self, paper: Paper, ask: Ask) -> Draft[SchemaT]: ...


def settled(settings: ModelSettings, task: Task[Any]) -> ModelSettings:
    """The settings with an approach: the one that was chosen, else what suits model and task.

    Raises UsageError where the chosen one does not know the task's schema.
    """
    from extractor.schemas.paper import PaperFields

    able = task.schema is PaperFields
    if settings.approach is Approach.CANDIDATES and not able:
        raise UsageError(
            f"The approach 'candidates' knows the schema paper only, not {task.name}.",
            hint="Leave out --approach.",
        )
    fitting = Approach.CANDIDATES if able and settings.embedded else Approach.FULL_SCHEMA
    return replace(settings, approach=settings.approach or fitting)


def prepare(task: Task[SchemaT], endpoint: Endpoint) -> Extraction[SchemaT]:
    """The endpoint's approach, prepared for a task."""
    if endpoint.approach is Approach.CANDIDATES:
        from extractor.approaches.candidates import Candidates

        return Candidates(task, endpoint)
    from extractor.approaches.full_schema import FullSchema

    return FullSchema(task, endpoint)
