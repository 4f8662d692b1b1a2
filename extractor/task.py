"""A task: a schema and a prompt, with one fingerprint."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
import sys
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, cast

from pydantic import BaseModel

from extractor.discovery import module_names
from extractor.errors import ArgumentError, UsageError, one_line
from extractor.record import SchemaT, check_field_names
from extractor.suggest import closest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from extractor.paper import Paper

# Part of every fingerprint: raise it when answers are parsed differently than before.
PARSER_VERSION = 1

_PLACEHOLDER = re.compile(r"\{\{\s*(title|abstract)\s*\}\}")
_SEPARATOR = re.compile(r"^---[ \t]*\r?\n", re.MULTILINE)
_GENERAL = "default"
_DEFAULT_USER = "Title: {{ title }}\n\nAbstract: {{ abstract }}"


@dataclass(frozen=True)
class Prompt:
    """A prompt template: ``system`` never changes, ``user`` holds the paper."""

    system: str
    user: str

    @classmethod
    def parse(cls, text: str) -> Prompt:
        """Read a template: the fixed part, a line ``---``, the part with the placeholders."""
        system, *rest = _SEPARATOR.split(text, maxsplit=1)
        user = rest[0].strip() if rest else _DEFAULT_USER
        if "abstract" not in _PLACEHOLDER.findall(user):
            raise UsageError(
                "The prompt never shows the abstract to the model.",
                hint="Put {{ abstract }} (and {{ title }}) below a line '---'.",
            )
        return cls(system.strip(), user)

    @property
    def opening(self) -> str:
        """How the user's message begins, whatever the paper."""
        return _PLACEHOLDER.split(self.user, maxsplit=1)[0]

    def messages(self, paper: Paper) -> list[dict[str, str]]:
        """The chat messages for one paper; placeholders inside the paper stay as they are."""
        texts = {"title": paper.title, "abstract": paper.abstract}
        user = _PLACEHOLDER.sub(lambda match: texts[match[1]], self.user)
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": user},
        ]


@dataclass(frozen=True)
class Task(Generic[SchemaT]):
    """A schema and a prompt under a name; type checkers know the schema's type."""

    name: str
    schema: type[SchemaT]
    prompt: Prompt

    @cached_property
    def fingerprint(self) -> str:
        """64 hexadecimal digits over the JSON Schema, the prompt and the parser version."""
        parts = [self.schema.model_json_schema(), self.prompt.system, self.prompt.user]
        text = json.dumps([PARSER_VERSION, *parts], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def label(self) -> str:
        """``name@`` and the start of the fingerprint: ``meta.task`` of a record."""
        return f"{self.name}@{self.fingerprint[:12]}"


def load_task(
    schema: str | type[SchemaT] | None = None, prompt: str | Path | None = None
) -> Task[SchemaT]:
    """Build a task.

    ``schema`` is the name of a built-in schema ("paper"), ``path/to/file.py:Model``, fields in
    one line (:mod:`extractor.shorthand`), or a pydantic model; ``prompt`` is the path of a
    template file, by default the schema's own. Raises :class:`UsageError` if either cannot
    be found or is invalid.
    """
    schema = "paper" if schema is None else schema
    if isinstance(schema, str):
        name, model = _resolve_schema(schema)
    elif isinstance(schema, type) and issubclass(schema, BaseModel):
        name, model = schema.__name__, schema
    else:
        raise ArgumentError(
            f"The schema is {one_line(repr(schema))[:60]}, not a pydantic model.",
            hint="Give a class derived from pydantic.BaseModel, or fields: 'name, year int'.",
        )
    check_field_names(name, model.model_fields)
    template = Path(prompt) if prompt else _own_prompt(schema)
    try:
        text = template.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The prompt file {template} cannot be read: {error}.") from error
    return Task(name, cast("type[SchemaT]", model), Prompt.parse(text))


@cache
def shipped_prompts() -> tuple[Prompt, ...]:
    """The prompts that ship: the general one and those of built-in schemas."""
    names = (_GENERAL, *builtin_schemas())
    files = (each for each in map(prompt_file, names) if each.is_file())
    return tuple(Prompt.parse(each.read_text(encoding="utf-8")) for each in files)


def prompt_file(name: str) -> Traversable:
    """The text ``prompts/NAME.txt`` that ships."""
    return resources.files("extractor.prompts") / f"{name}.txt"


def builtin_schemas() -> list[str]:
    """The names of the built-in schemas."""
    return sorted(module_names("extractor.schemas"))


def _resolve_schema(spec: str) -> tuple[str, type[BaseModel]]:
    if spec in builtin_schemas():
        module = importlib.import_module(f"extractor.schemas.{spec}")
        return spec, cast("type[BaseModel]", module.SCHEMA)
    if file := schema_file(spec):
        name = spec.rpartition(":")[2]
        return name, _model_from_file(file, name)
    from extractor import shorthand

    if spec and not shorthand.is_shorthand(spec):
        raise _no_schema(spec)
    return shorthand.NAME, shorthand.shorthand_model(spec)


def schema_file(schema: object) -> Path | None:
    """The file of ``FILE.py:MODEL``."""
    path, colon, _ = schema.rpartition(":") if isinstance(schema, str) else ("", "", "")
    return Path(path) if colon and path.endswith(".py") else None


def _no_schema(spec: str) -> UsageError:
    known = builtin_schemas()
    if near := closest(spec, known):
        hint = f"Did you mean {near!r}?"
    elif spec.endswith(".py"):
        hint = f"Name a model in it: {spec}:Model."
    else:
        hint = f"Known: {', '.join(known)}; or path/to/file.py:Model, or fields: 'name, year int'."
    return UsageError(f"There is no schema {spec!r}.", hint=hint)


def _model_from_file(path: Path, name: str) -> type[BaseModel]:
    """Run a user's schema file as a module and take the model ``name`` from it."""
    if not path.is_file():
        raise UsageError(f"The schema file {path} does not exist.")
    spec = importlib.util.spec_from_file_location(f"extractor_user_schema_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"The schema file {path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    # pydantic resolves postponed annotations through sys.modules.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    model: Any = getattr(module, name, None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise UsageError(f"{path} holds no pydantic model named {name!r}.")
    return model


def _own_prompt(schema: str | type[BaseModel]) -> Traversable:
    """The prompt of a built-in schema's name, where one ships; the general one for any other."""
    own = prompt_file(str(schema)) if schema in builtin_schemas() else None
    return own if own is not None and own.is_file() else prompt_file(_GENERAL)
