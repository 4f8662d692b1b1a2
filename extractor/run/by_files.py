"""A run's requests in files, whose answers come from elsewhere, such as ``vllm run-batch``.

The form is that of a provider's batch (:mod:`extractor.llm.batches`). Each time, results that are
there are put into the store, and requests without one are written. When none is left, the run ends
as any other.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from extractor.errors import AnswersAwaited, OutputError, PaperError, UsageError
from extractor.llm.batches import AT_A_TIME, LINES, Intake, request_line
from extractor.llm.budget import Spent
from extractor.paper import Paper
from extractor.plurals import counted
from extractor.run.spool import RequestFile, Spool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator
    from pathlib import Path

    from extractor.llm.answer import Answer, Request
    from extractor.llm.store import AnswerStore
    from extractor.record import Failure
    from extractor.run.batch import Watcher
    from extractor.run.engine import Engine
    from extractor.run.state import RunState

_REQUESTS = re.compile(r"requests-(\d+)\.jsonl")


class ByFiles:
    """Writes requests to files of a directory, and reads their results there.

    Raises UsageError where answers are not kept.
    """

    def __init__(self, state: RunState, directory: Path) -> None:
        if state.store is None:
            raise UsageError(
                "--batch-files needs the cache, where answers are kept.",
                hint="Leave out --no-cache.",
            )
        self._store: AnswerStore = state.store
        self._directory = directory
        self._intake: Intake | None = None

    @asynccontextmanager
    async def ahead(
        self, engine: Engine[Any], items: Iterable[Paper | Failure], watcher: Watcher
    ) -> AsyncGenerator[Iterator[Paper | Failure]]:
        """Yield the items once, to be read again, when all their answers are in the store.

        Raises AnswersAwaited while some are not.
        """
        del watcher
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            awaited = self._requested()
            awaited.subtract(await self._take_in(engine, awaited))
            with Spool(self._store.directory) as spool:
                await spool.fill(items)
                written = await self._write(engine, spool, awaited)
                left = sum(count > 0 for count in awaited.values())
                if written or left:
                    raise self._awaited(engine, written, left)
                yield iter(spool)
        except OSError as error:
            raise OutputError(f"{self._directory} cannot be used: {error}.") from error

    def notes(self) -> list[str]:
        """What the user should know of the files."""
        return self._intake.notes("from files") if self._intake else []

    def _requests(self) -> list[Path]:
        return sorted(each for each in self._directory.iterdir() if _REQUESTS.fullmatch(each.name))

    def _requested(self) -> Counter[str]:
        """How often each request was written."""
        requested: Counter[str] = Counter()
        for file in self._requests():
            with file.open("rb") as lines:
                requested.update(str(from_json(line)["custom_id"]) for line in lines)
        return requested

    async def _take_in(self, engine: Engine[Any], requested: Counter[str]) -> Counter[str]:
        """Store the answers that are there; returns how often each request has a result."""
        found: Counter[str] = Counter()
        intake = self._intake = Intake(self._store, engine.client.budget)
        own = set(self._requests())
        for file in sorted(set(self._directory.glob("*.jsonl")) - own):
            with file.open("rb") as lines:
                while part := list(itertools.islice(lines, AT_A_TIME)):
                    results = intake.read(part, requested)
                    found.update(result.key for result in results)
                    await intake.store(results)
        return found

    async def _write(
        self, engine: Engine[Any], spool: Spool, awaited: Counter[str]
    ) -> list[tuple[Path, int]]:
        """Write what has no answer and is not awaited; returns the files and their lines.

        Afterwards ``awaited`` holds what is, of the requests of these papers alone.
        """
        written: list[tuple[Path, int]] = []
        waiting: Counter[str] = Counter()
        last = max((int(_REQUESTS.sub(r"\1", each.name)) for each in self._requests()), default=0)
        numbers = itertools.count(last + 1)
        with RequestFile(self._directory) as file:

            def end() -> None:
                path = self._directory / f"requests-{next(numbers):04}.jsonl"
                written.append((path, len(file.keys)))
                file.save(path)

            seen: set[str] = set()
            for request in (each for item in spool for each in _missing(engine, item)):
                key = engine.client.key(request)
                if key in seen:
                    continue
                seen.add(key)
                if awaited[key] > 0:
                    waiting[key] = 1
                    continue
                line = request_line(key, request.path, engine.client.sent(request))
                if file.keys and not file.has_room(line, LINES):
                    end()
                file.add(key, line, Spent())
            if file.keys:
                end()
        awaited.clear()
        awaited.update(waiting)
        return written

    def _awaited(
        self, engine: Engine[Any], written: list[tuple[Path, int]], left: int
    ) -> AnswersAwaited:
        """What is to be done next."""
        old = f"{counted(left, 'request')} without a result in {self._directory}" if left else ""
        new = [f"{counted(lines, 'request')} in {path}" for path, lines in written]
        model = shlex.quote(engine.endpoint.model)
        commands = [
            f"vllm run-batch -i {shlex.quote(str(path))} -o "
            f"{shlex.quote(str(path.with_name(path.name.replace('requests', 'results'))))} "
            f"--model {model}"
            for path, _ in written
        ]
        run = f"Run {'; '.join(commands)}; then" if commands else "When they are there, run"
        return AnswersAwaited(
            f"Answers are awaited: {', '.join(filter(None, [*new, old]))}.",
            hint=f"{run} the same command again.",
        )


def _missing(engine: Engine[Any], item: Paper | Failure) -> list[Request]:
    """The request about a paper that has no answer in the store, if there is one."""
    missing: list[Request] = []

    def ask(request: Request) -> Answer | None:
        answer = engine.client.recall(request)
        if answer is None:
            missing.append(request)
        return answer

    if isinstance(item, Paper):
        with suppress(PaperError):  # which the run itself tells
            engine.attempt(item, ask).begin()
    return missing
