"""The Extractor: a task and a model, open from the first use to the last."""

from __future__ import annotations

import asyncio
import weakref
from concurrent import futures
from contextlib import ExitStack, aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from extractor.api.checks import check_options, check_word
from extractor.api.loop import LoopThread
from extractor.api.opened import Opened
from extractor.api.options import (
    Choosing,
    Iterating,
    Options,
    Reading,
    Running,
    call_settings,
    check,
    model_settings,
)
from extractor.api.progress import Progress
from extractor.api.results import Results
from extractor.debug_log import logging_to
from extractor.decisions import check_not_by_hand
from extractor.errors import ArgumentError, UsageError
from extractor.llm.providers import Provider
from extractor.llm.settings import model_file
from extractor.llm.weights.catalog import DEFAULT_MODEL
from extractor.record import Record, Result, SchemaT
from extractor.run.session import open_engine
from extractor.run.stop import Stop
from extractor.task import load_task, schema_file

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator, Mapping

    from typing_extensions import Unpack

    from extractor.api.papers import Choice, PaperInput
    from extractor.api.results import Run
    from extractor.paper import Paper
    from extractor.run.engine import Engine
    from extractor.schemas.paper import PaperFields

T = TypeVar("T")

_CHOICE = tuple(Choosing.__annotations__.keys() - Reading.__annotations__.keys())
_CLUSTER = ("ray_address", "workers", "part_papers")
_ONLY_WITH_OUT = (
    *("failures", "format", "view", "retry_failed", "append", "batch", "batch_files", "engine"),
    *_CLUSTER,
)
_ENGINES = ("local", "ray")


class Extractor(Generic[SchemaT]):
    """Extracts typed, grounded records from papers.

    ``schema`` is a pydantic model, the name of a built-in schema, ``path.py:Model``, or fields
    in one line such as ``"name, accuracy float"``; by default the built-in ``paper`` schema.
    Options:

    - ``prompt``: a template file; by default the schema's own.
    - ``model``: a name, ``"none"`` for the classifier and the encoder alone, the path of a model
      file (``.gguf``), or a provider such as `extractor.testing.FakeModel`; by default the
      embedded model, whose weights are downloaded when it is first asked.
    - ``base_url``, ``api_key``: an OpenAI-compatible endpoint; by default OPENAI_BASE_URL and
      OPENAI_API_KEY. ``api_version``: Azure OpenAI's ``api-version``.
    - ``extra_headers``: more headers of every request. ``key_header``: the one that holds the key,
      instead of ``Authorization``. ``extra_body``: more fields of every request.
    - ``answer_tokens``: most tokens of an answer, those spent on thinking included.
      ``temperature``, ``reasoning_effort``: by default 0 (at OpenAI the model's own), and the
      model's own. ``mode``, ``approach``: how to ask; the default depends on the endpoint.
    - ``concurrency``: most papers in flight; for the embedded model, the number of its slots.
      ``rpm``, ``tpm``: most requests and tokens per minute.
    - ``tries``: most requests for one answer; ``timeout``: seconds for one request;
      ``patience``: seconds to wait out a rate limit or an outage for.
    - ``max_cost`` in US dollars, ``max_requests``, ``max_tokens``: ceilings on what the Extractor
      spends until it is closed; in `run` with ``out``, on that run with all its attempts.
      ``price_in``, ``price_out``: US dollars per million tokens; by default from the price data.
    - ``cache``, ``cache_dir``: whether and where paid answers are kept.
    - ``min_confidence``: values less likely to be right, from 0 to 1, are left out of records and
      listed in ``meta.dropped``; values without a confidence are kept.
    - ``progress``: whether bars are shown; ``debug_log``: a file for a log without texts.

    It opens at its first use and closes at the end of a ``with`` or ``async with`` block, with
    `close` or `aclose`, or at the end of the program. The synchronous methods may be
    called from any thread, also where an event loop runs; the asynchronous ones only from the
    event loop of the first call. One object has either kind of call, not both.

    Raises ArgumentError, which is a TypeError, for an option that there is not, and UsageError for
    a value that cannot be.
    """

    @overload
    def __init__(
        self: Extractor[PaperFields], schema: None = None, **options: Unpack[Options]
    ) -> None: ...
    @overload
    def __init__(self: Extractor[Any], schema: str, **options: Unpack[Options]) -> None: ...
    @overload
    def __init__(self, schema: type[SchemaT], **options: Unpack[Options]) -> None: ...

    def __init__(self, schema: str | type[Any] | None = None, **options: Unpack[Options]) -> None:
        check(options)
        self.task = load_task(schema, options.get("prompt"))
        self._progress = Progress(shown=options.get("progress", False))
        self._model = model_settings(options, self._progress)
        self._calls = call_settings(options)
        debug_log = options.get("debug_log")
        self._not_on_cluster = {
            "--debug-log": debug_log,
            "--cache-dir": options.get("cache_dir"),
            "--no-cache": not options.get("cache", True),
        }
        self._debug_log = Path(debug_log) if debug_log is not None else None
        check_not_by_hand(self._debug_log)
        own = (schema_file(schema), options.get("prompt"), model_file(options.get("model")))
        self._files = [Path(each) for each in (*own, debug_log) if each is not None]
        self._log: ExitStack | None = None
        self._opened = Opened()
        self._engine: Engine[SchemaT] | None = None
        self._in_use = 0
        self._home: asyncio.AbstractEventLoop | None = None
        self._thread: LoopThread | None = None
        self._end: weakref.finalize[Any, Any] | None = None
        self._closed = False

    def extract(self, *, title: str, abstract: str, id: str = "1") -> Record[SchemaT]:  # noqa: A002
        """The record of one paper. Raises PaperError or EndpointError if there is none, and
        ArgumentError where there is no abstract."""
        return self._loop().wait(self._extract(_paper(id, title, abstract)))

    def extract_many(
        self,
        papers: PaperInput,
        *,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> Iterator[Result[SchemaT]]:
        """Yield each paper's record or failure as it is done, in no particular order.

        ``papers`` are dictionaries, tuples, texts, rows, a DataFrame, a Dataset, files and more
        (docs/python.md); what else a row or a file says is in the record's ``source``. An entry
        that is no paper is a failure, but where the first is none, ArgumentError is raised.

        ``where`` are one or several conditions that papers must meet, such as ``"year>=2024"``
        (docs/configuration.md); ``limit``: take only the first so many of those; ``sample``: so
        many of these at random, others for another ``seed``.
        """
        loop, stop = self._loop(), Stop()
        results = self._iterated(papers, progress, how, stop)
        try:
            while (each := _result(loop.start(_next(results)), loop, stop)) is not None:
                yield each[1]
                self._check_open()
        except KeyboardInterrupt:
            if not stop.forced:  # what is in flight is paid for
                loop.wait(_drain(results))
            raise
        finally:
            self._opened.iterated.discard(results)
            if not loop.closed:
                loop.wait(results.aclose())

    @overload
    def run(
        self,
        papers: PaperInput,
        *,
        out: None = None,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> Results[SchemaT]: ...
    @overload
    def run(
        self,
        papers: PaperInput,
        *,
        out: str | Path,
        failures: str | Path | None = None,
        format: str | None = None,
        view: str | None = None,
        retry_failed: bool = False,
        append: bool = False,
        batch: bool = False,
        batch_files: str | Path | None = None,
        engine: str = "local",
        ray_address: str | None = None,
        workers: int | None = None,
        part_papers: int | None = None,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> Run: ...
    def run(
        self, papers: PaperInput, *, out: str | Path | None = None, **how: Any
    ) -> Results[SchemaT] | Run:
        """The results of all papers in order, or with ``out`` a file of them.

        ``papers``, ``where``, ``limit``, ``sample`` and ``seed`` are those of `extract_many`.
        With ``out`` it works as ``extractor run``:
        the file is replaced only when it is complete, the same call continues a run that was
        stopped, and Ctrl-C leaves what is done in ``out`` with the ending ``.partial``. Failures go
        into the file ``failures``, by default ``out`` with the ending ``.failures.jsonl``;
        ``format`` is that of ``out``, by default what its ending says, and ``view`` the list whose
        items are the rows of a table; ``retry_failed`` asks again for the papers in the failures
        file only, and ``append`` keeps the records that are in ``out`` and adds those of papers
        that have none there. With ``batch`` the provider's batches answer, cheaper and within a
        day; with ``batch_files`` requests are written to that directory, and their results read
        there: AnswersAwaited is raised while some are missing (docs/batches.md).

        With ``engine="ray"`` it works on a Ray cluster (docs/scale.md): ``out`` is a folder of
        parts of ``part_papers`` papers each, ``ray_address`` the cluster, by default one on this
        machine, and ``workers`` how many work at a time. ``papers`` may be a Ray Dataset.

        ``where`` are one or several conditions that papers must meet, such as ``"year>=2024"``
        (docs/configuration.md); ``limit``: take only the first so many of those; ``sample``: so
        many of these at random, others for another ``seed``.

        Raises the error that ended the run, such as EndpointError or CeilingReached; also then
        paid answers are kept.
        """
        loop, stop = self._loop(), Stop()
        if out is None:
            return _result(loop.start(self._collect(papers, how, stop)), loop, stop)
        return _result(loop.start(self._run(papers, out, how, stop)), loop, stop)

    async def aextract(self, *, title: str, abstract: str, id: str = "1") -> Record[SchemaT]:  # noqa: A002
        """The async version of `extract`."""
        return await self._extract(_paper(id, title, abstract))

    async def aextract_many(
        self,
        papers: PaperInput | AsyncIterable[Any],
        *,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> AsyncGenerator[Result[SchemaT]]:
        """The async version of `extract_many`. Papers may arrive asynchronously, too: all of them
        are taken then."""
        results = self._iterated(papers, progress, how, Stop())
        try:
            async for _, result in results:
                yield result
                self._check_open()
        finally:
            self._opened.iterated.discard(results)
            await results.aclose()

    @overload
    async def arun(
        self,
        papers: PaperInput,
        *,
        out: None = None,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> Results[SchemaT]: ...
    @overload
    async def arun(
        self,
        papers: PaperInput,
        *,
        out: str | Path,
        failures: str | Path | None = None,
        format: str | None = None,
        view: str | None = None,
        retry_failed: bool = False,
        append: bool = False,
        batch: bool = False,
        batch_files: str | Path | None = None,
        engine: str = "local",
        ray_address: str | None = None,
        workers: int | None = None,
        part_papers: int | None = None,
        progress: bool | None = None,
        **how: Unpack[Choosing],
    ) -> Run: ...
    async def arun(
        self, papers: PaperInput, *, out: str | Path | None = None, **how: Any
    ) -> Results[SchemaT] | Run:
        """The async version of `run`; where it is cancelled, ``out`` stays as it was."""
        if out is None:
            return await self._collect(papers, how, Stop())
        return await self._run(papers, out, how, Stop())

    def close(self) -> None:
        """Stop the model and close the cache; needed only without a ``with`` block."""
        self._closed = True
        if self._end is not None:
            self._end()
        self._close_log()

    async def aclose(self) -> None:
        """The async version of `close`."""
        if self._end is not None:
            await asyncio.to_thread(self.close)
            return
        self._closed = True
        await self._close_engine()
        self._close_log()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        model = self._model.model or DEFAULT_MODEL
        name = model.endpoint.model if isinstance(model, Provider) else model
        where = f" at {self._model.base_url}" if self._model.base_url else ""
        closed = ", closed" if self._closed else ""
        return f"<Extractor of {self.task.label} with the model {name}{where}{closed}>"

    async def _extract(self, paper: Paper) -> Record[SchemaT]:
        async with self._use() as engine:
            return await engine.extract(paper)

    def _iterated(
        self,
        papers: PaperInput | AsyncIterable[Any],
        progress: bool | None,
        how: Mapping[str, object],
        stop: Stop,
    ) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        """The results of `extract_many`, which closing the Extractor ends."""
        check_options({"progress": progress, **how}, Iterating)
        reading = dict(how)
        results = self._results(papers, _choice(reading), progress, reading, stop)
        self._opened.iterated.add(results)
        return results

    async def _results(
        self,
        papers: PaperInput | AsyncIterable[Any],
        choice: Choice,
        progress: bool | None,
        reading: Mapping[str, Any],
        stop: Stop,
    ) -> AsyncGenerator[tuple[int, Result[SchemaT]]]:
        """Yield each result with its position, as it is done."""
        from extractor.api.papers import open_source
        from extractor.run.batch import Summary

        summary = Summary()
        with (
            open_source(papers, reading, choice) as (source, total),
            self._progress.papers(total, likely=choice.likely_total, shown=progress) as bar,
        ):
            async with self._use() as engine, aclosing(engine.run(source)) as results:
                stop.begin(engine, bar)
                async for position, result in results:
                    summary.count(result)
                    bar.done(result, summary)
                    yield position, result
                    stop.begin(engine, bar)  # the next one may be awaited in another task

    async def _collect(
        self, papers: PaperInput, how: dict[str, Any], stop: Stop
    ) -> Results[SchemaT]:
        """All results, in the order of the papers."""
        check_options(how, Running)
        for name in _ONLY_WITH_OUT:
            if how.pop(name, None):
                raise ArgumentError(f"{name}= is for a file of records.", hint="Name it with out=.")
        choice, progress = _choice(how), how.pop("progress", None)
        async with aclosing(self._results(papers, choice, progress, how, stop)) as results:
            found = sorted([each async for each in results], key=lambda each: each[0])
        index: Any = getattr(papers, "index", None) if hasattr(papers, "iterrows") else None
        kept = None if index is None else index.take(choice.places[: len(found)])
        return Results((result for _, result in found), kept)

    async def _run(
        self, papers: PaperInput, out: str | Path, how: dict[str, Any], stop: Stop
    ) -> Run:
        """A run into a file, as the command makes it."""
        from extractor.api.into_file import run_into_file

        check_options({"out": out, **how}, Running)
        choice, shown = _choice(how), how.pop("progress", None)
        given = {name: how.pop(name) for name in _ONLY_WITH_OUT if name in how}
        check_word("engine", engine := given.pop("engine", "local"), _ENGINES)
        cluster = {name: given.pop(name) for name in _CLUSTER if given.get(name) is not None}
        self._begin()
        if engine == "ray":
            from extractor.api.on_cluster import run_on_cluster

            return await run_on_cluster(
                papers,
                Path(out),
                self.task,
                self._model,
                self._calls,
                progress=self._progress,
                shown=shown,
                stop=stop,
                cluster=cluster,
                format=given.pop("format", None),
                refused={f"--{k.replace('_', '-')}": v for k, v in given.items()}
                | self._not_on_cluster,
                choice=choice,
                reading=how,
            )
        for name in cluster:
            raise ArgumentError(f"{name}= is for a cluster.", hint='Add engine="ray".')
        if not self._in_use:  # an embedded model is not loaded twice
            await self._close_engine()
        return await run_into_file(
            papers,
            Path(out),
            self.task,
            self._model,
            self._calls,
            progress=self._progress,
            shown=shown,
            stop=stop,
            files=self._files,
            choice=choice,
            reading=how,
            **given,
        )

    @asynccontextmanager
    async def _use(self) -> AsyncIterator[Engine[SchemaT]]:
        """The engine, which is opened at the first use."""
        self._begin()
        self._in_use += 1
        try:
            yield await self._open()
        finally:
            self._in_use -= 1

    async def _open(self) -> Engine[SchemaT]:
        if self._engine is None:
            # Nothing in here waits, so that two calls that come at once open one engine.
            opening = open_engine(self.task, self._model, self._calls)
            engine: Engine[SchemaT] = await self._opened.enter(opening)
            self._engine = engine
        return self._engine

    def _begin(self) -> None:
        """Check that the Extractor is open, and called in the event loop that it was opened in."""
        self._check_open()
        if self._log is None:
            self._log = ExitStack()
            self._log.enter_context(logging_to(self._debug_log))
        here = asyncio.get_running_loop()
        if self._home is not None and self._home.is_closed():
            # Its end has closed what was open in it.
            self._home, self._engine, self._in_use, self._opened = None, None, 0, Opened()
        self._home = self._home or here
        if self._home is not here:
            raise _mixed("synchronous" if self._thread else "in another event loop")

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(
                "This Extractor is closed.", hint="Make another one, or use it before it is closed."
            )

    async def _close_engine(self) -> None:
        self._engine = None
        await self._opened.close()

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None

    def _loop(self) -> LoopThread:
        """The thread of the methods that are not asynchronous."""
        self._check_open()
        if self._thread is None:
            if self._home is not None and not self._home.is_closed():
                raise _mixed("asynchronous")
            self._thread = LoopThread()
            self._end = weakref.finalize(self, _close, self._thread, self._opened)
        return self._thread


def _mixed(first: str) -> UsageError:
    return UsageError(
        f"The first call of this Extractor was {first}, and this call is not.",
        hint="Make another Extractor for it.",
    )


def _close(thread: LoopThread, opened: Opened) -> None:
    thread.close(opened.close())


def _result(running: futures.Future[T], loop: LoopThread, stop: Stop) -> T:
    """The result; Ctrl-C waits for the papers in flight, the next one cancels them."""
    try:
        return running.result()
    except KeyboardInterrupt:
        for _ in range(2):
            loop.call_soon(stop.request)
            with suppress(KeyboardInterrupt):
                futures.wait([running])
                break
        raise


async def _drain(results: AsyncGenerator[Any]) -> None:
    async for _ in results:
        pass


async def _next(results: AsyncGenerator[T]) -> T | None:
    return await anext(results, None)


def _choice(how: dict[str, Any]) -> Choice:
    """Take what chooses papers out of the arguments of a run."""
    from extractor.api.papers import Choice

    return Choice(**{name: how.pop(name) for name in _CHOICE if name in how})


def _paper(paper_id: str, title: str, abstract: str) -> Paper:
    for name, text in (("title", title), ("abstract", abstract)):
        if not isinstance(text, str):
            raise ArgumentError(f"{name}= is {text!r}.", hint="Give a text.")
    from extractor.api.papers import read_paper

    return read_paper(str(paper_id), title, abstract)
