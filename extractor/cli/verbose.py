"""What a command uses and where that was set; and requests that are tried again (``-v``)."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from extractor.cli.config import VARIABLES, origin, origin_of_variable
from extractor.cli.options import schema_files
from extractor.debug_log import PAPER
from extractor.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from extractor.cli.progress import Report
    from extractor.llm.endpoint import Endpoint
    from extractor.llm.settings import ModelSettings
    from extractor.run.settings import CallSettings
    from extractor.task import Task

_NOT_FROM_FILES = (None, "command line", "environment")
_UNTOLD = {"dump", "abstract", "verbose", "quiet", "progress"}
_WIDTH = 80


@contextmanager
def telling(
    report: Report,
    context: typer.Context,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    *,
    verbose: bool,
) -> Iterator[None]:
    """Tell what is used, if ``verbose``, and where a file decides who gets the requests.

    Somebody else's folder may hold such a file; so that much is told in any case.
    """
    from extractor.llm.providers import provider_for

    endpoint = provider_for(model).endpoint
    for line in _from_files(context, model, endpoint):
        report.say(line)
    if not verbose:
        yield
        return
    for name, value in _used(context, task, model, calls, endpoint):
        report.say(f"{name:10} {value}")
    logger, handler = logging.getLogger("extractor.llm"), _Retries(report)
    before = logger.level
    logger.addHandler(handler)
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


class _Retries(logging.Handler):
    """Tells each failed try."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.INFO:
            self._report.say(f"paper {one_line(PAPER.get())}: {record.getMessage()}")


def _from_files(context: typer.Context, model: ModelSettings, endpoint: Endpoint) -> Iterator[str]:
    if endpoint.base_url:
        url = (
            origin(context, "base_url")
            if model.base_url
            else origin_of_variable(context, "OPENAI_BASE_URL")
        )
        key = origin_of_variable(context, "OPENAI_API_KEY")
        if url not in _NOT_FROM_FILES or key not in _NOT_FROM_FILES:
            address = f"{endpoint.address}{f', as {url} says' if url else ''}"
            yield f"Requests go to {address}; {f'the key is of {key}' if key else 'without a key'}."
    schema, named = context.params.get("schema"), origin(context, "schema")
    if named not in _NOT_FROM_FILES and schema_files(str(schema)):
        yield f"The schema is the code in {one_line(str(schema))}, as {named} says."


def _used(
    context: typer.Context,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
    endpoint: Endpoint,
) -> Iterator[tuple[str, str]]:
    from extractor.approaches import choose_approach

    approach = choose_approach(model.approach, task, endpoint)
    yield "model", f"{endpoint.model} at {endpoint.address}"
    yield "task", f"{task.label}, approach {approach.name}, mode {endpoint.mode}"
    yield "prompt", str(context.params.get("prompt") or "the schema's own")
    yield "in flight", f"at most {endpoint.concurrency:,}"
    yield "answers", f"kept in {calls.cache_dir}" if calls.cache_dir else "not kept"
    for name, value in context.params.items():
        where = origin(context, name)
        if where and name not in _UNTOLD:
            yield "option", f"--{name.replace('_', '-')} {_shown(name, value)} ({where})"
    for name in VARIABLES:
        if where := origin_of_variable(context, name):
            yield "variable", f"{name} ({where})"


def _shown(name: str, value: object) -> str:
    """The value of an option, without what may be a secret in it."""
    if name == "extra_header" and isinstance(value, list | tuple):
        return ", ".join(f"{str(each).partition(':')[0]}: ..." for each in value)
    if name == "extra_body":
        return "..."
    text = str(value).partition("?")[0] if name == "base_url" else str(value)
    return one_line(text)[:_WIDTH]
