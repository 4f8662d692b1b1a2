"""Approaches: how one paper is put to a model. One file each; none is registered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from extractor.approaches.base import Approach, Draft, Fit, Steps, Work
from extractor.discovery import concrete_classes
from extractor.errors import UsageError

if TYPE_CHECKING:
    from extractor.llm.endpoint import Endpoint
    from extractor.record import SchemaT
    from extractor.task import Task

__all__ = ["Approach", "Draft", "Fit", "Steps", "Work", "approaches", "choose_approach"]


@cache
def approaches() -> dict[str, type[Approach[Any]]]:
    """All approaches by name."""
    return {kind.name: kind for kind in concrete_classes(__name__, Approach)}


def choose_approach(
    name: str | None, task: Task[SchemaT], endpoint: Endpoint
) -> type[Approach[SchemaT]]:
    """The approach of that name, or by default the one that suits the task and endpoint best.

    Raises UsageError if there is no approach of that name, or none that suits.
    """
    known = approaches()
    if name is not None and name not in known:
        raise UsageError(f"There is no approach {name!r}.", hint=f"Known: {', '.join(known)}.")
    fits = {each: known[each].fit(task, endpoint) for each in known}
    best = name or max(fits, key=fits.__getitem__)
    if fits[best] is not Fit.CANNOT:
        return known[best]
    if not endpoint.answers:
        fields = min((each.left_open(task) for each in known.values()), key=len)
        needed = f"the approach {name!r}" if name else ", ".join(fields)
        raise UsageError(
            f"The schema {task.name} needs a language model for {needed}, and "
            f"--model {endpoint.model} uses none.",
            hint="Name a model with --model, or leave --model out for the embedded one.",
        )
    raise UsageError(
        f"The approach {best!r} cannot fill the schema {task.name}.", hint="Leave out --approach."
    )
