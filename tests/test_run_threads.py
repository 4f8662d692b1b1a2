"""What takes a processor long runs in a thread: the event loop goes on meanwhile."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import BaseModel

from extractor.approaches import Approach, Draft, Fit, Steps, Work
from extractor.encoder import model, shared_encoder
from extractor.errors import InternalError
from extractor.paper import Paper
from extractor.run.engine import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractor.llm.answer import Request

PAPER = Paper("1", "Herons", "Grey herons breed at Lake Orr.")


class Note(BaseModel):
    text: str


class Slow(Approach[Note]):
    """Notes what a computation gives."""

    name = "slow"

    @classmethod
    def fit(cls, *_: object) -> Fit:
        return Fit.CAN

    def __init__(self, run: Callable[[], str]) -> None:
        self._run = run

    def steps(self, paper: Paper) -> Steps[Note]:  # noqa: ARG002
        first = yield Work(self._run)
        second = yield Work(self._run)
        return Draft(Note(text=f"{first} {second}"), (), ())


def attempt(run: Callable[[], str], *, threads: bool = True) -> Attempt[Note]:
    def ask(_: Request) -> Any:
        raise AssertionError("nothing is asked")

    limiter = anyio.CapacityLimiter(1) if threads else None
    return Attempt(PAPER, Slow(run), ask, threads=limiter, model="m", task="t")


def test_the_event_loop_goes_on_while_a_paper_is_computed_on() -> None:
    goes_on = threading.Event()

    async def extract() -> str:
        async def go_on() -> None:
            goes_on.set()

        one = attempt(lambda: str(goes_on.wait(30)))
        assert one.begin() is None
        assert one.waits
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go_on)
            record = await one.finish()
        return record.fields.text

    assert anyio.run(extract) == "True True"


def test_without_threads_it_is_done_at_once() -> None:
    async def extract() -> str:
        one = attempt(lambda: str(threading.current_thread().name), threads=False)
        record = one.begin()
        assert record is not None
        assert not one.waits
        return record.fields.text

    name = threading.current_thread().name
    assert anyio.run(extract) == f"{name} {name}"


def test_what_goes_wrong_there_is_the_papers_failure() -> None:
    def fail() -> str:
        raise ZeroDivisionError

    async def extract() -> None:
        one = attempt(fail)
        one.begin()
        with pytest.raises(InternalError):
            await one.finish()

    anyio.run(extract)


def test_threads_that_want_the_encoder_at_once_load_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[object] = []
    begun = threading.Event()

    def load() -> object:
        loads.append(object())
        begun.wait(0.2)  # another thread would get here meanwhile
        return loads[-1]

    monkeypatch.setattr(model, "_loaded", cache(load))
    threads = [threading.Thread(target=shared_encoder) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(loads) == 1
