"""Which model to use and how: the same settings for the command and the Python API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from extractor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from extractor.llm.endpoint import Mode
    from extractor.llm.providers.base import Provider
    from extractor.llm.weights.catalog import Weights

PullDisplay: TypeAlias = "Callable[[Weights], AbstractContextManager[Callable[[int], None]]]"
"""Shows the progress of a download; its callback takes the bytes so far."""

WaitDisplay: TypeAlias = "Callable[[str, float], None]"
"""Called every second or so with what is waited for, and for how many seconds it has been."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """``model`` is a name or a :class:`Provider`; None is the embedded default.

    Each provider decides which names it serves (:mod:`extractor.llm.providers`). Where ``mode``,
    ``approach`` or ``concurrency`` is None, the endpoint's default holds.
    ``pull_display`` shows the download of weights, ``wait_display`` what else is waited for.
    """

    model: str | Provider | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    mode: Mode | None = None
    approach: str | None = None
    concurrency: int | None = None
    pull_display: PullDisplay | None = field(default=None, repr=False, compare=False)
    wait_display: WaitDisplay | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.base_url and not self.model:
            raise UsageError(
                "--base-url needs the name of a model at that endpoint.", hint="Add --model."
            )
