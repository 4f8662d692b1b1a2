"""What instructor makes of a task: the fixed messages of its requests, and their other fields.

It is kept on disk: loading instructor, and openai with it, takes longer than all else of a run
whose answers are in the store.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from extractor.llm.locks import private
from extractor.llm.own_files import forms_dir

if TYPE_CHECKING:
    from pathlib import Path

    from extractor.llm.endpoint import Mode
    from extractor.task import Task


def handlers(mode: Mode) -> Any:
    """instructor's functions for requests in a mode."""
    from instructor.v2 import Mode as Known
    from instructor.v2 import Provider, mode_registry

    return mode_registry.get_handlers(Provider.OPENAI, Known[mode.name])


def request_form(task: Task[Any], mode: Mode) -> dict[str, Any]:
    """The fields that all requests of a task have in common; ``messages`` are the fixed ones."""
    file = forms_dir() / f"{_key(task, mode)}.json"
    with suppress(OSError, ValueError):
        kept = from_json(file.read_bytes())
        if isinstance(kept, dict) and "messages" in kept:
            return kept
    messages = [{"role": "system", "content": task.prompt.system}]
    _, form = handlers(mode).request_handler(
        response_model=task.schema, kwargs={"messages": messages}
    )
    with suppress(OSError):
        _keep(file, to_json(form))
    made: dict[str, Any] = form
    return made


def _key(task: Task[Any], mode: Mode) -> str:
    """What the form depends on; instructor reads the schema's name and docstring as well."""
    versions = [metadata.version(each) for each in ("instructor", "pydantic", "openai")]
    schema = task.schema
    parts = [*versions, mode, task.fingerprint, schema.__name__, schema.__doc__]
    return hashlib.sha256(to_json(parts)).hexdigest()


def _keep(file: Path, content: bytes) -> None:
    for each in (file.parent.parent, file.parent):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}")
    os.close(private(new))
    new.write_bytes(content)
    new.replace(file)
