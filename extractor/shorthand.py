"""A schema in one line: ``name, dataset, accuracy float``.

    schema = field, field, ...     or one field on each line
    field  = name [type] [: description]
    type   = str | int | float | bool | url | list | str[] | int[] | float[] | url[]

A field without a type is a ``str``, and ``list`` is ``str[]``. On one line a comma ends a
description; where each field has its own line, a description may hold commas. Every field may
be null, or an empty list. Strings and URLs are grounded word by word, numbers anywhere
in the title or abstract; a ``bool`` is the model's judgement, and is not grounded.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from extractor.errors import UsageError
from extractor.grounding import NumberIn, Url, Verbatim
from extractor.record import RECORD_KEYS
from extractor.schemas._values import AskedAtMost, blank_is_none, without_blanks
from extractor.suggest import closest

NAME = "fields"
"""The name of a task with a one-line schema."""

_BASES: dict[str, Any] = {
    "str": Annotated[str, Verbatim()],
    "int": Annotated[int, NumberIn()],
    "float": Annotated[float, NumberIn()],
    "bool": bool,
    "url": Annotated[str, Url()],
}
_LISTS = ("str[]", "int[]", "float[]", "url[]")
_TYPES = (*_BASES, "list", *_LISTS)
_MEANT = {
    "string": "str", "text": "str", "date": "str", "enum": "str",
    "integer": "int", "number": "float", "double": "float", "real": "float", "percent": "float",
    "boolean": "bool", "flag": "bool", "uri": "url", "link": "url", "array": "list",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_LIST_OF = re.compile(r"(?:list|array)\[(\w+)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShorthandField:
    """One field; ``type`` is one of the grammar's, ``list`` written as ``str[]``."""

    name: str
    type: str
    description: str | None = None


class _Fields(BaseModel):
    """A model that other processes make anew from its ``_shorthand``, so that it is pickled."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, protected_namespaces=())
    _shorthand: ClassVar[str]

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._shorthand, self.__getstate__())


def _unpickled(spec: str, state: dict[Any, Any]) -> BaseModel:
    model = shorthand_model(spec)
    fields = model.__new__(model)
    fields.__setstate__(state)
    return fields


def is_shorthand(spec: str) -> bool:
    """Whether ``spec`` lists fields; a single word or a path names something else."""
    words = spec.strip()
    head = re.split(r"[:,\n]", words, maxsplit=1)[0]
    is_path = words.endswith(".py") or "/" in head or "\\" in head
    return not is_path and re.search(r"[\s:,]", words) is not None


@cache
def shorthand_model(spec: str) -> type[BaseModel]:
    """The pydantic model that ``spec`` describes, named ``Fields``; always the same one.

    Raises UsageError, which names the field that is wrong and says why.
    """
    definitions: dict[str, Any] = {
        field.name: _definition(field) for field in parse_shorthand(spec)
    }
    model = create_model(
        "Fields",
        __base__=_Fields,
        __module__=__name__,
        __doc__="The values that one title and abstract state.",
        **definitions,
    )
    model._shorthand = spec
    return model


def parse_shorthand(spec: str) -> tuple[ShorthandField, ...]:
    """The fields of ``spec`` in order. Raises UsageError."""
    fields: list[ShorthandField] = []
    for number, text in enumerate(_split(spec), 1):
        place = _Place(number, text)
        field = _parse_field(place)
        same = next((each for each in fields if each.name.lower() == field.name.lower()), None)
        if same is not None:
            raise place.wrong(f"there is already a field {same.name!r}", "Give each its own name.")
        fields.append(field)
    return tuple(fields)


@dataclass(frozen=True, slots=True)
class _Place:
    """A field as written, and its number, for messages."""

    number: int
    text: str

    def wrong(self, why: str, hint: str) -> UsageError:
        text = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
        return UsageError(f"Field {self.number} of the schema, {text!r}: {why}.", hint=hint)


def _split(spec: str) -> list[str]:
    lines = [line.strip() for line in spec.strip().splitlines() if line.strip()]
    if not lines:
        raise UsageError("The schema is empty.", hint="Name its fields, as in 'name, year int'.")
    if len(lines) > 1:
        return [line.removesuffix(",").rstrip() for line in lines]
    return [part.strip() for part in lines[0].removesuffix(",").split(",")]


def _parse_field(place: _Place) -> ShorthandField:
    head, colon, description = place.text.partition(":")
    if "," in head:
        raise place.wrong("it holds a comma", "Put each field on a line of its own.")
    name, *words = head.split() or [""]
    _check_name(name, place)
    if len(words) > 1:
        raise _too_much(name, words, place)
    if colon and not description.strip():
        raise place.wrong("there is no description after the colon", "Add one, or drop the colon.")
    kind = words[0] if words else "str"
    if kind not in _TYPES:
        raise place.wrong(f"there is no type {kind!r}", _hint_for(kind, name))
    return ShorthandField(name, "str[]" if kind == "list" else kind, description.strip() or None)


def _too_much(name: str, words: list[str], place: _Place) -> UsageError:
    if ";" in place.text:
        raise place.wrong("it holds a semicolon", "Separate fields with commas.")
    if words[-1] in _TYPES:
        meant = f"{'_'.join((name, *words[:-1]))} {words[-1]}"
        raise place.wrong(f"{name!r} is followed by more than its type", f"Write {meant!r}.")
    described = 1 if words[0] in _TYPES else 0
    head = " ".join((name, *words[:described]))
    rest = " ".join(words[described:])
    return place.wrong(
        f"{words[described]!r} belongs neither to a name nor to a type",
        f"Put a description after a colon: {f'{head}: {rest}'!r}.",
    )


def _check_name(name: str, place: _Place) -> None:
    if not name:
        raise place.wrong("it has no name", "Is there one comma or colon too many?")
    if not _NAME.fullmatch(name):
        plain = "".join(
            c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)
        )
        meant = re.sub(r"\W+", "_", plain, flags=re.ASCII).strip("_")
        hint = f"Write {meant!r}." if _NAME.fullmatch(meant) else "Begin with a letter."
        if ";" in name:
            hint = "Separate fields with commas."
        raise place.wrong(f"{name!r} is not a name made of letters, digits and _", hint)
    if name in RECORD_KEYS:
        raise place.wrong(f"every record already has a {name!r}", "Choose another name.")
    if hasattr(BaseModel, name):
        raise place.wrong(f"{name!r} is reserved by pydantic", f"Write '{name}_' or another name.")


def _hint_for(written: str, name: str) -> str:
    word = written.lower()
    if word.endswith("?"):
        return f"Every field is optional already: write {f'{name} {written[:-1]}'!r}."
    if word.startswith("bool["):
        return "There are no lists of bools: write bool, or a list of the things that are true."
    if list_of := _LIST_OF.fullmatch(word):
        return f"Write '{name} {_MEANT.get(list_of[1], list_of[1])}[]'."
    if name in _TYPES:
        return f"The name comes first: {f'{written} {name}'!r}."
    if near := _MEANT.get(word) or closest(word, _TYPES):
        return f"Did you mean {near!r}?"
    return f"Types: {', '.join(_TYPES)}. A name is one word: {f'{name}_{written}'!r}."


def _definition(field: ShorthandField) -> tuple[Any, Any]:
    """The annotation and the default, as pydantic takes them."""
    base, description = _BASES[field.type.removesuffix("[]")], field.description
    if description is None and field.type.startswith("url"):
        description = "As the text gives it."
    if field.type.endswith("[]"):
        items = list.__class_getitem__(base)
        default: Any = Field(default_factory=list, description=description)
        return Annotated[items, BeforeValidator(without_blanks), AskedAtMost(16)], default
    default = Field(default=None, description=description)
    return Annotated[base | None, BeforeValidator(blank_is_none)], default
