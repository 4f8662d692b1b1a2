"""Options as they are given: their names, the types of their values, and the words they may be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from extractor.errors import ArgumentError
from extractor.llm.settings import number_form
from extractor.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_FORMS: dict[object, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    str: "a text",
    Mapping: "names and values",
}
_OTHER_FORMS = {
    "model": "the name of a model, or a provider",
    "where": "a condition such as 'year>=2024', or some",
}
_HELD_BACK = ("api_key", "extra_headers", "extra_body")
"""Options whose values may hold a secret, and are not shown."""


def check_options(given: Mapping[str, object], kind: Any) -> None:
    """Raise ArgumentError, a TypeError, for an option that the TypedDict ``kind`` has not, or a
    value of another type."""
    types = get_type_hints(kind)
    for name in given:
        if name not in types:
            raise ArgumentError(f"There is no option {name!r}.", hint=_near(name, types, "Options"))
    try:
        _adapter(kind).validate_python(dict(given))
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        raise _wrong(name, given[name], types[name]) from None


def check_word(name: str, word: str | None, known: Iterable[str]) -> None:
    """Raise ArgumentError for a word that an option does not know."""
    known = list(map(str, known))
    if word is not None and word not in known:
        raise ArgumentError(f"{name}= is {word!r}.", hint=_near(word, known, "Known"))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _near(word: str, known: Collection[str], what: str) -> str:
    near = closest(word, known)
    return f"Did you mean {near!r}?" if near else f"{what}: {', '.join(known)}."


def _wrong(name: str, value: object, kind: object) -> ArgumentError:
    shown = f"of the type {type(value).__name__}" if name in _HELD_BACK else repr(value)
    form = _OTHER_FORMS.get(name) or number_form(name) or _form(kind)
    return ArgumentError(f"{name}= is {shown}.", hint=f"Give {form}.")


def _form(kind: object) -> str:
    """What to give for a type: of a union, the form that says most."""
    parts = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    kinds = {get_origin(each) or each for each in parts}
    return next(said for each, said in _FORMS.items() if each in kinds)
