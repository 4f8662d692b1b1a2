"""Runs over a few papers against a server of the test's own, in this process."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helpers import write_jsonl

from extractor.errors import ExtractorError
from extractor.llm.budget import Spent
from extractor.llm.settings import ModelSettings
from extractor.paper import Paper
from extractor.run.batch import Summary, Watcher, run_batch
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.run.state import open_run_state
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import pytest
    from pydantic import BaseModel

    from extractor.llm.endpoint import Mode
    from extractor.record import Failure
    from extractor.run.engine import Retry


@dataclass
class Ran:
    """What a run wrote, or the error that ended it before anything was."""

    records: list[Mapping[str, Any]] = field(default_factory=list)
    failures: list[Mapping[str, Any]] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    spent: Spent = field(default_factory=Spent)
    error: ExtractorError | None = None
    notes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return sorted(row["id"] for row in [*self.records, *self.failures])

    @property
    def ended_by(self) -> ExtractorError | None:
        return self.error or self.summary.stopped


class _Rows(list["Mapping[str, Any]"]):
    def write(self, row: Mapping[str, Any]) -> None:
        self.append(row)


def papers(count: int) -> list[Paper]:
    """Papers whose titles name them: Net0 is the method of the first."""
    return [Paper(str(i), f"Net{i}: a study", f"We present Net{i}.") for i in range(count)]


def run(
    url: str,
    items: Iterable[Paper | Failure],
    cache_dir: Path | None = None,
    *,
    identity: tuple[object, ...] = (),
    concurrency: int | None = None,
    retry: Retry | None = None,
    key: str | None = None,
    mode: Mode | None = None,
    model: Mapping[str, Any] | None = None,
    schema: type[BaseModel] | str = "paper",
    **calls: Any,
) -> Ran:
    """Extract papers at an endpoint; ``model`` has further settings of the model."""
    named = {"model": "m", "base_url": url, "concurrency": concurrency, "api_key": key}
    ran, records, failures = Ran(), _Rows(), _Rows()
    settings = ModelSettings(**{**named, "mode": mode, "tell": ran.told.append, **(model or {})})
    call_settings = CallSettings(cache_dir=cache_dir, **calls)

    async def batch() -> None:
        with open_run_state(call_settings, *identity) as run_state:
            async with open_engine(load_task(schema), settings, call_settings, run_state) as engine:
                try:
                    ran.summary = await run_batch(
                        engine,
                        items,
                        records=records,
                        failures=failures,
                        watcher=Watcher(),
                        retry=retry,
                    )
                except ExtractorError as error:
                    ran.error = error
                ran.spent = run_state.budget.spent
            ran.notes = run_state.notes()
            if ran.error is None and ran.summary.complete:
                run_state.complete()

    asyncio.run(batch())
    ran.records, ran.failures = records, failures
    return ran


@contextmanager
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Waits between tries are a fiftieth of what they are."""
    with monkeypatch.context() as patch:
        patch.setattr("extractor.llm.client._FIRST_WAIT_SECONDS", 0.01)
        patch.setattr("extractor.llm.client._LONGEST_WAIT_SECONDS", 0.1)
        patch.setattr("extractor.llm.limits.rate_limiter._FIRST_PAUSE_SECONDS", 0.01)
        yield


def write_dump(path: Path, items: Iterable[Paper]) -> Path:
    """A dump of papers as JSON Lines."""
    rows = ({"id": p.id, "title": p.title, "abstract": p.abstract} for p in items)
    return write_jsonl(path, rows)
