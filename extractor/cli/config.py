"""Options from ``extractor.toml`` or ``[tool.extractor]`` of ``pyproject.toml``; and ``.env``.

The files are looked for in the working directory and, inside a repository, in its parents up to the
repository's root; the nearest one counts. A key is the long name of an option: at the top for every
command that has it, in a table named as a command for that one. The command line beats environment
variables, those beat ``.env``, and that beats the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import signature
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

from extractor.errors import UsageError, one_line
from extractor.llm.settings import model_file
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import typer

FILE, PROJECT, DOTENV = "extractor.toml", "pyproject.toml", ".env"
VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "EXTRACTOR_CACHE_DIR", "EXTRACTOR_MODELS_DIR")
"""The variables that are read of ``.env``."""

_ONCE = "A name occurs once: where 'schema' is an option and a table, put the option into [run]."
_VARIABLE_OF = {"base-url": "OPENAI_BASE_URL", "cache-dir": "EXTRACTOR_CACHE_DIR"}
_NEVER = {"help", "version", "no-config", "yes", "install-completion", "show-completion"}
_KEYS = re.compile(r"(?:openai[-_])?(?:api[-_])?key|token|secret|password", re.IGNORECASE)
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
_KINDS: dict[type, tuple[type | tuple[type, ...], str]] = {
    bool: (bool, "true or false"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
}


@dataclass(frozen=True)
class Option:
    """An option of a command: the ``path`` of the command in its group, the parameter's name, the
    type of a value, whether there may be several, and the bounds of a number."""

    path: tuple[str, ...]
    parameter: str
    kind: type
    multiple: bool
    least: float | None
    most: float | None


@dataclass
class Files:
    """The files that settings came from: ``config`` of options, ``variables`` of each variable."""

    config: Path | None = None
    variables: dict[str, Path] = field(default_factory=dict)


def read_files(folder: Path) -> tuple[Files, Mapping[str, Any]]:
    """Set the variables of the ``.env`` file that are not set, and return the options' table.

    Raises UsageError.
    """
    folders = list(_folders(folder))
    files = Files(variables=_read_dotenv(_first(each / DOTENV for each in folders)))
    for each in folders:
        for name in (FILE, PROJECT):
            table = _table(each / name)
            if table is not None:
                files.config = each / name
                return files, table
    return files, {}


def defaults(
    files: Files,
    table: Mapping[str, Any],
    commands: Mapping[str, Callable[[], Mapping[tuple[str, ...], Callable[..., Any]]]],
    name: str,
) -> dict[str, Any]:
    """The defaults of a command, as its context takes them. Raises UsageError.

    ``commands`` loads the function of each command, or those of a group by their names. Only the
    one that is called is loaded, unless a key is not one of its options.
    """
    if files.config is None:
        return {}
    reader = _Reader(files.config)
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key in tables.keys() - commands.keys():
        raise reader.unknown(f"command {key!r}", key, commands)
    shared = {key: value for key, value in table.items() if key not in tables}
    known = _options(commands[name]())
    if not shared.keys() <= known.keys():
        everything = {each for load in commands.values() for each in _options(load())}
        for key in shared.keys() - everything:
            raise reader.unknown(f"option {key!r}", key, everything)
    for key in tables.get(name, {}).keys() - known.keys():
        raise reader.unknown(f"option {key!r} of 'extractor {name}'", key, known)
    return reader.defaults(known, {**shared, **tables.get(name, {})})


def _folders(folder: Path) -> Iterator[Path]:
    """The folder, and its parents up to the root of its repository, if it is in one."""
    parents = [folder, *folder.parents]
    root = next((n for n, each in enumerate(parents) if (each / ".git").exists()), 0)
    yield from parents[: root + 1]


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _table(path: Path) -> Mapping[str, Any] | None:
    """The table of options in a file; None where it has none, or is not there."""
    if not path.is_file():
        return None
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if path.name == PROJECT:  # other programs say that it is broken
            return None
        said = one_line(str(error))
        raise UsageError(
            f"{shown(path)} cannot be read: {said}.",
            hint=_ONCE if "overwrite" in said else "Write it as TOML.",
        ) from error
    if path.name == PROJECT:
        tool = found.get("tool")
        table = tool.get("extractor") if isinstance(tool, dict) else None
        return table if isinstance(table, dict) else None
    return found


def _read_dotenv(path: Path | None) -> dict[str, Path]:
    """Set the known variables of the file that are not set; returns those that it gave."""
    if path is None:
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{shown(path)} cannot be read: {one_line(str(error))}.",
            hint="Write it in UTF-8, with NAME=value in each line.",
        ) from error
    given = {name: values[name] for name in VARIABLES if values.get(name)}
    new = {name: value for name, value in given.items() if not os.environ.get(name) and value}
    os.environ.update(new)
    return dict.fromkeys(new, path)


def _options(
    functions: Mapping[tuple[str, ...], Callable[..., Any]],
) -> dict[str, list[Option]]:
    """The options of commands by their long names."""
    found: dict[str, list[Option]] = {}
    for path, function in functions.items():
        hints = get_type_hints(function, include_extras=True)
        for parameter in signature(function).parameters:
            hint = hints.get(parameter)
            info = next((each for each in get_args(hint) if isinstance(each, OptionInfo)), None)
            if info is not None:
                multiple, kind = _value_type(get_args(hint)[0])
                option = Option(path, parameter, kind, multiple, info.min, info.max)
                for name in _long_names(parameter, info.param_decls or ()):
                    found.setdefault(name, []).append(option)
    return {name: options for name, options in found.items() if name not in _NEVER}


def _long_names(parameter: str, declared: Iterable[str]) -> list[str]:
    names = [name[2:] for name in declared if name.startswith("--")]
    return names or [parameter.replace("_", "-")]


def _value_type(hint: Any) -> tuple[bool, type]:
    """Whether there may be several values, and the type of one."""
    kinds = [each for each in get_args(hint) if each is not NoneType] or [hint]
    if get_origin(kinds[0]) is list:
        return True, get_args(kinds[0])[0]
    return get_origin(hint) is list, kinds[0]


class _Reader:
    """Checks the values of one file; its errors name the file, the key and what is right."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def unknown(self, what: str, key: str, known: Iterable[str]) -> UsageError:
        if _KEYS.fullmatch(key):
            return UsageError(
                f"{shown(self._path)} has a key to an endpoint, {key!r}: none is read from a file "
                "that is shared.",
                hint="Set OPENAI_API_KEY, in the environment or in .env, and keep that private.",
            )
        near = closest(key, list(known))
        guess = f"Did you mean {near!r}?" if near else "docs/configuration.md says which there are."
        return UsageError(f"{shown(self._path)}: there is no {what}.", hint=guess)

    def defaults(
        self, options: Mapping[str, list[Option]], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The values as a context takes them: by parameters, those of a group's commands apart."""
        found: dict[str, Any] = {}
        for key, value in values.items():
            if os.environ.get(_VARIABLE_OF.get(key, "")):
                continue
            for option in options.get(key, ()):
                target = found
                for name in option.path:
                    target = target.setdefault(name, {})
                target[option.parameter] = self._value(key, option, value)
        return found

    def _value(self, key: str, option: Option, value: Any) -> Any:
        if not option.multiple:
            return self._one(key, option, value)
        values = value if isinstance(value, list) else [value]
        for each in values if key == "extra-header" else ():
            if _SECRET_HEADER.search(str(each).partition(":")[0]):
                raise self._wrong(key, "it may hold a secret", "Give such a header as an option.")
        return [self._one(key, option, each) for each in values]

    def _one(self, key: str, option: Option, value: Any) -> Any:
        kind, needed = _KINDS.get(option.kind, (str, "a text"))
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self._wrong(key, f"{value!r} is not {needed}", f"Give {needed}.")
        if issubclass(option.kind, StrEnum) and value not in (known := list(option.kind)):
            raise self._wrong(key, f"there is no {value!r}", f"Known: {', '.join(known)}.")
        number: Any = value  # where there are bounds
        if option.least is not None and number < option.least:
            raise self._wrong(key, f"{value!r} is not possible", f"The least is {option.least:g}.")
        if option.most is not None and number > option.most:
            raise self._wrong(key, f"{value!r} is not possible", f"The most is {option.most:g}.")
        return self._resolved(key, option, value)

    def _resolved(self, key: str, option: Option, value: Any) -> Any:
        """A path in the file is meant from where the file is."""
        folder = self._path.parent
        if not isinstance(value, str) or folder == Path.cwd():
            return value
        if option.kind is Path or (key == "model" and model_file(value)):
            return str(folder / value)
        file, colon, rest = value.rpartition(":")
        is_file = key == "schema" and file.endswith(".py")
        return f"{folder / file}{colon}{rest}" if is_file else value

    def _wrong(self, key: str, why: str, hint: str) -> UsageError:
        return UsageError(f"{shown(self._path)}: {key}: {why}.", hint=hint)


def shown(path: Path) -> str:
    """A path as short as it is from the working directory."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)


def origin(context: typer.Context, name: str) -> str | None:
    """Where the value of an option came from, None for its default."""
    source = context.get_parameter_source(name)
    files = context.find_object(Files) or Files()
    if source is not None and source.name == "DEFAULT_MAP" and files.config is not None:
        return shown(files.config)
    return None if source is None or source.name == "DEFAULT" else "command line"


def origin_of_variable(context: typer.Context, name: str) -> str | None:
    """Where a variable that is set came from, None if it is not set."""
    if not os.environ.get(name):
        return None
    files = context.find_object(Files) or Files()
    return shown(files.variables[name]) if name in files.variables else "environment"
