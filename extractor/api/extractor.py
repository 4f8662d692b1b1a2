"""The Python API: an :class:`Extractor` holds a task and a model and extracts papers.

with Extractor() as extractor:
    record = extractor.extract(title="...", abstract="...")
    record.fields.method_name
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, overload

from extractor.llm.own_files import default_cache_dir
from extractor.llm.settings import ModelSettings, check_names
from extractor.paper import Paper
from extractor.record import Record, Result, SchemaT
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping

    from anyio.from_thread import BlockingPortal
    from typing_extensions import Unpack

    from extractor.llm.endpoint import Mode
    from extractor.llm.providers import Provider
    from extractor.run.engine import Engine
    from extractor.schemas.paper import PaperFields


class Options(TypedDict, total=False):
    """The options of an :class:`Extractor`; each has a default."""

    prompt: str | Path | None
    model: str | Provider | None
    base_url: str | None
    api_key: str | None
    mode: Mode | None
    approach: str | None
    concurrency: int | None
    answer_tokens: int | None
    temperature: float | None
    reasoning_effort: str | None
    extra_body: Mapping[str, object]
    extra_headers: Mapping[str, str]
    api_version: str | None
    key_header: str | None
    cache: bool
    cache_dir: str | Path | None
    tries: int
    timeout: float
    patience: float


class Extractor(Generic[SchemaT]):
    """Extracts typed, grounded records from papers.

    ``schema`` is a pydantic model, the name of a built-in schema, ``path.py:Model``, or fields
    in one line such as ``"name, accuracy float"``; by default the built-in ``paper`` schema.
    Options:

    - ``prompt``: a template file; by default the schema's own.
    - ``model``: a name, the path of a model file (``.gguf``), or a provider such as
      :class:`extractor.testing.FakeModel`; by default the embedded model, whose weights are
      downloaded when it is first asked.
    - ``base_url``, ``api_key``: an OpenAI-compatible endpoint; by default OPENAI_BASE_URL and
      OPENAI_API_KEY.
    - ``mode``, ``approach``: how to ask; the default depends on the endpoint.
    - ``concurrency``: most papers in flight; for the embedded model, the number of its slots.
    - ``answer_tokens``: most tokens of an answer, those spent on thinking included.
    - ``temperature``, ``reasoning_effort``: by default 0 (at OpenAI the model's own), and the
      model's own. ``extra_body``: more fields of every request.
    - ``extra_headers``: more headers of every request. ``key_header``: the one that holds the key,
      instead of ``Authorization``. ``api_version``: Azure OpenAI's ``api-version``.
    - ``cache``, ``cache_dir``: whether and where paid answers are kept.
    - ``tries``: most requests for one answer; ``timeout``: seconds for one request;
      ``patience``: seconds to wait out a rate limit or an outage for.

    It opens at its first use and closes at the end of a ``with`` or ``async with`` block, or with
    :meth:`close` or :meth:`aclose`. The synchronous methods may be called from any thread, the
    asynchronous ones only from the event loop of the first call. Do not mix the two on one object.
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
        check_names(options, Options.__annotations__)
        self.task = load_task(schema, options.get("prompt"))
        self._model = ModelSettings(
            model=options.get("model"),
            base_url=options.get("base_url"),
            api_key=options.get("api_key"),
            mode=options.get("mode"),
            approach=options.get("approach"),
            concurrency=options.get("concurrency"),
            answer_tokens=options.get("answer_tokens"),
            temperature=options.get("temperature"),
            reasoning_effort=options.get("reasoning_effort"),
            extra_body=options.get("extra_body", {}),
            extra_headers=options.get("extra_headers", {}),
            api_version=options.get("api_version"),
            key_header=options.get("key_header"),
        )
        self._calls = CallSettings(
            cache_dir=_cache_dir(options),
            tries=options.get("tries", CallSettings.tries),
            timeout=options.get("timeout", CallSettings.timeout),
            patience=options.get("patience", CallSettings.patience),
        )
        self._opened = AsyncExitStack()
        self._engine: Engine[SchemaT] | None = None
        self._threads = ExitStack()
        self._portal: BlockingPortal | None = None

    def extract(self, *, title: str, abstract: str, id: str = "1") -> Record[SchemaT]:  # noqa: A002
        """The record of one paper. Raises PaperError or EndpointError if there is none."""
        return self._loop().call(self._extract, Paper(id, title, abstract))

    def extract_many(self, papers: Iterable[Paper]) -> Iterator[Result[SchemaT]]:
        """Yield each paper's record or failure as it is done, in no particular order."""
        loop = self._loop()
        with loop.wrap_async_context_manager(aclosing(self.aextract_many(papers))) as results:
            while (result := loop.call(anext, results, None)) is not None:
                yield result

    async def aextract(self, *, title: str, abstract: str, id: str = "1") -> Record[SchemaT]:  # noqa: A002
        """The async version of :meth:`extract`."""
        return await self._extract(Paper(id, title, abstract))

    async def aextract_many(self, papers: Iterable[Paper]) -> AsyncGenerator[Result[SchemaT]]:
        """The async version of :meth:`extract_many`."""
        engine = await self._open()
        async with aclosing(engine.run(papers)) as results:
            async for _, result in results:
                yield result

    def close(self) -> None:
        """Stop the model and close the cache; needed only without a ``with`` block."""
        if self._portal is not None:
            self._portal.call(self.aclose)
        self._threads.close()
        self._portal = None

    async def aclose(self) -> None:
        """The async version of :meth:`close`."""
        await self._opened.aclose()
        self._engine = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def _extract(self, paper: Paper) -> Record[SchemaT]:
        return await (await self._open()).extract(paper)

    async def _open(self) -> Engine[SchemaT]:
        if self._engine is None:
            opening = open_engine(self.task, self._model, self._calls)
            engine: Engine[SchemaT] = await self._opened.enter_async_context(opening)
            self._engine = engine
        return self._engine

    def _loop(self) -> BlockingPortal:
        if self._portal is None:
            from anyio.from_thread import start_blocking_portal

            self._portal = self._threads.enter_context(start_blocking_portal("asyncio"))
        return self._portal


def _cache_dir(options: Options) -> Path | None:
    if not options.get("cache", True):
        return None
    chosen = options.get("cache_dir")
    return Path(chosen) if chosen is not None else default_cache_dir()
