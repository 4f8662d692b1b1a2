"""The answer to a schema in what a model wrote.

Answers are paid for, so the reading is lenient about the JSON around the values: prose, a fence, a
wrapper, a second encoding, lost commas and brackets. It never changes or invents a value.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from extractor.llm.lenient_json import Found, read_objects
from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

_ARGUMENTS = ("arguments", "parameters", "input")
_CALL = re.compile(rf'"({"|".join(_ARGUMENTS)})"\s*:')
_NAME = re.compile(r'"([^"\\]{1,100})"\s*:')
_NO_LETTERS = re.compile(r"[\W_]+")
_QUOTED_LINE = re.compile(r"^[ \t]*>", re.MULTILINE)
_CHOICE = re.compile(r"'([^']*)'")
_SHORTEST_SLIP = 5
_NAMES_KEPT = 1000
_MOST_MENDS = 3
_DEEPEST = 4
_NOTHING = {"", "null", "none", "n/a", "na", "nil", "-", "not mentioned", "not specified"}


class AnswerReader(Generic[SchemaT]):
    """Reads answers to one schema, which may be calls of a tool."""

    def __init__(self, schema: type[SchemaT], names: Iterable[str]) -> None:
        """``names`` are those of the schema, by which a model may call it."""
        self._call = _CALL if "name" in schema.model_fields else None
        self._schema = schema
        self._names = {name.casefold() for name in names}
        self._keys = {*schema.model_fields, *schema.model_json_schema().get("properties", ())}
        self._spelled: dict[str, str] = {_squeezed(key): key for key in self._keys}
        self._field = lru_cache(_NAMES_KEPT)(self._find_field)

    def is_tool(self, name: str) -> bool:
        """Whether a name is that of the schema's tool, as in "functions.Paper" or "Paper:0"."""
        return not self._names.isdisjoint(re.split(r"[.:/]", name.casefold()))

    def may_be_elsewhere(self, text: str) -> bool:
        """Whether fields that an answer seems to lack may be in it all the same: in a call, which
        fits a schema with the field "name" as well, or spelled otherwise, as "methodName"."""
        misspelled = any(map(self._field, set(_NAME.findall(text)) - self._keys))
        return misspelled or bool(self._call and self._call.search(text))

    def _find_field(self, name: str) -> str | None:
        """The field that a name means: the same letters, or but one typing slip."""
        given = _squeezed(name)
        if field := self._spelled.get(given):
            return field
        if given in map(_squeezed, self._names) or len(given) < _SHORTEST_SLIP - 1:
            return None
        from rapidfuzz.distance import OSA  # only a mistake needs it

        near: list[str] = [
            field
            for spelled, field in self._spelled.items()
            if len(spelled) >= _SHORTEST_SLIP
            and spelled[0] == given[0]
            and OSA.distance(spelled, given, score_cutoff=1) == 1
            and _digits(spelled) == _digits(given)
        ]
        return near[0] if len(near) == 1 else None

    def read(self, text: str) -> SchemaT | None:
        """The fields in an answer, or None if there is none in it.

        Raises ValidationError if its values do not fit the schema.
        """
        values = self._answer(text)
        if values is None:
            return None
        try:
            return self._schema.model_validate_json(written := to_json(values))
        except ValidationError as error:
            first, plain = error, from_json(written)
        last = first
        for _ in range(_MOST_MENDS):
            if not _mended(plain, last):
                break
            try:
                return self._schema.model_validate_json(to_json(plain))
            except ValidationError as error:
                last = error
        raise first

    def _answer(self, text: str, depth: int = 0) -> Mapping[str, Any] | None:
        """The object with the most fields of the schema; the last one, since a model that thinks
        aloud, or quotes the paper, does so before its answer. Objects with different fields are
        one answer in parts."""
        found = [*read_objects(text)]
        if len(found) == 1 and found[0].value == {}:
            return {}
        answers = self._answers(found, depth)
        if not answers:  # the opening brace may be missing
            guessed = (Found(each.value, mended=True) for each in read_objects("{" + text))
            answers = self._answers(guessed, depth)
        if not answers and depth <= _DEEPEST and _QUOTED_LINE.search(text):
            return self._answer(_QUOTED_LINE.sub("", text), depth + 1)
        return _joined(answers) or max(reversed(answers), key=self._count, default=None)

    def _answers(self, found: Iterable[Found], depth: int) -> list[Mapping[str, Any]]:
        answers = (self._inside(each, depth) for each in found)
        return [answer for answer in answers if answer is not None]

    def _inside(self, found: Found, depth: int) -> Mapping[str, Any] | None:
        """What answers the schema in a value: it, the arguments of a call, or its only such part.

        Where brackets were guessed, a field may be in the wrong place unless all are there.
        """
        value, mended = found
        if depth > _DEEPEST:
            return None
        if isinstance(value, dict):
            name = value.get("name")
            key = next((key for key in _ARGUMENTS if key in value and key not in self._keys), None)
            if isinstance(name, str) and key is not None:
                return self._part(value[key], depth, mended) if self.is_tool(name) else None
            value = self._spelled_right(value)
            if count := self._count(value):
                whole = count >= len(self._schema.model_fields)
                return value if whole or not mended else None
        parts = value.values() if isinstance(value, dict) else value
        answers = [self._part(part, depth, mended) for part in parts]
        only = [answer for answer in answers if answer is not None]
        return _joined(only)

    def _part(self, value: Any, depth: int, mended: bool) -> Mapping[str, Any] | None:
        if isinstance(value, str):
            return self._answer(value, depth + 1) if "{" in value else None
        if isinstance(value, (dict, list)):
            return self._inside(Found(value, mended), depth + 1)
        return None

    def _spelled_right(self, value: dict[str, Any]) -> dict[str, Any]:
        """With the schema's names for fields that are spelled otherwise and are not there twice."""
        meant = {key: self._field(key) for key in value.keys() - self._keys}
        fields = [*self._keys & value.keys(), *meant.values()]
        names = {key: name for key, name in meant.items() if name and fields.count(name) == 1}
        return {names.get(key, key): each for key, each in value.items()}

    def _count(self, value: Mapping[str, Any]) -> int:
        return len(self._keys & value.keys())


def _squeezed(name: str) -> str:
    return _NO_LETTERS.sub("", name).casefold()


def _digits(name: str) -> list[str]:
    return [char for char in name if char.isdigit()]


def _joined(parts: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The parts as one; None if there are none, or two of them have a name in common."""
    joined: dict[str, Any] = {}
    for part in parts:
        if joined.keys() & part.keys():
            return None
        joined |= part
    return joined or None


def _mended(values: dict[str, Any], error: ValidationError) -> bool:
    """Put the values that do not fit as the schema has them; whether any was written otherwise."""
    mended = False
    before: list[int | str] | None = None
    for said in reversed(error.errors(include_url=False, include_input=False)):
        # Backwards, since an item that is removed moves those behind it.
        place, owner, value = place_of(values, said["loc"])
        if owner is None or said["type"] == "missing" or place == before:
            continue
        before, key = place, place[-1]
        if value is None:
            del owner[key]
            mended = True
        elif (meant := _meant(value, said)) is not value:
            owner[key] = meant
            mended = True
    return mended


def place_of(value: Any, loc: Iterable[int | str]) -> tuple[list[int | str], Any, Any]:
    """The part of ``loc`` that is a path into a value, what holds the value there, and that one."""
    path, owner = [], None
    for part in loc:
        if _has(value, part):  # else it names a choice of the schema
            path.append(part)
            owner, value = value, value[part]
    return path, owner, value


def _has(value: Any, part: int | str) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _meant(value: Any, said: ErrorDetails) -> Any:
    """What stands for a value that does not fit: nothing, what it encodes, one value for a list or
    the other way round, a choice in other letters; the value itself if it means nothing else."""
    if isinstance(value, str) and value.strip().casefold() in _NOTHING:
        return None
    if (decoded := _decoded(value)) is not value:
        return decoded
    if said["type"] == "list_type":
        return [value]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], (str, int, float)):
        return value[0]
    if isinstance(value, str) and said["type"] in ("literal_error", "enum"):
        choices = _CHOICE.findall(said["ctx"]["expected"])
        same = [each for each in choices if each.casefold() == value.strip().casefold()]
        return same[0] if len(same) == 1 else value
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError):
            return from_json(value)
    return value
